//! A refusal that gives the closure back.

use std::error::Error;
use std::fmt;

use crate::task::error::Reason;

/// A closure that was not taken, with the reason.
///
/// # Examples
/// ```
/// use poolbridge::{Executor, Reason};
/// let (threads, _manual) = Executor::manual();
/// let pool = Executor::on(threads).queue_capacity(1).build()?;
/// let queued = pool.submit(|| 1);
/// let rejected = pool.try_submit(|| 2).unwrap_err();
/// let answer = match rejected.reason() {
///     Reason::Full => (rejected.into_inner())(), // better here than not at all
///     _ => panic!("{rejected}"),
/// };
/// assert_eq!(answer, 2);
/// # Ok::<(), poolbridge::BuildError>(())
/// ```
#[derive(Clone)]
pub struct Rejected<F> {
    f: F,
    reason: Reason,
}

impl<F> Rejected<F> {
    pub(super) fn new(f: F, reason: Reason) -> Self {
        Self { f, reason }
    }

    /// Why it was not taken.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// The closure.
    pub fn into_inner(self) -> F {
        self.f
    }
}

impl<F> fmt::Debug for Rejected<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejected").field("reason", &self.reason).finish_non_exhaustive()
    }
}

impl<F> fmt::Display for Rejected<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the executor did not take the closure: {}", self.reason)
    }
}

impl<F> Error for Rejected<F> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.reason)
    }
}
