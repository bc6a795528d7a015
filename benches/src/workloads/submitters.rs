//! Several threads submit their share at the same time, and await it.

use std::sync::Barrier;
use std::thread::scope;
use std::time::{Duration, Instant};

use super::check;
use crate::THREADS;
use crate::peers::Peer;
use crate::rounds::Workload;
use crate::verdicts::Target;

pub(crate) struct Submitters {
    pub(crate) threads: usize,
    pub(crate) tasks: usize,
}

/// Submits every `step`-th number and adds the answers up.
fn share<P: Peer>(pool: &P, from: usize, step: usize, tasks: usize) -> u64 {
    let numbers = (from..tasks).step_by(step);
    let mut handles = Vec::with_capacity(numbers.len());
    handles.extend(numbers.map(|n| pool.submit(move || n as u64)));
    handles.into_iter().map(futures::executor::block_on).sum()
}

impl Workload for Submitters {
    fn name(&self) -> String {
        match self.threads {
            1 => "1 submitting thread".into(),
            threads => format!("{threads} submitting threads"),
        }
    }

    fn tasks(&self) -> usize {
        self.tasks
    }

    fn targets(&self) -> &'static [Target] {
        match self.threads {
            1 => &[],
            16 => &[Target::Best(1.0)],
            _ => &[Target::Best(0.9), Target::Peer("tokio", 0.5)],
        }
    }

    fn prepare<P: Peer>(&self) -> Box<dyn FnMut() -> Duration> {
        let (pool, submitters, tasks) = (P::new(THREADS), self.threads, self.tasks);
        Box::new(move || {
            let line = Barrier::new(submitters + 1);
            scope(|scope| {
                let submitter = |from| {
                    let (line, pool) = (&line, &pool);
                    scope.spawn(move || {
                        line.wait();
                        share(pool, from, submitters, tasks)
                    })
                };
                let threads: Vec<_> = (0..submitters).map(submitter).collect();
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
