//! An end of `main` that waits for what is queued.

use std::fmt;
use std::time::Duration;

use super::Executor;
use super::shutdown::{Report, Shutdown};
use crate::sync::fork;
use crate::task::deadlock::WouldDeadlock;

impl Executor {
    /// A value for the top of `main`. When it is dropped, by the end of `main` or by a panic there,
    /// the executor stops accepting, runs what is queued, and the drop waits for that, for at most
    /// `limit`. Without one nothing is waited for: the process exits and queued work is lost.
    ///
    /// Guards of several executors wait one after the other. [`std::process::exit`] runs no
    /// destructors, hence no guard: call [`finish`](ExitGuard::finish) before it. A guard in a
    /// `static` is never dropped either. In a child made by `fork` the guards of the parent do nothing.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// let pool = poolbridge::default_executor();
    /// let _guard = pool.exit_guard(Duration::from_secs(10));
    /// pool.submit(|| println!("written before the process exits")).detach();
    /// ```
    pub fn exit_guard(&self, limit: Duration) -> ExitGuard {
        ExitGuard { executor: Some(self.clone()), limit, process: fork::process() }
    }
}

/// Ends an executor when dropped, and waits for that; made by [`Executor::exit_guard`].
///
/// The limit counts from the drop. From one of the executor's own workers the drop does not wait,
/// for it would wait for itself; the shutdown goes on. It blocks its thread: in async code,
/// [`shutdown`](Executor::shutdown) can be awaited instead.
///
/// # Examples
/// ```
/// use poolbridge::{Executor, Status};
/// use std::time::Duration;
/// let pool = Executor::threads().build()?;
/// let guard = pool.exit_guard(Duration::from_secs(10));
/// let task = pool.submit(|| "written");
/// drop(guard); // what the end of `main` does
/// assert_eq!(task.status(), Status::Finished);
/// # Ok::<(), poolbridge::BuildError>(())
/// ```
#[must_use = "dropping the guard ends the executor at once: bind it to a name, not to `_`"]
pub struct ExitGuard {
    /// Gone once finished.
    executor: Option<Executor>,
    limit: Duration,
    /// Where it was made.
    process: usize,
}

impl ExitGuard {
    /// Does here what the drop does, and gives the report: it says whether closures still run.
    ///
    /// # Errors
    /// [`WouldDeadlock`] from one of the executor's own workers, while anything is left to wait for.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// let pool = poolbridge::Executor::threads().build()?;
    /// let guard = pool.exit_guard(Duration::from_secs(10));
    /// let task = pool.submit(|| 1);
    /// assert_eq!(guard.finish()?.still_running, 0);
    /// assert_eq!(task.wait().unwrap(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn finish(mut self) -> Result<Report, WouldDeadlock> {
        match self.executor.take() {
            Some(executor) => end(&executor, self.limit),
            None => unreachable!("only this call and the drop take the executor"),
        }
    }
}

fn end(executor: &Executor, limit: Duration) -> Result<Report, WouldDeadlock> {
    executor.shutdown(Shutdown::run_queued()).wait_timeout(limit)
}

impl Drop for ExitGuard {
    fn drop(&mut self) {
        if let Some(executor) = self.executor.take() {
            if self.process != fork::process() {
                // Nobody runs it here, and a lock of it may be held for ever.
                return std::mem::forget(executor);
            }
            // A worker that would wait for itself leaves the rest to the others.
            let _ = end(&executor, self.limit);
        }
    }
}

impl fmt::Debug for ExitGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExitGuard")
            .field("executor", &self.executor)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
