//! Processes of a test's own, and children that are forked from them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::thread;
use std::time::Instant;

use crate::support::HANG;

const ALONE: &str = "POOLBRIDGE_TEST_ALONE";

/// Runs `body` in a process of its own, by starting the test of that name again; it has to end well.
#[track_caller]
pub(crate) fn alone(test: &str, body: impl FnOnce()) {
    if std::env::var_os(ALONE).is_some() {
        return body();
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(ALONE, "1")
        // Of each thread that aborts on purpose: it takes longer than the test.
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    let ran = String::from_utf8_lossy(&output.stdout).contains("1 passed");
    assert!(output.status.success() && ran, "{output:?}");
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Code(i32),
    Signal(i32),
}

/// Forks, runs `body` in the child, and says how that ended; a panic is code 1.
#[track_caller]
pub(crate) fn child(body: impl FnOnce()) -> Exit {
    // SAFETY: the child does what this crate and std promise to do there, and leaves by `_exit`.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "no fork to be had");
    if child == 0 {
        let ended = catch_unwind(AssertUnwindSafe(body));
        // SAFETY: runs nothing of the parent's: no destructor, no handler.
        unsafe { libc::_exit(i32::from(ended.is_err())) };
    }
    let start = Instant::now();
    let mut status = 0;
    loop {
        // SAFETY: our own child, and a place for its status.
        let ended = unsafe { libc::waitpid(child, &mut status, libc::WNOHANG) };
        if ended == child {
            break;
        }
        if start.elapsed() > HANG {
            // SAFETY: it has not been reaped.
            unsafe { libc::kill(child, libc::SIGKILL) };
            panic!("the child hangs");
        }
        thread::yield_now();
    }
    if libc::WIFEXITED(status) {
        Exit::Code(libc::WEXITSTATUS(status))
    } else {
        Exit::Signal(libc::WTERMSIG(status))
    }
}

/// Runs `body` in a child of this process and demands that it comes to its end there.
#[track_caller]
pub(crate) fn in_child(body: impl FnOnce()) {
    assert_eq!(child(body), Exit::Code(0), "the child failed");
}
