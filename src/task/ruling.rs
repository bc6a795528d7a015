//! A clock that rules over a task instead of ours: a runtime's, or one that a test moves.

use std::time::Instant;

/// What happens at a deadline.
pub(crate) type Fire = Box<dyn FnOnce() + Send>;

/// A deadline that is set; dropping it takes it back.
pub(crate) type Armed = Box<dyn Send + Sync>;

/// It is asked with no lock held: it may be foreign code.
pub(crate) trait RulingClock: Send + Sync {
    fn now(&self) -> Instant;

    /// Runs `fire` at `at`, on a thread of the clock's.
    fn arm(&self, at: Instant, fire: Fire) -> Armed;

    /// Whether it rules whoever awaits the task as well, wherever that is.
    fn rules_awaits(&self) -> bool;
}
