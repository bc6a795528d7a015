//! What a task costs while it waits in the queue, with nothing captured.

use super::{Exact, each};
use crate::THREADS;
use crate::alloc::Count;
use crate::gate::with_busy;
use crate::peers::Peer;

pub(crate) struct Pending {
    pub(crate) tasks: usize,
}

impl Exact for Pending {
    fn rows(&self) -> Vec<String> {
        vec!["heap bytes a pending task".into()]
    }

    fn cells<P: Peer>(&self) -> Vec<String> {
        let pool = P::new(THREADS);
        let mut handles = Vec::with_capacity(self.tasks);
        let held = with_busy(&pool, |_| {
            let count = Count::start();
            handles.extend((0..self.tasks).map(|_| pool.submit(|| ())));
            count.held()
        });
        handles.into_iter().for_each(futures::executor::block_on);
        vec![format!("{:.1}", each(held.unsigned_abs(), self.tasks))]
    }
}
