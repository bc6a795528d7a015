//! Child processes as tasks: waited for, killed, and reaped in any case.
#![cfg(unix)]

use std::process::{Child, Command, Stdio};

use poolbridge::{Cancel, wrap_future};

use crate::support::{drive, eventually, outcome, value};

fn sleeper() -> Child {
    Command::new("sleep").arg("3600").spawn().unwrap()
}

/// Whether the process is there, if only as a zombie.
fn exists(pid: u32) -> bool {
    let pid = rustix::process::Pid::from_raw(pid as i32).unwrap();
    rustix::process::test_kill_process(pid).is_ok()
}

#[test]
fn a_wrapped_child_ends_with_its_status_and_is_reaped() {
    let child = Command::new("sh").args(["-c", "exit 7"]).spawn().unwrap();
    let pid = child.id();
    let status = drive(wrap_future(child)).unwrap().unwrap();
    assert_eq!(status.code(), Some(7));
    assert!(!exists(pid));
}

/// Standard input is closed, as by `Child::wait`.
#[test]
fn a_wrapped_child_sees_the_end_of_its_input() {
    let child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    assert!(value(wrap_future(child)).unwrap().success());
}

/// B26, R29: the kill is on its way when `cancel` returns; the status ends the task.
#[test]
fn cancelling_a_wrapped_child_kills_and_reaps_it() {
    for _ in 0..20 {
        let child = sleeper();
        let pid = child.id();
        let task = wrap_future(child);
        let answer = task.cancel();
        match (answer, outcome(task)) {
            (Cancel::Prevented, Err(_)) => {}
            (Cancel::Requested, Ok(status)) => assert!(status.unwrap().code().is_none()),
            other => panic!("{other:?}"),
        }
        assert!(!exists(pid));
    }
}

#[test]
fn cancelling_a_child_that_is_waited_for_kills_it() {
    let child = sleeper();
    let pid = child.id();
    let task = wrap_future(child);
    let id = task.id();
    eventually(|| poolbridge::wrapped_sources().running.iter().any(|info| info.id == id));
    let answer = task.cancel();
    assert_eq!(answer, Cancel::Requested);
    assert_eq!(value(task).unwrap().code(), None);
    assert!(!exists(pid));
}

/// R28: nobody waits: it is killed and reaped all the same.
#[test]
fn dropping_a_wrapped_child_kills_and_reaps_it() {
    let child = sleeper();
    let pid = child.id();
    drop(wrap_future(child));
    eventually(|| !exists(pid));
}

#[test]
fn a_limit_on_a_wrapped_child_kills_and_reaps_it() {
    let child = sleeper();
    let pid = child.id();
    let late = drive(wrap_future(child).timeout(std::time::Duration::from_millis(5)));
    assert!(late.is_err());
    eventually(|| !exists(pid));
}

/// R26: an end against a kill: the status is one or the other, and no other process is hit.
#[test]
fn a_child_that_ends_while_it_is_cancelled_is_reaped_once() {
    for _ in 0..50 {
        let child = Command::new("true").spawn().unwrap();
        let pid = child.id();
        let task = wrap_future(child);
        let _ = task.cancel();
        if let Ok(status) = outcome(task) {
            let status = status.unwrap();
            assert!(status.success() || status.code().is_none());
        }
        assert!(!exists(pid));
    }
}

/// Detached, it runs to its end and is reaped.
#[test]
fn a_detached_child_is_reaped_when_it_ends() {
    let child = Command::new("true").spawn().unwrap();
    let pid = child.id();
    wrap_future(child).detach();
    eventually(|| !exists(pid));
}
