//! The threads of futures' `ThreadPool`.

use std::fmt;
use std::num::NonZeroUsize;

use futures_executor::ThreadPool;

use super::Executor;
use super::backend::{Backend, StartError};
use super::backends::build;
use super::worker::Worker;
use crate::sync::processors;

/// A futures `ThreadPool`, as a [`Backend`]. See [`Executor::futures`] for what to expect.
///
/// # Examples
/// ```
/// use poolbridge::{Executor, backends::FuturesPool};
/// let threads = futures::executor::ThreadPool::builder().pool_size(8).create()?;
/// let pool = Executor::on(FuturesPool::new(threads)).max_workers(8).build()?;
/// assert_eq!(pool.submit(|| 1).wait().unwrap(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FuturesPool {
    pool: ThreadPool,
}

impl FuturesPool {
    /// That pool. Its threads live as long as the executor.
    #[must_use]
    pub fn new(pool: ThreadPool) -> Self {
        Self { pool }
    }
}

impl Backend for FuturesPool {
    fn start(&self, worker: Worker) -> Result<(), StartError> {
        self.pool.spawn_ok(async move { worker.run() });
        Ok(())
    }

    /// The pool does not tell its size; this is the default of its builder.
    fn parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::new(processors()).unwrap_or(NonZeroUsize::MIN)
    }
}

impl Executor {
    /// An executor over a futures `ThreadPool`.
    ///
    /// Runs as many jobs at once as there are processors: the pool does not tell its size, and
    /// this is its own default. For a pool of another size say so:
    /// `Executor::on(FuturesPool::new(pool)).max_workers(n)`.
    ///
    /// A job that blocks takes a thread from the pool's futures.
    ///
    /// Its threads count as inside an executor: `futures::executor::block_on` in a job panics
    /// (its task fails, nothing else happens). [`Task::wait`](crate::Task::wait) works.
    ///
    /// A future of somebody else that panics on such a pool kills a thread of it, and turns are as
    /// stuck as everything there once all are dead. A panic in a job kills none.
    ///
    /// # Examples
    /// ```
    /// use futures::executor::ThreadPool;
    /// let pool = poolbridge::Executor::futures(ThreadPool::new()?);
    /// assert_eq!(pool.submit(|| 6 * 7).wait().unwrap(), 42);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn futures(pool: ThreadPool) -> Self {
        build(FuturesPool::new(pool))
    }
}

impl fmt::Debug for FuturesPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FuturesPool").finish_non_exhaustive()
    }
}
