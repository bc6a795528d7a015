//! What the command line asks for.

use std::time::Duration;

use crate::place::Place;
use crate::single::{Mode, Single};
use crate::workloads::Side;

pub(crate) const USAGE: &str = "\
usage: benches [--quick] [--only PEER,PEER..] [--rows TEXT]
           the table
       benches round-trip PEER [TASKS [SIDE [PLACE]]]
           one task at a time; prints nanoseconds
           SIDE: block_on, tokio-current-thread, tokio-multi-thread; PLACE: free, one, two
       benches submit PEER [TASKS [PLACE]]
           all submitted, then awaited; prints nanoseconds
       benches queued PEER [TASKS [PLACE]], benches queued-limited PEER [TASKS [PLACE]]
           all queued while the pool is busy, then awaited as one, without a limit or each under one that is
           not reached; prints nanoseconds
       benches burst PEER [TASKS]
           all queued while the pool is busy, then awaited
       benches cancel PEER [TASKS]
           all queued while the pool is busy, then cancelled
       benches timeout PEER [TASKS]
           as a burst, each awaited under a limit that is not reached
       benches idle PEER [MILLISECONDS]
           an idle pool: CPU in %, voluntary context switches a second, threads; then µs of CPU for
           each of some lonely tasks";

pub(crate) enum Command {
    Compare(Plan),
    Single(Single),
}

/// How much to measure.
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    /// Tasks in a burst.
    pub(crate) burst: usize,
    /// Tasks in the bursts that show how the time of one grows.
    pub(crate) bursts: &'static [usize],
    /// Tasks that are awaited as one.
    pub(crate) together: &'static [usize],
    /// Round trips in one round.
    pub(crate) trips: usize,
    /// Lengths of the queues that cancels are timed on.
    pub(crate) queues: &'static [usize],
    pub(crate) storm: usize,
    pub(crate) idle: Duration,
    /// Peers to measure; empty: all.
    pub(crate) only: Vec<String>,
    /// Only rows whose name contains this.
    pub(crate) rows: String,
}

impl Plan {
    fn full() -> Self {
        Self {
            rounds: 25,
            burst: 10_000,
            bursts: &[1_000, 10_000, 100_000, 1_000_000],
            together: &[1_000, 10_000, 100_000],
            trips: 500,
            queues: &[1_000, 10_000, 100_000, 1_000_000],
            storm: 100_000,
            idle: Duration::from_secs(5),
            only: Vec::new(),
            rows: String::new(),
        }
    }

    fn quick() -> Self {
        Self {
            rounds: 5,
            trips: 200,
            bursts: &[1_000, 10_000],
            together: &[1_000, 10_000],
            queues: &[1_000, 10_000, 100_000],
            idle: Duration::from_secs(1),
            ..Self::full()
        }
    }

    pub(crate) fn wants_peer(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }

    pub(crate) fn wants_row(&self, name: &str) -> bool {
        name.contains(&self.rows)
    }
}

pub(crate) fn parse(args: impl Iterator<Item = String>) -> Result<Command, String> {
    let args: Vec<String> = args.collect();
    match args.first().map(String::as_str) {
        Some("round-trip") => {
            let side = nth(&args, 3, Some(Side::BlockOn), Side::parse)?;
            let place = nth(&args, 4, Some(Place::Free), Place::parse)?;
            single(Mode::RoundTrip(side, place), &args, 10_000)
        }
        Some("submit") => {
            let place = nth(&args, 3, Some(Place::Free), Place::parse)?;
            single(Mode::Submit(place), &args, 10_000)
        }
        Some(mode @ ("queued" | "queued-limited")) => {
            let place = nth(&args, 3, Some(Place::Free), Place::parse)?;
            single(Mode::Queued { place, is_limited: mode == "queued-limited" }, &args, 10_000)
        }
        Some("burst") => single(Mode::Burst, &args, 10_000),
        Some("cancel") => single(Mode::Cancel, &args, 10_000),
        Some("timeout") => single(Mode::Timeout, &args, 10_000),
        Some("idle") => single(Mode::Idle, &args, 3_000),
        _ => compare(&args),
    }
}

/// The argument at that place, or what it is without one.
fn nth<T>(
    args: &[String],
    at: usize,
    default: Option<T>,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, String> {
    match args.get(at) {
        Some(text) => parse(text).ok_or_else(|| format!("not understood: {text}")),
        None => default.ok_or_else(|| "something is missing".into()),
    }
}

fn single(mode: Mode, args: &[String], default: u64) -> Result<Command, String> {
    let peer = nth(args, 1, None, |text| Some(text.to_string()))?;
    let amount = nth(args, 2, Some(default), |text| text.parse().ok())?;
    Ok(Command::Single(Single { mode, peer, amount }))
}

fn compare(args: &[String]) -> Result<Command, String> {
    let quick = args.iter().any(|arg| arg == "--quick");
    let mut plan = if quick { Plan::quick() } else { Plan::full() };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--quick" => {}
            "--only" => {
                let names = args.next().ok_or("--only needs names")?;
                plan.only = names.split(',').map(String::from).collect();
            }
            "--rows" => plan.rows = args.next().ok_or("--rows needs a text")?.clone(),
            other => return Err(format!("unknown: {other}")),
        }
    }
    Ok(Command::Compare(plan))
}
