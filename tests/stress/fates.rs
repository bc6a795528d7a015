//! What becomes of a task in the hands of a driver.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::thread;
use std::time::Instant;

use poolbridge::Task;

use crate::dice::Dice;
use crate::job::{Outcome, callback, counted_callback, drop_contained};
use crate::ledger::{NoisyWaker, Thing};
use crate::round::Round;
use crate::support::{FAR, HANG};

/// Awaits, with a waker that changes now and then and makes noise.
pub(crate) fn drive<F: Future + Unpin>(round: &Round, dice: &mut Dice, mut future: F) -> F::Output {
    let (start, woken) = (Instant::now(), Arc::new(AtomicBool::new(false)));
    let mut waker = NoisyWaker::noting(&round.ledger, dice, Arc::clone(&woken));
    loop {
        if let Poll::Ready(value) = poll(&mut future, &mut Context::from_waker(&waker)) {
            return value;
        }
        if dice.once_in(4) {
            waker = NoisyWaker::noting(&round.ledger, dice, Arc::clone(&woken));
            continue;
        }
        while !woken.swap(false, Ordering::SeqCst) {
            assert!(start.elapsed() < HANG, "a future hangs");
            thread::park_timeout(HANG);
        }
    }
}

fn poll<F: Future + Unpin>(future: &mut F, cx: &mut Context<'_>) -> Poll<F::Output> {
    std::pin::Pin::new(future).poll(cx)
}

/// Some callbacks, one of which may be taken back.
pub(crate) fn watch(round: &Arc<Round>, dice: &mut Dice, task: &mut Task<Thing>) {
    for _ in 0..dice.roll(3) {
        if dice.once_in(3) {
            let target = round.target(dice);
            if let Some(executor) = target.executor() {
                // It is a job there, and may share the fate of one.
                let told = callback(round, dice);
                task.add_done_callback_on(executor, move |outcome| {
                    told();
                    drop(outcome);
                });
                continue;
            }
        }
        let told = counted_callback(round, dice);
        let id = task.add_done_callback(move |_| told());
        if dice.once_in(4) {
            dice.noise();
            if task.remove_done_callback(id) {
                round.ledger.callbacks_removed.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
}

/// Ends with the task gone, wherever to.
pub(crate) fn settle(round: &Arc<Round>, dice: &mut Dice, mut task: Task<Thing>) {
    dice.noise();
    let (limit, fate) = (dice.short(), dice.roll(14));
    round.note(format!("settles {task:?} by {fate}"));
    let outcome: Option<Outcome> = match fate {
        0 => None,
        1 | 2 => {
            task.detach();
            return;
        }
        3 => {
            let mut shielded = task.shield();
            let waker = NoisyWaker::waker(&round.ledger, dice);
            let polled = poll(&mut shielded, &mut Context::from_waker(&waker));
            drop(shielded);
            return drop_contained(polled);
        }
        4 => {
            let waker = NoisyWaker::waker(&round.ledger, dice);
            let polled = poll(&mut task, &mut Context::from_waker(&waker));
            dice.noise();
            drop(task);
            return drop_contained(polled);
        }
        5 => Some(drive(round, dice, task.timeout(limit))),
        6 => Some(drive(round, dice, task.timeout(FAR))),
        7 => {
            let other = Thing::new(&round.ledger, dice);
            Some(drive(round, dice, task.timeout_or(limit, other)))
        }
        8 => loop {
            if let Ok(outcome) = task.result(dice.short()) {
                break Some(outcome);
            }
        },
        9 => {
            let _ = task.cancel();
            Some(task.wait())
        }
        10 | 11 => Some(drive(round, dice, task)),
        12 => {
            round.tasks.lock().unwrap().push(task);
            return;
        }
        _ => Some(task.wait()),
    };
    drop_contained(outcome);
}
