//! An executor as a source of threads for another one.
//!
//! A child has a queue of its own; its turns wait in the parent's queue and are served by the
//! parent's workers. So a child's limit is the number of its turns, and a turn is held until the
//! closure has really ended, whatever became of its task.
//!
//! * Who keeps whom: a child holds a handle of its parent, so the parent stays open while a child
//!   lives; the parent lists its children until they are over (closed, and nothing left in them),
//!   so that its shutdown reaches them. The list and the handle are a circle that the child's end
//!   breaks.
//! * A child is listed under the parent's lock, if the parent is not closed. So a shutdown, which
//!   closes the parent before it looks at the list, misses none.

use std::num::NonZeroUsize;

use super::Executor;
use super::backend::{Backend, StartError, Worker};
use super::config::{BuildError, Config};
use super::core::{Core, CoreRef};
use super::inline::Inline;
use super::keyed::Keyed;
use crate::task::contain::Quiet;
use crate::task::id::next_pool;

/// How many jobs a child's turn runs before it goes behind what waits in the parent's queue.
pub(super) const FAIR_SHARE: usize = 16;

/// Where an executor's threads come from.
pub(super) enum Source {
    Backend(Quiet<Box<dyn Backend>>),
    Parent(Parent),
    /// The submitting thread.
    Here,
}

/// The executor whose threads a child uses.
pub(super) struct Parent {
    pub(super) executor: Executor,
    /// The lane that the child's turns wait in, if the parent is keyed.
    pub(super) key: Option<u64>,
}

impl Source {
    /// An executor is known as one, and so is the submitting thread; anything else is foreign.
    pub(super) fn new<B: Backend>(backend: B) -> Self {
        let mut backend = Some(backend);
        let any: &mut dyn std::any::Any = &mut backend;
        if any.is::<Option<Inline>>() {
            return Source::Here;
        }
        match any.downcast_mut::<Option<Executor>>().map(Option::take) {
            Some(Some(executor)) => Source::Parent(Parent { executor, key: None }),
            _ => match backend {
                Some(backend) => Source::backend(backend),
                None => unreachable!("taken only if it was an executor"),
            },
        }
    }

    /// Whatever `backend` is.
    pub(super) fn backend(backend: impl Backend) -> Self {
        Source::Backend(Quiet::new(Box::new(backend)))
    }

    pub(super) fn start(&self, worker: Worker) -> Result<(), StartError> {
        match self {
            Source::Backend(backend) => backend.start(worker),
            Source::Here => Inline.start(worker),
            Source::Parent(parent) => parent.executor.core().push_turn(worker, parent.key),
        }
    }

    pub(super) fn parallelism(&self) -> NonZeroUsize {
        match self {
            Source::Backend(backend) => backend.parallelism(),
            Source::Here => Inline.parallelism(),
            Source::Parent(parent) => parent.executor.parallelism(),
        }
    }

    pub(super) fn parent(&self) -> Option<&Parent> {
        match self {
            Source::Backend(_) | Source::Here => None,
            Source::Parent(parent) => Some(parent),
        }
    }
}

impl Parent {
    /// Lists a child that has just been made; one of a closed parent is closed.
    pub(super) fn adopt(&self, child: &CoreRef) {
        child.lock().is_child = true;
        let refused = {
            let mut queue = self.executor.core().lock();
            let refused = queue.closed;
            if !refused {
                if child.config.follows_parent {
                    // As it stands now; every later change finds the child listed.
                    child.lock().max_workers = queue.max_workers;
                }
                queue.children.insert(child.pool(), child.clone());
            }
            refused
        };
        if refused {
            child.lock().is_child = false;
            child.stop_accepting();
        }
    }

    /// A child is over.
    pub(super) fn forget(&self, child: &Core) {
        let finished = {
            let queue = child.lock();
            queue.lines.lists.finished() + queue.finished_below
        };
        let core = self.executor.core();
        let (gone, over) = {
            let mut queue = core.lock();
            queue.finished_below += finished;
            (queue.children.remove(&child.pool()), queue.take_over())
        };
        core.tell(over);
        drop(gone);
    }
}

/// An executor is a source of threads for others: `Executor::on(pool.clone())` is a queue of its own
/// over the pool's threads, with its own limit, bound and hooks.
impl Backend for Executor {
    fn start(&self, worker: Worker) -> Result<(), StartError> {
        self.core().push_turn(worker, None)
    }

    fn parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::new(self.core().lock().max_workers).unwrap_or(NonZeroUsize::MIN)
    }
}

