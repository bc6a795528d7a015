//! No threads at all: a job runs on the thread that submits it.
//!
//! It never lies in the queue, where another submitter could take it. What children want to run
//! does: their turns are taken where they are asked for.

use std::num::NonZeroUsize;

use super::Executor;
use super::backend::{Backend, StartError};
use super::backends::build;
use super::core::{CoreRef, Refused};
use super::lines::Lane;
use super::running;
use super::seat;
use super::worker::Worker;
use crate::task::cell::CellRef;
use crate::task::trampoline;

/// The submitting thread, as a [`Backend`]. See [`Executor::inline`] for what to expect; a limit, a
/// bound or a priority says nothing here, because nothing waits.
///
/// # Examples
/// ```
/// use poolbridge::{Executor, backends::Inline};
/// use std::sync::mpsc;
/// let (tell, told) = mpsc::channel();
/// let traced = Executor::on(Inline).before_job(move |cx| tell.send(cx.task_id()).unwrap());
/// let task = traced.build()?.submit(|| 1);
/// assert_eq!(told.try_recv()?, task.id()); // it has run: there is no thread to wait for
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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

/// Runs a job that its submitter has not given away yet, here; or, inside a long chain of endings,
/// when the outermost of them returns.
pub(super) fn run(core: &CoreRef, job: CellRef, grant: Option<u64>) -> Result<(), Refused> {
    {
        let mut queue = core.lock();
        // There is always room, but who has asked for some was given it.
        if let Some(key) = grant {
            queue.room.redeem(key);
        }
        if let Some(reason) = queue.refusal() {
            return Err(Refused { job, reason });
        }
        // A turn, so that a shutdown waits for it.
        queue.workers += 1;
    }
    // It is in no line: who withdraws it need not look for it there.
    job.loosen();
    let core = core.clone();
    trampoline::run(move || {
        if let Ok(owner) = job.start() {
            let held = core.lock().begin(&owner, Lane::NONE);
            let _seat = seat::take(&core, None);
            running::run_here(&core, owner, held);
        }
        let over = {
            let mut queue = core.lock();
            queue.workers -= 1;
            queue.take_over()
        };
        core.tell(over);
        // A child's turn that came too deep inside was left to us.
        core.call_worker();
    });
    Ok(())
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
    /// A job may submit others, and so may its callbacks. Beyond 16 endings inside one another on a
    /// thread, a job runs when the outermost of them returns, so that a chain of 100,000 does not
    /// overflow the stack; a `wait` for it runs it at once.
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
