//! What the models put in place of the world: sources of threads, jobs without a pool, names for
//! endings, books behind loom's back.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use loom_tests::{Canary, thread};
use poolbridge::{
    Backend, Executor, ExecutorBuilder, Job, Shutdown, StartError, Task, TaskError,
    ThreadPoolBuilder, Worker,
};

/// Books that loom does not see: a log must not order what the code leaves unordered. The lock
/// is never held across a step of the model.
#[derive(Debug, Default)]
pub(crate) struct Log<T>(Arc<Mutex<Vec<T>>>);

impl<T> Clone for Log<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Log<T> {
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn push(&self, entry: T) {
        self.lock().push(entry);
    }

    pub(crate) fn pop(&self) -> Option<T> {
        self.lock().pop()
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// All entries; the log is empty afterwards.
    pub(crate) fn take(&self) -> Vec<T> {
        std::mem::take(&mut *self.lock())
    }
}

/// What a stub does with a turn.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// Keeps it for the model to run.
    Keep,
    /// Runs it on a thread of its own, which the model joins.
    Spawn,
    /// Has no thread.
    Refuse,
    /// Drops it un-run and says nothing.
    Drop,
}

/// A source of threads that answers by a script.
#[derive(Clone)]
pub(crate) struct Stub {
    workers: Log<Worker>,
    threads: Log<thread::JoinHandle<()>>,
    starts: Arc<AtomicUsize>,
    script: fn(usize) -> Answer,
}

impl Stub {
    pub(crate) fn new(script: fn(usize) -> Answer) -> Self {
        let (workers, threads) = (Log::new(), Log::new());
        Self { workers, threads, starts: Arc::default(), script }
    }

    /// Keeps every turn.
    pub(crate) fn keeping() -> Self {
        Self::new(|_| Answer::Keep)
    }

    /// An executor over this stub.
    pub(crate) fn executor(&self, max_workers: usize) -> Executor {
        self.builder(max_workers).build().unwrap()
    }

    pub(crate) fn builder(&self, max_workers: usize) -> ExecutorBuilder {
        Executor::on(self.clone()).max_workers(max_workers)
    }

    /// A turn that was kept. Only for the thread that submitted, or one that is ordered after it.
    pub(crate) fn turn(&self) -> Worker {
        self.workers.pop().expect("a turn was started and kept")
    }

    /// Runs the turns that are kept, here.
    pub(crate) fn run_kept(&self) {
        while let Some(worker) = self.workers.pop() {
            worker.run();
        }
    }

    /// Turns asked for so far.
    pub(crate) fn starts(&self) -> usize {
        self.starts.load(Ordering::Relaxed)
    }

    /// Joins the threads that were started.
    pub(crate) fn join(&self) {
        join_all(&self.threads);
    }
}

impl Backend for Stub {
    fn start(&self, worker: Worker) -> Result<(), StartError> {
        match (self.script)(self.starts.fetch_add(1, Ordering::Relaxed)) {
            Answer::Keep => self.workers.push(worker),
            Answer::Spawn => self.threads.push(thread::spawn(move || worker.run())),
            Answer::Refuse => return Err(StartError::new("no thread")),
            Answer::Drop => drop(worker),
        }
        Ok(())
    }

    fn parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::new(2).unwrap()
    }
}

/// Own threads that can be counted and joined.
#[derive(Clone)]
pub(crate) struct Threads {
    threads: Log<thread::JoinHandle<()>>,
    starts: Arc<AtomicUsize>,
}

impl Threads {
    pub(crate) fn new() -> Self {
        Self { threads: Log::new(), starts: Arc::default() }
    }

    pub(crate) fn builder(&self, max_workers: usize) -> ThreadPoolBuilder {
        let this = self.clone();
        Executor::threads().max_workers(max_workers).spawn_handler(move |thread| {
            this.starts.fetch_add(1, Ordering::Relaxed);
            this.threads.push(thread::spawn(move || thread.run()));
            Ok(())
        })
    }

    pub(crate) fn executor(&self, max_workers: usize) -> Executor {
        self.builder(max_workers).build().unwrap()
    }

    /// Threads asked for so far.
    pub(crate) fn starts(&self) -> usize {
        self.starts.load(Ordering::Relaxed)
    }

    /// Joins the threads that were started; they leave when no handle of the executor is left.
    pub(crate) fn join(&self) {
        join_all(&self.threads);
    }
}

fn join_all(threads: &Log<thread::JoinHandle<()>>) {
    while let Some(thread) = threads.pop() {
        thread.join().unwrap();
    }
}

/// A job and its task, in no queue and of no pool: what a shutdown hands back.
pub(crate) fn job_and_task<T: Send + 'static>(
    f: impl FnOnce() -> T + Send + 'static,
) -> (Job, Task<T>) {
    job_of(|executor| executor.submit(f))
}

/// As [`job_and_task`], submitted by `submit`.
pub(crate) fn job_of<T>(submit: impl FnOnce(&Executor) -> Task<T>) -> (Job, Task<T>) {
    let stub = Stub::keeping();
    let executor = stub.executor(1);
    let task = submit(&executor);
    let job = executor.shutdown(Shutdown::hand_back()).take_handed_back().pop().unwrap();
    drop(stub.turn());
    (job, task)
}

/// A text that prints as it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word(pub(crate) &'static str);

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// How a task ended.
pub(crate) fn ending<T>(outcome: &Result<T, TaskError>) -> Word {
    Word(match outcome {
        Ok(_) => "value",
        Err(TaskError::Cancelled) => "cancelled",
        Err(TaskError::TimedOut(_)) => "timed out",
        Err(TaskError::Panicked(_)) => "panicked",
        Err(TaskError::Rejected(_)) => "rejected",
        Err(TaskError::Broken(_)) => "broken",
        Err(TaskError::WouldDeadlock(_)) => "would deadlock",
        Err(TaskError::Lost) => "lost",
        Err(_) => "another error",
    })
}

/// A capture whose drop is a plain write: who reads afterwards has to be ordered after it.
pub(crate) struct WritesOnDrop(pub(crate) Canary, pub(crate) usize);

impl Drop for WritesOnDrop {
    fn drop(&mut self) {
        self.0.write(self.1);
    }
}

/// A count that loom does not see.
#[derive(Clone, Debug, Default)]
pub(crate) struct Count(Arc<AtomicUsize>);

impl Count {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}
