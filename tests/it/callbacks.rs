//! Done callbacks: when, where, in which order, how often.

use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use poolbridge::{Cancel, Status, TaskError, promise};

use crate::support::{
    Counter, Gate, HANG, Log, eventually, occupy, one_worker, outcome, thread_name, value, within,
};

/// F01, R2
#[test]
fn a_callback_runs_inside_the_completion_and_sees_the_value() {
    let (side, mut task) = promise();
    let log = Log::new();
    let note = log.clone();
    let here = thread::current().id();
    task.add_done_callback(move |outcome| {
        assert_eq!(thread::current().id(), here);
        note.note(format!("{}", outcome.as_ref().unwrap()));
    });
    side.set_result(5).unwrap();
    assert_eq!(log.lines(), ["5"]);
}

/// F01: asking the task for its result in its own callback is an error, not a dead-lock.
#[test]
fn waiting_for_a_task_in_its_own_callback_is_refused() {
    let (side, task) = promise::<i32>();
    let shared = Arc::new(Mutex::new(Some(task)));
    let (tell, told) = std::sync::mpsc::channel();
    let inner = Arc::clone(&shared);
    shared.lock().unwrap().as_mut().unwrap().add_done_callback(move |_| {
        let task = inner.lock().unwrap().take().unwrap();
        tell.send(task.wait()).unwrap();
    });
    within(move || side.set_result(1)).unwrap();
    assert!(matches!(told.recv().unwrap(), Err(TaskError::WouldDeadlock(_))));
}

/// F02
#[test]
fn a_callback_sees_the_error() {
    let (side, mut task) = promise::<i32>();
    let log = Log::new();
    let note = log.clone();
    task.add_done_callback(move |outcome| note.note(format!("{outcome:?}")));
    side.set_error(TaskError::Lost).unwrap();
    assert_eq!(log.lines(), ["Err(Lost)"]);
}

/// F03, R2, R6
#[test]
fn a_callback_sees_the_cancel_on_the_cancelling_thread_before_cancel_returns() {
    let (_side, mut task) = promise::<i32>();
    let log = Log::new();
    let note = log.clone();
    let here = thread::current().id();
    task.add_done_callback(move |outcome| {
        assert_eq!(thread::current().id(), here);
        note.note(format!("{outcome:?}"));
    });
    assert_eq!(task.cancel(), Cancel::Prevented);
    assert_eq!(log.lines(), ["Err(Cancelled)"]);
}

/// F04, R4
#[test]
fn a_panicking_callback_stops_neither_the_others_nor_the_setter() {
    let (side, mut task) = promise();
    let ran = Counter::new();
    let second = ran.clone();
    task.add_done_callback(|_| panic!("the first callback"));
    task.add_done_callback(move |_| {
        second.add();
    });
    side.set_result(5).unwrap();
    assert_eq!(ran.get(), 1);
    assert_eq!(value(task), 5);
}

/// F05, R2
#[test]
fn a_callback_on_a_finished_task_runs_at_once_on_this_thread() {
    let (side, mut task) = promise();
    side.set_result(5).unwrap();
    let log = Log::new();
    let note = log.clone();
    let here = thread::current().id();
    let id = task.add_done_callback(move |outcome| {
        assert_eq!(thread::current().id(), here);
        note.note(format!("{outcome:?}"));
    });
    assert_eq!(log.lines(), ["Ok(5)"]);
    assert!(!task.remove_done_callback(id));
    assert_eq!(value(task), 5);
}

/// F06
#[test]
fn a_callback_on_a_failed_task_runs_at_once() {
    let (side, mut task) = promise::<i32>();
    side.set_error(TaskError::Lost).unwrap();
    let log = Log::new();
    let note = log.clone();
    task.add_done_callback(move |outcome| note.note(format!("{outcome:?}")));
    assert_eq!(log.lines(), ["Err(Lost)"]);
}

/// F07
#[test]
fn a_callback_on_a_cancelled_task_runs_at_once() {
    let (_side, mut task) = promise::<i32>();
    let _ = task.cancel();
    let log = Log::new();
    let note = log.clone();
    task.add_done_callback(move |outcome| note.note(format!("{outcome:?}")));
    assert_eq!(log.lines(), ["Err(Cancelled)"]);
}

/// F08
#[test]
fn a_panicking_callback_on_a_finished_task_does_not_reach_the_registrar() {
    let (side, mut task) = promise();
    side.set_result(5).unwrap();
    task.add_done_callback(|_| panic!("added late"));
    assert_eq!(value(task), 5);
}

/// R2
#[test]
fn a_callback_of_a_job_runs_on_its_worker() {
    let pool = poolbridge::Executor::threads().max_workers(1).thread_name("cb").build().unwrap();
    let busy = occupy(&pool);
    let mut task = pool.submit(|| 1);
    let (tell, told) = std::sync::mpsc::channel();
    task.add_done_callback(move |_| tell.send(thread_name()).unwrap());
    busy.finish();
    assert_eq!(value(task), 1);
    assert_eq!(told.recv().unwrap(), "cb-0");
}

/// R3
#[test]
fn callbacks_run_in_the_order_of_adding() {
    let (side, mut task) = promise();
    let log = Log::new();
    for n in 0..100 {
        let log = log.clone();
        task.add_done_callback(move |_| log.note(n.to_string()));
    }
    side.set_result(()).unwrap();
    assert_eq!(log.lines(), (0..100).map(|n| n.to_string()).collect::<Vec<_>>());
}

