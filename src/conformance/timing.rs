//! Deadlines: what never started, what runs on, and who gets what comes too late.

use std::future::Future;
use std::sync::mpsc;
use std::time::Duration;

use super::lab::{Checked, Lab, Stop, ensure};
use super::probes::Counter;
use crate::{Executor, Expired, Status, Task, TaskError};

const SHORT: Duration = Duration::from_millis(2);
/// A limit that nothing here reaches.
const FAR: Duration = Duration::from_secs(3600);

fn timed_out<T>(outcome: Result<T, TaskError>, wanted: Expired) -> Checked {
    match outcome {
        Err(TaskError::TimedOut(kind)) if kind == wanted => Ok(()),
        Err(error) => Err(Stop::Fault(format!("past its limit a task ended with: {error}"))),
        Ok(_) => Err(Stop::Fault("a task has a value before its job has ended".into())),
    }
}

pub(super) fn a_queue_deadline_withdraws_the_job(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    let held = lab.hold(&pool)?;
    let (ran, dropped) = (Counter::default(), Counter::default());
    let (count, capture) = (ran.clone(), dropped.on_drop());
    let job = pool.job(move || {
        drop(capture);
        count.add()
    });
    timed_out(lab.outcome(job.queue_timeout(SHORT).submit())?, Expired::Queue)?;
    ensure!(dropped.get() == 1, "a job past its queue deadline keeps its captures");
    ensure!(pool.snapshot().queued.is_empty(), "a job past its queue deadline is still queued");
    held.finish(lab)?;
    lab.value(pool.submit(|| ()))?;
    ensure!(ran.get() == 0, "a job ran after its queue deadline");
    Ok(())
}

/// A job that runs until `open` is sent or gone.
fn waits(pool: &Executor, limit: Option<Duration>) -> (Task<u32>, mpsc::Sender<()>) {
    let (open, gate) = mpsc::channel();
    let job = pool.job(move || {
        let _ = gate.recv();
        5
    });
    let job = match limit {
        Some(limit) => job.run_timeout(limit),
        None => job,
    };
    (job.submit(), open)
}

/// The job of an ended task runs on, and is counted until it is over.
fn runs_on(lab: &Lab, pool: &Executor, open: mpsc::Sender<()>) -> Checked {
    let counted = pool.snapshot().abandoned().count();
    ensure!(counted == 1, "one job runs on after its limit, the snapshot tells of {counted}");
    drop(open);
    lab.until("a job past its limit to be over", || pool.snapshot().running.is_empty())?;
    lab.value(pool.submit(|| ()))
}

pub(super) fn a_run_deadline_ends_the_task_at_once(lab: &Lab) -> Checked {
    lab.needs_threads()?;
    let pool = lab.one_worker()?;
    let (task, open) = waits(&pool, Some(SHORT));
    let mut stopped = Box::pin(task.stopped());
    timed_out(lab.outcome(task)?, Expired::Run)?;
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let early = stopped.as_mut().poll(&mut cx).is_ready();
    ensure!(!early, "`stopped` resolved while the closure runs");
    runs_on(lab, &pool, open)?;
    lab.drive("awaiting `stopped` of a job that has returned", stopped)
}

pub(super) fn an_awaited_limit_ends_the_task_at_once(lab: &Lab) -> Checked {
    lab.needs_threads()?;
    let pool = lab.one_worker()?;
    let (task, open) = waits(&pool, None);
    lab.until("a job to start", || task.status() != Status::Pending)?;
    timed_out(lab.drive("awaiting a limit", task.timeout(SHORT))?, Expired::Await)?;
    runs_on(lab, &pool, open)
}

pub(super) fn a_far_deadline_changes_nothing(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    for _ in 0..100 {
        let task = pool.job(|| 5).queue_timeout(FAR).run_timeout(FAR).submit();
        let ended = lab.drive("awaiting a task with far deadlines", task.timeout(FAR))?;
        let value = ended.map_err(|error| Stop::Fault(format!("a job did not run: {error}")))?;
        ensure!(value == 5, "a deadline changed a value to {value}");
    }
    Ok(())
}

pub(super) fn an_outcome_that_comes_too_late_is_given_back(lab: &Lab) -> Checked {
    lab.needs_threads()?;
    let pool = lab.one_worker()?;
    let ((open, gate), (tell, told)) = (mpsc::channel::<()>(), mpsc::channel());
    let job = pool.job(move || {
        let _ = gate.recv();
        5
    });
    let task = job.run_timeout(SHORT).on_abandoned(move |late| drop(tell.send(late))).submit();
    timed_out(lab.outcome(task)?, Expired::Run)?;
    drop(open);
    lab.at("waiting for an outcome that comes too late");
    match told.recv_timeout(lab.patience()) {
        Ok(Ok(5)) => Ok(()),
        Ok(other) => Err(Stop::Fault(format!("the late outcome of 5 was {other:?}"))),
        Err(error) => Err(Stop::Fault(format!("a late outcome was given to nobody: {error}"))),
    }
}
