//! A cancel says what it did, and did it.

use super::lab::{Checked, Lab, Stop, ensure};
use super::probes::{Counter, Gate, Log};
use super::subject::Setup;
use crate::{Cancel, Executor, Status, Task, TaskError};

pub(super) fn a_cancel_prevents_a_queued_job(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    let held = lab.hold(&pool)?;
    let (ran, dropped) = (Counter::default(), Counter::default());
    let (count, small, large) = (ran.clone(), dropped.on_drop(), dropped.on_drop());
    let bulk = [1_u8; 1000];
    let first = pool.submit(move || drop(small));
    let second = pool.submit(move || {
        drop(large);
        count.add() + usize::from(bulk[0])
    });
    lab.at("cancelling a queued job");
    for (n, answer) in [first.cancel(), second.cancel()].into_iter().enumerate() {
        ensure!(answer == Cancel::Prevented, "the cancel of a queued job said {answer:?}");
        ensure!(dropped.get() == 2, "job {n} was cancelled, its captures are alive");
    }
    ensure!(first.status() == Status::Cancelled, "a prevented task is {:?}", first.status());
    let queued = pool.snapshot().queued.len();
    ensure!(queued == 0, "{queued} cancelled jobs are still in the queue");
    lab.cancelled(first)?;
    held.finish(lab)?;
    lab.value(pool.submit(|| ()))?;
    ensure!(ran.get() == 0, "a job ran after its cancel had said Prevented");
    lab.cancelled(second)
}

/// A job that runs until the gate opens, and says whether it was asked to stop.
fn asked(lab: &Lab, pool: &Executor) -> Checked<(Task<bool>, Gate)> {
    lab.needs_threads()?;
    let (gate, begun) = (lab.gate(), lab.gate());
    let (at_gate, at_begun) = (gate.clone(), begun.clone());
    let task = pool.submit_with(move |cx| {
        at_begun.open();
        at_gate.pass();
        cx.is_cancelled()
    });
    lab.until("a job to start", || begun.is_open() || task.status().is_done())?;
    Ok((task, gate))
}

pub(super) fn a_cancel_asks_a_running_job_to_stop(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    let (task, gate) = asked(lab, &pool)?;
    lab.at("cancelling a running job");
    let answer = task.cancel();
    let status = task.status();
    gate.open();
    ensure!(answer == Cancel::Requested, "the cancel of a running job said {answer:?}");
    ensure!(status == Status::Running, "a request made a running task {status:?}");
    let seen = lab.value(task)?;
    ensure!(seen, "a running job did not see that it was asked to stop");
    Ok(())
}

pub(super) fn a_cancel_after_the_end_is_too_late(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    let task = pool.submit(|| 5);
    lab.until("a job to end", || task.status().is_done())?;
    let answer = task.cancel();
    ensure!(answer == Cancel::TooLate, "the cancel of a finished job said {answer:?}");
    let value = lab.value(task)?;
    ensure!(value == 5, "a cancel that was too late changed the value to {value}");
    Ok(())
}

pub(super) fn a_dropped_task_is_cancelled(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    let held = lab.hold(&pool)?;
    let (ran, dropped) = (Counter::default(), Counter::default());
    let (count, capture) = (ran.clone(), dropped.on_drop());
    let task = pool.submit(move || {
        drop(capture);
        count.add()
    });
    lab.at("dropping a task");
    drop(task);
    ensure!(dropped.get() == 1, "a dropped task's captures are alive");
    held.finish(lab)?;
    lab.value(pool.submit(|| ()))?;
    ensure!(ran.get() == 0, "the job of a dropped task ran");
    Ok(())
}

pub(super) fn a_detached_task_runs(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    let (ran, errors) = (Counter::default(), Log::default());
    for _ in 0..20 {
        let (count, log) = (ran.clone(), errors.clone());
        let mut task = pool.submit(move || count.add());
        task.add_done_callback(move |outcome| {
            if let Err(error) = outcome {
                log.note(error.to_string());
            }
        });
        task.detach();
    }
    let over = || ran.get() == 20 || !errors.lines().is_empty();
    lab.until("20 detached jobs to run", over)?;
    match errors.lines().first() {
        Some(error) => Err(Stop::Fault(format!("a detached job did not run: {error}"))),
        None => Ok(()),
    }
}

pub(super) fn a_cancel_against_the_start_has_one_winner(lab: &Lab) -> Checked {
    let pool = lab.executor(Setup::workers(lab.lanes(2)))?;
    for _ in 0..300 {
        let ran = Counter::default();
        let count = ran.clone();
        let task = pool.submit(move || count.add());
        lab.at("cancelling a job that is about to start");
        let answer = task.cancel();
        match (answer, lab.outcome(task)?) {
            (Cancel::Prevented, Err(TaskError::Cancelled)) => {
                ensure!(ran.get() == 0, "a cancel said Prevented, and the job ran");
            }
            (Cancel::Requested | Cancel::TooLate, Ok(_)) => {
                ensure!(ran.get() == 1, "a job has a value and has not run");
            }
            (answer, Ok(_)) => {
                return Err(Stop::Fault(format!("a cancel said {answer:?}, and the job ran")));
            }
            (answer, Err(error)) => {
                let fault = format!("a cancel said {answer:?}, and the task ended with: {error}");
                return Err(Stop::Fault(fault));
            }
        }
    }
    lab.value(pool.submit(|| ()))
}

pub(super) fn a_cancel_hook_runs_once(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    lab.needs_threads()?;
    let (told, gate, begun) = (Counter::default(), lab.gate(), lab.gate());
    let (count, at_gate, at_begun) = (told.clone(), gate.clone(), begun.clone());
    let task = pool.submit_with(move |cx| {
        cx.on_cancel(move || {
            count.add();
        });
        at_begun.open();
        at_gate.pass();
    });
    lab.until("a job to start", || begun.is_open() || task.status().is_done())?;
    lab.at("cancelling a running job");
    let answers = [task.cancel(), task.cancel()];
    let seen = told.get();
    gate.open();
    lab.value(task)?;
    ensure!(answers == [Cancel::Requested; 2], "cancels of a running job said {answers:?}");
    ensure!(seen == 1, "a cancel hook had run {seen} times when `cancel` returned");
    lab.value(pool.submit(|| ()))?;
    ensure!(told.get() == 1, "a cancel hook ran {} times", told.get());
    Ok(())
}