/// G06, R3: ours differs from CPython: nested ones wait for their turn.
#[test]
fn a_callback_added_by_a_callback_runs_after_those_added_before() {
    let (side, task) = promise::<()>();
    let log = Log::new();
    let task = Arc::new(Mutex::new(task));
    let (outer, handle) = (log.clone(), Arc::clone(&task));
    task.lock().unwrap().add_done_callback(move |_| {
        let nested = outer.clone();
        handle.lock().unwrap().add_done_callback(move |_| nested.note("nested"));
        outer.note("a");
    });
    let second = log.clone();
    task.lock().unwrap().add_done_callback(move |_| second.note("b"));
    side.set_result(()).unwrap();
    assert_eq!(log.lines(), ["a", "b", "nested"]);
}

/// G07, R3: ours differs from CPython: a late callback does not overtake.
#[test]
fn a_callback_added_while_others_run_joins_their_queue() {
    let (side, mut task) = promise::<()>();
    let log = Log::new();
    let (inside, go) = (Gate::new(), Gate::new());
    let (note, at_inside, at_go) = (log.clone(), inside.clone(), go.clone());
    task.add_done_callback(move |_| {
        at_inside.open();
        at_go.pass();
        note.note(format!("slow on {}", thread_name()));
    });
    let setter = thread::Builder::new().name("setter".into());
    let setter = setter.spawn(move || side.set_result(())).unwrap();
    inside.pass();
    let note = log.clone();
    task.add_done_callback(move |_| note.note(format!("late on {}", thread_name())));
    assert!(log.lines().is_empty(), "the registrar does not run it");
    assert!(!task.status().is_done());
    go.open();
    setter.join().unwrap().unwrap();
    assert_eq!(log.lines(), ["slow on setter", "late on setter"]);
}

/// G08, R1: ours differs from CPython: waiters hear after the callbacks.
#[test]
fn a_waiter_returns_after_all_callbacks_have_run() {
    let pool = one_worker();
    for _ in 0..100 {
        let mut task = pool.submit(|| ());
        let log = Log::new();
        let note = log.clone();
        task.add_done_callback(move |_| {
            thread::yield_now();
            note.note("callback");
        });
        assert!(outcome(task).is_ok());
        assert_eq!(log.lines(), ["callback"]);
    }
}

/// G15
#[test]
fn a_callback_can_be_taken_back_until_it_has_run() {
    let (side, mut task) = promise::<()>();
    let (ran, dropped) = (Counter::new(), Counter::new());
    let (capture, count) = (dropped.on_drop(), ran.clone());
    let first = task.add_done_callback(move |_| {
        drop(capture);
        count.add();
    });
    let count = ran.clone();
    let second = task.add_done_callback(move |_| {
        count.add();
    });
    assert!(task.remove_done_callback(first));
    assert_eq!(dropped.get(), 1);
    assert!(!task.remove_done_callback(first));
    side.set_result(()).unwrap();
    assert_eq!(ran.get(), 1);
    assert!(!task.remove_done_callback(second));
}

/// G15: a callback may take back one that comes after it.
#[test]
fn a_callback_can_take_back_a_later_one() {
    let (side, task) = promise::<()>();
    let task = Arc::new(Mutex::new(task));
    let ran = Counter::new();
    let slot = Arc::new(Mutex::new(None));
    let (handle, victim) = (Arc::clone(&task), Arc::clone(&slot));
    task.lock().unwrap().add_done_callback(move |_| {
        let id = victim.lock().unwrap().take().unwrap();
        assert!(handle.lock().unwrap().remove_done_callback(id));
    });
    let count = ran.clone();
    let id = task.lock().unwrap().add_done_callback(move |_| {
        count.add();
    });
    *slot.lock().unwrap() = Some(id);
    side.set_result(()).unwrap();
    assert_eq!(ran.get(), 0);
}

/// R5, R6: 500 rounds of a completion against the adding of a callback.
#[test]
fn a_callback_added_during_the_completion_runs_exactly_once() {
    for _ in 0..500 {
        let (side, mut task) = promise();
        let start = Arc::new(Barrier::new(2));
        let at_start = Arc::clone(&start);
        let setter = thread::spawn(move || {
            at_start.wait();
            side.set_result(3).unwrap();
        });
        let ran = Counter::new();
        let count = ran.clone();
        start.wait();
        task.add_done_callback(move |outcome| {
            assert_eq!(*outcome.as_ref().unwrap(), 3);
            count.add();
        });
        setter.join().unwrap();
        assert_eq!(ran.get(), 1);
    }
}

/// A detached task's callbacks see the outcome.
#[test]
fn callbacks_of_a_detached_task_run() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let mut task = pool.submit(|| 9);
    let (tell, told) = std::sync::mpsc::channel();
    task.add_done_callback(move |outcome| tell.send(outcome.clone().unwrap()).unwrap());
    task.detach();
    busy.finish();
    assert_eq!(told.recv_timeout(HANG).unwrap(), 9);
}

/// A task whose handle is dropped while it runs tells its callbacks the outcome.
#[test]
fn callbacks_of_a_dropped_running_task_run() {
    let (side, mut task) = promise::<u8>();
    assert!(side.set_running());
    let log = Log::new();
    let note = log.clone();
    task.add_done_callback(move |outcome| note.note(format!("{outcome:?}")));
    let canceller = task.canceller();
    drop(task);
    assert!(side.is_cancelled());
    side.set_result(4).unwrap();
    assert_eq!(log.lines(), ["Ok(4)"]);
    eventually(|| canceller.status() == Status::Finished);
}
