//! What jobs and callbacks do.

use std::panic::panic_any;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use poolbridge::{Task, TaskError, context};

use crate::dice::Dice;
use crate::ledger::{Capture, Planned, Thing};
use crate::round::Round;

pub(crate) type Outcome = Result<Thing, TaskError>;

/// A closure that does something random. `depth`: how many jobs inside one another it may wait for.
pub(crate) fn closure(
    round: &Arc<Round>,
    dice: &mut Dice,
    depth: usize,
) -> impl FnOnce() -> Thing + Send + 'static + use<> {
    let mut capture = Capture::new(Thing::new(&round.ledger, dice));
    let (round, mut dice) = (Arc::clone(round), dice.child());
    move || {
        capture.run();
        dice.noise();
        match dice.roll(24) {
            0 | 1 => until_asked(&mut dice),
            2 => hooks(&mut dice),
            3 => cancel_any(&round, &mut dice),
            4 => drop_any(&round, &mut dice),
            5 | 6 if depth > 0 => wait_for_another(&round, &mut dice, depth - 1),
            7 if depth > 0 => leave_another(&round, &mut dice, depth - 1),
            8 => context::blocking(|| dice.noise()),
            9 => panic_any(Planned),
            10 => panic_any(Thing::new(&round.ledger, &mut dice)),
            11 => panic_any(Thing::new(&round.ledger, &mut dice).bad()),
            12 => return Thing::new(&round.ledger, &mut dice).bad(),
            _ => {}
        }
        dice.noise();
        Thing::new(&round.ledger, &mut dice)
    }
}

/// Runs until it is asked to stop, or long enough.
fn until_asked(dice: &mut Dice) {
    let cx = context::current().expect("inside a job");
    for _ in 0..40 {
        if cx.check().is_err() {
            return;
        }
        dice.noise();
    }
}

fn hooks(dice: &mut Dice) {
    let cx = context::current().expect("inside a job");
    let (mut first, mut second) = (dice.child(), dice.child());
    let kept = cx.on_cancel(move || first.noise());
    let removed = cx.on_cancel(move || second.noise());
    dice.noise();
    removed.remove();
    dice.noise();
    drop(kept);
}

pub(crate) fn cancel_any(round: &Round, dice: &mut Dice) {
    let canceller = {
        let cancellers = round.cancellers.lock().unwrap();
        if cancellers.is_empty() {
            return;
        }
        cancellers[dice.roll(cancellers.len())].clone()
    };
    if dice.once_in(4) {
        let _ = canceller.prevent();
    } else {
        let _ = canceller.cancel();
    }
}

/// A task that lies about.
pub(crate) fn take_any(round: &Round, dice: &mut Dice) -> Option<Task<Thing>> {
    let mut tasks = round.tasks.lock().unwrap();
    let at = dice.next() as usize;
    let at = at.checked_rem(tasks.len())?;
    Some(tasks.swap_remove(at))
}

fn drop_any(round: &Round, dice: &mut Dice) {
    let task = take_any(round, dice);
    drop(task);
}

fn another(round: &Arc<Round>, dice: &mut Dice, depth: usize) -> Task<Thing> {
    let f = closure(round, dice, depth);
    let (target, key) = (round.target(dice), dice.roll(3));
    target.job(key, f).submit()
}

fn wait_for_another(round: &Arc<Round>, dice: &mut Dice, depth: usize) {
    let mut task = another(round, dice, depth);
    dice.noise();
    // What it ends with is its own affair; a circle is refused.
    let outcome = match dice.roll(3) {
        0 => task.result(dice.short()).ok(),
        _ => Some(task.wait()),
    };
    drop_contained(outcome);
}

fn leave_another(round: &Arc<Round>, dice: &mut Dice, depth: usize) {
    let task = another(round, dice, depth);
    if dice.once_in(2) {
        task.detach();
    } else {
        round.tasks.lock().unwrap().push(task);
    }
}

/// A callback of which it is known whether it was told.
pub(crate) fn counted_callback(
    round: &Arc<Round>,
    dice: &mut Dice,
) -> impl FnOnce() + Send + 'static + use<> {
    round.ledger.callbacks_added.fetch_add(1, Ordering::SeqCst);
    let (ledger, told) = (Arc::clone(&round.ledger), callback(round, dice));
    move || {
        ledger.callbacks_told.fetch_add(1, Ordering::SeqCst);
        told();
    }
}

/// A callback that makes noise and may panic.
pub(crate) fn callback(
    round: &Arc<Round>,
    dice: &mut Dice,
) -> impl FnOnce() + Send + 'static + use<> {
    let thing = Thing::new(&round.ledger, dice);
    let (round, mut dice) = (Arc::clone(round), dice.child());
    move || {
        let _thing = thing;
        dice.noise();
        match dice.roll(12) {
            0 => panic_any(Planned),
            1 => cancel_any(&round, &mut dice),
            2 => drop_any(&round, &mut dice),
            3 => another(&round, &mut dice, 0).detach(),
            _ => {}
        }
    }
}

/// Drops what may panic at that.
pub(crate) fn drop_contained<T>(value: T) {
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(value)));
}
