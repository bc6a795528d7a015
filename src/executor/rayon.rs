//! Rayon's threads.
//!
//! A panic that leaves a closure given to rayon aborts the process: [`Worker::run`] lets none out,
//! and nothing else of ours runs there.

use std::cell::Cell;
use std::fmt;
use std::num::NonZeroUsize;

use super::Executor;
use super::backend::{Backend, StartError};
use super::backends::build;
use super::config::default_workers;
use super::worker::Worker;
use crate::sync::{self, SharedArc, thread_local};
use crate::task::contain::contain;
use crate::task::promise::promise;

thread_local! {
    /// A turn of the global pool has run here, so the thread is one of that pool's.
    static GLOBAL: Cell<bool> = Cell::new(false);
}

/// A rayon pool's threads, as a [`Backend`]. See [`Executor::rayon`] for what to expect.
///
/// # Examples
/// ```
/// use poolbridge::{Executor, backends::Rayon};
/// let half = Executor::on(Rayon::global()).max_workers(2).queue_capacity(100).build()?;
/// assert_eq!(half.submit(|| 1).wait().unwrap(), 1);
///
/// let own = std::sync::Arc::new(rayon::ThreadPoolBuilder::new().num_threads(1).build()?);
/// let images = Executor::on(Rayon::pool(own)).queue_capacity(100).build()?;
/// assert_eq!(images.submit(rayon::current_num_threads).wait().unwrap(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Rayon {
    /// `None`: the global one.
    pool: Option<SharedArc<rayon::ThreadPool>>,
}

impl Rayon {
    /// The global pool: always that one, also if a job is submitted from a thread of another pool.
    #[must_use]
    pub fn global() -> Self {
        Self { pool: None }
    }

    /// That pool. It lives as long as the executor.
    #[must_use]
    pub fn pool(pool: SharedArc<rayon::ThreadPool>) -> Self {
        Self { pool: Some(pool) }
    }
}

impl Backend for Rayon {
    fn start(&self, worker: Worker) -> Result<(), StartError> {
        match &self.pool {
            Some(pool) => pool.spawn(move || worker.run()),
            None => in_global_scope(move || {
                rayon::spawn(move || {
                    let _ = GLOBAL.try_with(|global| global.set(true));
                    worker.run();
                });
            })?,
        }
        Ok(())
    }

    fn parallelism(&self) -> NonZeroUsize {
        let threads = match &self.pool {
            Some(pool) => pool.current_num_threads(),
            None => global_threads().unwrap_or(0),
        };
        // No global pool: its executor builds, and its tasks end as broken.
        NonZeroUsize::new(threads).unwrap_or_else(default_workers)
    }
}

/// Runs `f` where rayon's free functions mean the global pool; on another pool's thread they mean
/// that pool.
fn in_global_scope(f: impl FnOnce() + Send + 'static) -> Result<(), StartError> {
    let known = GLOBAL.try_with(Cell::get).unwrap_or(false);
    if known || rayon::current_thread_index().is_none() {
        f();
        return Ok(());
    }
    // Some rayon pool's thread, and it does not say whose: rare enough for a thread.
    sync::spawn("poolbridge-rayon".into(), None, f).map_err(StartError::new)
}

/// How many threads the global pool has; `None` if there is none.
fn global_threads() -> Option<usize> {
    let (promise, task) = promise();
    let asks = in_global_scope(move || {
        if let Some(threads) = contain(rayon::current_num_threads) {
            let _ = promise.set_result(threads);
        }
    });
    asks.ok()?;
    task.wait().ok()
}

impl Executor {
    /// An executor over rayon's global pool: as many jobs at once as that has threads.
    ///
    /// Parallel iterators inside a job use the pool that the job runs on, and a job that panics
    /// does not abort the process, as a closure given to `rayon::spawn` does. Each call makes a
    /// queue of its own.
    ///
    /// **Busy pools**: rayon finishes what it has begun before it looks at work from outside. A
    /// job that is submitted into a long `par_iter` on the same pool waits for its end, whatever the
    /// executor's limit: 0.1 s into a loop of one second it began 0.9 s later, on threads or on a
    /// rayon pool of its own within 10 ms, most of them the scheduler's on a busy machine
    /// (`cargo run --release --example rayon_busy`). Latency-sensitive work wants threads of its
    /// own ([`Executor::threads`]) or a rayon pool of its own ([`rayon_pool`](Self::rayon_pool)).
    /// And a job that blocks takes a thread from every parallel iterator of the program: for I/O,
    /// own threads.
    ///
    /// **Locks**: a job that calls `join`, `scope` or a parallel iterator waits inside it by
    /// running other work of the pool, another job of this executor perhaps. With a lock held
    /// around the call, that job may want the same lock, on the same thread: a dead-lock (rayon
    /// issue 592), which no pool over rayon can prevent. Let go of locks first, or use
    /// own threads for what locks.
    ///
    /// If the global pool could not be built, tasks end with
    /// [`TaskError::Broken`](crate::TaskError::Broken).
    ///
    /// # Examples
    /// ```
    /// use poolbridge::Executor;
    /// use rayon::prelude::*;
    /// let cpu = Executor::rayon();
    /// let sum = cpu.submit(|| (1..=1000_u64).into_par_iter().sum::<u64>());
    /// assert_eq!(sum.wait().unwrap(), 500_500);
    /// ```
    #[must_use]
    pub fn rayon() -> Self {
        build(Rayon::global())
    }

    /// As [`rayon`](Self::rayon), over that pool, which lives as long as the executor.
    ///
    /// # Examples
    /// ```
    /// use std::sync::Arc;
    /// let pool = Arc::new(rayon::ThreadPoolBuilder::new().num_threads(2).build()?);
    /// let images = poolbridge::Executor::rayon_pool(pool);
    /// assert_eq!(images.submit(rayon::current_num_threads).wait().unwrap(), 2);
    /// # Ok::<(), rayon::ThreadPoolBuildError>(())
    /// ```
    #[must_use]
    pub fn rayon_pool(pool: SharedArc<rayon::ThreadPool>) -> Self {
        build(Rayon::pool(pool))
    }
}

impl fmt::Debug for Rayon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let threads = self.pool.as_ref().map(|pool| pool.current_num_threads());
        f.debug_struct("Rayon").field("global", &threads.is_none()).finish_non_exhaustive()
    }
}
