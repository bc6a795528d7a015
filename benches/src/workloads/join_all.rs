//! Many tasks awaited as one future.

use std::time::{Duration, Instant};

use futures::future::join_all;

use super::{check, current_thread};
use crate::THREADS;
use crate::peers::Peer;
use crate::rounds::Workload;

pub(crate) struct JoinAll {
    pub(crate) tasks: usize,
}

impl Workload for JoinAll {
    fn name(&self) -> String {
        format!("join_all of {}", self.tasks)
    }

    fn tasks(&self) -> usize {
        self.tasks
    }

    fn prepare<P: Peer>(&self) -> Box<dyn FnMut() -> Duration> {
        let (pool, runtime, tasks) = (P::new(THREADS), current_thread(), self.tasks);
        Box::new(move || {
            let start = Instant::now();
            let handles = (0..tasks as u64).map(|n| pool.submit(move || n));
            let answers = runtime.block_on(join_all(handles));
            let taken = start.elapsed();
            check(tasks, answers);
            taken
        })
    }
}
