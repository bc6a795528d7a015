//! Sources of threads that are ready to use, and how to make one.
//!
//! | for | take |
//! |---|---|
//! | blocking calls: files, databases, C libraries | own threads: [`Executor::threads`](crate::Executor::threads), the only ones with an initializer and a stay when idle |
//! | computing, in a program that uses rayon | `Rayon` (feature `rayon`): no more threads than processors |
//! | blocking calls, in a program where tokio's threads shall be the only ones | `TokioBlocking` (feature `tokio`) |
//! | jobs beside the futures of a `ThreadPool` | `FuturesPool` (feature `futures`) |
//! | tests; no threads | [`Inline`] |
//!
//! Whatever the threads, the queue is the executor's: cancels, deadlines, limits, bounded queues
//! and hooks are the same everywhere. A thread of somebody else's pool is taken only while there is
//! something to do, and for a few microseconds more, and at most `max_workers` of them at once.
//!
//! # A backend of your own
//! Any pool that takes a closure will do; this is the `threadpool` crate:
//! ```
//! use poolbridge::{Backend, Executor, StartError, Worker};
//! use std::num::NonZeroUsize;
//!
//! struct Threads(threadpool::ThreadPool);
//!
//! impl Backend for Threads {
//!     fn start(&self, worker: Worker) -> Result<(), StartError> {
//!         self.0.execute(move || worker.run());
//!         Ok(())
//!     }
//!     fn parallelism(&self) -> NonZeroUsize {
//!         NonZeroUsize::new(self.0.max_count()).unwrap_or(NonZeroUsize::MIN)
//!     }
//! }
//!
//! let pool = Executor::on(Threads(threadpool::ThreadPool::new(2))).build()?;
//! assert_eq!(pool.submit(|| 6 * 7).wait().unwrap(), 42);
//! # Ok::<(), poolbridge::BuildError>(())
//! ```

#[cfg(feature = "futures")]
pub use super::futures::FuturesPool;
pub use super::inline::Inline;
#[cfg(feature = "rayon")]
pub use super::rayon::Rayon;
#[cfg(feature = "tokio")]
pub use super::tokio::TokioBlocking;

use super::Executor;
use super::backend::Backend;

/// An executor with the default options.
pub(super) fn build(backend: impl Backend) -> Executor {
    match Executor::on(backend).build() {
        Ok(executor) => executor,
        Err(_) => unreachable!("the default options go together"),
    }
}
