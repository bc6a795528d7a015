//! Ours.

use std::time::Duration;

use futures::FutureExt;

use super::results::Expect;
use super::{Handle, Peer};
use ::poolbridge::{Cancel, Executor, Task, run_in_executor};

pub(crate) struct Poolbridge {
    executor: Executor,
    threads: usize,
}

impl Peer for Poolbridge {
    const NAME: &'static str = "poolbridge";

    fn new(threads: usize) -> Self {
        let executor = Executor::threads().max_workers(threads).build();
        Self { executor: executor.expect("the options are valid"), threads }
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
        Expect(run_in_executor(&self.executor, f))
    }

    fn queued(&self) -> Option<usize> {
        Some(self.executor.snapshot().queued.len())
    }
}

impl<T: Send> Handle<T> for Expect<Task<T>> {
    #[inline]
    fn cancel(self) -> Option<Self> {
        assert_eq!(self.0.cancel(), Cancel::Prevented);
        Some(self)
    }

    fn within(self, limit: Duration) -> impl Future<Output = Option<T>> + Send {
        self.0.timeout(limit).map(Result::ok)
    }
}
