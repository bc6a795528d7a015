//! What the models see of the inside; there in models only.

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

/// A clock of the model's own, with threads.
#[derive(Clone, Copy)]
pub struct Clocks(&'static crate::time::clock::Clock);

impl Clocks {
    pub fn new() -> Self {
        Self(Box::leak(Box::new(crate::time::clock::Clock::new(true))))
    }

    /// Fires `f` after `limit`; dropping the value disarms.
    pub fn arm(
        &self,
        limit: std::time::Duration,
        f: impl FnOnce() + Send + 'static,
    ) -> Box<dyn Send> {
        Box::new(self.0.arm(now() + limit, Box::new(f)))
    }
}
