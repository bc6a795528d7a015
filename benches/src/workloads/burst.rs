//! Everything submitted, then everything awaited in order.

use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use super::{check, current_thread, elsewhere};
use crate::THREADS;
use crate::peers::Peer;
use crate::place::Place;
use crate::rounds::Workload;

pub(crate) struct Burst {
    pub(crate) tasks: usize,
    pub(crate) place: Place,
}

fn once<P: Peer>(pool: &P, runtime: &Runtime, tasks: usize) -> Duration {
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
}

/// Bursts in this process: the median.
pub(crate) fn here<P: Peer>(place: Place, tasks: usize) -> Duration {
    place.begin();
    let (pool, runtime) = (P::new(THREADS), current_thread());
    once(&pool, &runtime, tasks);
    place.settle();
    let mut taken: [Duration; 5] = std::array::from_fn(|_| once(&pool, &runtime, tasks));
    taken.sort();
    taken[2]
}

impl Workload for Burst {
    fn name(&self) -> String {
        format!("burst of {}{}", self.tasks, self.place.suffix())
    }

    fn tasks(&self) -> usize {
        self.tasks
    }

    fn prepare<P: Peer>(&self) -> Box<dyn FnMut() -> Duration> {
        let tasks = self.tasks;
        if self.place != Place::Free {
            // A pin is for a whole process.
            return elsewhere(["submit", P::NAME, &tasks.to_string(), self.place.name()]);
        }
        let (pool, runtime) = (P::new(THREADS), current_thread());
        Box::new(move || once(&pool, &runtime, tasks))
    }
}
