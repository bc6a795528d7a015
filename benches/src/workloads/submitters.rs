//! Four threads submit their share at the same time, and await it.

use std::sync::Barrier;
use std::thread::scope;
use std::time::{Duration, Instant};

use super::check;
use crate::THREADS;
use crate::peers::Peer;
use crate::rounds::Workload;

const SUBMITTERS: usize = 4;

pub(crate) struct Submitters {
    pub(crate) tasks: usize,
}

/// Submits `from, from + SUBMITTERS, ..` and adds the answers up.
fn share<P: Peer>(pool: &P, from: usize, tasks: usize) -> u64 {
    let numbers = (from..tasks).step_by(SUBMITTERS);
    let mut handles = Vec::with_capacity(numbers.len());
    handles.extend(numbers.map(|n| pool.submit(move || n as u64)));
    handles.into_iter().map(futures::executor::block_on).sum()
}

impl Workload for Submitters {
    fn name(&self) -> String {
        format!("{SUBMITTERS} submitting threads")
    }

    fn tasks(&self) -> usize {
        self.tasks
    }

    fn prepare<P: Peer>(&self) -> Box<dyn FnMut() -> Duration> {
        let (pool, tasks) = (P::new(THREADS), self.tasks);
        Box::new(move || {
            let line = Barrier::new(SUBMITTERS + 1);
            scope(|scope| {
                let submitter = |from| {
                    let (line, pool) = (&line, &pool);
                    scope.spawn(move || {
                        line.wait();
                        share(pool, from, tasks)
                    })
                };
                let threads: Vec<_> = (0..SUBMITTERS).map(submitter).collect();
                line.wait();
                let start = Instant::now();
                let sums: Vec<u64> =
                    threads.into_iter().map(|thread| thread.join().expect("no panic")).collect();
                let taken = start.elapsed();
                check(tasks, sums);
                taken
            })
        })
    }
}
