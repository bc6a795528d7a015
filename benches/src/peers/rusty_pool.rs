//! `rusty_pool`, by its own handle.

use ::futures::channel::oneshot::Receiver;
use ::rusty_pool::{Builder, ThreadPool};

use super::results::Expect;
use super::{Handle, Peer};

pub(crate) struct RustyPool {
    pool: ThreadPool,
    threads: usize,
}

impl Peer for RustyPool {
    const NAME: &'static str = "rusty_pool";

    fn new(threads: usize) -> Self {
        let pool = Builder::new().core_size(threads).max_size(threads).build();
        Self { pool, threads }
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
        Expect(self.pool.evaluate(f).receiver)
    }
}

impl<T: Send> Handle<T> for Expect<Receiver<T>> {
    #[inline]
    fn cancel(self) -> Option<Self> {
        // Nobody listens any more; the job itself will run.
        drop(self);
        None
    }
}
