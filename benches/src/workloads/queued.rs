//! Many tasks awaited together that all have to wait: the pool is busy until each has been polled. So what
//! is timed does not depend on how far the threads had got before the await.

use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::executor::block_on;
use futures::future::{JoinAll, join_all};

use super::timeouts::FAR;
use super::{check, elsewhere};
use crate::THREADS;
use crate::gate::Gate;
use crate::peers::{Handle, Peer};
use crate::place::Place;
use crate::rounds::Workload;

pub(crate) struct Queued {
    pub(crate) tasks: usize,
    pub(crate) place: Place,
    /// Each under a limit that is not reached.
    pub(crate) limited: bool,
}

/// Polls all, opens the gate and awaits all.
async fn timed<F>(gate: Gate, tasks: usize, start: Instant, mut all: JoinAll<F>) -> Duration
where
    F: Future<Output = u64>,
{
    let first = poll_fn(|cx| Poll::Ready(all.poll_unpin(cx).is_ready())).await;
    assert!(!first, "a task ran while the pool was busy");
    gate.open();
    let answers = all.await;
    let taken = start.elapsed();
    check(tasks, answers);
    taken
}

async fn without<P: Peer>(pool: &P, gate: Gate, tasks: usize) -> Duration {
    let start = Instant::now();
    let all = join_all((0..tasks as u64).map(|n| pool.submit(move || n)));
    timed(gate, tasks, start, all).await
}

async fn limited<P: Peer>(pool: &P, gate: Gate, tasks: usize) -> Duration {
    let start = Instant::now();
    let answer = |answer: Option<u64>| answer.expect("far below the limit");
    let all = (0..tasks as u64).map(|n| pool.submit(move || n).within(FAR).map(answer));
    timed(gate, tasks, start, join_all(all)).await
}

/// One round on a pool that is kept busy.
fn round<P: Peer>(pool: &P, tasks: usize, is_limited: bool) -> Duration {
    let gate = Gate::closed();
    let busy: Vec<_> = (0..pool.threads()).map(|_| pool.submit(gate.pass())).collect();
    gate.await_inside(pool.threads());
    let taken = if is_limited {
        block_on(limited(pool, gate, tasks))
    } else {
        block_on(without(pool, gate, tasks))
    };
    busy.into_iter().for_each(block_on);
    taken
}

/// Rounds in this process, from a plain thread: the median.
pub(crate) fn here<P: Peer>(place: Place, tasks: usize, is_limited: bool) -> Duration {
    place.begin();
    let pool = P::new(THREADS);
    let round = || round(&pool, tasks, is_limited);
    round();
    place.settle();
    let mut taken: [Duration; 5] = std::array::from_fn(|_| round());
    taken.sort();
    taken[2]
}

impl Workload for Queued {
    fn name(&self) -> String {
        let limits = if self.limited { " under timeouts" } else { "" };
        format!("{} queued{limits}, block_on{}", self.tasks, self.place.suffix())
    }

    fn tasks(&self) -> usize {
        self.tasks
    }

    fn prepare<P: Peer>(&self) -> Box<dyn FnMut() -> Duration> {
        let (tasks, is_limited) = (self.tasks, self.limited);
        if self.place != Place::Free {
            let mode = if is_limited { "queued-limited" } else { "queued" };
            return elsewhere([mode, P::NAME, &tasks.to_string(), self.place.name()]);
        }
        let pool = P::new(THREADS);
        Box::new(move || round(&pool, tasks, is_limited))
    }
}
