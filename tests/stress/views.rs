//! A view of a driver's own: made, used, and ended with a report that is known to the last job.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use poolbridge::{Executor, Running, Shutdown, Task, TaskError};

use crate::dice::Dice;
use crate::fates::drive;
use crate::round::Round;

pub(crate) fn come_and_go(round: &Arc<Round>, dice: &mut Dice) {
    let target = round.target(dice);
    let Some(below) = target.executor() else { return };
    let view = match dice.roll(3) {
        0 => below.serial(),
        1 => below.limited(1 + dice.roll(3)),
        _ => {
            Executor::on(below.clone()).max_workers(2).fair_share(1 + dice.roll(3)).build().unwrap()
        }
    };
    let ran = Arc::new(AtomicUsize::new(0));
    let count = 1 + dice.roll(12);
    let tasks: Vec<_> = (0..count).map(|_| submit(&view, &ran, dice)).collect();
    dice.noise();
    if dice.once_in(4) {
        // The last handle goes, and what is queued runs.
        drop(view);
        check_ends(round, dice, tasks);
        return assert_eq!(ran.load(Ordering::SeqCst), count, "jobs of a view that was dropped");
    }
    let mode = match dice.roll(3) {
        0 => Shutdown::run_queued(),
        1 => Shutdown::cancel_queued(),
        _ => Shutdown::hand_back(),
    };
    let mode = if dice.once_in(3) { mode.running(Running::Request) } else { mode };
    let termination = view.shutdown(mode);
    let report = match dice.once_in(2) {
        true => termination.wait(),
        false => drive(round, dice, termination),
    };
    let report = report.expect("a driver is nobody's worker");
    assert_eq!(report.still_running, 0);
    let (ran_there, handed_back) = (ran.load(Ordering::SeqCst), report.handed_back.len());
    assert_eq!(ran_there + report.cancelled + handed_back, count, "jobs of a view: {report:?}");
    assert!(report.finished <= ran_there, "{report:?}");
    let run = dice.once_in(2);
    for job in report.handed_back {
        if run { job.run() } else { drop(job) }
    }
    check_ends(round, dice, tasks);
    let expected = ran_there + if run { handed_back } else { 0 };
    assert_eq!(ran.load(Ordering::SeqCst), expected, "jobs that were handed back");
    assert!(view.try_submit(|| ()).is_err(), "a view that was shut down takes a job");
}

fn submit(view: &Executor, ran: &Arc<AtomicUsize>, dice: &mut Dice) -> Task<usize> {
    let (ran, mut dice) = (Arc::clone(ran), dice.child());
    view.submit(move || {
        dice.noise();
        ran.fetch_add(1, Ordering::SeqCst)
    })
}

fn check_ends(round: &Arc<Round>, dice: &mut Dice, tasks: Vec<Task<usize>>) {
    for task in tasks {
        match drive(round, dice, task) {
            Ok(_) | Err(TaskError::Cancelled) => {}
            Err(other) => panic!("a job of a view ended with {other:?}"),
        }
    }
}
