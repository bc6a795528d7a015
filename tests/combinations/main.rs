//! Every combination of executor, outcome, cancel, fate of the handle, observer and last reference.
//!
//! What it proves: for each member of the whole cross product (`case.rs`) that makes sense
//! (`sense.rs`), the closure runs once or never as a small oracle foretells (`oracle.rs`); captures,
//! outcomes and observers are dropped exactly once and not later than promised; callbacks run exactly
//! once with the right outcome; answers, status and errors are those foretold; the executor goes on
//! afterwards, ends with a report that adds up, and leaves no thread behind.
//!
//! There is no chance in it and nothing to run longer: each case is steered by gates. How many there
//! were is printed: `cargo test --test combinations -- --nocapture`.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

mod case;
mod lab;
mod ledger;
mod oracle;
mod play;
mod scene;
mod sense;
#[allow(dead_code, reason = "another test binary uses the rest")]
#[path = "../it/support.rs"]
mod support;

use case::{Case, Pool};
use lab::Lab;
use sense::makes_sense;

/// Names the case in which a test fails.
struct Naming(Case);

impl Drop for Naming {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("in {:?}", self.0);
        }
    }
}

fn all_cases_on(pool: Pool) {
    ledger::silence_planned_panics();
    let lab = Lab::new(pool);
    let (mut ledgers, mut left_out) = (Vec::new(), 0);
    for case in Case::all(pool) {
        if makes_sense(case).is_err() {
            left_out += 1;
            continue;
        }
        let _naming = Naming(case);
        ledgers.push((case, play::play(&lab, case)));
    }
    println!("{pool:?}: {} combinations, {left_out} left out", ledgers.len());
    assert!(ledgers.len() > 500, "hardly any combination makes sense on {pool:?}");
    lab.end();
    // Whatever came late, nothing was told or dropped a second time.
    for (case, ledger) in ledgers {
        let _naming = Naming(case);
        ledger.check_final(case);
    }
    assert_eq!(ledger::unplanned_panics(), 0, "panics that nobody has planned; they are shown");
}

#[test]
fn all_combinations_on_one_thread() {
    all_cases_on(Pool::OneThread);
}

#[test]
fn all_combinations_on_two_threads() {
    all_cases_on(Pool::TwoThreads);
}

#[test]
fn all_combinations_on_a_limited_view() {
    all_cases_on(Pool::Limited);
}

#[test]
fn all_combinations_in_the_lane_of_a_key() {
    all_cases_on(Pool::Keyed);
}

#[test]
fn all_combinations_inline() {
    all_cases_on(Pool::Inline);
}

#[test]
fn all_combinations_by_hand() {
    all_cases_on(Pool::Manual);
}

#[test]
fn all_combinations_on_rayon() {
    all_cases_on(Pool::Rayon);
}

#[test]
fn all_combinations_on_tokio() {
    all_cases_on(Pool::Tokio);
}

#[test]
fn all_combinations_on_futures() {
    all_cases_on(Pool::Futures);
}

/// Left out is what cannot be, and nothing else: each reason is a sentence, and each value of each
/// dimension is met on each executor where it can be.
#[test]
fn every_value_of_every_dimension_is_met_on_every_executor() {
    let mut reasons = std::collections::BTreeMap::new();
    for pool in Pool::ALL {
        let (met, left_out): (Vec<_>, Vec<_>) =
            Case::all(pool).partition(|case| makes_sense(*case).is_ok());
        for case in left_out {
            *reasons.entry(makes_sense(case).unwrap_err()).or_insert(0) += 1;
        }
        for value in case::values() {
            let found = met.iter().any(|case| case.has(&value));
            assert!(found || sense::never_met(pool, &value), "{value} is not met on {pool:?}");
        }
    }
    for (reason, cases) in &reasons {
        println!("{cases:5} left out: {reason}");
    }
    let all: usize = Pool::ALL.into_iter().map(|pool| Case::all(pool).count()).sum();
    assert_eq!(all, 9 * 4 * 5 * 7 * 6 * 3);
    assert!(reasons.values().sum::<usize>() < all / 2, "more is left out than met");
}
