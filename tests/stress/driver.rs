//! A thread that does one random thing after another.

use std::sync::Arc;

use poolbridge::{Priority, Status, Task, promise};

use crate::dice::Dice;
use crate::fates::{drive, settle, watch};
use crate::job::{cancel_any, closure, counted_callback, drop_contained, take_any};
use crate::ledger::Thing;
use crate::round::Round;
use crate::views;

/// What a driver does in one round.
const STEPS: usize = 150;

pub(crate) fn run(round: &Arc<Round>, thread: usize) {
    round.enter(thread);
    let mut dice = Dice::new(round.seed.wrapping_mul(31).wrapping_add(thread as u64 + 1));
    for step in 0..STEPS {
        let what = dice.roll(32);
        round.note(format!("step {step}, at {what}"));
        match what {
            0 | 1 => cancel_any(round, &mut dice),
            2 | 3 => {
                if let Some(task) = take_any(round, &mut dice) {
                    settle(round, &mut dice, task);
                }
            }
            4 => resize(round, &mut dice),
            5 => look(round, &mut dice),
            6 => views::come_and_go(round, &mut dice),
            7 => keep_a_promise(round, &mut dice),
            _ => submit(round, &mut dice),
        }
    }
    round.note("through");
}

fn submit(round: &Arc<Round>, dice: &mut Dice) {
    let f = closure(round, dice, 2);
    let (target, key) = (round.target(dice), dice.roll(3));
    let mut job = target.job(key, f).name("stress");
    if dice.once_in(4) {
        job = job.priority([Priority::High, Priority::Low][dice.roll(2)]);
    }
    if dice.once_in(5) {
        job = job.queue_timeout(dice.short());
    }
    if dice.once_in(5) {
        job = job.run_timeout(dice.short());
    }
    if dice.once_in(4) {
        let thing = Thing::new(&round.ledger, dice);
        job = job.on_abandoned(move |outcome| drop((outcome, thing)));
    }
    let task = match dice.roll(4) {
        0 => job.try_submit().ok(),
        1 => {
            let mut patient = job.submit_when_ready();
            if dice.once_in(3) {
                // Looks once and gives up, perhaps with room in hand.
                let waker = crate::ledger::NoisyWaker::waker(&round.ledger, dice);
                let _ = std::pin::Pin::new(&mut patient)
                    .poll(&mut std::task::Context::from_waker(&waker))
                    .map(|task| task.map(Task::detach));
                return;
            }
            drive(round, dice, patient).ok()
        }
        _ => Some(job.submit()),
    };
    let Some(mut task) = task else { return };
    if dice.once_in(2) {
        round.cancellers.lock().unwrap().push(task.canceller());
    }
    watch(round, dice, &mut task);
    settle(round, dice, task);
}

fn resize(round: &Round, dice: &mut Dice) {
    if let Some(executor) = round.target(dice).executor() {
        // A serial one refuses.
        let _ = executor.set_max_workers(1 + dice.roll(4));
    }
}

/// A snapshot shows what may be.
fn look(round: &Round, dice: &mut Dice) {
    let roots = round.roots.lock().unwrap();
    let root = &roots[dice.roll(roots.len())];
    let seen = root.executor.snapshot();
    assert!(seen.idle <= seen.workers, "{seen:?}");
    assert!(root.capacity.is_none_or(|max| seen.queued.len() <= max), "{seen:?}");
    for info in &seen.queued {
        // One that a cancel has just ended may still be on its way out.
        assert_ne!(info.status, Status::Finished, "{info:?}");
    }
}

/// A promise that a job completes, or forgets.
fn keep_a_promise(round: &Arc<Round>, dice: &mut Dice) {
    let (promise, mut task) = promise();
    let thing = Thing::new(&round.ledger, dice);
    let (mut inner, forgets) = (dice.child(), dice.once_in(4));
    let told = counted_callback(round, dice);
    task.add_done_callback(move |_| told());
    let job = move || {
        inner.noise();
        if forgets {
            return;
        }
        let running = inner.once_in(2) && promise.set_running();
        inner.noise();
        // A cancel that was faster gives the value back.
        drop((running, promise.set_result(thing)));
    };
    let (target, key) = (round.target(dice), dice.roll(3));
    target.job(key, job).submit().detach();
    if dice.once_in(2) {
        settle(round, dice, task);
    } else {
        drop_contained(task.wait());
    }
}
