//! The clock: deadlines, and who keeps them.

use std::time::Duration;

use loom_tests::{Entry, Model, models};
use poolbridge::__verify::plan::Plan;
use poolbridge::__verify::{Clocks, Parker};

pub(crate) const MODELS: &[Entry] =
    models![a_callback_that_blocks_stops_other_deadlines, a_leaving_thread_leaves_a_deadline];

/// Two deadlines; the first one's callback blocks until the second has fired. Participants: the
/// arming thread, the clock thread that fires, the one that it passes the clock on to. Invariant:
/// the lead is passed on before anything is told, so both fire.
fn a_callback_that_blocks_stops_other_deadlines() {
    Model::bound(2).plans([Plan::timeouts_from(0)]).sees(&["\"both\""]).check(|| {
        let clocks = Clocks::new();
        let (second_fired, all_done) = (Parker::new(), Parker::new());
        let (gate, done) = (second_fired.clone(), all_done.clone());
        let first = clocks.arm(Duration::from_secs(1), move || {
            gate.park();
            done.unpark();
        });
        let second = clocks.arm(Duration::from_secs(2), move || second_fired.unpark());
        all_done.park();
        drop((first, second));
        "both"
    });
}

/// A clock thread with nothing to do times out while a deadline is armed. Invariant: whoever arms
/// finds a thread that leads, or appoints one; the deadline fires.
fn a_leaving_thread_leaves_a_deadline() {
    Model::bound(2).plans([Plan::timeouts_from(0)]).sees(&["\"fired\""]).check(|| {
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
