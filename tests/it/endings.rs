//! The order of an ending, and callbacks on an executor of one's choice.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use poolbridge::{Executor, Shutdown, promise};

use crate::support::{
    Counter, Gate, HANG, Log, OnDrop, drive, occupy, one_worker, thread_name, value, workers,
};

/// R1, R12, R23: closure, captures, callbacks, `after_job`, worker idle, waiters.
#[test]
fn an_ending_has_one_order() {
    let log = Log::new();
    let after = log.clone();
    let pool =
        Executor::threads().max_workers(1).after_job(move |_| after.note("after_job")).build();
    let pool = pool.unwrap();
    let busy = occupy(&pool);
    let (capture, closure, callback) = (log.at_drop("captures dropped"), log.clone(), log.clone());
    let mut task = pool.submit(move || {
        let _capture = &capture;
        closure.note("closure ends");
    });
    task.add_done_callback(move |_| callback.note("callback"));
    busy.finish();
    value(task);
    log.note(format!("waiter: {} idle", pool.snapshot().idle));
    let lines = log.lines();
    assert_eq!(
        lines[1..],
        ["closure ends", "captures dropped", "callback", "after_job", "waiter: 1 idle"]
    );
}

/// R12, bpo-16284: whoever has waited finds the captures gone.
#[test]
fn no_waiter_sees_captures_alive() {
    let pool = workers(2);
    for _ in 0..1000 {
        let capture = Arc::new(());
        let held = Arc::clone(&capture);
        let task = pool.submit(move || drop(Arc::clone(&held)));
        value(task);
        assert_eq!(Arc::strong_count(&capture), 1);
    }
}

/// E18: a worker that idles keeps neither the closure nor the outcome of its last job.
#[test]
fn an_idle_worker_holds_nothing_of_its_last_job() {
    let pool = one_worker();
    let (captures, outcomes) = (Counter::new(), Counter::new());
    let (capture, result) = (captures.on_drop(), outcomes.on_drop());
    let task = pool.submit(move || {
        let _capture = &capture;
        result
    });
    let result = value(task);
    assert_eq!((captures.get(), outcomes.get()), (1, 0));
    drop(result);
    assert_eq!(outcomes.get(), 1);
}

/// E18: an outcome that nobody wants is dropped by the worker before it goes on.
#[test]
fn an_unwanted_outcome_is_dropped_before_the_next_job() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let outcomes = Counter::new();
    let result = outcomes.on_drop();
    pool.submit(move || result).detach();
    let next = pool.submit(move || outcomes.get());
    busy.finish();
    assert_eq!(value(next), 1);
}

/// T04, R23: the worker is idle when the waiter hears, so the next submission reuses it.
#[test]
fn await_then_submit_reuses_the_thread() {
    let started = Counter::new();
    let count = started.clone();
    let pool = Executor::threads().max_workers(4).on_thread_start(move || {
        count.add();
    });
    let pool = pool.build().unwrap();
    for n in 0..500 {
        assert_eq!(value(pool.submit(move || n)), n);
    }
    drive(async {
        for n in 0..500 {
            assert_eq!(pool.submit(move || n).await.unwrap(), n);
        }
    });
    assert_eq!(started.get(), 1);
}

/// asyncio's way: a callback goes to an executor, with a clone of the outcome.
#[test]
fn a_callback_can_run_on_an_executor_of_ones_choice() {
    let elsewhere = Executor::threads().max_workers(1).thread_name("else").build().unwrap();
    let (side, mut task) = promise();
    let (tell, told) = std::sync::mpsc::channel();
    task.add_done_callback_on(&elsewhere, move |outcome| {
        tell.send((thread_name(), outcome.unwrap())).unwrap();
    });
    side.set_result(5).unwrap();
    assert_eq!(told.recv_timeout(HANG).unwrap(), ("else-0".to_owned(), 5));
    assert_eq!(value(task), 5);
}

/// A slow callback elsewhere delays no waiter.
#[test]
fn a_callback_elsewhere_does_not_delay_the_waiter() {
    let (pool, elsewhere) = (one_worker(), one_worker());
    let gate = Gate::new();
    let at_gate = gate.clone();
    let busy = occupy(&pool);
    let mut task = pool.submit(|| 1);
    task.add_done_callback_on(&elsewhere, move |_| at_gate.pass());
    busy.finish();
    assert_eq!(value(task), 1);
    assert!(!gate.is_open());
    gate.open();
}

/// If the chosen executor refuses, the callback runs where the task is completed.
#[test]
fn a_refused_callback_runs_on_the_completing_thread() {
    let closed = one_worker();
    drop(closed.shutdown(Shutdown::run_queued()));
    let (side, mut task) = promise();
    let (tell, told) = std::sync::mpsc::channel();
    task.add_done_callback_on(&closed, move |_| tell.send(thread::current().id()).unwrap());
    side.set_result(5).unwrap();
    assert_eq!(told.try_recv().unwrap(), thread::current().id());
}

/// A job whose outcome, when dropped, waits for another job of its pool; opens the first gate when
/// it comes to that.
fn blocks_when_dropped(dropping: &Gate, gate: &Gate) -> impl Send + 'static + use<> {
    let (dropping, gate) = (dropping.clone(), gate.clone());
    OnDrop::new(move || {
        dropping.open();
        gate.pass();
    })
}

/// A destructor is user code: who runs it is not idle, and another job gets another thread.
#[test]
fn a_worker_that_drops_a_detached_outcome_is_not_idle() {
    let pool = workers(2);
    let (dropping, gate, go) = (Gate::new(), Gate::new(), Gate::new());
    let outcome = blocks_when_dropped(&dropping, &gate);
    let at_go = go.clone();
    let task = pool.submit(move || {
        at_go.pass();
        outcome
    });
    // Before the end: who detaches an ended task drops its outcome itself.
    task.detach();
    go.open();
    dropping.pass();
    assert_eq!(
        pool.snapshot().running.len(),
        1,
        "the job is not over while its outcome is dropped"
    );
    let opener = gate.clone();
    let mut other = pool.submit(move || opener.open());
    let ended = other.result(HANG / 6);
    gate.open();
    assert!(ended.is_ok(), "the job was given to a worker that is busy with a destructor");
}

/// The same for an outcome that comes after its task has timed out.
#[test]
fn a_worker_that_drops_a_late_outcome_is_not_idle() {
    let pool = workers(2);
    let (dropping, gate, go) = (Gate::new(), Gate::new(), Gate::new());
    let outcome = blocks_when_dropped(&dropping, &gate);
    let (at_go, begun) = (go.clone(), Gate::new());
    let has_begun = begun.clone();
    let task = pool.submit(move || {
        has_begun.open();
        at_go.pass();
        outcome
    });
    begun.pass();
    assert!(drive(task.timeout(Duration::ZERO)).is_err());
    go.open();
    dropping.pass();
    assert_eq!(
        pool.snapshot().running.len(),
        1,
        "the job is not over while its outcome is dropped"
    );
    let opener = gate.clone();
    let mut other = pool.submit(move || opener.open());
    let ended = other.result(HANG / 6);
    gate.open();
    assert!(ended.is_ok(), "the job was given to a worker that is busy with a destructor");
}
