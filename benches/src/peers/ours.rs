//! Ours on everybody's threads, and views of ours.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ::poolbridge::backends::{FuturesPool, TokioBlocking};
use ::poolbridge::{Executor, Keyed, Task};
use ::tokio::runtime::{Builder, Runtime};

use super::results::Expect;
use super::{Handle, Peer};

/// An executor of ours as a peer.
pub(crate) struct Ours<K: Kind> {
    executor: Executor,
    more: K::More,
    threads: usize,
    _kind: PhantomData<K>,
}

/// Which one.
pub(crate) trait Kind: Send + Sync + 'static {
    const NAME: &'static str;

    /// What it needs beside the executor.
    type More: Send + Sync;

    fn make(threads: usize) -> (Executor, Self::More);

    #[inline]
    fn submit<T, F>(executor: &Executor, _: &Self::More, f: F) -> Task<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        executor.submit(f)
    }
}

impl<K: Kind> Peer for Ours<K> {
    const NAME: &'static str = K::NAME;

    fn new(threads: usize) -> Self {
        let (executor, more) = K::make(threads);
        Self { executor, more, threads, _kind: PhantomData }
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
        Expect(K::submit(&self.executor, &self.more, f))
    }
}

fn own(threads: usize) -> Executor {
    Executor::threads().max_workers(threads).build().expect("the options are valid")
}

/// On a rayon pool.
pub(crate) enum OnRayon {}

impl Kind for OnRayon {
    const NAME: &'static str = "poolbridge/rayon";
    type More = ();

    fn make(threads: usize) -> (Executor, ()) {
        (Executor::rayon_pool(Arc::new(super::tokio_rayon::pool(threads))), ())
    }
}

/// On tokio's blocking pool.
pub(crate) enum OnTokio {}

/// Ends without waiting: it may end inside another runtime, where that is forbidden.
pub(crate) struct Background(Option<Runtime>);

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Kind for OnTokio {
    const NAME: &'static str = "poolbridge/tokio";
    type More = Background;

    fn make(threads: usize) -> (Executor, Background) {
        let runtime = Builder::new_current_thread().max_blocking_threads(threads).build();
        let runtime = runtime.expect("a runtime");
        let backend = TokioBlocking::new(runtime.handle().clone());
        let executor = Executor::on(backend).max_workers(threads).build();
        (executor.expect("the options are valid"), Background(Some(runtime)))
    }
}

/// On futures' `ThreadPool`.
pub(crate) enum OnFutures {}

impl Kind for OnFutures {
    const NAME: &'static str = "poolbridge/futures";
    type More = ();

    fn make(threads: usize) -> (Executor, ()) {
        let backend = FuturesPool::new(super::futures::pool(threads));
        let executor = Executor::on(backend).max_workers(threads).build();
        (executor.expect("the options are valid"), ())
    }
}

/// On the submitting thread.
pub(crate) enum Inline {}

impl Kind for Inline {
    const NAME: &'static str = "poolbridge/inline";
    type More = ();

    fn make(_: usize) -> (Executor, ()) {
        (Executor::inline(), ())
    }
}

/// A view with a limit that is the pool's own size: what it costs to be a view.
pub(crate) enum Limited {}

impl Kind for Limited {
    const NAME: &'static str = "poolbridge/limited";
    type More = ();

    fn make(threads: usize) -> (Executor, ()) {
        (own(threads).limited(threads), ())
    }
}

/// A view that keeps the order.
pub(crate) enum Serial {}

impl Kind for Serial {
    const NAME: &'static str = "poolbridge/serial";
    type More = ();

    fn make(threads: usize) -> (Executor, ()) {
        (own(threads).serial(), ())
    }
}

/// A keyed view; each task has a key of its own.
pub(crate) enum EachItsKey {}

impl Kind for EachItsKey {
    const NAME: &'static str = "poolbridge/keyed";
    type More = (Keyed<u64>, AtomicU64);

    fn make(threads: usize) -> (Executor, Self::More) {
        let executor = own(threads);
        let keyed = executor.keyed();
        (executor, (keyed, AtomicU64::new(0)))
    }

    #[inline]
    fn submit<T, F>(_: &Executor, (keyed, last): &Self::More, f: F) -> Task<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        keyed.submit(last.fetch_add(1, Ordering::Relaxed), f)
    }
}

/// A keyed view; all tasks have the same key.
pub(crate) enum OneKey {}

impl Kind for OneKey {
    const NAME: &'static str = "poolbridge/one-key";
    type More = Keyed<u64>;

    fn make(threads: usize) -> (Executor, Self::More) {
        let executor = own(threads);
        let keyed = executor.keyed();
        (executor, keyed)
    }

    #[inline]
    fn submit<T, F>(_: &Executor, keyed: &Self::More, f: F) -> Task<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        keyed.submit(7, f)
    }
}
