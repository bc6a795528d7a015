//! One workload of one peer and nothing else, for strace and callgrind to look at.

use std::process::ExitCode;
use std::time::Duration;

use futures::executor::block_on;

use crate::THREADS;
use crate::alloc::settle;
use crate::exact;
use crate::gate::with_busy;
use crate::peers::{Handle, Peer, Visit, visit_everybody};
use crate::place::Place;
use crate::workloads::{Side, burst_here, check, current_thread, queued_here, round_trips_here};

#[derive(Clone, Copy)]
pub(crate) enum Mode {
    RoundTrip(Side, Place),
    Submit(Place),
    Queued { place: Place, is_limited: bool },
    Burst,
    Cancel,
    Timeout,
    Idle,
}

impl Mode {
    fn is_timed(self) -> bool {
        matches!(self, Mode::RoundTrip(..) | Mode::Submit(_) | Mode::Queued { .. })
    }
}

pub(crate) struct Single {
    pub(crate) mode: Mode,
    pub(crate) peer: String,
    /// Tasks, or milliseconds.
    pub(crate) amount: u64,
}

struct Run {
    single: Single,
    found: bool,
}

impl Single {
    pub(crate) fn run(self) -> ExitCode {
        let mut run = Run { single: self, found: false };
        visit_everybody(&mut run);
        if run.found {
            return ExitCode::SUCCESS;
        }
        eprintln!("no such peer: {}", run.single.peer);
        ExitCode::FAILURE
    }
}

impl Visit for Run {
    fn visit<P: Peer>(&mut self) {
        if self.single.peer != P::NAME {
            return;
        }
        self.found = true;
        let amount = self.single.amount;
        let tasks = usize::try_from(amount).expect("fits");
        if self.single.mode.is_timed() {
            settle();
        }
        match self.single.mode {
            Mode::RoundTrip(side, place) => {
                println!("{}", round_trips_here::<P>(side, place, tasks).as_nanos());
            }
            Mode::Submit(place) => println!("{}", burst_here::<P>(place, tasks).as_nanos()),
            Mode::Queued { place, is_limited } => {
                println!("{}", queued_here::<P>(place, tasks, is_limited).as_nanos());
            }
            Mode::Burst => burst(&P::new(THREADS), tasks),
            Mode::Cancel => cancel(&P::new(THREADS), tasks),
            Mode::Timeout => timeout(P::new(THREADS), tasks),
            Mode::Idle => exact::report_idle::<P>(Duration::from_millis(amount)),
        }
    }
}

/// Queued while the threads are busy, and cancelled.
fn cancel<P: Peer>(pool: &P, tasks: usize) {
    let mut handles = Vec::with_capacity(tasks);
    let mut live = Vec::with_capacity(tasks);
    with_busy(pool, |_| {
        handles.extend((0..tasks as u64).map(|n| pool.submit(move || n)));
        live.extend(handles.drain(..).filter_map(Handle::cancel));
    });
    // What the peer has left in its queue is a part of what a cancel costs.
    block_on(pool.submit(|| ()));
}

/// As a burst, each under a limit that is not reached.
fn timeout<P: Peer>(pool: P, tasks: usize) {
    const LIMIT: Duration = Duration::from_secs(30);
    let mut handles = Vec::with_capacity(tasks);
    with_busy(&pool, |_| handles.extend((0..tasks as u64).map(|n| pool.submit(move || n))));
    let sum = current_thread().block_on(async {
        let mut sum = 0;
        for handle in handles {
            sum += handle.within(LIMIT).await.expect("far below the limit");
        }
        sum
    });
    check(tasks, [sum]);
}

/// Queued while the threads are busy: how many wake-ups there are does not depend on luck.
fn burst<P: Peer>(pool: &P, tasks: usize) {
    let mut handles = Vec::with_capacity(tasks);
    with_busy(pool, |_| handles.extend((0..tasks as u64).map(|n| pool.submit(move || n))));
    let sum = block_on(async {
        let mut sum = 0;
        for handle in handles {
            sum += handle.await;
        }
        sum
    });
    check(tasks, [sum]);
}
