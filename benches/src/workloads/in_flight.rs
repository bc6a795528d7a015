//! A steady state: 64 tasks of a microsecond each under way, a new one for each that is awaited.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::{check, current_thread};
use crate::THREADS;
use crate::peers::Peer;
use crate::rounds::Workload;

const WINDOW: usize = 64;
const WORK: Duration = Duration::from_micros(1);

pub(crate) struct InFlight {
    pub(crate) tasks: usize,
}

fn work(n: u64) -> u64 {
    let start = Instant::now();
    while start.elapsed() < WORK {
        std::hint::spin_loop();
    }
    n
}

impl Workload for InFlight {
    fn name(&self) -> String {
        format!("{WINDOW} in flight, 1 µs each")
    }

    fn tasks(&self) -> usize {
        self.tasks
    }

    fn prepare<P: Peer>(&self) -> Box<dyn FnMut() -> Duration> {
        let (pool, runtime, tasks) = (P::new(THREADS), current_thread(), self.tasks);
        Box::new(move || {
            let mut window = VecDeque::with_capacity(WINDOW);
            let start = Instant::now();
            let sum = runtime.block_on(async {
                let mut sum = 0;
                for n in 0..tasks as u64 {
                    if window.len() == WINDOW {
                        sum += window.pop_front().expect("not empty").await;
                    }
                    window.push_back(pool.submit(move || work(n)));
                }
                for handle in window {
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
