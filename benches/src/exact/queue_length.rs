//! What a submit and a cancel cost on a queue of some length.

use std::time::Instant;

use super::Exact;
use crate::gate::with_busy;
use crate::peers::{Handle, Peer};
use crate::rounds::nanos_each;

pub(crate) struct QueueLength {
    pub(crate) length: usize,
}

impl Exact for QueueLength {
    fn rows(&self) -> Vec<String> {
        let on = format!("on a queue of {}", self.length);
        vec![format!("ns a submit, {on}"), format!("ns a cancel, {on}")]
    }

    fn cells<P: Peer>(&self) -> Vec<String> {
        let pool = P::new(1);
        // Best of some: small queues are over in microseconds.
        let repeats = (1_000_000 / self.length).clamp(1, 20);
        let mut best = (f64::MAX, f64::MAX);
        for _ in 0..repeats {
            let (submit, cancel) = once(&pool, self.length);
            best = (best.0.min(submit), best.1.min(cancel));
        }
        vec![format!("{:.0}", best.0), format!("{:.0}", best.1)]
    }
}

fn once<P: Peer>(pool: &P, length: usize) -> (f64, f64) {
    let times = with_busy(pool, |_| {
        let mut handles = Vec::with_capacity(length);
        let mut live = Vec::with_capacity(length);
        let start = Instant::now();
        handles.extend((0..length as u64).map(|n| pool.submit(move || n)));
        let submit = start.elapsed();
        let start = Instant::now();
        live.extend(handles.drain(..).filter_map(Handle::cancel));
        (nanos_each(submit, length), nanos_each(start.elapsed(), length))
    });
    // Whatever the peer left in its queue is not for the next repeat.
    futures::executor::block_on(pool.submit(|| ()));
    times
}
