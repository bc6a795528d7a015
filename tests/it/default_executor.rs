//! The executor of who names none. What needs a fresh process is in `processes`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use poolbridge::{Executor, TaskError, default_executor, run_in_executor, set_default_executor};

use crate::support::{drive, one_worker, outcome, value};

/// X01, X11
#[test]
fn without_an_executor_the_default_one_runs_the_closure() {
    let task = run_in_executor(None, || (40 + 2, thread::current().id()));
    let (sum, thread) = value(task);
    assert_eq!(sum, 42);
    assert_ne!(thread, thread::current().id());
    assert_eq!(value(run_in_executor(default_executor(), || 1)), 1);
}

/// X12
#[test]
fn an_error_of_the_closure_is_delivered() {
    let task = run_in_executor(None, || "x".parse::<u8>());
    assert!(value(task).is_err());
    let task = run_in_executor(None, || -> u8 { panic!("raised") });
    assert!(matches!(outcome(task), Err(TaskError::Panicked(_))));
}

/// X13, X14
#[test]
fn ten_at_once_run_once_each() {
    let calls = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let calls = Arc::clone(&calls);
            run_in_executor(None, move || calls.fetch_add(1, Ordering::SeqCst))
        })
        .collect();
    let mut seen: Vec<_> =
        drive(async { futures::future::join_all(tasks).await }).into_iter().flatten().collect();
    seen.sort_unstable();
    assert_eq!(seen, (0..10).collect::<Vec<_>>());
}

/// X15: whatever it carries.
#[test]
fn arguments_are_what_the_closure_carries() {
    let (name, times) = (String::from("ab"), 3);
    assert_eq!(value(run_in_executor(None, move || name.repeat(times))), "ababab");
}

/// X05: a default that is in use stays.
#[test]
fn a_default_in_use_is_not_replaced() {
    value(default_executor().submit(|| ()));
    let mine = one_worker();
    let back: Executor = set_default_executor(mine).unwrap_err();
    assert_eq!(value(back.submit(|| 1)), 1);
    assert_eq!(value(run_in_executor(None, || 2)), 2);
}

/// E01: the submission is eager: nobody has to await for the closure to run.
#[test]
fn a_closure_runs_before_anybody_awaits() {
    let (tell, told) = std::sync::mpsc::channel();
    let task = run_in_executor(None, move || tell.send(1).unwrap());
    assert_eq!(told.recv_timeout(crate::support::HANG).unwrap(), 1);
    value(task);
}
