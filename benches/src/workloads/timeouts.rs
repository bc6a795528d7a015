//! Many tasks awaited together, each under a limit of its own that is not reached.

use std::time::{Duration, Instant};

use futures::future::join_all;

use super::{check, current_thread};
use crate::THREADS;
use crate::peers::{Handle, Peer};
use crate::rounds::Workload;

const LIMIT: Duration = Duration::from_secs(30);

pub(crate) struct Timeouts {
    pub(crate) tasks: usize,
}

impl Workload for Timeouts {
    fn name(&self) -> String {
        format!("{} under timeouts", self.tasks)
    }

    fn tasks(&self) -> usize {
        self.tasks
    }

    fn prepare<P: Peer>(&self) -> Box<dyn FnMut() -> Duration> {
        let (pool, runtime, tasks) = (P::new(THREADS), current_thread(), self.tasks);
        Box::new(move || {
            let start = Instant::now();
            let answers = runtime.block_on(async {
                join_all((0..tasks as u64).map(|n| pool.submit(move || n).within(LIMIT))).await
            });
            let taken = start.elapsed();
            check(tasks, answers);
            taken
        })
    }
}
