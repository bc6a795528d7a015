//! Child processes: waited for without being reaped, then reaped or killed under one lock.
//!
//! A process that has been reaped may have left its number to another one, which a late kill would
//! hit. So the wait leaves it a zombie, and reaping and killing exclude each other.

use std::io;
use std::process::{Child, ExitStatus};

use super::{ConcurrentFuture, cache};
use crate::sync::{Mutex, SharedArc};
use crate::task::Task;

impl ConcurrentFuture for Child {
    type Output = io::Result<ExitStatus>;

    /// Ends with the exit status. Cancelling the task, or dropping it, kills the process; it is
    /// reaped in any case. Its standard input is closed, as by [`Child::wait`]; take the other
    /// pipes out before.
    ///
    /// On Unix a thread sleeps until the process ends; elsewhere it looks every 10 ms.
    fn into_task(mut self) -> Task<Self::Output> {
        drop(self.stdin.take());
        let process = Process(SharedArc::new(Mutex::new(Some(self))));
        cache().submit_with(move |cx| {
            let target = SharedArc::clone(&process.0);
            cx.on_cancel(move || kill(&target));
            wait_unreaped(&process.0)?;
            process.reap()
        })
    }
}

/// A process that is reaped before this value is gone: a job dropped un-run kills it.
struct Process(SharedArc<Mutex<Option<Child>>>);

fn kill(process: &Mutex<Option<Child>>) {
    if let Some(child) = process.lock().as_mut() {
        // It may have ended just now; it is not reaped, so the number is still its own.
        let _ = child.kill();
    }
}

impl Process {
    fn reap(&self) -> io::Result<ExitStatus> {
        match self.0.lock().take() {
            Some(mut child) => child.wait(),
            None => Err(io::Error::other("the process was reaped before")),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        kill(&self.0);
        if self.0.lock().is_some() {
            let _ = self.reap();
        }
    }
}

/// Blocks until the process has ended, without reaping it.
#[cfg(unix)]
fn wait_unreaped(process: &Mutex<Option<Child>>) -> io::Result<()> {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

    let Some(pid) = process.lock().as_ref().and_then(|child| Pid::from_raw(child.id() as i32))
    else {
        return Ok(());
    };
    loop {
        match waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Blocks until the process has ended. A look does not leave it a zombie here, but the handle in
/// the `Child` keeps its number from being used again.
#[cfg(not(unix))]
fn wait_unreaped(process: &Mutex<Option<Child>>) -> io::Result<()> {
    loop {
        let ended = match process.lock().as_mut() {
            Some(child) => child.try_wait()?.is_some(),
            None => true,
        };
        if ended {
            return Ok(());
        }
        crate::sync::sleep(std::time::Duration::from_millis(10));
    }
}
