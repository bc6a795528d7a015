//! Shutdowns: nothing is lost, nothing is left pending, nobody hangs.

use super::lab::{Checked, Lab, Stop, ensure};
use super::probes::{Counter, Held};
use super::subject::Setup;
use crate::{Context, Executor, Reason, Running, Shutdown, Status, Task, TaskError};
use std::time::Duration;

/// Three jobs in the queue of an executor whose one worker is held.
fn queued(lab: &Lab) -> Checked<(Executor, Held, [Task<usize>; 3])> {
    let pool = lab.one_worker()?;
    let held = lab.hold(&pool)?;
    let tasks = [1, 2, 3].map(|n| pool.submit(move || n));
    Ok((pool, held, tasks))
}

pub(super) fn a_shutdown_runs_what_is_queued(lab: &Lab) -> Checked {
    let pool = lab.executor(Setup::workers(lab.lanes(2)))?;
    let tasks: Vec<_> = (0..100).map(|n| pool.submit(move || n)).collect();
    let report = lab.shut_down(&pool, Shutdown::run_queued())?;
    ensure!(report.cancelled == 0, "a gentle shutdown cancelled {} jobs", report.cancelled);
    ensure!(report.still_running == 0, "{} jobs run after the end", report.still_running);
    for (n, task) in tasks.into_iter().enumerate() {
        ensure!(task.status().is_done(), "a task is {:?} after the end", task.status());
        let value = lab.value(task)?;
        ensure!(value == n, "job {n} gave the value of job {value}");
    }
    Ok(())
}

pub(super) fn a_shutdown_cancels_what_is_queued(lab: &Lab) -> Checked {
    let (pool, held, tasks) = queued(lab)?;
    lab.at("calling shutdown");
    let termination = pool.shutdown(Shutdown::cancel_queued());
    let left = tasks.iter().filter(|task| task.status() != Status::Cancelled).count();
    ensure!(left == 0, "a cancelling shutdown left {left} of 3 tasks");
    held.finish(lab)?;
    let report = lab.ends(termination)?;
    ensure!(report.cancelled == 3, "3 jobs were cancelled, the report says {}", report.cancelled);
    ensure!(report.finished == 1, "1 job ended, the report says {}", report.finished);
    tasks.into_iter().try_for_each(|task| lab.cancelled(task))
}

pub(super) fn a_shutdown_hands_back_what_is_queued(lab: &Lab) -> Checked {
    let (pool, held, tasks) = queued(lab)?;
    lab.at("calling shutdown");
    let termination = pool.shutdown(Shutdown::hand_back());
    held.finish(lab)?;
    let report = lab.ends(termination)?;
    let jobs = report.handed_back;
    ensure!(jobs.len() == 3, "{} of 3 queued jobs were handed back", jobs.len());
    for (job, task) in jobs.into_iter().zip(&tasks) {
        ensure!(job.task_id() == task.id(), "jobs were handed back out of order");
        job.run();
    }
    for (task, wanted) in tasks.into_iter().zip(1..) {
        let value = lab.value(task)?;
        ensure!(value == wanted, "a job that was handed back gave {value}");
    }
    Ok(())
}

pub(super) fn a_submission_after_a_shutdown_is_refused(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    lab.at("calling shutdown");
    drop(pool.shutdown(Shutdown::run_queued()));
    let Err(rejected) = pool.try_submit(|| 7) else {
        return Err(Stop::Fault("a job was taken after the shutdown".into()));
    };
    let closed = matches!(rejected.reason(), Reason::Closed);
    ensure!(closed, "a submission after a shutdown was refused because {}", rejected.reason());
    ensure!((rejected.into_inner())() == 7, "another closure was handed back");
    let ended = lab.outcome(pool.submit(|| ()))?;
    let closed = matches!(ended, Err(TaskError::Rejected(Reason::Closed)));
    ensure!(closed, "a submission after a shutdown ended with {ended:?}");
    Ok(())
}

pub(super) fn a_worker_cannot_wait_for_its_own_shutdown(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    let clone = pool.clone();
    let task = pool.submit(move || clone.shutdown(Shutdown::run_queued()).wait().is_err());
    let refused = lab.value(task)?;
    ensure!(refused, "a worker was allowed to wait for its own shutdown");
    lab.shut_down(&pool, Shutdown::run_queued()).map(drop)
}

pub(super) fn a_dropped_executor_runs_what_is_queued(lab: &Lab) -> Checked {
    let (pool, held, tasks) = queued(lab)?;
    lab.at("dropping the last handle of an executor");
    drop(pool);
    held.finish(lab)?;
    for (task, wanted) in tasks.into_iter().zip(1..) {
        let value = lab.value(task)?;
        ensure!(value == wanted, "a job of a dropped executor gave {value}");
    }
    Ok(())
}

pub(super) fn a_dropped_executor_is_gone_when_its_work_is(lab: &Lab) -> Checked {
    let dropped = Counter::default();
    let capture = dropped.on_drop();
    let before = move |_: &Context| {
        let _capture = &capture;
    };
    let pool = lab.executor(Setup::workers(lab.lanes(2)).hooks(before, |_| ()))?;
    lab.value(pool.submit(|| ()))?;
    let tasks = [1, 2, 3].map(|n| pool.submit(move || n));
    drop(pool);
    for task in tasks {
        lab.value(task)?;
    }
    lab.until("the end of an executor without handles and work", || dropped.get() == 1)
}

