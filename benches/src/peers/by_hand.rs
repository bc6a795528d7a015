//! What people build by hand: something that takes closures, and `oneshot` for the answers.

use super::results::Expect;
use super::{Handle, Peer, tokio_rayon};
use crossbeam_channel::Sender;
use oneshot::AsyncReceiver;

/// Takes closures.
pub(crate) trait Start: Send + Sync + 'static {
    const NAME: &'static str;

    fn new(threads: usize) -> Self;

    fn start<F: FnOnce() + Send + 'static>(&self, job: F);

    fn queued(&self) -> Option<usize> {
        None
    }
}

pub(crate) struct ByHand<S> {
    pool: S,
    threads: usize,
}

impl<S: Start> Peer for ByHand<S> {
    const NAME: &'static str = S::NAME;

    fn new(threads: usize) -> Self {
        Self { pool: S::new(threads), threads }
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
        let (answer, handle) = oneshot::async_channel();
        self.pool.start(move || drop(answer.send(f())));
        Expect(handle)
    }

    fn queued(&self) -> Option<usize> {
        self.pool.queued()
    }
}

impl<T: Send> Handle<T> for Expect<AsyncReceiver<T>> {
    #[inline]
    fn cancel(self) -> Option<Self> {
        // Nobody listens any more; the job itself will run.
        drop(self);
        None
    }
}

type Boxed = Box<dyn FnOnce() + Send>;

/// Boxed closures through `crossbeam-channel` to threads.
pub(crate) struct Channel(Sender<Boxed>);

impl Start for Channel {
    const NAME: &'static str = "channel+oneshot";

    fn new(threads: usize) -> Self {
        let (queue, jobs) = crossbeam_channel::unbounded::<Boxed>();
        for _ in 0..threads {
            let jobs = jobs.clone();
            std::thread::spawn(move || jobs.iter().for_each(|job| job()));
        }
        Self(queue)
    }

    #[inline]
    fn start<F: FnOnce() + Send + 'static>(&self, job: F) {
        assert!(self.0.send(Box::new(job)).is_ok(), "the threads live as long as the pool");
    }

    fn queued(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

/// A rayon pool.
pub(crate) struct Rayon(rayon::ThreadPool);

impl Start for Rayon {
    const NAME: &'static str = "rayon+oneshot";

    fn new(threads: usize) -> Self {
        Self(tokio_rayon::pool(threads))
    }

    #[inline]
    fn start<F: FnOnce() + Send + 'static>(&self, job: F) {
        self.0.spawn(job);
    }
}

/// The `threadpool` crate's pool.
pub(crate) struct ThreadPool(threadpool::ThreadPool);

impl Start for ThreadPool {
    const NAME: &'static str = "threadpool+oneshot";

    fn new(threads: usize) -> Self {
        Self(threadpool::ThreadPool::new(threads))
    }

    #[inline]
    fn start<F: FnOnce() + Send + 'static>(&self, job: F) {
        self.0.execute(job);
    }

    fn queued(&self) -> Option<usize> {
        Some(self.0.queued_count())
    }
}
