//! Many tasks awaited together, each under a limit of its own, which is reached or not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;

use super::{Side, check};
use crate::THREADS;
use crate::gate::Gate;
use crate::peers::{Handle, Peer};
use crate::rounds::Workload;
use crate::verdicts::Target;

/// Under limits that are not reached. Those of the peers are tokio's, which need its runtime; inside one,
/// ours are by its clock as well.
pub(crate) struct Timeouts {
    pub(crate) tasks: usize,
    pub(crate) side: Side,
}

pub(super) const FAR: Duration = Duration::from_secs(30);

async fn in_time<P: Peer>(pool: Arc<P>, tasks: usize) -> Duration {
    let start = Instant::now();
    let answers = join_all((0..tasks as u64).map(|n| pool.submit(move || n).within(FAR))).await;
    let taken = start.elapsed();
    check(tasks, answers.into_iter().map(|answer| answer.expect("far below the limit")));
    taken
}

impl Workload for Timeouts {
    fn name(&self) -> String {
        format!("{} under timeouts{}", self.tasks, self.side.suffix())
    }

    fn tasks(&self) -> usize {
        self.tasks
    }

    fn targets(&self) -> &'static [Target] {
        &[Target::Best(0.9)]
    }

    fn prepare<P: Peer>(&self) -> Box<dyn FnMut() -> Duration> {
        let (pool, driver, tasks) = (Arc::new(P::new(THREADS)), self.side.driver(), self.tasks);
        Box::new(move || driver.run(in_time(pool.clone(), tasks)))
    }
}

/// Under limits that are reached, all of them, while the pool is busy: what it takes beyond the
/// limit until all have been told.
pub(crate) struct Expiries {
    pub(crate) tasks: usize,
    pub(crate) side: Side,
}

/// Longer than all submissions take.
const NEAR: Duration = Duration::from_millis(100);

async fn too_late<P: Peer>(pool: Arc<P>, tasks: usize) -> Duration {
    let start = Instant::now();
    let answers = join_all((0..tasks as u64).map(|n| pool.submit(move || n).within(NEAR))).await;
    let taken = start.elapsed();
    assert!(answers.iter().all(Option::is_none), "a task ran while the pool was busy");
    taken.saturating_sub(NEAR)
}

impl Workload for Expiries {
    fn name(&self) -> String {
        format!("{} timeouts that fire{}", self.tasks, self.side.suffix())
    }

    fn tasks(&self) -> usize {
        self.tasks
    }

    fn targets(&self) -> &'static [Target] {
        &[Target::Best(0.9)]
    }

    fn prepare<P: Peer>(&self) -> Box<dyn FnMut() -> Duration> {
        let (pool, driver, tasks) = (Arc::new(P::new(THREADS)), self.side.driver(), self.tasks);
        Box::new(move || {
            let gate = Gate::closed();
            let busy: Vec<_> = (0..pool.threads()).map(|_| pool.submit(gate.pass())).collect();
            gate.await_inside(pool.threads());
            let taken = driver.run(too_late(pool.clone(), tasks));
            gate.open();
            busy.into_iter().for_each(futures::executor::block_on);
            // What the peer has left in its queue is not for the next round.
            futures::executor::block_on(pool.submit(|| ()));
            taken
        })
    }
}
