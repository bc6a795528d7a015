//! The clock: deadlines, and who keeps them.

use std::time::Duration;

use loom_tests::{Entry, Model, models};
use poolbridge::__verify::plan::{self, Plan};
use poolbridge::__verify::{Clocks, Parker};

pub(crate) const MODELS: &[Entry] = models![
    a_callback_that_blocks_stops_other_deadlines,
    a_leaving_thread_leaves_a_deadline,
    no_earlier_deadline_waits_for_a_later_one,
];

/// Two deadlines; the first one's callback blocks until the second has fired. Participants: the
/// arming thread, the clock thread that fires, the one that it passes the clock on to; the deadlines are in
/// two parts of the schedule. Invariant:
/// the lead is passed on before anything is told, so both fire.
fn a_callback_that_blocks_stops_other_deadlines() {
    Model::bound(2).deep(3).plans([Plan::timeouts_from(0)]).sees(&["\"both\""]).check(|| {
        let clocks = Clocks::new();
        let (second_fired, all_done) = (Parker::new(), Parker::new());
        let (gate, done) = (second_fired.clone(), all_done.clone());
        let first = clocks.arm(Duration::from_secs(1), move || {
            gate.park();
            done.unpark();
        });
        let second = clocks.arm(Duration::from_secs(5), move || second_fired.unpark());
        all_done.park();
        drop((first, second));
        "both"
    });
}

/// A clock thread with nothing to do times out while a deadline is armed. Invariant: whoever arms
/// finds a thread that leads, or appoints one; the deadline fires.
fn a_leaving_thread_leaves_a_deadline() {
    Model::bound(2).deep(3).plans([Plan::timeouts_from(0)]).sees(&["\"fired\""]).check(|| {
        let clocks = Clocks::new();
        for _ in 0..2 {
            let fired = Parker::new();
            let told = fired.clone();
            let armed = clocks.arm(Duration::from_secs(1), move || told.unpark());
            fired.park();
            drop(armed);
        }
        "fired"
    });
}

/// Clock thread that sleeps until a deadline, or is about to, and somebody who sets an earlier one. No time
/// passes, and yet it fires: the thread is woken to look again.
fn no_earlier_deadline_waits_for_a_later_one() {
    Model::bound(2).deep(2).sees_exactly(&["\"fired\""]).check(|| {
        let clocks = Clocks::new();
        let far = clocks.arm(Duration::from_secs(5), || ());
        // Twice: whoever led by then may sleep, and looks again and goes.
        for _ in 0..2 {
            let fired = Parker::new();
            let told = fired.clone();
            let near = clocks.arm(Duration::ZERO, move || {
                plan::let_limits_pass();
                told.unpark();
            });
            fired.park();
            drop(near);
        }
        drop(far);
        "fired"
    });
}
