//! A steady state: 64 tasks under way that work for a while each, a new one for each that is
//! awaited.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Side, check};
use crate::THREADS;
use crate::peers::Peer;
use crate::rounds::Workload;
use crate::verdicts::Target;

const WINDOW: usize = 64;

pub(crate) struct InFlight {
    pub(crate) tasks: usize,
    pub(crate) work: Duration,
    pub(crate) side: Side,
}

/// Uses the processor for that long.
pub(crate) fn work(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
}

async fn once<P: Peer>(pool: Arc<P>, tasks: usize, time: Duration) -> Duration {
    let mut window = VecDeque::with_capacity(WINDOW);
    let start = Instant::now();
    let mut sum = 0;
    for n in 0..tasks as u64 {
        if window.len() == WINDOW {
            sum += window.pop_front().expect("not empty").await;
        }
        window.push_back(pool.submit(move || {
            work(time);
            n
        }));
    }
    for handle in window {
        sum += handle.await;
    }
    let taken = start.elapsed();
    check(tasks, [sum]);
    taken
}

impl Workload for InFlight {
    fn name(&self) -> String {
        format!("{WINDOW} in flight, {} µs each{}", self.work.as_micros(), self.side.suffix())
    }

    fn tasks(&self) -> usize {
        self.tasks
    }

    fn targets(&self) -> &'static [Target] {
        &[Target::Best(0.9), Target::Peer("tokio", 0.5)]
    }

    fn prepare<P: Peer>(&self) -> Box<dyn FnMut() -> Duration> {
        let (pool, driver) = (Arc::new(P::new(THREADS)), self.side.driver());
        let (tasks, time) = (self.tasks, self.work);
        Box::new(move || driver.run(once(pool.clone(), tasks, time)))
    }
}
