//! A queue, a limit and policies, over a source of threads.
//!
//! Reading order: [`list`] (how jobs hang in the queue), [`lines`] and [`lanes`] (who is next),
//! [`queue`] (what the one lock guards), [`worker`] (one turn at it; [`share`], [`rests`],
//! [`running`]), [`seat`] (whose worker a thread
//! is), [`core`] (what follows when the lock is gone), [`child`] (an executor over another one),
//! [`waiting`] and [`claim`] (a job that waits), then the faces: [`Executor`], [`submission`],
//! [`keyed`], [`room`], [`shutdown`], [`threads`], [`manual`], [`backend`], and one adapter for each pool
//! of somebody else's: [`backends`].

pub(crate) mod backend;
pub mod backends;
mod berths;
mod builder;
pub(crate) mod callback_on;
mod child;
mod claim;
pub(crate) mod config;
mod core;
pub(crate) mod default;
pub(crate) mod exit_guard;
#[cfg(feature = "futures")]
mod futures;
mod inline;
pub(crate) mod keyed;
mod lanes;
pub(crate) mod lines;
mod list;
pub(crate) mod manual;
mod parting;
mod queue;
#[cfg(feature = "rayon")]
mod rayon;
pub(crate) mod rejected;
mod rests;
pub(crate) mod room;
mod running;
mod seat;
mod share;
pub(crate) mod shutdown;
pub(crate) mod snapshot;
mod stand_in;
pub(crate) mod submission;
pub(crate) mod threads;
#[cfg(feature = "tokio")]
mod tokio;
mod waiting;
mod worker;

use std::fmt;

use self::backend::Backend;
pub use self::builder::ExecutorBuilder;
use self::child::Source;
use self::config::Config;
use self::core::CoreRef;
use self::lines::Place;
use self::rejected::Rejected;
use self::room::SubmitWhenReady;
use self::shutdown::{Shutdown, Termination};
use self::snapshot::Snapshot;
use self::submission::Submission;
use self::threads::ThreadPoolBuilder;
use crate::sync::Arc;
use crate::task::Task;
use crate::task::context::{self, Context};

/// Where blocking work goes: a queue over a source of threads. Cheap to clone; clones share the
/// queue.
///
/// Dropping the last handle stops accepting and lets what is queued run; threads leave by
/// themselves and nobody waits for them. [`shutdown`](Self::shutdown) says more.
///
/// A child made by `fork` has the executors of its parent as memory only: their threads are not
/// there, and a lock that one of those held is never let go. Submitting to one there may wait for
/// ever; so may looking at one, dropping it or dropping one of its tasks. Leave them alone (`exec`, `_exit`,
/// [`std::mem::forget`]) and make new ones. What belongs to nobody makes itself anew in the
/// child: the [`default_executor`](crate::default_executor), time-outs,
/// [`wrap_future`](crate::wrap_future). Pools of other crates, rayon's global one among them, do not.
///
/// # Examples
/// ```
/// use poolbridge::Executor;
/// let pool = Executor::threads().max_workers(2).build()?;
/// let tasks: Vec<_> = (0..4).map(|n| pool.submit(move || n * n)).collect();
/// let squares: Vec<i32> = tasks.into_iter().map(|task| task.wait().unwrap()).collect();
/// assert_eq!(squares, [0, 1, 4, 9]);
/// # Ok::<(), poolbridge::BuildError>(())
/// ```
#[derive(Clone)]
pub struct Executor {
    handle: Arc<Handle>,
}

/// What the clones of an executor share; its drop is that of the last handle.
struct Handle {
    core: CoreRef,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.core.close();
    }
}

impl Executor {
    /// An executor over threads of its own.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// let disk = poolbridge::Executor::threads()
    ///     .max_workers(4)
    ///     .thread_name("disk")
    ///     .keep_alive(Duration::from_secs(60))
    ///     .build()?;
    /// assert_eq!(disk.submit(|| 6 * 7).wait().unwrap(), 42);
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    pub fn threads() -> ThreadPoolBuilder {
        ThreadPoolBuilder::new()
    }

    /// An executor over somebody else's threads.
    ///
    /// # Panics
    /// If the backend's `parallelism` does.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::{Executor, backends::Rayon};
    /// let pool = Executor::on(Rayon::global()).max_workers(2).build()?; // feature `rayon`
    /// assert_eq!(pool.submit(|| 6 * 7).wait().unwrap(), 42);
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    pub fn on(backend: impl Backend) -> ExecutorBuilder {
        ExecutorBuilder::new(Source::new(backend))
    }

    fn assemble(pool: u32, source: Source, config: Config) -> Self {
        Self { handle: Arc::new(Handle { core: CoreRef::new(pool, source, config) }) }
    }

    pub(super) fn core(&self) -> &CoreRef {
        &self.handle.core
    }

