//! Shutdowns from odd places, twice, and against other things.

use std::sync::mpsc;
use std::thread;

use poolbridge::{Executor, Reason, Running, Shutdown, Status, TaskError};

use crate::support::{
    Counter, CountingWaker, Gate, HANG, drive, eventually, occupy, one_worker, outcome, poll_with,
    value, within, workers,
};

/// G02, R11, D2: user code runs under no lock: a callback told by the shutdown may submit.
#[test]
fn a_callback_of_a_cancelling_shutdown_may_submit_and_is_refused() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let (tell, told) = mpsc::channel();
    let mut task = pool.submit(|| ());
    let clone = pool.clone();
    task.add_done_callback(move |_| tell.send(outcome(clone.submit(|| ()))).unwrap());
    let report = {
        let pool = pool.clone();
        within(move || {
            let termination = pool.shutdown(Shutdown::cancel_queued());
            busy.finish();
            termination.wait()
        })
    };
    assert_eq!(report.unwrap().cancelled, 1);
    let refused = told.recv_timeout(HANG).unwrap();
    assert!(matches!(refused, Err(TaskError::Rejected(Reason::Closed))));
}

/// G04
#[test]
fn waiting_for_a_shutdown_from_an_own_worker_is_refused() {
    let pool = one_worker();
    let clone = pool.clone();
    let task = pool.submit(move || {
        let waited = clone.shutdown(Shutdown::run_queued()).wait().map(drop);
        let timed = clone.shutdown(Shutdown::run_queued()).wait_timeout(HANG).map(drop);
        let awaited = drive(clone.shutdown(Shutdown::run_queued())).map(drop);
        [waited, timed, awaited]
    });
    let refused = value(task);
    for refused in refused {
        assert!(refused.unwrap_err().to_string().contains("own workers"));
    }
    drive(pool.shutdown(Shutdown::run_queued())).unwrap();
}

/// G04: a callback runs on the worker as well.
#[test]
fn waiting_for_a_shutdown_from_a_callback_on_an_own_worker_is_refused() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let mut task = pool.submit(|| ());
    let (clone, (tell, told)) = (pool.clone(), mpsc::channel());
    task.add_done_callback(move |_| {
        tell.send(clone.shutdown(Shutdown::run_queued()).wait().map(drop)).unwrap();
    });
    busy.finish();
    assert!(told.recv_timeout(HANG).unwrap().is_err());
    value(task);
}

/// G04: a worker may end its own executor as long as it does not wait.
#[test]
fn a_worker_may_begin_the_shutdown_of_its_own_executor() {
    let pool = one_worker();
    let clone = pool.clone();
    let task = pool.submit(move || drop(clone.shutdown(Shutdown::cancel_queued())));
    value(task);
    assert!(outcome(pool.submit(|| ())).is_err());
    drive(pool.shutdown(Shutdown::run_queued())).unwrap();
}

/// G17
#[test]
fn a_second_shutdown_may_be_harsher() {
    let pool = one_worker();
    let (gate, begun) = (Gate::new(), Gate::new());
    let (at_gate, at_begun) = (gate.clone(), begun.clone());
    let running = pool.submit_with(move |cx| {
        at_begun.open();
        at_gate.pass();
        cx.is_cancelled()
    });
    begun.pass();
    let queued = pool.submit(|| ());
    let first = pool.shutdown(Shutdown::run_queued());
    assert_eq!(queued.status(), Status::Pending);
    let second = pool.shutdown(Shutdown::cancel_queued().running(Running::Request));
    assert_eq!(queued.status(), Status::Cancelled);
    gate.open();
    let (first, second) = (drive(first).unwrap(), drive(second).unwrap());
    assert_eq!((first.finished, first.cancelled), (1, 0));
    assert_eq!((second.finished, second.cancelled), (1, 1));
    assert!(value(running));
}

/// G17: and a third finds nothing to do.
#[test]
fn a_shutdown_of_an_ended_executor_ends_at_once() {
    let pool = workers(2);
    value(pool.submit(|| ()));
    drive(pool.shutdown(Shutdown::run_queued())).unwrap();
    for mode in [Shutdown::run_queued(), Shutdown::cancel_queued(), Shutdown::hand_back()] {
        let report = drive(pool.shutdown(mode)).unwrap();
        assert_eq!((report.finished, report.cancelled, report.still_running), (0, 0, 0));
    }
    let unused = workers(2);
    assert_eq!(drive(unused.shutdown(Shutdown::run_queued())).unwrap().finished, 0);
}

