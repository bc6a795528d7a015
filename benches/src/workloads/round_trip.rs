//! One task at a time on an idle pool: submit, await, again. Each round is a process of its own,
//! so that no peer is stuck with where the scheduler has put its threads.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Side, check, elsewhere};
use crate::THREADS;
use crate::peers::Peer;
use crate::place::Place;
use crate::rounds::Workload;
use crate::verdicts::Target;

/// Which round trips are in the table.
pub(crate) const KINDS: [(Side, Place); 9] = [
    (Side::BlockOn, Place::Free),
    (Side::BlockOn, Place::OneProcessor),
    (Side::BlockOn, Place::TwoProcessors),
    (Side::CurrentThread, Place::Free),
    (Side::CurrentThread, Place::OneProcessor),
    (Side::CurrentThread, Place::TwoProcessors),
    (Side::MultiThread, Place::Free),
    (Side::MultiThread, Place::OneProcessor),
    (Side::MultiThread, Place::TwoProcessors),
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
    let pool = Arc::new(P::new(THREADS));
    futures::executor::block_on(trips(&*pool, WARM_UP));
    place.settle();
    // The runtime's threads are where this one is.
    side.driver().run(async move { trips(&*pool, n).await })
}

impl Workload for RoundTrip {
    fn name(&self) -> String {
        format!("round trip, {}{}", self.side.shown(), self.place.suffix())
    }

    fn tasks(&self) -> usize {
        self.trips
    }

    fn shows_best(&self) -> bool {
        self.place == Place::Free
    }

    fn targets(&self) -> &'static [Target] {
        &[Target::Best(1.0)]
    }

    fn prepare<P: Peer>(&self) -> Box<dyn FnMut() -> Duration> {
        let trips = self.trips.to_string();
        elsewhere(["round-trip", P::NAME, &trips, self.side.name(), self.place.name()])
    }
}
