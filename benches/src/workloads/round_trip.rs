//! One task at a time on an idle pool: submit, await, again. Each round is a process of its own,
//! so that no peer is stuck with where the scheduler has put its threads.

use std::time::{Duration, Instant};

use super::{check, current_thread, elsewhere};
use crate::THREADS;
use crate::peers::Peer;
use crate::place::Place;
use crate::rounds::Workload;

/// Who awaits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    BlockOn,
    CurrentThread,
    MultiThread,
}

const SIDES: [(Side, &str); 3] = [
    (Side::BlockOn, "block_on"),
    (Side::CurrentThread, "tokio-current-thread"),
    (Side::MultiThread, "tokio-multi-thread"),
];

impl Side {
    fn name(self) -> &'static str {
        SIDES.iter().find(|(side, _)| *side == self).map_or("", |(_, name)| name)
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        SIDES.iter().find(|(_, other)| *other == name).map(|(side, _)| *side)
    }
}

/// Which round trips are in the table.
pub(crate) const KINDS: [(Side, Place); 5] = [
    (Side::BlockOn, Place::Free),
    (Side::BlockOn, Place::OneProcessor),
    (Side::BlockOn, Place::TwoProcessors),
    (Side::CurrentThread, Place::Free),
    (Side::MultiThread, Place::Free),
];

/// Trips that are not timed.
const WARM_UP: usize = 50;

pub(crate) struct RoundTrip {
    pub(crate) side: Side,
    pub(crate) place: Place,
    pub(crate) trips: usize,
}

/// Awaits tasks that answer `0..trips`, one after the other.
pub(crate) async fn trips<P: Peer>(pool: &P, trips: usize) -> Duration {
    let start = Instant::now();
    let mut sum = 0;
    for n in 0..trips as u64 {
        sum += pool.submit(move || n).await;
    }
    let taken = start.elapsed();
    check(trips, [sum]);
    taken
}

/// Round trips in this process.
pub(crate) fn here<P: Peer>(side: Side, place: Place, n: usize) -> Duration {
    place.begin();
    let pool = P::new(THREADS);
    futures::executor::block_on(trips(&pool, WARM_UP));
    place.settle();
    match side {
        Side::BlockOn => futures::executor::block_on(trips(&pool, n)),
        Side::CurrentThread => current_thread().block_on(trips(&pool, n)),
        Side::MultiThread => {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            let runtime = builder.worker_threads(THREADS).build().expect("a runtime");
            // On a worker of the runtime, where users' tasks are.
            let trips = runtime.spawn(async move { trips(&pool, n).await });
            futures::executor::block_on(trips).expect("the trips end")
        }
    }
}

impl Workload for RoundTrip {
    fn name(&self) -> String {
        let side = self.side.name().replace("tokio-", "tokio ");
        format!("round trip, {side}{}", self.place.suffix())
    }

    fn tasks(&self) -> usize {
        self.trips
    }

    fn shows_best(&self) -> bool {
        self.place == Place::Free
    }

    fn prepare<P: Peer>(&self) -> Box<dyn FnMut() -> Duration> {
        let trips = self.trips.to_string();
        elsewhere(["round-trip", P::NAME, &trips, self.side.name(), self.place.name()])
    }
}
