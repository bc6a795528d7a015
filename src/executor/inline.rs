//! No threads at all: a turn is taken where it is asked for.

use std::num::NonZeroUsize;

use super::Executor;
use super::backend::{Backend, StartError};
use super::backends::build;
use super::worker::Worker;

/// The submitting thread, as a [`Backend`]. See [`Executor::inline`] for what to expect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inline;

impl Backend for Inline {
    fn start(&self, worker: Worker) -> Result<(), StartError> {
        worker.run();
        Ok(())
    }

    /// As many as there are threads that submit.
    fn parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::MAX
    }
}

impl Executor {
    /// An executor without threads: a job runs on the thread that submits it, before `submit`
    /// returns. For tests that want one order of events, and for code that takes an executor where
    /// nothing is worth a thread.
    ///
    /// A job has ended when its task comes back: there is nothing to cancel, no queue to wait in,
    /// and a job that blocks blocks its submitter, in async code the runtime's thread. A panic
    /// stays in the task as anywhere. What is added to the task afterwards (a callback, a waker)
    /// finds it over. `try_submit` and `submit_when_ready` run the job here too.
    ///
    /// Threads that submit at the same moment share the queue: one may take the other's job, which
    /// then runs on a thread that submits too, and may end shortly after its own `submit` has
    /// returned.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::{Executor, Status};
    /// let here = std::thread::current().id();
    /// let task = Executor::inline().submit(|| std::thread::current().id());
    /// assert_eq!(task.status(), Status::Finished);
    /// assert_eq!(task.wait().unwrap(), here);
    /// ```
    #[must_use]
    pub fn inline() -> Self {
        build(Inline)
    }
}
