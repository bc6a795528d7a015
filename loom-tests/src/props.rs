//! Things that models hand to the code under test and look at afterwards. What they count, they
//! count behind loom's back: a counter must not order what the code itself leaves unordered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use poolbridge::__verify::{Alive, UnsafeCell};
pub use poolbridge::model::block_on;

/// A waker that counts how often it is woken and how many clones of it exist.
#[derive(Clone, Debug, Default)]
pub struct CountingWaker(Arc<Wakes>);

#[derive(Debug, Default)]
struct Wakes(AtomicUsize);

impl CountingWaker {
    /// Never woken yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The waker to hand out.
    pub fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.0))
    }

    /// Wakes so far.
    pub fn wakes(&self) -> usize {
        self.0.0.load(Ordering::Relaxed)
    }

    /// Wakers and clones of this counter that others still hold.
    pub fn held(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Counts the drops of the [`Probe`]s it made.
#[derive(Clone, Debug, Default)]
pub struct Drops(Arc<AtomicUsize>);

impl Drops {
    /// No drops yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A value whose drop is counted here.
    #[track_caller]
    pub fn probe(&self) -> Probe {
        Probe { drops: self.clone(), alive: Alive::new() }
    }

    /// Drops so far.
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// A result, or what a closure holds: never dropped, it is a leak; used or dropped without
/// a happens-before, a causality violation.
#[derive(Debug)]
pub struct Probe {
    drops: Drops,
    alive: Alive,
}

impl Probe {
    /// Counts as reading the value.
    #[track_caller]
    pub fn touch(&self) {
        self.alive.touch();
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.alive.bury();
        }
        self.drops.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A plain variable shared between threads: a read that no happens-before orders after the
/// write is a causality violation.
#[derive(Clone, Debug)]
pub struct Canary(Arc<Plain>);

#[derive(Debug)]
struct Plain(UnsafeCell<usize>);

// SAFETY: loom stops the execution at the first access that is not ordered.
unsafe impl Send for Plain {}
// SAFETY: as above.
unsafe impl Sync for Plain {}

impl Canary {
    /// Holds 0.
    #[track_caller]
    pub fn new() -> Self {
        Self(Arc::new(Plain(UnsafeCell::new(0))))
    }

    /// A plain write.
    #[track_caller]
    pub fn write(&self, value: usize) {
        // SAFETY: exclusive, or loom has panicked before the closure runs.
        self.0.0.with_mut(|place| unsafe { *place = value });
    }

    /// A plain read.
    #[track_caller]
    pub fn read(&self) -> usize {
        // SAFETY: no write at the same time, or loom has panicked before the closure runs.
        self.0.0.with(|place| unsafe { *place })
    }
}

impl Default for Canary {
    fn default() -> Self {
        Self::new()
    }
}
