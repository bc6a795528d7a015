//! What an executor is told once, when it is built.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::time::Duration;

use crate::sync::SharedArc;
use crate::task::context::Context;
use crate::task::ruling::RulingClock;

/// What a submission does when the queue is full.
///
/// # Examples
/// ```
/// use poolbridge::{Executor, OnFull, Reason, TaskError};
/// let (threads, manual) = Executor::manual();
/// let frames = Executor::on(threads).queue_capacity(1).on_full(OnFull::DropOldest).build()?;
/// let stale = frames.submit(|| "frame 1");
/// let fresh = frames.submit(|| "frame 2"); // takes its place
/// assert!(matches!(stale.wait(), Err(TaskError::Rejected(Reason::Displaced))));
/// manual.run_all();
/// assert_eq!(fresh.wait().unwrap(), "frame 2");
/// # Ok::<(), poolbridge::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnFull {
    /// The task comes back already [`Rejected`](crate::TaskError::Rejected).
    #[default]
    Reject,
    /// The submitting thread waits for room. From a worker of the same executor that could never
    /// end: there the task is rejected.
    Block,
    /// The job runs on the submitting thread before `submit` returns. Beware in async code: it
    /// blocks the runtime's thread.
    RunOnCaller,
    /// The job that has waited longest is rejected in favour of the new one.
    DropOldest,
}

/// An executor cannot be as described.
///
/// # Examples
/// ```
/// use poolbridge::{BuildError, Executor};
/// let error = Executor::threads().max_workers(0).build().unwrap_err();
/// assert_eq!(error, BuildError::NoWorkers);
/// assert_eq!(error.to_string(), "max_workers must be at least 1");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// `max_workers(0)`: no job could ever run.
    NoWorkers,
    /// `queue_capacity(0)`: no job could ever be queued.
    NoCapacity,
    /// [`OnFull::RunOnCaller`] with an initializer: the caller has no worker state.
    CallerHasNoState,
    /// [`OnFull::RunOnCaller`] over another executor: the caller has none of its threads.
    CallerHasNoThread,
    /// `fair_share(0)`: a worker could run nothing.
    NoShare,
    /// The limit of a serial executor is 1.
    Serial,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BuildError::NoWorkers => "max_workers must be at least 1",
            BuildError::NoCapacity => "queue_capacity must be at least 1",
            BuildError::CallerHasNoState => {
                "OnFull::RunOnCaller cannot be combined with an initializer: the submitting thread \
                 has no worker state; choose another policy"
            }
            BuildError::CallerHasNoThread => {
                "OnFull::RunOnCaller cannot be used over another executor: the submitting thread is \
                 none of that executor's; choose another policy"
            }
            BuildError::NoShare => "fair_share must be at least 1",
            BuildError::Serial => "a serial executor runs one job at a time; its limit stays 1",
        })
    }
}

impl Error for BuildError {}

/// Shared: the views of an executor have its hooks.
pub(super) type JobHook = SharedArc<dyn Fn(&Context) + Send + Sync>;
pub(super) type ThreadHook = Box<dyn Fn() + Send + Sync>;
pub(super) type Initializer =
    Box<dyn Fn() -> Result<Rc<dyn Any>, Box<dyn Error + Send + Sync>> + Send + Sync>;

/// The settled options of one executor.
#[derive(Default)]
pub(super) struct Config {
    pub(super) max_workers: usize,
    pub(super) capacity: Option<usize>,
    pub(super) on_full: OnFull,
    /// How many jobs a worker runs before it gives its thread back; `None`: it keeps it.
    pub(super) fair_share: Option<usize>,
    /// How many threads may stand in for blocked ones.
    pub(super) stand_ins: usize,
    /// A line for each key.
    pub(super) keyed: bool,
    /// One job at a time, in the order of submission.
    pub(super) serial: bool,
    /// Its limit is the parent's.
    pub(super) follows_parent: bool,
    /// How long a worker stays when there is nothing to do; `None`: it lingers for a moment at most.
    pub(super) keep_alive: Option<Duration>,
    pub(super) initializer: Option<Initializer>,
    pub(super) before_job: Option<JobHook>,
    pub(super) after_job: Option<JobHook>,
    pub(super) on_thread_start: Option<ThreadHook>,
    pub(super) on_thread_stop: Option<ThreadHook>,
    /// Rules over every task.
    pub(super) clock: Option<SharedArc<dyn RulingClock>>,
}

