//! Everything submitted, then everything awaited in order.

use std::time::{Duration, Instant};

use super::{check, current_thread};
use crate::THREADS;
use crate::peers::Peer;
use crate::rounds::Workload;

pub(crate) struct Burst {
    pub(crate) tasks: usize,
}

impl Workload for Burst {
    fn name(&self) -> String {
        format!("burst of {}", self.tasks)
    }

    fn tasks(&self) -> usize {
        self.tasks
    }

    fn prepare<P: Peer>(&self) -> Box<dyn FnMut() -> Duration> {
        let (pool, runtime, tasks) = (P::new(THREADS), current_thread(), self.tasks);
        Box::new(move || {
            let mut handles = Vec::with_capacity(tasks);
            let start = Instant::now();
            handles.extend((0..tasks as u64).map(|n| pool.submit(move || n)));
            let sum = runtime.block_on(async {
                let mut sum = 0;
                for handle in handles {
                    sum += handle.await;
                }
                sum
            });
            let taken = start.elapsed();
            check(tasks, [sum]);
            taken
        })
    }
}
