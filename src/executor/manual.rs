//! No threads and no time but those that somebody lends: for tests that are the same each run.

use std::collections::VecDeque;
use std::fmt;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use super::Executor;
use super::backend::{Backend, StartError, Worker};
use super::child::Source;
use super::config::Config;
use crate::sync::{Mutex, SharedArc};
use crate::task::contain::contain;
use crate::task::id::next_pool;
use crate::task::ruling::RulingClock;
use crate::time::manual::ManualClock;

impl Executor {
    /// An executor for tests: jobs run when and where [`Manual`] says so, one at a time, and time
    /// passes when it says so.
    ///
    /// Its time is that of all limits of its tasks: queue and run deadlines,
    /// [`Context::remaining`](crate::Context::remaining), [`Task::timeout`](crate::Task::timeout),
    /// [`Termination::timeout`](crate::Termination::timeout); inside a tokio runtime too. Blocking
    /// waits with a limit ([`Task::result`](crate::Task::result), `wait_timeout`) keep real time.
    ///
    /// Nothing runs by itself: [`Task::wait`](crate::Task::wait) for a queued task does not return
    /// unless somebody else runs it, and a shutdown ends when what is queued has been run, or with the
    /// next [`Manual::run_all`] if it was cancelled.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::{Executor, Expired, TaskError};
    /// use std::time::Duration;
    /// let (pool, manual) = Executor::manual();
    /// let hour = Duration::from_secs(3600);
    /// let first = pool.submit(|| 1);
    /// let late = pool.job(|| 2).queue_timeout(hour).submit();
    ///
    /// assert!(manual.run_one());
    /// assert_eq!(first.wait().unwrap(), 1);
    /// manual.advance(hour);
    /// assert!(matches!(late.wait(), Err(TaskError::TimedOut(Expired::Queue))));
    /// assert_eq!(manual.run_all(), 0);
    /// ```
    pub fn manual() -> (Self, Manual) {
        let clock = ManualClock::new();
        let turns = SharedArc::new(Mutex::new(Some(VecDeque::new())));
        let backend = ByHand(SharedArc::clone(&turns));
        let config = Config {
            max_workers: backend.parallelism().get(),
            clock: Some(SharedArc::new(clock.clone())),
            ..Config::default()
        };
        let executor = Self::assemble(next_pool(), Source::backend(backend), config);
        (executor, Manual { turns, clock })
    }
}

/// Runs the jobs of an executor and moves its time, by hand; made by [`Executor::manual`].
///
/// Dropping it means that nobody runs anything any more: what is queued ends with
/// [`TaskError::Broken`](crate::TaskError::Broken), what is submitted later too, and the time stands
/// still. A job that is to move the time itself can own an `Arc` of it; while such a job is queued,
/// that is not dropped.
///
/// # Examples
/// ```
/// use poolbridge::{Executor, TaskError};
/// use std::time::Duration;
/// let (pool, manual) = Executor::manual();
/// let (first, second) = (pool.submit(|| 1), pool.submit(|| 2));
/// assert!(manual.run_one());
/// assert_eq!(first.wait().unwrap(), 1);
///
/// let start = manual.now();
/// manual.advance(Duration::from_secs(60));
/// assert_eq!(manual.now() - start, manual.elapsed());
///
/// drop(manual);
/// assert!(matches!(second.wait(), Err(TaskError::Broken(_))));
/// ```
#[must_use = "without it nobody runs the jobs: they end as broken"]
pub struct Manual {
    turns: Turns,
    clock: ManualClock,
}

/// Turns that wait for somebody to run them: no more than one. Without a deque nobody will.
type Turns = SharedArc<Mutex<Option<VecDeque<Worker>>>>;

impl Manual {
    /// Runs the next job to its end, on this thread, with its callbacks. False: none is queued, or
    /// one is being run already, by this call's caller or on another thread.
    pub fn run_one(&self) -> bool {
        // A turn whose jobs have been cancelled meanwhile runs nothing.
        while let Some(turn) = self.next_turn() {
            if turn.run_share(Some(1), false) > 0 {
                return true;
            }
        }
        false
    }

    /// Runs jobs on this thread until none is queued, also those that are submitted meanwhile, and
    /// says how many there were.
    ///
    /// # Examples
    /// ```
    /// let (pool, manual) = poolbridge::Executor::manual();
    /// let inner = pool.clone();
    /// pool.submit(move || inner.submit(|| ()).detach()).detach();
    /// assert_eq!(manual.run_all(), 2);
    /// ```
    pub fn run_all(&self) -> usize {
        let mut ran = 0;
        while let Some(turn) = self.next_turn() {
            ran += turn.run_share(Some(usize::MAX), false);
        }
        ran
    }

    /// Moves the time on by this much. What comes due on the way ends here, on this thread, with its
    /// callbacks and wakers, in the order of the deadlines, each at its own time; so does what is set
    /// meanwhile and comes due too. Runs no job.
    ///
    /// # Panics
    /// If the time becomes later than an [`Instant`] can tell.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// let (pool, manual) = poolbridge::Executor::manual();
    /// let manual = std::sync::Arc::new(manual);
    /// let clock = std::sync::Arc::clone(&manual);
    /// let task = pool
    ///     .job_with(move |cx| {
    ///         clock.advance(Duration::from_secs(4)); // the work takes four seconds
    ///         cx.remaining()
    ///     })
    ///     .run_timeout(Duration::from_secs(10))
    ///     .submit();
    /// manual.run_all();
    /// assert_eq!(task.wait().unwrap(), Some(Duration::from_secs(6)));
    /// ```
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// What the clock shows: the time at which it was made, and what it was moved on since.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// How far the clock was moved since it was made.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    fn next_turn(&self) -> Option<Worker> {
        self.turns.lock().as_mut()?.pop_front()
    }
}

impl Drop for Manual {
    fn drop(&mut self) {
        let turns = self.turns.lock().take();
        for turn in turns.into_iter().flatten() {
            // It may be the last to hold the executor.
            contain(|| drop(turn));
        }
    }
}

impl fmt::Debug for Manual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manual").field("elapsed", &self.elapsed()).finish_non_exhaustive()
    }
}

/// The backend. It holds turns, and a turn holds the executor, which holds the backend: `Manual`
/// opens that circle.
struct ByHand(Turns);

impl Backend for ByHand {
    fn start(&self, worker: Worker) -> Result<(), StartError> {
        let refused = {
            let mut turns = self.0.lock();
            match &mut *turns {
                Some(turns) => {
                    turns.push_back(worker);
                    None
                }
                None => Some(worker),
            }
        };
        match refused {
            None => Ok(()),
            Some(_) => Err(StartError::new("its `Manual` was dropped: nobody runs its jobs")),
        }
    }

    fn parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }
}