    /// Queues `f` and returns its task.
    ///
    /// If the executor does not take it (shut down, broken, full), the task is already over with
    /// [`TaskError::Rejected`](crate::TaskError::Rejected); [`try_submit`](Self::try_submit) gives
    /// the closure back instead.
    ///
    /// # Examples
    /// ```
    /// let pool = poolbridge::Executor::threads().build()?;
    /// assert_eq!(pool.submit(|| "done").wait().unwrap(), "done");
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    pub fn submit<T, F>(&self, f: F) -> Task<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        submission::submit_plain(self, submission::Plain(f))
    }

    /// As [`submit`](Self::submit), for a closure that wants its [`Context`].
    ///
    /// # Examples
    /// ```
    /// let pool = poolbridge::Executor::threads().build()?;
    /// let task = pool.submit_with(|cx| cx.task_id());
    /// let id = task.id();
    /// assert_eq!(task.wait().unwrap(), id);
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    pub fn submit_with<T, F>(&self, f: F) -> Task<T>
    where
        F: FnOnce(&Context) -> T + Send + 'static,
        T: Send + 'static,
    {
        submission::submit_plain(self, submission::Contextual(f))
    }

    /// Queues `f`, or gives it back. Never blocks, and never runs it here, unless the executor is
    /// [`inline`](Self::inline).
    ///
    /// # Errors
    /// [`Rejected`] holds the closure and says why: shut down, broken, full, or no thread could be
    /// started for it.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::{Executor, Reason, Shutdown};
    /// let pool = Executor::threads().build()?;
    /// drop(pool.shutdown(Shutdown::run_queued()));
    /// let rejected = pool.try_submit(|| 7).unwrap_err();
    /// assert!(matches!(rejected.reason(), Reason::Closed));
    /// assert_eq!((rejected.into_inner())(), 7);
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    pub fn try_submit<T, F>(&self, f: F) -> Result<Task<T>, Rejected<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        submission::try_submit(self, submission::Plain(f), Place::default(), None, None)
            .map_err(|(submission::Plain(f), reason)| Rejected::new(f, reason))
    }

    /// Waits, asynchronously, for room in a bounded queue, then queues `f`. Places are given in
    /// the order of the first polls.
    ///
    /// # Errors
    /// [`Rejected`] gives the closure back: the executor was shut down or is broken.
    ///
    /// # Cancel safety
    /// Dropping the future before it resolves drops the closure un-run; its place goes to the next.
    ///
    /// # Examples
    /// ```
    /// # futures::executor::block_on(async {
    /// let pool = poolbridge::Executor::threads().queue_capacity(2).build()?;
    /// for row in 0..100 {
    ///     pool.submit_when_ready(move || drop(row)).await?.detach();
    ///     assert!(pool.snapshot().queued.len() <= 2); // however fast the rows are made
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn submit_when_ready<T, F>(&self, f: F) -> SubmitWhenReady<T, F>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        SubmitWhenReady::new(self.clone(), f)
    }

    /// A submission with options: a name, deadlines, who gets an outcome that nobody takes.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::{Executor, Priority};
    /// use std::time::Duration;
    /// let pool = Executor::threads().build()?;
    /// let report = pool
    ///     .job(|| "ready")
    ///     .name("report 17")
    ///     .priority(Priority::Low)
    ///     .queue_timeout(Duration::from_secs(60))
    ///     .submit();
    /// assert_eq!(report.wait().unwrap(), "ready");
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    pub fn job<T, F>(&self, f: F) -> Submission<'_, T, F>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Submission::new(self, f, Place::default())
    }

    /// As [`job`](Self::job), for a closure that wants its [`Context`].
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// let pool = poolbridge::Executor::threads().build()?;
    /// let task = pool.job_with(|cx| cx.deadline().is_some()).run_timeout(Duration::from_secs(60));
    /// assert!(task.submit().wait().unwrap());
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    pub fn job_with<T, F>(
        &self,
        f: F,
    ) -> Submission<'_, T, impl FnOnce() -> T + Send + 'static + use<T, F>>
    where
        F: FnOnce(&Context) -> T + Send + 'static,
        T: Send + 'static,
    {
        self.job(move || match context::current() {
            Some(cx) => f(&cx),
            None => unreachable!("a job runs inside its own context"),
        })
    }

    /// Stops accepting, deals with what is queued and what runs as `mode` says, and gives a value
    /// to wait for the end with. Idempotent; a later call may be harsher. Its views are shut down first,
    /// in the same way; one that is made later is born closed.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::{Executor, Shutdown};
    /// let pool = Executor::threads().build()?;
    /// let task = pool.submit(|| 1);
    /// let report = pool.shutdown(Shutdown::run_queued()).wait()?;
    /// assert_eq!(report.still_running, 0);
    /// assert_eq!(task.wait().unwrap(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shutdown(&self, mode: Shutdown) -> Termination {
        shutdown::begin(self.core(), mode)
    }

    /// What is queued and what runs, at one moment.
    ///
    /// # Examples
    /// ```
    /// let (pool, manual) = poolbridge::Executor::manual();
    /// let task = pool.job(|| 1).name("report 17").submit();
    /// let seen = pool.snapshot();
    /// assert_eq!(seen.queued[0].name.as_deref(), Some("report 17"));
    /// assert!(seen.running.is_empty() && !seen.closed);
    /// # drop((task, manual));
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        snapshot::take(self.core())
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor").field("pool", &self.core().pool()).finish_non_exhaustive()
    }
}
