//! Backends as users write them.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

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
