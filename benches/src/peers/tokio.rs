//! tokio's `spawn_blocking`.

use super::results::Expect;
use super::{Handle, Peer};
use ::tokio::runtime::{Builder, Runtime};
use ::tokio::task::JoinHandle;

pub(crate) struct Tokio {
    runtime: Option<Runtime>,
    threads: usize,
}

impl Peer for Tokio {
    const NAME: &'static str = "tokio";

    fn new(threads: usize) -> Self {
        let runtime = Builder::new_current_thread().max_blocking_threads(threads).build();
        Self { runtime: Some(runtime.expect("a runtime")), threads }
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
        Expect(self.runtime.as_ref().expect("until dropped").spawn_blocking(f))
    }
}

impl Drop for Tokio {
    fn drop(&mut self) {
        // May be inside another runtime, where waiting is forbidden.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl<T: Send> Handle<T> for Expect<JoinHandle<T>> {
    #[inline]
    fn cancel(self) -> Option<Self> {
        self.0.abort();
        Some(self)
    }
}
