//! What is due when, and who has to call.
#![allow(clippy::disallowed_types, reason = "a log of the test's own")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::collection;
use proptest::prelude::*;

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
        self.schedule.set(self.at(nanos), Fire::call(move || fired.lock().unwrap().push(what)))
    }

    fn fire_due(&self, nanos: u64) -> Vec<u64> {
        while let Some(fire) = self.schedule.take_due(self.at(nanos)) {
            fire.fire();
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

#[test]
fn a_time_beyond_what_is_counted_comes_last() {
    let probe = Probe::new();
    let ages = Duration::from_secs(u64::from(u32::MAX) * 1_000);
    let Some(late) = probe.schedule.born.checked_add(ages) else { return };
    let fired = Arc::clone(&probe.fired);
    let (key, _) = probe.schedule.set(late, Fire::call(move || fired.lock().unwrap().push(2)));
    let _ = probe.set(10, 1);
    assert_eq!(probe.fire_due(u64::MAX - 1), [1]);
    assert!(probe.schedule.at(&key) < late);
    assert!(probe.schedule.take_back(&key).is_some());
    assert!(probe.schedule.is_empty());
}

#[derive(Clone, Debug)]
enum Step {
    Set(u64),
    /// One of those that were set, whatever became of it.
    TakeBack(usize),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    // Near, within a bucket or two, and many buckets off.
    let distance = prop_oneof![0..1_000u64, 0..2_000_000u64, 0..50_000_000u64];
    prop_oneof![
        4 => distance.clone().prop_map(Step::Set),
        3 => any::<usize>().prop_map(Step::TakeBack),
        1 => distance.prop_map(Step::Pass),
    ]
}

proptest! {
    /// A sorted list says what comes when.
    #[test]
    fn whatever_is_set_and_taken_back_the_rest_comes_in_order(
        steps in collection::vec(step(), 0..200)
    ) {
        let probe = Probe::new();
        let (mut now, mut set, mut keys) = (0, BTreeMap::new(), Vec::new());
        for step in steps {
            match step {
                Step::Set(distance) => {
                    let what = keys.len() as u64;
                    keys.push((now + distance, probe.set(now + distance, what).0));
                    set.insert((now + distance, what), what);
                }
                Step::TakeBack(which) if !keys.is_empty() => {
                    let which = which % keys.len();
                    let (at, key) = &keys[which];
                    let was_set = set.remove(&(*at, which as u64)).is_some();
                    prop_assert_eq!(probe.schedule.take_back(key).is_some(), was_set);
                }
                Step::TakeBack(_) => {}
                Step::Pass(distance) => {
                    now += distance;
                    let later = set.split_off(&(now + 1, 0));
                    let due: Vec<_> = std::mem::replace(&mut set, later).into_values().collect();
                    prop_assert_eq!(probe.fire_due(now), due);
                }
            }
            prop_assert_eq!(probe.schedule.is_empty(), set.is_empty());
            let first = set.first_key_value().map(|(rank, _)| probe.at(rank.0));
            prop_assert!(probe.schedule.look() <= first, "somebody looks too late");
        }
    }
}

#[test]
fn a_place_that_is_given_up_is_used_again() {
    let mut deadlines = Deadlines::default();
    let at = 40 << 20;
    let _kept = deadlines.set(at, Fire::call(|| ()));
    for _ in 0..1_000 {
        let (one, other) =
            (deadlines.set(at, Fire::call(|| ())), deadlines.set(at, Fire::call(|| ())));
        assert!(deadlines.take_back(at, &one).is_some());
        assert!(deadlines.take_back(at, &other).is_some());
    }
    assert_eq!(deadlines.places(), 3);
}

#[test]
fn what_a_storm_took_is_given_back_with_its_last() {
    let mut deadlines = Deadlines::default();
    let set: Vec<_> =
        (0..1_000u64).map(|n| (n << 16, deadlines.set(n << 16, Fire::call(|| ())))).collect();
    assert!(deadlines.places() >= 1_000);
    for (at, place) in set {
        assert!(deadlines.take_back(at, &place).is_some());
    }
    assert_eq!(deadlines.places(), 0);
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
            probe.schedule.parts.iter().map(|part| part.0.lock().deadlines.len()).collect();
        assert!(counts.iter().all(|count| (50..=200).contains(count)), "{step} ns: {counts:?}");
    }
}
