//! `tokio-rayon`, on a rayon pool.

use ::tokio_rayon::{AsyncRayonHandle, AsyncThreadPool};
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::{Handle, Peer};

pub(crate) struct TokioRayon {
    pool: ThreadPool,
    threads: usize,
}

/// A rayon pool of that size.
pub(crate) fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().expect("threads can be had")
}

impl Peer for TokioRayon {
    const NAME: &'static str = "tokio-rayon";

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
        self.pool.spawn_async(f)
    }
}

impl<T: Send> Handle<T> for AsyncRayonHandle<T> {
    fn cancel(self) -> Option<Self> {
        // There is no cancelling: the closure will run.
        drop(self);
        None
    }
}
