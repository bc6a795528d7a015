//! Executors that run one job at a time, over threads of every kind.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;

use poolbridge::backends::{FuturesPool, TokioBlocking};
use poolbridge::{Backend, Executor, StartError, TaskError, TaskId, Worker};

use crate::support::{one_worker, workers};

/// A thread for each turn.
struct FreshThreads;

impl Backend for FreshThreads {
    fn start(&self, worker: Worker) -> Result<(), StartError> {
        thread::Builder::new().spawn(move || worker.run()).map_err(StartError::new)?;
        Ok(())
    }

    fn parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }
}

/// Executors that run one job at a time, each on threads of another kind, and what keeps them up.
pub(crate) fn narrow() -> Vec<(&'static str, Executor, Option<tokio::runtime::Runtime>)> {
    let rayon = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let futures = futures::executor::ThreadPool::builder().pool_size(1).create().unwrap();
    let futures = Executor::on(FuturesPool::new(futures)).max_workers(1);
    let mut tokio = tokio::runtime::Builder::new_current_thread();
    let runtime = tokio.max_blocking_threads(1).build().unwrap();
    let tokio = TokioBlocking::new(runtime.handle().clone());
    // The runtime's own limit cannot be seen: waits beyond it are not.
    let tokio = Executor::on(tokio).max_workers(1);
    vec![
        ("own threads", one_worker(), None),
        ("rayon", Executor::rayon_pool(Arc::new(rayon)), None),
        ("tokio", tokio.build().unwrap(), Some(runtime)),
        ("futures", futures.build().unwrap(), None),
        ("inline", Executor::inline(), None),
        ("fresh threads", Executor::on(FreshThreads).build().unwrap(), None),
        ("a view", one_worker().limited(1), None),
        ("a view of views", workers(2).limited(2).serial().limited(3), None),
    ]
}

/// The tasks that a refused wait names.
#[track_caller]
pub(crate) fn refused<T: std::fmt::Debug>(outcome: Result<T, TaskError>) -> Vec<TaskId> {
    match outcome {
        Err(TaskError::WouldDeadlock(error)) => error.tasks().to_vec(),
        other => panic!("the wait was not refused: {other:?}"),
    }
}
