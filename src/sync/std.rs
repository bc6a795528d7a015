//! The shipped primitives: thin, inlined wrappers over `std`.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use std::time::{Duration, Instant};

pub(crate) use std::sync::atomic::Ordering;

// Aliases, not re-exports: clippy's lists look through a re-export and would deny it to all.
pub(crate) type Arc<T> = std::sync::Arc<T>;
pub(crate) type AtomicPtr<T> = std::sync::atomic::AtomicPtr<T>;
pub(crate) type AtomicUsize = std::sync::atomic::AtomicUsize;
pub(crate) type ThreadId = std::thread::ThreadId;

/// A mutex that does not poison: no user code ever runs under it, so there is nothing to poison.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(std::sync::Mutex<T>);

pub(crate) type MutexGuard<'a, T> = std::sync::MutexGuard<'a, T>;

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(std::sync::Mutex::new(value))
    }

    #[inline]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The value, without locking: the exclusive borrow proves that nobody else looks.
    #[inline]
    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Condvar(std::sync::Condvar);

impl Condvar {
    pub(crate) fn new() -> Self {
        Self(std::sync::Condvar::new())
    }

    pub(crate) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        self.0.wait(guard).unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Waits for at most `limit`; the flag says whether the time ran out.
    pub(crate) fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        limit: Duration,
    ) -> (MutexGuard<'a, T>, bool) {
        let (guard, result) =
            self.0.wait_timeout(guard, limit).unwrap_or_else(std::sync::PoisonError::into_inner);
        (guard, result.timed_out())
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }
}

/// `std`'s cell with loom's closure interface.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct UnsafeCell<T: ?Sized>(std::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    #[inline]
    pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    #[inline]
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}

/// Leak and use-after-free detector of a hand-counted allocation: costs nothing here, is checked
/// by loom in models.
#[derive(Debug, Default)]
pub(crate) struct Alive;

impl Alive {
    pub(crate) fn new() -> Self {
        Self
    }

    /// Called on each access to the allocation.
    #[inline]
    pub(crate) fn touch(&self) {}

    /// Called right before the allocation is freed.
    #[inline]
    pub(crate) fn bury(&self) {}
}

#[inline]
pub(crate) fn spin_loop() {
    std::hint::spin_loop();
}

#[inline]
pub(crate) fn yield_now() {
    std::thread::yield_now();
}

pub(crate) fn current_thread() -> ThreadId {
    std::thread::current().id()
}

/// Starts a detached thread.
pub(crate) fn spawn(
    name: String,
    stack_size: Option<usize>,
    f: impl FnOnce() + Send + 'static,
) -> std::io::Result<()> {
    let mut builder = std::thread::Builder::new().name(name);
    if let Some(bytes) = stack_size {
        builder = builder.stack_size(bytes);
    }
    builder.spawn(f).map(drop)
}

/// Processors this process may use, at least 1.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Monotonic time.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Rounds that an idle worker looks for work before it sleeps; models have fewer.
#[inline]
pub(crate) fn spin_rounds(wanted: u32) -> u32 {
    wanted
}

macro_rules! thread_local_ {
    ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr;) => {
        std::thread_local! {
            #[allow(clippy::disallowed_types)]
            $(#[$meta])*
            static $name: $type = const { $init };
        }
    };
}
pub(crate) use thread_local_ as thread_local;

/// A lazily made process-wide value, as a function that returns it.
macro_rules! global {
    ($(#[$meta:meta])* fn $name:ident() -> $type:ty = $init:expr;) => {
        $(#[$meta])*
        pub(crate) fn $name() -> &'static $type {
            #[allow(clippy::disallowed_types)]
            static VALUE: std::sync::OnceLock<$type> = std::sync::OnceLock::new();
            VALUE.get_or_init(|| $init)
        }
    };
}
pub(crate) use global;

/// An `Arc` for what no protocol depends on (errors, closures that are shared): never modelled.
pub(crate) type SharedArc<T> = std::sync::Arc<T>;

/// Whether time passes by itself; in models deadlines are fired by hand.
pub(crate) const TIME_PASSES: bool = true;

/// Locks that the clock's deadlines are spread over; models have fewer.
pub(crate) const CLOCK_PARTS: usize = 8;

/// Only in models.
pub(crate) const SMALL_STACKS: bool = false;

/// Where nothing can be waited for.
#[cfg(not(unix))]
pub(crate) fn sleep(time: Duration) {
    std::thread::sleep(time);
}

/// Whether a step is made that somebody's progress hangs on. In models one at a time is left out, and
/// one of them has to notice.
#[inline(always)]
pub(crate) fn is_made(_role: &'static str) -> bool {
    true
}

/// What a second look has found: true where something came in since the first one. In models one at
/// a time finds nothing.
#[inline(always)]
pub(crate) fn second_look(found: bool) -> bool {
    found
}

/// Whether blocked workers look again after a while; in models only where the plan says so.
#[inline]
pub(crate) fn looks_again() -> bool {
    true
}
