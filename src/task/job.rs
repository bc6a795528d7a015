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
