//! smol's `blocking`: one global pool.

use super::affinitypool::DropCancels;
use super::{Handle, Peer};

pub(crate) struct Blocking {
    threads: usize,
}

/// The global pool reads its limit once, when it is first used.
pub(crate) fn limit_threads(threads: usize) {
    // SAFETY: called at the start of `main`, while there is one thread.
    unsafe { std::env::set_var("BLOCKING_MAX_THREADS", threads.to_string()) };
}

impl Peer for Blocking {
    const NAME: &'static str = "blocking";

    fn new(_: usize) -> Self {
        Self { threads: crate::THREADS }
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
        DropCancels::new(::blocking::unblock(f))
    }
}
