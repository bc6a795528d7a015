//! A clock that rules over a task instead of ours: a runtime's, or one that a test moves.

use std::task::Waker;
use std::time::Instant;

use super::cell::CellRef;
use super::contain::contain;
use super::state::Expired;
use crate::sync::is_made;

/// What happens at a deadline.
pub(crate) enum Fire {
    /// Who awaits is woken.
    Wake(Waker),
    /// A limit of this task's own is over.
    Expire(CellRef, Expired),
    /// Whatever it is; where a runtime's clock, a model or a test needs that.
    #[cfg(any(test, feature = "tokio", poolbridge_loom, poolbridge_shuttle, poolbridge_stress))]
    Call(Box<dyn FnOnce() + Send>),
}

impl Fire {
    #[cfg(any(test, feature = "tokio", poolbridge_loom, poolbridge_shuttle, poolbridge_stress))]
    pub(crate) fn call(f: impl FnOnce() + Send + 'static) -> Self {
        Self::Call(Box::new(f))
    }

    /// Does it; a panic is contained.
    pub(crate) fn fire(self) {
        contain(|| match self {
            Fire::Wake(waker) => {
                if is_made("wake") {
                    Waker::wake(waker);
                }
            }
            Fire::Expire(cell, why) => {
                cell.expire(why);
            }
            #[cfg(any(
                test,
                feature = "tokio",
                poolbridge_loom,
                poolbridge_shuttle,
                poolbridge_stress
            ))]
            Fire::Call(f) => f(),
        });
    }

    /// Drops what was taken back: user code.
    pub(crate) fn discard(self) {
        contain(|| drop(self));
    }
}

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
