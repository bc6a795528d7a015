//! What is due when, and who has to call.
#![allow(clippy::disallowed_types, reason = "a log of the test's own")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;

/// A schedule whose deadlines write down what they are.
struct Probe {
    schedule: Schedule,
    fired: Arc<Mutex<Vec<u64>>>,
}

impl Probe {
    fn new() -> Self {
        Self { schedule: Schedule::new(), fired: Arc::default() }
    }

    fn at(&self, nanos: u64) -> Instant {
        self.schedule.born + Duration::from_nanos(nanos)
    }

    /// True: somebody has to be called.
    fn set(&self, nanos: u64, what: u64) -> (Key, bool) {
        let fired = Arc::clone(&self.fired);
        self.schedule.set(self.at(nanos), Box::new(move || fired.lock().unwrap().push(what)))
    }

    fn fire_due(&self, nanos: u64) -> Vec<u64> {
        while let Some(fire) = self.schedule.take_due(self.at(nanos)) {
            fire();
        }
        std::mem::take(&mut *self.fired.lock().unwrap())
    }
}

#[test]
fn what_is_due_comes_by_time_from_whatever_part() {
    let probe = Probe::new();
    for nanos in [7, 3, 9, 1, 8, 2, 6, 5, 4, 10] {
        let _ = probe.set(nanos, nanos);
    }
    assert_eq!(probe.fire_due(4), [1, 2, 3, 4]);
    assert_eq!(probe.fire_due(4), []);
    assert_eq!(probe.schedule.look(), Some(probe.at(5)));
    assert!(!probe.schedule.is_empty());
    assert_eq!(probe.fire_due(99), [5, 6, 7, 8, 9, 10]);
    assert_eq!(probe.schedule.look(), None);
    assert!(probe.schedule.is_empty());
}

#[test]
fn those_of_the_same_time_come_in_the_order_in_which_they_were_set() {
    let probe = Probe::new();
    for what in 0..5 {
        let _ = probe.set(20, what);
    }
    assert_eq!(probe.fire_due(20), [0, 1, 2, 3, 4]);
}

#[test]
fn one_that_is_taken_back_is_gone_and_no_other() {
    let probe = Probe::new();
    let keys: Vec<_> = (0..3).map(|what| probe.set(20, what).0).collect();
    assert!(probe.schedule.take_back(&keys[1]).is_some());
    assert!(probe.schedule.take_back(&keys[1]).is_none());
    assert_eq!(probe.fire_due(20), [0, 2]);
    assert!(probe.schedule.take_back(&keys[0]).is_none());
}

#[test]
fn who_sets_one_calls_unless_somebody_looks_in_time() {
    let probe = Probe::new();
    let calls = |nanos| probe.set(nanos, nanos).1;
    assert!(calls(50), "nobody looks");
    assert_eq!(probe.schedule.look(), Some(probe.at(50)));
    assert!(calls(60), "who looks now may have been there before");
    probe.schedule.will_look(Some(probe.at(50)));
    let seen = [calls(49), calls(50), calls(51), calls(1_000_000_000)];
    assert_eq!(seen, [true, false, false, false]);
    probe.schedule.will_look(None);
    assert!(calls(70), "who sleeps without a limit is called");
}

/// Whatever the distance between them is.
#[test]
fn deadlines_are_spread_over_the_parts() {
    for step in [1, 64, 100, 1_000, 1_000_000, 1_000_000_000] {
        let probe = Probe::new();
        for n in 0..800 {
            let _ = probe.set(n * step, n);
        }
        let counts: Vec<_> =
            probe.schedule.parts.iter().map(|part| part.0.lock().by_time.len()).collect();
        assert!(counts.iter().all(|count| (50..=200).contains(count)), "{step} ns: {counts:?}");
    }
}
