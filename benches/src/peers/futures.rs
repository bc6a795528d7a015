//! futures' `ThreadPool`, by `spawn_with_handle`.

use ::futures::executor::ThreadPool;
use ::futures::future::RemoteHandle;
use ::futures::task::SpawnExt;

use super::{Handle, Peer};

pub(crate) struct Futures {
    pool: ThreadPool,
    threads: usize,
}

/// A pool of that size.
pub(crate) fn pool(threads: usize) -> ThreadPool {
    ThreadPool::builder().pool_size(threads).create().expect("threads can be had")
}

impl Peer for Futures {
    const NAME: &'static str = "futures";

    fn new(threads: usize) -> Self {
        Self { pool: pool(threads), threads }
    }

    fn threads(&self) -> usize {
        self.threads
    }

    #[inline]
    fn submit<T, F>(&self, f: F) -> impl Handle<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.pool.spawn_with_handle(async move { f() }).expect("the pool is open")
    }
}

impl<T: Send + 'static> Handle<T> for RemoteHandle<T> {
    fn cancel(self) -> Option<Self> {
        drop(self);
        None
    }
}
