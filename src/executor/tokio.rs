//! Tokio's blocking pool. (Its clock: `time/tokio.rs`.)

use std::fmt;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::runtime::Handle;

use super::Executor;
use super::backend::{Backend, StartError};
use super::backends::build;
use super::config::default_workers;
use super::worker::Worker;
use crate::sync::{Mutex, SharedArc};
use crate::task::contain::drop_payload;

/// The blocking pool of a tokio runtime, as a [`Backend`]. See [`Executor::tokio`] for what to
/// expect.
///
/// # Examples
/// ```
/// use poolbridge::{Executor, backends::TokioBlocking};
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// let handle = runtime.handle().clone();
/// let pool = Executor::on(TokioBlocking::new(handle)).max_workers(100).build()?;
/// assert_eq!(pool.submit(|| 1).wait().unwrap(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TokioBlocking {
    handle: Handle,
}

impl TokioBlocking {
    /// The blocking pool of that runtime.
    #[must_use]
    pub fn new(handle: Handle) -> Self {
        Self { handle }
    }
}

impl Backend for TokioBlocking {
    fn start(&self, worker: Worker) -> Result<(), StartError> {
        // Where no thread can be had at all, tokio panics with our closure left in its queue, for
        // whoever comes by, perhaps nobody: the turn has to come back all the same.
        let turn = SharedArc::new(Mutex::new(Some(worker)));
        let theirs = SharedArc::clone(&turn);
        let serve = move || {
            let worker = theirs.lock().take();
            if let Some(worker) = worker {
                worker.run();
            }
        };
        // A runtime that has shut down drops the closure, and with it the turn.
        catch_unwind(AssertUnwindSafe(|| self.handle.spawn_blocking(serve))).map(drop).map_err(
            |payload| {
                drop_payload(payload);
                let worker = turn.lock().take();
                drop(worker);
                StartError::new("tokio cannot start a thread for its blocking pool")
            },
        )
    }

    /// Tokio does not tell how large its pool is (512 threads by default): the default of own
    /// threads.
    fn parallelism(&self) -> NonZeroUsize {
        default_workers()
    }
}

impl Executor {
    /// An executor over the blocking pool of a tokio runtime, the one of `spawn_blocking`.
    ///
    /// Runs at most min(32, processors + 4) jobs at once, as own threads do: tokio does not tell
    /// how many threads its pool may have (512 by default), and all its users share them. For
    /// another limit: `Executor::on(TokioBlocking::new(handle)).max_workers(n)`.
    /// A limit above what the runtime has (`max_blocking_threads`) is a promise that it can't keep:
    /// jobs that wait for others could then wait for ever, and nobody would see it.
    ///
    /// **Inside a job** the runtime is entered: `Handle::current()`, `Handle::block_on`,
    /// `tokio::spawn` and `tokio::task::spawn_blocking` work.
    ///
    /// **The end of the runtime**: dropping it waits for jobs that run, and for queued ones as far
    /// as its threads go on with them; `shutdown_background` waits for nothing. No task is lost:
    /// what is queued still runs or ends with [`TaskError::Broken`](crate::TaskError::Broken), as
    /// does everything that is submitted once those threads are done.
    ///
    /// **A paused clock** (`tokio::time::pause`, `start_paused`) waits for the jobs of an executor
    /// over the same runtime, as it does for `spawn_blocking`: while one is queued or runs, time
    /// does not jump to the next deadline. So `timeout` does not expire under a job, and a run
    /// or queue deadline only passes if the test advances the clock itself.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::Executor;
    /// use tokio::runtime::Handle;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let pool = Executor::tokio(Handle::current());
    /// let text = pool.submit(|| std::fs::read_to_string("Cargo.toml"));
    /// assert!(text.await??.contains("poolbridge"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn tokio(handle: Handle) -> Self {
        build(TokioBlocking::new(handle))
    }
}

impl fmt::Debug for TokioBlocking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokioBlocking").field("runtime", &self.handle.id()).finish()
    }
}