/// S14: a shutdown right after a submission: the job ran or was cancelled, both are legal.
#[test]
fn a_shutdown_right_after_a_submission_leaves_an_ended_task() {
    for _ in 0..200 {
        let pool = one_worker();
        let ran = Counter::new();
        let count = ran.clone();
        let task = pool.submit(move || count.add());
        drop(pool.shutdown(Shutdown::cancel_queued()));
        match outcome(task) {
            Ok(_) => assert_eq!(ran.get(), 1),
            Err(TaskError::Cancelled) => assert_eq!(ran.get(), 0),
            Err(other) => panic!("{other}"),
        }
    }
}

/// Several waiters, one of them gone again: each of the others hears once.
#[test]
fn every_waiter_of_a_shutdown_hears() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let mut terminations: Vec<_> = (0..3).map(|_| pool.shutdown(Shutdown::run_queued())).collect();
    let counts: Vec<_> = terminations
        .iter_mut()
        .map(|termination| {
            let (count, waker) = CountingWaker::new();
            assert!(poll_with(termination, &waker).is_pending());
            count
        })
        .collect();
    drop(terminations.remove(1));
    let blocked = pool.shutdown(Shutdown::run_queued());
    let waiter = thread::spawn(move || blocked.wait());
    busy.finish();
    within(move || waiter.join()).unwrap().unwrap();
    eventually(|| counts.iter().map(|count| count.wakes()).eq([1, 0, 1]));
    terminations.into_iter().for_each(|termination| drop(drive(termination).unwrap()));
}

/// R11: the last handle may be dropped by a job of its own, or by a callback.
#[test]
fn a_job_may_drop_the_last_handle_of_its_executor() {
    let stopped = Counter::new();
    let count = stopped.clone();
    let pool = Executor::threads().max_workers(1).on_thread_stop(move || {
        count.add();
    });
    let pool = pool.build().unwrap();
    let (gate, begun) = (Gate::new(), Gate::new());
    let (at_gate, at_begun) = (gate.clone(), begun.clone());
    let keeper = pool.clone();
    let task = pool.submit(move || {
        at_begun.open();
        at_gate.pass();
        drop(keeper);
    });
    begun.pass();
    let next = pool.submit(|| 5);
    drop(pool);
    gate.open();
    value(task);
    assert_eq!(value(next), 5);
    eventually(|| stopped.get() == 1);
}

/// A queue with jobs keeps itself alive; cancelling them all lets the executor go.
#[test]
fn tasks_may_outlive_their_executor_and_be_cancelled() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let tasks: Vec<_> = (0..100).map(|n| pool.submit(move || n)).collect();
    drop(pool);
    assert!(tasks.iter().all(|task| task.cancel() == poolbridge::Cancel::Prevented));
    busy.finish();
    assert!(tasks.into_iter().all(|task| matches!(outcome(task), Err(TaskError::Cancelled))));
}

/// A task that has ended knows its state when its executor is long gone.
#[test]
fn a_finished_task_outlives_its_executor() {
    let pool = one_worker();
    let task = pool.submit(|| 5);
    drive(pool.shutdown(Shutdown::run_queued())).unwrap();
    drop(pool);
    assert_eq!(task.cancel(), poolbridge::Cancel::TooLate);
    assert_eq!(value(task), 5);
}

/// What runs on the submitting thread is work of the executor as well.
#[test]
fn a_shutdown_knows_of_a_job_that_runs_on_its_caller() {
    let pool = Executor::threads()
        .max_workers(1)
        .queue_capacity(1)
        .on_full(poolbridge::OnFull::RunOnCaller)
        .build()
        .unwrap();
    let busy = occupy(&pool);
    let queued = pool.submit(|| ());
    let (gate, begun) = (Gate::new(), Gate::new());
    let (at_gate, at_begun, clone) = (gate.clone(), begun.clone(), pool.clone());
    let caller = thread::spawn(move || {
        value(clone.submit(move || {
            at_begun.open();
            at_gate.pass();
        }));
    });
    begun.pass();
    let running = pool.snapshot().running.len();
    busy.finish();
    value(queued);
    gate.open();
    within(move || caller.join()).unwrap();
    assert_eq!(running, 2, "a closure that runs on its caller is missing in the snapshot");
}