/// Options that every executor has, for the builders; each has a field `config`.
macro_rules! common_options {
    () => {
        /// At most this many jobs wait for a thread; default: no limit. Running jobs don't count.
        ///
        /// # Examples
        /// ```
        /// use poolbridge::{Executor, Reason};
        /// let (threads, manual) = Executor::manual();
        /// let pool = Executor::on(threads).queue_capacity(1).build()?;
        /// let first = pool.submit(|| 1);
        /// let full = pool.try_submit(|| 2).unwrap_err();
        /// assert!(matches!(full.reason(), Reason::Full));
        /// manual.run_one(); // `first` waits no more
        /// assert!(pool.try_submit(full.into_inner()).is_ok());
        /// # Ok::<(), poolbridge::BuildError>(())
        /// ```
        pub fn queue_capacity(mut self, max: usize) -> Self {
            self.config.capacity = Some(max);
            self
        }

        /// What a submission does when the queue is full; default: [`OnFull::Reject`].
        ///
        /// # Examples
        /// ```
        /// use poolbridge::{Executor, OnFull};
        /// use std::{sync::mpsc, thread};
        /// let one = Executor::threads().max_workers(1);
        /// let pool = one.queue_capacity(1).on_full(OnFull::RunOnCaller).build()?;
        /// let (open, gate) = mpsc::channel::<()>();
        /// let (tell, started) = mpsc::channel();
        /// let busy = pool.submit(move || (tell.send(()), gate.recv()));
        /// started.recv()?;
        /// let queued = pool.submit(|| "waits");
        /// let here = pool.submit(|| thread::current().id()); // who submits too fast has to help
        /// assert_eq!(here.wait()?, thread::current().id());
        /// drop(open);
        /// # let _ = (busy.wait(), queued.wait());
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        pub fn on_full(mut self, policy: OnFull) -> Self {
            self.config.on_full = policy;
            self
        }

        /// Runs before each job, on its thread. A panic is contained; the job runs.
        ///
        /// # Examples
        /// ```
        /// let (tell, told) = std::sync::mpsc::channel();
        /// let log = move |cx: &poolbridge::Context| tell.send(cx.task_id()).unwrap();
        /// let pool = poolbridge::Executor::threads().before_job(log).build()?;
        /// let task = pool.submit(|| 1);
        /// let id = task.id();
        /// assert_eq!(task.wait()?, 1);
        /// assert_eq!(told.try_recv()?, id);
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        pub fn before_job(mut self, hook: impl Fn(&Context) + Send + Sync + 'static) -> Self {
            let hook = $crate::task::contain::Quiet::new(hook);
            let call = move |cx: &Context| (*hook)(cx);
            self.config.before_job = Some($crate::sync::SharedArc::new(call));
            self
        }

        /// Runs after each job and its callbacks, on its thread, before any waiter hears. A panic
        /// is contained.
        ///
        /// # Examples
        /// ```
        /// use std::sync::Arc;
        /// use std::sync::atomic::{AtomicU32, Ordering};
        /// let done = Arc::new(AtomicU32::new(0));
        /// let count = Arc::clone(&done);
        /// let count = move |_: &poolbridge::Context| drop(count.fetch_add(1, Ordering::Relaxed));
        /// let pool = poolbridge::Executor::threads().after_job(count).build()?;
        /// pool.submit(|| ()).wait().unwrap();
        /// assert_eq!(done.load(Ordering::Relaxed), 1); // never too late for who has waited
        /// # Ok::<(), poolbridge::BuildError>(())
        /// ```
        pub fn after_job(mut self, hook: impl Fn(&Context) + Send + Sync + 'static) -> Self {
            let hook = $crate::task::contain::Quiet::new(hook);
            let call = move |cx: &Context| (*hook)(cx);
            self.config.after_job = Some($crate::sync::SharedArc::new(call));
            self
        }
    };
}
pub(super) use common_options;

impl Config {
    pub(super) fn check(&self) -> Result<(), BuildError> {
        if self.max_workers == 0 {
            return Err(BuildError::NoWorkers);
        }
        if self.capacity == Some(0) {
            return Err(BuildError::NoCapacity);
        }
        if self.fair_share == Some(0) {
            return Err(BuildError::NoShare);
        }
        if self.on_full == OnFull::RunOnCaller && self.initializer.is_some() {
            return Err(BuildError::CallerHasNoState);
        }
        Ok(())
    }
}

/// 32 threads, or 4 more than there are processors if that is less: CPython's default.
pub(super) fn default_workers() -> NonZeroUsize {
    let wanted = crate::sync::processors().saturating_add(4).min(32);
    NonZeroUsize::new(wanted).unwrap_or(NonZeroUsize::MIN)
}
