//! Races, many rounds each. The models check the same exhaustively; here real threads run.

use std::sync::{Arc, Barrier};
use std::thread;

use poolbridge::{Cancel, Shutdown, TaskError, promise};

use crate::support::{Counter, drive, occupy, one_worker, outcome, workers};

const ROUNDS: usize = 300;

/// Runs both at once.
fn race<A: Send + 'static, B>(
    a: impl FnOnce() -> A + Send + 'static,
    b: impl FnOnce() -> B,
) -> (A, B) {
    let start = Arc::new(Barrier::new(2));
    let at_start = Arc::clone(&start);
    let thread = thread::spawn(move || {
        at_start.wait();
        a()
    });
    start.wait();
    let b = b();
    (thread.join().unwrap(), b)
}

/// R7: cancel against start, on an executor: the job runs or is prevented, never both or neither.
#[test]
fn a_job_is_either_run_or_prevented() {
    let pool = one_worker();
    for _ in 0..ROUNDS {
        let ran = Counter::new();
        let count = ran.clone();
        let busy = occupy(&pool);
        let task = pool.submit(move || count.add());
        let canceller = task.canceller();
        let (answer, ()) = race(move || canceller.cancel(), || busy.open());
        match (answer, outcome(task)) {
            (Cancel::Prevented, Err(TaskError::Cancelled)) => assert_eq!(ran.get(), 0),
            (Cancel::Requested | Cancel::TooLate, Ok(0)) => assert_eq!(ran.get(), 1),
            other => panic!("{other:?}"),
        }
        busy.finish();
    }
}

/// R7: cancel against `set_running`.
#[test]
fn a_promise_either_begins_or_is_prevented() {
    for _ in 0..ROUNDS {
        let (side, task) = promise::<u8>();
        let canceller = task.canceller();
        let (answer, (began, _side)) =
            race(move || canceller.cancel(), move || (side.set_running(), side));
        assert_eq!(began, answer == Cancel::Requested, "{answer:?}");
        drop(task);
    }
}

/// R8: cancel against completion of a bare promise: one wins, the loser hears it.
#[test]
fn a_promise_is_either_completed_or_cancelled() {
    for _ in 0..ROUNDS {
        let (side, task) = promise();
        let canceller = task.canceller();
        let (answer, set) = race(move || canceller.cancel(), move || side.set_result(1));
        match (answer, set, outcome(task)) {
            (Cancel::Prevented, Err(1), Err(TaskError::Cancelled)) => {}
            (Cancel::TooLate, Ok(()), Ok(1)) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// R6: two cancellers of a queued job both hear `Prevented`; its callbacks run once.
#[test]
fn two_cancellers_both_prevent_and_callbacks_run_once() {
    let pool = one_worker();
    let busy = occupy(&pool);
    for _ in 0..ROUNDS {
        let (ran, dropped) = (Counter::new(), Counter::new());
        let (count, capture) = (ran.clone(), dropped.on_drop());
        let mut task = pool.submit(move || drop(capture));
        task.add_done_callback(move |_| {
            count.add();
        });
        let canceller = task.canceller();
        let answers = race(move || canceller.cancel(), || task.cancel());
        assert_eq!(answers, (Cancel::Prevented, Cancel::Prevented));
        assert_eq!((ran.get(), dropped.get()), (1, 1));
        assert!(matches!(outcome(task), Err(TaskError::Cancelled)));
    }
    assert_eq!(pool.snapshot().queued.len(), 0);
    busy.finish();
}

/// R9: completion against a timed wait: the outcome arrives in this wait or the next.
#[test]
fn a_timed_wait_loses_no_outcome() {
    for _ in 0..ROUNDS {
        let (side, mut task) = promise();
        let (set, first) =
            race(move || side.set_result(4), || task.result(std::time::Duration::from_micros(20)));
        set.unwrap();
        let value = first.unwrap_or_else(|_| task.result(std::time::Duration::ZERO).unwrap());
        assert_eq!(value.unwrap(), 4);
    }
}

/// A lost wake-up would hang here: the waker goes in while the outcome does.
#[test]
fn a_poll_against_a_completion_loses_no_wake_up() {
    for _ in 0..ROUNDS {
        let (side, task) = promise();
        let (set, got) = race(move || side.set_result(4), || drive(task));
        set.unwrap();
        assert_eq!(got.unwrap(), 4);
    }
}

/// R21: a submission against a shutdown: its task runs, is cancelled or is rejected. None is lost.
#[test]
fn a_submission_against_a_shutdown_is_never_lost() {
    for mode in [Shutdown::run_queued(), Shutdown::cancel_queued(), Shutdown::hand_back()] {
        for _ in 0..ROUNDS / 3 {
            let pool = workers(2);
            let ran = Counter::new();
            let (executor, count) = (pool.clone(), ran.clone());
            let (tasks, termination) = race(
                move || {
                    (0..4)
                        .map(|_| {
                            let count = count.clone();
                            executor.submit(move || count.add())
                        })
                        .collect::<Vec<_>>()
                },
                || pool.shutdown(mode),
            );
            let mut report = drive(termination).unwrap();
            report.handed_back.clear();
            let mut finished = 0;
            for task in tasks {
                match outcome(task) {
                    Ok(_) => finished += 1,
                    Err(TaskError::Cancelled | TaskError::Rejected(_)) => {}
                    Err(other) => panic!("{other:?}"),
                }
            }
            assert_eq!(ran.get(), finished);
        }
    }
}

/// S07: submit, cancel at once, shut down: the end comes.
#[test]
fn a_cancel_right_before_a_shutdown_does_not_hang_it() {
    for _ in 0..ROUNDS {
        let pool = one_worker();
        crate::support::value(pool.submit(|| ()));
        let task = pool.submit(|| ());
        let canceller = task.canceller();
        let (_, termination) =
            race(move || canceller.cancel(), || pool.shutdown(Shutdown::run_queued()));
        assert_eq!(drive(termination).unwrap().still_running, 0);
        let _ = outcome(task);
    }
}

/// R24: an idle worker that leaves against a submission: the job runs.
#[test]
fn a_worker_that_expires_does_not_take_a_job_along() {
    let keep = std::time::Duration::from_micros(50);
    let pool = poolbridge::Executor::threads().max_workers(1).keep_alive(keep).build().unwrap();
    for n in 0..ROUNDS * 3 {
        assert_eq!(crate::support::value(pool.submit(move || n)), n);
        for _ in 0..n % 50 {
            thread::yield_now();
        }
    }
}

/// Drop of the task against the end of its job: the outcome is dropped exactly once.
#[test]
fn an_outcome_nobody_takes_is_dropped_once() {
    let pool = one_worker();
    for _ in 0..ROUNDS {
        let drops = Counter::new();
        let result = drops.on_drop();
        let busy = occupy(&pool);
        let task = pool.submit(move || result);
        let stopped = task.stopped();
        race(move || drop(task), || busy.open());
        drive(stopped);
        assert_eq!(drops.get(), 1);
        busy.finish();
    }
}
