//! `affinitypool`: sharded lock-free queues, workers that spin and yield before they park.

use std::pin::Pin;
use std::task::{Context, Poll};

use super::{Handle, Peer};
use ::affinitypool::Threadpool;

pub(crate) struct Affinity {
    pool: Threadpool,
    threads: usize,
}

pin_project_lite::pin_project! {
    /// A handle that cancels when it is dropped, and in no other way.
    pub(crate) struct DropCancels<F> {
        #[pin]
        task: F,
    }
}

impl<F> DropCancels<F> {
    pub(crate) fn new(task: F) -> Self {
        Self { task }
    }
}

impl Peer for Affinity {
    const NAME: &'static str = "affinitypool";

    fn new(threads: usize) -> Self {
        Self { pool: Threadpool::new(threads), threads }
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
        DropCancels::new(self.pool.spawn(f))
    }
}

impl<F: Future> Future for DropCancels<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().task.poll(cx)
    }
}

impl<F: Future + Send> Handle<F::Output> for DropCancels<F> {
    #[inline]
    fn cancel(self) -> Option<Self> {
        drop(self);
        None
    }
}
