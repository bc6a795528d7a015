//! The atomics, cells and counted references over shuttle and over real threads.
//!
//! Neither knows of weak memory: shuttle takes every access for sequentially consistent, and real
//! threads show what the processor does. Real ones get noise before each access, so that an
//! order that is rare comes up, and a sanitizer looks on.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use std::sync::atomic as flat;
use std::sync::atomic::Ordering;

pub type Arc<T> = std::sync::Arc<T>;

/// What comes before each operation of an atomic.
#[derive(Debug)]
pub(super) struct Branch;

impl Branch {
    pub(super) fn new() -> Self {
        Self
    }

    pub(super) fn before(&self) {
        noise::make();
    }
}

/// std's cell with loom's closure interface.
#[derive(Debug)]
pub struct UnsafeCell<T: ?Sized>(std::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub const fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}

static ALIVE: flat::AtomicUsize = flat::AtomicUsize::new(0);

/// Part of a hand-counted allocation: [`alive`] counts those that were not dropped, an access
/// after the end is noticed. Relaxed throughout, for it must order nothing.
#[derive(Debug)]
pub struct Alive {
    buried: flat::AtomicBool,
}

impl Default for Alive {
    fn default() -> Self {
        Self::new()
    }
}

impl Alive {
    pub fn new() -> Self {
        ALIVE.fetch_add(1, Ordering::Relaxed);
        Self { buried: flat::AtomicBool::new(false) }
    }

    pub fn touch(&self) {
        assert!(!self.buried.load(Ordering::Relaxed), "touched after it was buried");
    }

    pub fn bury(&self) {
        assert!(!self.buried.swap(true, Ordering::Relaxed), "buried twice");
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Hand-counted allocations that were not freed; 0 at the end of an execution.
pub fn alive() -> usize {
    ALIVE.load(Ordering::Relaxed)
}

/// The noise of the next execution; a checker decides by itself.
pub fn seed(seed: u64) {
    noise::seed(seed);
}

#[cfg(poolbridge_shuttle)]
mod noise {
    pub(super) fn make() {}
    pub(super) fn seed(_: u64) {}
}

#[cfg(poolbridge_stress)]
mod noise {
    use std::cell::Cell;
    use std::sync::atomic::{AtomicU64, Ordering};

    static SEED: AtomicU64 = AtomicU64::new(1);

    std::thread_local! {
        static STATE: Cell<u64> = Cell::new(mixed(SEED.fetch_add(1, Ordering::Relaxed)));
    }

    fn mixed(seed: u64) -> u64 {
        (seed ^ (seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9) | 1
    }

    pub(super) fn seed(seed: u64) {
        SEED.store(seed, Ordering::Relaxed);
        STATE.set(mixed(seed));
    }

    /// Mostly nothing; now and then others are let run, for shorter or longer.
    pub(super) fn make() {
        // A thread that is just leaving has no state left, and needs none.
        let _ = STATE.try_with(|state| {
            let mut bits = state.get();
            bits ^= bits << 13;
            bits ^= bits >> 7;
            bits ^= bits << 17;
            state.set(bits);
            match bits >> 56 {
                0..8 => std::thread::yield_now(),
                8..24 => (0..bits >> 50 & 255).for_each(|_| std::hint::spin_loop()),
                _ => {}
            }
        });
    }
}