pub(super) fn a_job_may_drop_the_last_handle(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    let held = lab.hold(&pool)?;
    let keeper = pool.clone();
    let task = pool.submit(move || drop(keeper));
    let next = pool.submit(|| 5);
    drop(pool);
    held.finish(lab)?;
    lab.value(task)?;
    let value = lab.value(next)?;
    ensure!(value == 5, "the job after the last handle's drop gave {value}");
    Ok(())
}

pub(super) fn many_executors_come_and_go(lab: &Lab) -> Checked {
    for n in 0..30_usize {
        let pool = lab.one_worker()?;
        let tasks = [pool.submit(move || n), pool.submit(move || n)];
        lab.at("dropping the last handle of an executor");
        drop(pool);
        for task in tasks {
            let value = lab.value(task)?;
            ensure!(value == n, "executor {n} gave the value of executor {value}");
        }
    }
    Ok(())
}

pub(super) fn a_shutdown_waits_for_what_runs(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    let held = lab.hold(&pool)?;
    let early = pool.shutdown(Shutdown::run_queued()).timeout(Duration::from_millis(2));
    let early = lab.drive("awaiting a shutdown with a limit", early)?;
    let running = early.map(|report| report.still_running);
    let one = running.as_ref().is_ok_and(|running| *running == 1);
    ensure!(one, "a shutdown while one job runs reported {running:?}");
    held.finish(lab)?;
    let report = lab.shut_down(&pool, Shutdown::run_queued())?;
    ensure!(report.still_running == 0, "{} jobs run after the end", report.still_running);
    Ok(())
}

pub(super) fn a_second_shutdown_may_be_harsher(lab: &Lab) -> Checked {
    lab.needs_threads()?;
    let pool = lab.one_worker()?;
    let (gate, begun) = (lab.gate(), lab.gate());
    let (at_gate, at_begun) = (gate.clone(), begun.clone());
    let running = pool.submit_with(move |cx| {
        at_begun.open();
        at_gate.pass();
        cx.is_cancelled()
    });
    lab.until("a job to start", || begun.is_open() || running.status().is_done())?;
    let queued = pool.submit(|| ());
    lab.at("calling shutdown");
    let gentle = pool.shutdown(Shutdown::run_queued());
    let after_first = queued.status();
    let harsh = pool.shutdown(Shutdown::cancel_queued().running(Running::Request));
    let after_second = queued.status();
    gate.open();
    ensure!(after_first == Status::Pending, "a gentle shutdown made a job {after_first:?}");
    ensure!(after_second == Status::Cancelled, "a harsh shutdown left a job {after_second:?}");
    let asked = lab.value(running)?;
    ensure!(asked, "a harsh shutdown did not ask the running job to stop");
    lab.ends(gentle)?;
    lab.ends(harsh)?;
    let ended = lab.shut_down(&pool, Shutdown::run_queued())?;
    ensure!(ended.finished == 0, "an ended executor finished {} jobs", ended.finished);
    Ok(())
}

/// Ends of tasks that a shutdown may lead to.
fn is_fair(ended: &Result<usize, TaskError>) -> bool {
    matches!(ended, Ok(_) | Err(TaskError::Cancelled | TaskError::Rejected(Reason::Closed)))
}

pub(super) fn a_storm_of_submissions_loses_nothing_to_a_shutdown(lab: &Lab) -> Checked {
    for round in 0..10 {
        let pool = lab.executor(Setup::workers(lab.lanes(2)))?;
        let (submitted, ran) = (Counter::default(), Counter::default());
        let (count, runs, own, storm) = (submitted, ran.clone(), lab.clone(), pool.clone());
        // Thread 0 shuts down in the midst of the others' submissions.
        let act = move |n: usize| -> Checked<usize> {
            if n == 0 {
                own.until("50 submissions to begin", || count.get() >= 50)?;
                drop(
                    storm.shutdown([Shutdown::run_queued(), Shutdown::cancel_queued()][round % 2]),
                );
                return Ok(0);
            }
            let submit = |_| {
                count.add();
                let runs = runs.clone();
                storm.submit(move || runs.add())
            };
            let tasks: Vec<_> = (0..200).map(submit).collect();
            let mut values = 0;
            for task in tasks {
                let ended = own.outcome(task)?;
                ensure!(is_fair(&ended), "in a shutdown a task ended with {ended:?}");
                values += usize::from(ended.is_ok());
            }
            Ok(values)
        };
        let values: usize = lab.threads(3, act)?.into_iter().sum();
        lab.shut_down(&pool, Shutdown::run_queued())?;
        ensure!(ran.get() == values, "{} closures ran for {values} values", ran.get());
    }
    Ok(())
}

pub(super) fn a_shutdown_right_after_a_submission_ends_the_task(lab: &Lab) -> Checked {
    for _ in 0..30 {
        let pool = lab.one_worker()?;
        let ran = Counter::default();
        let count = ran.clone();
        let task = pool.submit(move || count.add());
        lab.shut_down(&pool, Shutdown::cancel_queued())?;
        ensure!(task.status().is_done(), "a task is {:?} after the end", task.status());
        let ended = lab.outcome(task)?;
        ensure!(is_fair(&ended), "a task ended with {ended:?}");
        let runs = usize::from(ended.is_ok());
        ensure!(ran.get() == runs, "{} closures ran for {runs} values", ran.get());
    }
    Ok(())
}

pub(super) fn an_unused_executor_ends_at_once(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    let report = lab.shut_down(&pool, Shutdown::run_queued())?;
    let seen = (report.finished, report.cancelled, report.still_running);
    ensure!(seen == (0, 0, 0), "the end of an unused executor reports {seen:?}");
    Ok(())
}
