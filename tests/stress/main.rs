//! Everything at once, by chance, on real threads over every backend, with noise in the schedule.
//!
//! What it proves: threads that submit, cancel, drop, detach, await, limit, watch, resize, nest and shut
//! down at random, with jobs, callbacks, wakers, hooks and destructors that yield, spin and doze at
//! random, leave nothing behind: every task ends, everything is dropped exactly once, every executor
//! ends with a report that adds up, and its threads go. It runs in rounds, each with fresh executors.
//!
//! Longer: `PB_STRESS_SECONDS=3600 cargo test --release --test stress -- --nocapture`. The seed of the
//! first round is printed; `PB_STRESS_SEED` sets it. A round that hangs is given up with its seed and
//! what is outstanding; the same seed makes the same decisions, if not the same schedule.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

mod dice;
mod driver;
mod fates;
mod finish;
mod job;
mod ledger;
mod round;
#[allow(dead_code, reason = "another test binary uses the rest")]
#[path = "../it/support.rs"]
mod support;
mod views;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use round::Round;

fn told(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

#[test]
fn everything_at_once_ends_and_adds_up() {
    ledger::silence_planned_panics();
    let first = told("PB_STRESS_SEED").unwrap_or_else(|| RandomState::new().hash_one(0) >> 32);
    let time = Duration::from_secs(told("PB_STRESS_SECONDS").unwrap_or(5));
    println!("PB_STRESS_SEED={first}");
    let (start, mut rounds, mut sums) = (Instant::now(), 0, ledger::Sums::default());
    while rounds == 0 || start.elapsed() < time {
        sums += play(first + rounds);
        rounds += 1;
    }
    println!("{rounds} rounds: {sums:?}");
    assert!(sums.ran > 0 && sums.prevented > 0, "hardly anything has happened: {sums:?}");
}

/// One round, under the eyes of a watchdog.
fn play(seed: u64) -> ledger::Sums {
    let round = Arc::new(Round::new(seed));
    let (tell, told) = mpsc::channel();
    let played = Arc::clone(&round);
    let player = thread::spawn(move || {
        let sums = finish::play_to_the_end(played);
        // Not told if that panicked: the sender is dropped instead.
        let _ = tell.send(sums);
    });
    match told.recv_timeout(support::HANG) {
        Ok(sums) => sums,
        Err(mpsc::RecvTimeoutError::Timeout) => {
            panic!("PB_STRESS_SEED={seed} hangs; outstanding:\n{}", round.outstanding())
        }
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            let _ = player.join();
            panic!("PB_STRESS_SEED={seed} fails; outstanding:\n{}", round.outstanding())
        }
    }
}
