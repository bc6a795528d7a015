//! Heap blocks and bytes a task, with an 8-byte closure and result.

use futures::executor::block_on;

use super::{Exact, each};
use crate::THREADS;
use crate::alloc::Count;
use crate::peers::Peer;
use crate::workloads::check;

pub(crate) struct Allocations {
    pub(crate) tasks: usize,
}

fn burst<P: Peer>(pool: &P, tasks: usize) -> Count {
    let mut handles = Vec::with_capacity(tasks);
    let count = Count::start();
    handles.extend((0..tasks as u64).map(|n| pool.submit(move || n)));
    let sum = block_on(async {
        let mut sum = 0;
        for handle in handles.drain(..) {
            sum += handle.await;
        }
        sum
    });
    check(tasks, [sum]);
    count
}

fn one_at_a_time<P: Peer>(pool: &P, tasks: usize) -> Count {
    let count = Count::start();
    let sum = (0..tasks as u64).map(|n| block_on(pool.submit(move || n))).sum();
    check(tasks, [sum]);
    count
}

impl Exact for Allocations {
    fn rows(&self) -> Vec<String> {
        ["burst", "one at a time"]
            .iter()
            .flat_map(|how| [format!("allocations a task, {how}"), format!("bytes a task, {how}")])
            .collect()
    }

    fn cells<P: Peer>(&self) -> Vec<String> {
        let pool = P::new(THREADS);
        // The threads and the queue's own room are not the task's.
        drop(burst(&pool, self.tasks));
        let mut cells = Vec::new();
        for measure in [burst, one_at_a_time] {
            let count = measure(&pool, self.tasks);
            cells.push(format!("{:.3}", each(count.blocks(), self.tasks)));
            cells.push(format!("{:.1}", each(count.bytes(), self.tasks)));
        }
        cells
    }
}
