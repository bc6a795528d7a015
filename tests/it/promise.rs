//! Tasks that are completed by hand.

use std::thread;

use poolbridge::{Cancel, Status, TaskError, promise};

use crate::support::{Counter, FAR, Gate, drive, outcome, value, within};

/// R8
#[test]
fn a_value_for_a_cancelled_task_comes_back() {
    let (side, task) = promise();
    assert_eq!(task.cancel(), Cancel::Prevented);
    assert_eq!(side.set_result("precious".to_owned()).unwrap_err(), "precious");
    assert!(matches!(outcome(task), Err(TaskError::Cancelled)));
}

/// D8: its task dropped, a promise may be completed without harm.
#[test]
fn completing_for_a_dropped_task_gives_the_value_back() {
    let (side, task) = promise();
    drop(task);
    assert!(side.is_cancelled());
    assert_eq!(side.set_result(1), Err(1));
    let (side, task) = promise();
    task.detach();
    side.set_result(1).unwrap();
}

#[test]
fn a_dropped_promise_ends_its_task_as_lost() {
    let (side, task) = promise::<u8>();
    drop(side);
    assert_eq!(task.status(), Status::Failed);
    assert!(matches!(outcome(task), Err(TaskError::Lost)));
    let (side, task) = promise::<u8>();
    assert!(side.set_running());
    drop(side);
    assert!(matches!(outcome(task), Err(TaskError::Lost)));
}

/// R7
#[test]
fn a_cancelled_promise_does_not_begin() {
    let (side, task) = promise::<u8>();
    let _ = task.cancel();
    assert!(!side.set_running());
    assert_eq!(task.status(), Status::Cancelled);
}

/// D6
#[test]
fn a_running_promise_is_asked_to_stop_and_decides_itself() {
    let (side, task) = promise();
    assert!(side.set_running());
    assert!(side.set_running());
    assert_eq!(task.status(), Status::Running);
    assert_eq!(task.cancel(), Cancel::Requested);
    assert!(side.is_cancelled());
    assert_eq!(task.status(), Status::Running);
    side.set_result(6).unwrap();
    assert_eq!(task.status(), Status::Finished);
    assert_eq!(value(task), 6);
}

#[test]
fn a_cancel_hook_runs_before_cancel_returns() {
    let (side, task) = promise::<u8>();
    let hook = Counter::new();
    let count = hook.clone();
    side.on_cancel(move || {
        count.add();
    });
    assert_eq!(task.cancel(), Cancel::Prevented);
    assert_eq!(hook.get(), 1);
    drop(task);
    assert_eq!(hook.get(), 1);
}

#[test]
fn a_cancel_hook_runs_when_the_task_is_dropped() {
    let (side, task) = promise::<u8>();
    assert!(side.set_running());
    let hook = Counter::new();
    let count = hook.clone();
    side.on_cancel(move || {
        count.add();
    });
    drop(task);
    assert_eq!(hook.get(), 1);
}

#[test]
fn a_cancel_hook_added_too_late_runs_at_once() {
    let (side, task) = promise::<u8>();
    drop(task);
    let hook = Counter::new();
    let count = hook.clone();
    side.on_cancel(move || {
        count.add();
    });
    assert_eq!(hook.get(), 1);
}

#[test]
fn a_cancel_hook_never_runs_after_the_completion() {
    let (side, task) = promise();
    let (hook, dropped) = (Counter::new(), Counter::new());
    let (count, capture) = (hook.clone(), dropped.on_drop());
    side.on_cancel(move || {
        drop(capture);
        count.add();
    });
    side.set_result(1).unwrap();
    assert_eq!((hook.get(), dropped.get()), (0, 1));
    assert_eq!(task.cancel(), Cancel::TooLate);
    assert_eq!(hook.get(), 0);
}

#[test]
fn a_cancel_hook_can_be_taken_back() {
    let (side, task) = promise::<u8>();
    let hook = Counter::new();
    let count = hook.clone();
    let registration = side.on_cancel(move || {
        count.add();
    });
    assert!(registration.remove());
    let count = hook.clone();
    let second = side.on_cancel(move || {
        count.add();
    });
    let _ = task.cancel();
    assert_eq!(hook.get(), 1);
    assert!(!second.remove());
}

/// A running promise whose task timed out gets its value back, and only then lets go.
#[test]
fn a_value_for_a_timed_out_task_comes_back() {
    let (side, task) = promise();
    assert!(side.set_running());
    let hook = Counter::new();
    let count = hook.clone();
    side.on_cancel(move || {
        count.add();
    });
    let mut stopped = task.stopped();
    let late = drive(task.timeout(std::time::Duration::ZERO));
    assert!(matches!(late, Err(TaskError::TimedOut(_))));
    assert!(side.is_cancelled() && !side.set_running());
    assert_eq!(hook.get(), 1);
    assert!(crate::support::poll_once(&mut stopped).is_pending());
    assert_eq!(side.set_result(9), Err(9));
    drive(stopped);
}

/// X10: what one thread does in order is heard in order.
#[test]
fn completions_are_heard_in_their_order() {
    let pairs: Vec<_> = (0..50).map(|_| promise()).collect();
    let (sides, mut tasks): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    let (tell, told) = std::sync::mpsc::channel();
    for (n, task) in tasks.iter_mut().enumerate() {
        let tell = tell.clone();
        task.add_done_callback(move |_| tell.send(n).unwrap());
    }
    let setter = thread::spawn(move || {
        sides.into_iter().for_each(|side| side.set_result(()).unwrap());
    });
    within(move || setter.join()).unwrap();
    assert_eq!(told.try_iter().collect::<Vec<_>>(), (0..50).collect::<Vec<_>>());
}

/// A C callback's way: the promise travels to another thread.
#[test]
fn a_promise_is_completed_by_another_thread_while_a_thread_waits() {
    let (side, mut task) = promise();
    let gate = Gate::new();
    let at_gate = gate.clone();
    let setter = thread::spawn(move || {
        at_gate.pass();
        side.set_result(1)
    });
    gate.open();
    assert_eq!(task.result(FAR).unwrap().unwrap(), 1);
    setter.join().unwrap().unwrap();
}

#[test]
fn a_promise_knows_its_task_and_shows_its_state() {
    let (side, task) = promise::<u8>();
    assert_eq!(side.task_id(), task.id());
    assert!(format!("{side:?}").contains("Pending"));
    assert!(side.set_running());
    assert!(format!("{side:?}").contains("Running"));
}
