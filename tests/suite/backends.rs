//! Backends as users write them.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use poolbridge::backends::{FuturesPool, TokioBlocking};
use poolbridge::{Backend, StartError, Worker};

/// A thread for each turn.
pub(crate) struct FreshThreads;

impl Backend for FreshThreads {
    fn start(&self, worker: Worker) -> Result<(), StartError> {
        let thread = thread::Builder::new().spawn(move || worker.run());
        thread.map(drop).map_err(StartError::new)
    }

    fn parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::new(4).unwrap()
    }
}

/// A fixed number of threads behind a channel, as small pool crates are written. They leave when
/// the sender is gone, after what is in the channel.
pub(crate) struct ChannelPool {
    turns: mpsc::Sender<Worker>,
    threads: NonZeroUsize,
}

impl ChannelPool {
    pub(crate) fn new(threads: usize) -> Self {
        let (turns, taken) = mpsc::channel::<Worker>();
        let taken = Arc::new(Mutex::new(taken));
        for _ in 0..threads {
            let taken = Arc::clone(&taken);
            thread::spawn(move || {
                // A statement of its own: the lock is gone while the turn runs.
                while let Some(turn) = next(&taken) {
                    turn.run();
                }
            });
        }
        Self { turns, threads: NonZeroUsize::new(threads).unwrap() }
    }
}

fn next(taken: &Mutex<mpsc::Receiver<Worker>>) -> Option<Worker> {
    taken.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

impl Backend for ChannelPool {
    fn start(&self, worker: Worker) -> Result<(), StartError> {
        self.turns.send(worker).map_err(|_| StartError::new("the pool's threads are gone"))
    }

    fn parallelism(&self) -> NonZeroUsize {
        self.threads
    }
}

/// A tokio runtime of its own, which says how many blocking threads it has.
pub(crate) struct Tokio {
    runtime: Option<tokio::runtime::Runtime>,
    blocking: TokioBlocking,
    threads: usize,
}

impl Tokio {
    pub(crate) fn new(threads: usize) -> Self {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let builder = builder.worker_threads(1).max_blocking_threads(threads);
        let runtime = builder.enable_time().build().unwrap();
        let blocking = TokioBlocking::new(runtime.handle().clone());
        Self { runtime: Some(runtime), blocking, threads }
    }
}

impl Backend for Tokio {
    fn start(&self, worker: Worker) -> Result<(), StartError> {
        self.blocking.start(worker)
    }

    fn parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::new(self.threads).unwrap()
    }
}

impl Drop for Tokio {
    fn drop(&mut self) {
        // Perhaps on one of its own threads, which cannot wait for itself.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A futures pool that says how many threads it has.
pub(crate) struct Futures {
    pool: FuturesPool,
    threads: usize,
}

impl Futures {
    pub(crate) fn new(threads: usize) -> Self {
        let pool = futures::executor::ThreadPool::builder().pool_size(threads).create();
        Self { pool: FuturesPool::new(pool.unwrap()), threads }
    }
}

impl Backend for Futures {
    fn start(&self, worker: Worker) -> Result<(), StartError> {
        self.pool.start(worker)
    }

    fn parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::new(self.threads).unwrap()
    }
}

/// The example of the docs.
pub(crate) struct ThreadPoolCrate(pub(crate) threadpool::ThreadPool);

impl Backend for ThreadPoolCrate {
    fn start(&self, worker: Worker) -> Result<(), StartError> {
        self.0.execute(move || worker.run());
        Ok(())
    }

    fn parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::new(self.0.max_count()).unwrap()
    }
}
