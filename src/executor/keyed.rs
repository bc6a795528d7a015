//! In order within a key, side by side across keys.

use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::marker::PhantomData;

use super::Executor;
use super::lines::Place;
use super::rejected::Rejected;
use super::shutdown::{Shutdown, Termination};
use super::snapshot::Snapshot;
use super::submission::{self, Plain, Submission};
use crate::task::Task;

/// A view of an executor with a lane for each key: what is submitted under one key runs one by one,
/// in the order of submission; different keys run side by side. Made by [`Executor::keyed`]. Cheap to
/// clone; clones share the lanes.
///
/// A lane exists while something waits or runs in it, so keys cost nothing when idle. Lanes take
/// turns: a lane with much to do goes behind the others after each job. A lane is busy until the
/// closure has really ended, also if its task was dropped or timed out.
///
/// Keys are told apart by a randomly keyed hash of 64 bits, computed by the submitting thread: two
/// keys of the same hash (one pair in 3 × 10⁷ among a million) share a lane. They are not kept, so
/// `K` is dropped by `submit`.
///
/// # Examples
/// ```
/// use poolbridge::Executor;
/// let pool = Executor::threads().build()?;
/// let users = pool.keyed::<String>();
/// let first = users.submit("ada".into(), || 1);
/// let second = users.submit("ada".into(), || 2); // after the first
/// let other = users.submit("bob".into(), || 3); // beside them
/// assert_eq!(first.wait().unwrap() + second.wait().unwrap() + other.wait().unwrap(), 6);
/// # Ok::<(), poolbridge::BuildError>(())
/// ```
pub struct Keyed<K> {
    executor: Executor,
    hasher: RandomState,
    _keys: PhantomData<fn(K)>,
}

impl<K> Keyed<K> {
    pub(super) fn new(executor: Executor) -> Self {
        Self { executor, hasher: RandomState::new(), _keys: PhantomData }
    }

    /// What is queued and what runs, at one moment.
    ///
    /// # Examples
    /// ```
    /// let (pool, manual) = poolbridge::Executor::manual();
    /// let users = pool.keyed();
    /// let first = users.submit("ada", || 1);
    /// let second = users.submit("bob", || 2);
    /// assert_eq!(users.snapshot().queued.len(), 2);
    /// manual.run_all();
    /// assert!(users.snapshot().queued.is_empty());
    /// # drop((first, second));
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.executor.snapshot()
    }

    /// Ends this view, and the executors that were made by [`lane`](Self::lane); the executor below
    /// goes on. As [`Executor::shutdown`].
    ///
    /// # Examples
    /// ```
    /// use poolbridge::{Executor, Shutdown};
    /// let pool = Executor::threads().build()?;
    /// let users = pool.keyed();
    /// let task = users.submit("ada", || "saved");
    /// assert_eq!(users.shutdown(Shutdown::run_queued()).wait()?.still_running, 0);
    /// assert_eq!(task.wait()?, "saved");
    /// assert!(users.try_submit("ada", || ()).is_err());
    /// assert!(pool.try_submit(|| ()).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shutdown(&self, mode: Shutdown) -> Termination {
        self.executor.shutdown(mode)
    }
}

impl<K: Hash + Eq + Send + 'static> Keyed<K> {
    /// Queues `f` in the lane of `key` and returns its task.
    ///
    /// As [`Executor::submit`]. A job that waits for a later one of its own lane gets
    /// [`TaskError::WouldDeadlock`](crate::TaskError::WouldDeadlock).
    ///
    /// # Panics
    /// If the hash of `key` panics; nothing is queued then.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::{Executor, TaskError};
    /// let users = Executor::threads().build()?.keyed();
    /// let again = users.clone();
    /// let task = users.submit("ada", move || again.submit("ada", || 1).wait());
    /// assert!(matches!(task.wait().unwrap(), Err(TaskError::WouldDeadlock(_))));
    /// let again = users.clone();
    /// let task = users.submit("ada", move || again.submit("bob", || 1).wait());
    /// assert_eq!(task.wait().unwrap().unwrap(), 1); // another lane
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    pub fn submit<T, F>(&self, key: K, f: F) -> Task<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        submission::submit(&self.executor, Plain(f), self.place(&key), None)
    }

    /// Queues `f` in the lane of `key`, or gives it back; as [`Executor::try_submit`].
    ///
    /// # Errors
    /// [`Rejected`] holds the closure and says why.
    ///
    /// # Panics
    /// If the hash of `key` panics.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::{Executor, Shutdown};
    /// let pool = Executor::threads().build()?;
    /// let users = pool.keyed();
    /// drop(users.shutdown(Shutdown::run_queued()));
    /// let save = users.try_submit("ada", || "saved").unwrap_err().into_inner();
    /// assert_eq!(pool.submit(save).wait().unwrap(), "saved");
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    pub fn try_submit<T, F>(&self, key: K, f: F) -> Result<Task<T>, Rejected<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        submission::try_submit(&self.executor, Plain(f), self.place(&key), None, None)
            .map_err(|(Plain(f), reason)| Rejected::new(f, reason))
    }

    /// A submission with options in the lane of `key`; as [`Executor::job`]. A priority says nothing
    /// here: a lane keeps its order.
    ///
    /// # Panics
    /// If the hash of `key` panics.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::{Executor, Expired, TaskError};
    /// use std::time::Duration;
    /// let (pool, manual) = Executor::manual();
    /// let users = pool.keyed();
    /// let limit = Duration::from_secs(1);
    /// let task = users.job("ada", || "saved").name("save ada").queue_timeout(limit).submit();
    /// manual.advance(limit);
    /// assert!(matches!(task.wait(), Err(TaskError::TimedOut(Expired::Queue))));
    /// ```
    pub fn job<T, F>(&self, key: K, f: F) -> Submission<'_, T, F>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Submission::new(&self.executor, f, self.place(&key))
    }

    /// An executor for one lane: it runs one job at a time, and beside it nothing else of that key.
    ///
    /// It has a queue of its own, in order among its own jobs. For views of a lane, and for code
    /// that wants an [`Executor`].
    ///
    /// # Panics
    /// If the hash of `key` panics.
    ///
    /// # Examples
    /// ```
    /// let pool = poolbridge::Executor::threads().build()?;
    /// let users = pool.keyed::<&str>();
    /// let ada = users.lane("ada");
    /// assert_eq!(ada.submit(|| 1).wait().unwrap() + users.submit("ada", || 2).wait().unwrap(), 3);
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    #[must_use]
    pub fn lane(&self, key: K) -> Executor {
        self.executor.lane(self.hash(&key))
    }

    /// User code, hence before any lock.
    fn hash(&self, key: &K) -> u64 {
        self.hasher.hash_one(key)
    }

    fn place(&self, key: &K) -> Place {
        Place::Lane(self.hash(key))
    }
}

impl<K> Clone for Keyed<K> {
    fn clone(&self) -> Self {
        let Self { executor, hasher, _keys } = self;
        Self { executor: executor.clone(), hasher: hasher.clone(), _keys: PhantomData }
    }
}

impl<K> fmt::Debug for Keyed<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyed").field("executor", &self.executor).finish_non_exhaustive()
    }
}
