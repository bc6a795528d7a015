//! The runnable half of a task.

use std::fmt;

use super::cell::CellRef;
use super::id::TaskId;
use super::state::Verdict;

/// The runnable half of submitted work, one pointer wide: run it, or drop it and its task ends
/// as cancelled.
///
/// Users see one where a shutdown hands queued work back
/// ([`Report::handed_back`](crate::Report)).
///
/// # Examples
/// ```
/// use poolbridge::{Executor, Shutdown, TaskError};
/// let (pool, manual) = Executor::manual();
/// let (first, second) = (pool.submit(|| 1), pool.submit(|| 2));
/// for job in pool.shutdown(Shutdown::hand_back()).take_handed_back() {
///     if job.task_id() == first.id() {
///         job.run(); // the other one is dropped
///     }
/// }
/// assert_eq!(first.wait().unwrap(), 1);
/// assert!(matches!(second.wait(), Err(TaskError::Cancelled)));
/// # drop(manual);
/// ```
pub struct Job {
    /// Gone once run.
    cell: Option<CellRef>,
}

impl Job {
    /// `cell` is the job's reference of a task that is in no queue.
    pub(crate) fn new(cell: CellRef) -> Self {
        Self { cell: Some(cell) }
    }

    /// Runs the closure on this thread, its callbacks too; whoever awaits the task gets the
    /// outcome. Does nothing if the task was cancelled. A run deadline does not apply. Never panics.
    pub fn run(mut self) {
        if let Some(Ok(owner)) = self.cell.take().map(CellRef::start) {
            owner.execute().release();
        }
    }

    /// The task's name.
    #[must_use]
    pub fn task_id(&self) -> TaskId {
        match &self.cell {
            Some(cell) => cell.id(),
            None => unreachable!("only running takes the cell, and it consumes the job"),
        }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if let Some(owner) = self.cell.take().and_then(|cell| cell.withdraw(Verdict::Prevented)) {
            owner.refuse(None);
        }
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("task", &self.task_id()).finish()
    }
}
