//! What the models see of the inside; there in models only.
#![allow(clippy::disallowed_types, reason = "the books of the checker")]

pub use crate::sync::model::*;
pub use crate::sync::parker::Parker;

/// Deadlines that are set.
pub fn armed() -> usize {
    crate::time::clock::clock().armed()
}

/// Fires what is due on the calling thread.
pub fn fire_due() {
    crate::time::clock::clock().fire_due();
}

static KEPT: std::sync::Mutex<Vec<&'static crate::time::clock::Clock>> =
    std::sync::Mutex::new(Vec::new());

/// A clock of the model's own, with threads.
#[derive(Clone, Copy)]
pub struct Clocks(&'static crate::time::clock::Clock);

impl Clocks {
    pub fn new() -> Self {
        let clock: &'static _ = Box::leak(Box::new(crate::time::clock::Clock::new(true)));
        // In reach for ever, as in the process: no leak.
        KEPT.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(clock);
        Self(clock)
    }

    /// Fires `f` after `limit`; dropping the value disarms.
    pub fn arm(
        &self,
        limit: std::time::Duration,
        f: impl FnOnce() + Send + 'static,
    ) -> Box<dyn Send> {
        Box::new(self.0.arm(now() + limit, crate::task::ruling::Fire::call(f)))
    }
}
