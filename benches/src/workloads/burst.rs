//! Everything submitted, then everything awaited in order.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Side, check, elsewhere};
use crate::THREADS;
use crate::peers::Peer;
use crate::place::Place;
use crate::rounds::Workload;
use crate::verdicts::Target;

pub(crate) struct Burst {
    pub(crate) tasks: usize,
    pub(crate) side: Side,
    pub(crate) place: Place,
}

impl Burst {
    /// On a current-thread runtime, wherever the threads are.
    pub(crate) fn of(tasks: usize) -> Self {
        Self { tasks, side: Side::CurrentThread, place: Place::Free }
    }
}

async fn once<P: Peer>(pool: Arc<P>, tasks: usize) -> Duration {
    let mut handles = Vec::with_capacity(tasks);
    let start = Instant::now();
    handles.extend((0..tasks as u64).map(|n| pool.submit(move || n)));
    let mut sum = 0;
    for handle in handles {
        sum += handle.await;
    }
    let taken = start.elapsed();
    check(tasks, [sum]);
    taken
}

/// Bursts in this process: the median.
pub(crate) fn here<P: Peer>(place: Place, tasks: usize) -> Duration {
    place.begin();
    let (pool, driver) = (Arc::new(P::new(THREADS)), Side::CurrentThread.driver());
    driver.run(once(pool.clone(), tasks));
    place.settle();
    let mut taken: [Duration; 5] = std::array::from_fn(|_| driver.run(once(pool.clone(), tasks)));
    taken.sort();
    taken[2]
}

impl Workload for Burst {
    fn name(&self) -> String {
        format!("burst of {}{}{}", self.tasks, self.side.suffix(), self.place.suffix())
    }

    fn tasks(&self) -> usize {
        self.tasks
    }

    fn targets(&self) -> &'static [Target] {
        &[Target::Best(0.9), Target::Peer("tokio", 0.5)]
    }

    fn prepare<P: Peer>(&self) -> Box<dyn FnMut() -> Duration> {
        let tasks = self.tasks;
        if self.place != Place::Free {
            // A pin is for a whole process.
            return elsewhere(["submit", P::NAME, &tasks.to_string(), self.place.name()]);
        }
        let (pool, driver) = (Arc::new(P::new(THREADS)), self.side.driver());
        Box::new(move || driver.run(once(pool.clone(), tasks)))
    }
}
