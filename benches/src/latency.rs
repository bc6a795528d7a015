//! How long a lonely task takes on a pool that others keep busy. The peers take turns, round by
//! round; the quantiles are of all rounds.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::executor::block_on;

use crate::THREADS;
use crate::args::Plan;
use crate::peers::{Peer, Visit, visit_wanted};
use crate::table::Table;
use crate::workloads::work;

/// What the others have under way: about as much as lets the pool's threads never rest.
const WINDOW: usize = 8;
const WORK: Duration = Duration::from_micros(10);

/// In thousandths.
const QUANTILES: [(usize, &str); 3] = [(500, "p50"), (990, "p99"), (999, "p99.9")];

type Round = Box<dyn FnMut(usize) -> Vec<Duration>>;

#[derive(Default)]
struct Prepare(Vec<Round>);

impl Visit for Prepare {
    fn visit<P: Peer>(&mut self) {
        let pool = P::new(THREADS);
        self.0.push(Box::new(move |probes| round(&pool, probes)));
    }
}

/// The latencies of some tasks, one after the other, while another thread keeps the pool busy.
fn round<P: Peer>(pool: &P, probes: usize) -> Vec<Duration> {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| keep_busy(pool, &over));
        let probe = |_| {
            let start = Instant::now();
            block_on(pool.submit(|| ()));
            start.elapsed()
        };
        let latencies = (0..probes).map(probe).collect();
        over.store(true, Ordering::Relaxed);
        latencies
    })
}

fn keep_busy<P: Peer>(pool: &P, over: &AtomicBool) {
    let mut window = VecDeque::with_capacity(WINDOW);
    while !over.load(Ordering::Relaxed) {
        if window.len() == WINDOW {
            block_on(window.pop_front().expect("not empty"));
        }
        window.push_back(pool.submit(|| work(WORK)));
    }
    window.into_iter().for_each(block_on);
}

pub(crate) fn add(table: &mut Table, plan: &Plan) {
    let name = |quantile: &str| format!("latency under load, µs: {quantile}");
    if !QUANTILES.iter().any(|(_, quantile)| plan.wants_row(&name(quantile))) {
        return;
    }
    let mut prepare = Prepare::default();
    visit_wanted(plan, &mut prepare);
    let mut rounds = prepare.0;
    let peers = rounds.len();
    let mut latencies = vec![Vec::new(); peers];
    for turn in 0..plan.rounds {
        for step in 0..peers {
            let peer = (turn + step) % peers;
            latencies[peer].extend(rounds[peer](plan.trips));
        }
    }
    latencies.iter_mut().for_each(|of_peer| of_peer.sort());
    for (thousandths, quantile) in QUANTILES {
        let cell = |sorted: &Vec<Duration>| {
            let at = (sorted.len() - 1) * thousandths / 1000;
            format!("{:.1}", sorted[at].as_secs_f64() * 1e6)
        };
        table.row(name(quantile), latencies.iter().map(cell));
    }
}
