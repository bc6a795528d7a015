//! What a process keeps for itself: a child made by `fork` starts without it.
//!
//! In the child only the thread that forked goes on. Executors, the clock and the graph of waits of
//! the parent are there as bytes: their threads are not, and a lock of theirs that another thread
//! held at that moment is held for ever. So the child must not even look at them. Each of them is
//! reached through a [`Slot`], and the first thing that happens in a child is that its slots are
//! emptied: whoever asks next gets a fresh one. The old one stays where it is, as the child's copy of
//! the parent's stacks does, and nobody who asked before needs to be told.
//!
//! It costs nothing while nobody forks: a slot is one pointer, read as a `OnceLock`'s state would be.
//!
//! * **F1** a slot is null or holds what `Box::into_raw` gave, which is freed only by [`Slot::set`],
//!   and there only if it was never in the slot.
//! * **F2** what runs in the child runs between any two steps of the parent's threads, hence only
//!   stores to atomics: no lock, no allocation, no panic.
#![allow(clippy::disallowed_types, reason = "statics of the process are not modelled")]
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// A lazily made value of this process.
pub(crate) struct Slot<T> {
    value: AtomicPtr<T>,
    /// Whether forks empty it.
    heeded: AtomicUsize,
}

/// Empties one slot; called in the child. C's calling convention: the system calls it.
pub(crate) type OnFork = extern "C" fn();

impl<T> Slot<T>
where
    T: Send + Sync,
{
    pub(crate) const fn new() -> Self {
        Self { value: AtomicPtr::new(std::ptr::null_mut()), heeded: AtomicUsize::new(0) }
    }

    #[inline]
    pub(crate) fn get_or_init(&self, on_fork: OnFork, make: impl FnOnce() -> T) -> &'static T {
        if let Some(value) = self.get() {
            return value;
        }
        self.make(on_fork, make)
    }

    #[inline]
    fn get(&self) -> Option<&'static T> {
        // ORDERING: Acquire, pairs with the Release in `set`: who sees the pointer sees the value.
        let value = self.value.load(Ordering::Acquire);
        // SAFETY: null, or a value that lives for ever (F1); shared among threads, being `Sync`.
        unsafe { value.as_ref() }
    }

    /// Of two threads at once one makes the value that counts; the other's is dropped.
    #[cold]
    fn make(&self, on_fork: OnFork, make: impl FnOnce() -> T) -> &'static T {
        let _ = self.set(on_fork, make());
        match self.get() {
            Some(value) => value,
            None => unreachable!("only the beginning of a process empties a slot"),
        }
    }

    /// Fills the slot, if it is empty.
    pub(crate) fn set(&self, on_fork: OnFork, value: T) -> Result<(), T> {
        // ORDERING: Acquire, pairs with the Release below: who sees it is told by the system of
        // every fork from then on. Two threads that both see 0 tell it twice, which is no harm.
        if self.heeded.load(Ordering::Acquire) == 0 {
            at_fork(on_fork);
            // ORDERING: Release, see above. Before the value, so that no fork ever misses it.
            self.heeded.store(1, Ordering::Release);
        }
        let new = Box::into_raw(Box::new(value));
        let empty = std::ptr::null_mut();
        // ORDERING: Release, pairs with the Acquire in `get`; nothing is read where it fails.
        match self.value.compare_exchange(empty, new, Ordering::Release, Ordering::Relaxed) {
            Ok(_) => Ok(()),
            // SAFETY: made by `into_raw` above and never in the slot: still ours alone (F1).
            Err(_) => Err(*unsafe { Box::from_raw(new) }),
        }
    }

    /// In a child: forgets what the parent had.
    pub(crate) fn forget(&self) {
        // ORDERING: Relaxed, the child has no other thread yet.
        self.value.store(std::ptr::null_mut(), Ordering::Relaxed);
    }
}

/// Has the system call `child` in every process that is forked from this one or from its children.
/// Where it cannot (it is out of memory), children are none the wiser.
#[cfg(unix)]
fn at_fork(child: OnFork) {
    unsafe extern "C" {
        fn pthread_atfork(
            prepare: Option<OnFork>,
            parent: Option<OnFork>,
            child: Option<OnFork>,
        ) -> std::ffi::c_int;
    }
    // SAFETY: the function is POSIX's; `child` may be called at any time in a process of one thread
    // (F2), and is code of this crate, which the system forgets if it is ever unloaded.
    let _ = unsafe { pthread_atfork(None, None, Some(child)) };
}

#[cfg(not(unix))]
fn at_fork(_: OnFork) {}

/// A lazily made value of this process, as a function that returns it; as `global!`, but a child made
/// by `fork` makes its own.
macro_rules! per_process {
    ($(#[$meta:meta])* fn $name:ident() -> $type:ty = $init:expr;) => {
        $(#[$meta])*
        pub(crate) fn $name() -> &'static $type {
            static VALUE: $crate::sync::fork::Slot<$type> = $crate::sync::fork::Slot::new();
            extern "C" fn on_fork() {
                VALUE.forget();
            }
            VALUE.get_or_init(on_fork, || $init)
        }
    };
}
pub(crate) use per_process;

/// Tells this process from those that it was forked from.
pub(crate) fn process() -> usize {
    per_process! {
        // Nothing else ever lies where it lies: it is not freed.
        fn mark() -> u8 = 0;
    }
    std::ptr::from_ref(mark()).addr()
}