impl Executor {
    /// A view of this executor that runs at most `max` jobs at a time, on its threads.
    ///
    /// It has a queue of its own, this executor's job hooks and worker state. A place is taken until
    /// the closure has really ended, also if its task was dropped or timed out. Jobs start in
    /// the order of submission. After 16 jobs in a row (`fair_share` of [`Executor::on`]) a busy view
    /// goes behind what waits in this executor's queue.
    ///
    /// Shutting the view down, or dropping it, leaves this executor alone; shutting this one down
    /// shuts its views down first. A view keeps this executor open.
    ///
    /// # Panics
    /// If `max` is zero: nothing could ever run.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::Executor;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    /// use std::sync::Arc;
    /// let pool = Executor::threads().max_workers(4).build()?;
    /// let two = pool.limited(2);
    /// let running = Arc::new(AtomicUsize::new(0));
    /// let tasks: Vec<_> = (0..20)
    ///     .map(|_| {
    ///         let running = running.clone();
    ///         two.submit(move || {
    ///             assert!(running.fetch_add(1, Ordering::SeqCst) < 2);
    ///             running.fetch_sub(1, Ordering::SeqCst);
    ///         })
    ///     })
    ///     .collect();
    /// tasks.into_iter().for_each(|task| task.wait().unwrap());
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn limited(&self, max: usize) -> Executor {
        assert!(max > 0, "limited(0): an executor that may run nothing");
        self.view(Config { max_workers: max, ..self.view_config() }, None)
    }

    /// A view of this executor that runs one job at a time, in the order of submission, on its
    /// threads; not always on the same one.
    ///
    /// Otherwise as [`limited`](Self::limited). A job that waits for a later one of the same view
    /// gets [`TaskError::WouldDeadlock`](crate::TaskError::WouldDeadlock).
    ///
    /// # Examples
    /// ```
    /// use poolbridge::Executor;
    /// let pool = Executor::threads().max_workers(4).build()?;
    /// let log = pool.serial();
    /// let (tell, told) = std::sync::mpsc::channel();
    /// for line in 0..100 {
    ///     let tell = tell.clone();
    ///     log.submit(move || tell.send(line).unwrap()).detach();
    /// }
    /// drop(tell);
    /// assert!(told.iter().eq(0..100));
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    #[must_use]
    pub fn serial(&self) -> Executor {
        self.view(Config { max_workers: 1, serial: true, ..self.view_config() }, None)
    }

    /// A view of this executor with a lane for each key: in order within a key, side by side across
    /// keys. See [`Keyed`].
    ///
    /// # Examples
    /// ```
    /// use poolbridge::Executor;
    /// let pool = Executor::threads().max_workers(4).build()?;
    /// let accounts = pool.keyed::<u32>();
    /// let (tell, told) = std::sync::mpsc::channel();
    /// for step in 0..10 {
    ///     for account in [7, 8] {
    ///         let tell = tell.clone();
    ///         accounts.submit(account, move || tell.send((account, step)).unwrap()).detach();
    ///     }
    /// }
    /// drop(tell);
    /// let done: Vec<_> = told.iter().collect();
    /// assert!(done.iter().filter(|(account, _)| *account == 7).map(|(_, step)| *step).eq(0..10));
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    #[must_use]
    pub fn keyed<K>(&self) -> Keyed<K> {
        // Its limit comes with its adoption.
        let config = Config { keyed: true, follows_parent: true, ..self.view_config() };
        Keyed::new(self.view(config, None))
    }

    /// Changes how many workers this executor may have, also while it works.
    ///
    /// A higher limit starts workers for what waits. A lower one takes nothing away from a
    /// job that runs: workers beyond it leave when they have ended their job, idle ones at once.
    ///
    /// # Errors
    /// [`BuildError`] for a limit of zero, and for a [`serial`](Self::serial) executor, which keeps
    /// its limit of 1.
    ///
    /// # Examples
    /// ```
    /// let pool = poolbridge::Executor::threads().max_workers(1).build()?;
    /// pool.set_max_workers(4)?;
    /// assert!(pool.set_max_workers(0).is_err());
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    pub fn set_max_workers(&self, max: usize) -> Result<(), BuildError> {
        if max == 0 {
            return Err(BuildError::NoWorkers);
        }
        if self.core().config.serial {
            return Err(BuildError::Serial);
        }
        self.core().set_max_workers(max);
        Ok(())
    }

    /// What the views of this executor have of it.
    fn view_config(&self) -> Config {
        let own = &self.core().config;
        Config {
            before_job: own.before_job.clone(),
            after_job: own.after_job.clone(),
            fair_share: Some(FAIR_SHARE),
            clock: own.clock.clone(),
            ..Config::default()
        }
    }

    /// A child, in the lane of `key` if this executor is keyed.
    pub(super) fn view(&self, config: Config, key: Option<u64>) -> Executor {
        let parent = Parent { executor: self.clone(), key };
        Executor::assemble(next_pool(), Source::Parent(parent), config)
    }

    /// A child for one lane of this keyed executor.
    pub(super) fn lane(&self, key: u64) -> Executor {
        let config = Config { max_workers: 1, serial: true, ..self.view_config() };
        self.view(config, Some(key))
    }
}
