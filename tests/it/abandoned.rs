//! Who gets an outcome that nobody took.

use std::sync::mpsc;
use std::time::Duration;

use poolbridge::{Executor, Task, TaskError};

use crate::support::{Counter, Gate, HANG, drive, eventually, occupy, one_worker, value};

type Told = mpsc::Receiver<Result<u32, TaskError>>;

/// A job that waits for the gate and gives 5; what nobody takes is told.
fn gated(pool: &Executor, limit: Option<Duration>) -> (Task<u32>, Gate, Told) {
    let (gate, begun) = (Gate::new(), Gate::new());
    let (at_gate, at_begun) = (gate.clone(), begun.clone());
    let (tell, told) = mpsc::channel();
    let mut job = pool.job(move || {
        at_begun.open();
        at_gate.pass();
        5
    });
    if let Some(limit) = limit {
        job = job.run_timeout(limit);
    }
    let task = job.on_abandoned(move |late| tell.send(late).unwrap()).submit();
    begun.pass();
    (task, gate, told)
}

#[test]
fn a_value_that_comes_after_an_awaited_limit_is_reclaimed() {
    let pool = one_worker();
    let (task, gate, told) = gated(&pool, None);
    assert!(drive(task.timeout(Duration::from_millis(1))).is_err());
    gate.open();
    assert_eq!(told.recv_timeout(HANG).unwrap().unwrap(), 5);
}

#[test]
fn a_value_that_comes_after_the_run_deadline_is_reclaimed() {
    let pool = one_worker();
    let (mut task, gate, told) = gated(&pool, Some(Duration::from_millis(1)));
    assert!(task.result(HANG).unwrap().is_err());
    assert!(told.try_recv().is_err());
    gate.open();
    assert_eq!(told.recv_timeout(HANG).unwrap().unwrap(), 5);
}

#[test]
fn a_value_that_comes_after_the_drop_is_reclaimed() {
    let pool = one_worker();
    let (task, gate, told) = gated(&pool, None);
    drop(task);
    gate.open();
    assert_eq!(told.recv_timeout(HANG).unwrap().unwrap(), 5);
}

#[test]
fn a_value_finished_before_the_drop_is_reclaimed_too() {
    let pool = one_worker();
    let (task, gate, told) = gated(&pool, None);
    gate.open();
    eventually(|| task.status().is_done());
    assert!(told.try_recv().is_err());
    drop(task);
    assert_eq!(told.try_recv().unwrap().unwrap(), 5);
}

/// Not what was taken, not after `detach`, not for a job that never ran.
#[test]
fn what_is_taken_detached_or_never_run_is_not_reclaimed() {
    let pool = one_worker();
    let dropped = Counter::new();
    let (task, gate, told) = gated(&pool, None);
    gate.open();
    assert_eq!(value(task), 5);
    assert!(gone(&told));
    let (task, gate, told) = gated(&pool, None);
    task.detach();
    gate.open();
    assert!(gone(&told));
    let busy = occupy(&pool);
    let capture = dropped.on_drop();
    let (tell, told) = mpsc::channel();
    let job = pool.job(move || drop(capture)).on_abandoned(move |late| tell.send(late).unwrap());
    drop(job.submit());
    assert_eq!(dropped.get(), 1);
    assert!(matches!(told.try_recv(), Err(mpsc::TryRecvError::Disconnected)));
    busy.finish();
}

/// A panic is an outcome as well.
#[test]
fn a_late_panic_is_reclaimed() {
    let pool = one_worker();
    let gate = Gate::new();
    let at_gate = gate.clone();
    let (tell, told) = mpsc::channel();
    let job = pool.job(move || -> u8 {
        at_gate.pass();
        panic!("late")
    });
    drop(
        job.run_timeout(Duration::from_millis(1))
            .on_abandoned(move |late| tell.send(late).unwrap())
            .submit(),
    );
    gate.open();
    match told.recv_timeout(HANG) {
        Ok(Err(TaskError::Panicked(panic))) => assert_eq!(panic.message(), "late"),
        // Dropped before it began: then it never ran and there is nothing to reclaim.
        Err(mpsc::RecvTimeoutError::Disconnected) => {}
        other => panic!("{other:?}"),
    }
}

/// What was to be told has been dropped unused.
fn gone(told: &Told) -> bool {
    matches!(told.recv_timeout(HANG), Err(mpsc::RecvTimeoutError::Disconnected))
}

/// A task that was dropped while it ran is given up as much as one that timed out; a detached one
/// is not.
#[test]
fn a_dropped_task_that_runs_on_is_listed_as_abandoned() {
    let pool = crate::support::workers(2);
    let gate = Gate::new();
    let (begun, at_gate) = (Gate::new(), gate.clone());
    let opener = begun.clone();
    let dropped = pool.submit(move || {
        opener.open();
        at_gate.pass();
    });
    begun.pass();
    let (begun, at_gate) = (Gate::new(), gate.clone());
    let opener = begun.clone();
    pool.submit(move || {
        opener.open();
        at_gate.pass();
    })
    .detach();
    begun.pass();
    let (id, stopped) = (dropped.id(), dropped.stopped());
    drop(dropped);
    let seen: Vec<_> = pool.snapshot().abandoned().map(|info| info.id).collect();
    assert_eq!(seen, [id]);
    gate.open();
    drive(stopped);
}
