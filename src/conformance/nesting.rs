//! From inside: jobs, callbacks, destructors and wakers that use their own executor.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Waker};

use super::lab::{Checked, HINT, Lab, Stop, ensure};
use super::probes::{OnDrop, OnWake};
use super::subject::Setup;
use crate::{Executor, Task, TaskError};

/// What `outer` tells from inside has to be a task that ends with `wanted`.
fn inner<T>(
    lab: &Lab,
    outer: &mut Task<T>,
    told: &mpsc::Receiver<Task<u32>>,
    wanted: u32,
) -> Checked {
    let task = lab.told(told, outer)?;
    let value = lab.value(task)?;
    ensure!(value == wanted, "a job submitted from inside gave {value}");
    Ok(())
}

pub(super) fn a_job_may_submit_to_its_own_executor(lab: &Lab) -> Checked {
    // With a second worker the backend is asked for a thread from inside a job.
    for workers in [1, lab.lanes(2)] {
        let pool = lab.executor(Setup::workers(workers))?;
        for _ in 0..50 {
            let (clone, (tell, told)) = (pool.clone(), mpsc::channel());
            let mut task = pool.submit(move || tell.send(clone.submit(|| 2)).is_ok());
            inner(lab, &mut task, &told, 2)?;
            lab.value(task)?;
        }
    }
    Ok(())
}

/// Submits the next from inside the last, `left` times; nobody waits inside.
fn chain(pool: &Executor, left: u32, end: mpsc::Sender<Result<(), TaskError>>) {
    let (clone, torn) = (pool.clone(), end.clone());
    let mut task = pool.submit(move || match left {
        0 => drop(end.send(Ok(()))),
        _ => chain(&clone, left - 1, end),
    });
    task.add_done_callback(move |outcome| {
        if let Err(error) = outcome {
            let _ = torn.send(Err(error.clone()));
        }
    });
    task.detach();
}

pub(super) fn a_chain_of_submissions_comes_to_its_end(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    let (tell, told) = mpsc::channel();
    lab.at("submitting a chain of jobs");
    chain(&pool, 500, tell);
    match told.recv_timeout(lab.patience()) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Stop::Fault(format!("a chain of jobs tore: {error}"))),
        Err(_) => Err(Stop::Fault(format!("a chain of 500 jobs hangs: {HINT}"))),
    }
}

/// A job that submits a job and waits for it, which does the same.
fn nest(pool: &Executor, depth: u32) -> Result<u32, TaskError> {
    if depth == 0 {
        return Ok(0);
    }
    let clone = pool.clone();
    Ok(pool.submit(move || nest(&clone, depth - 1)).wait()?? + 1)
}

pub(super) fn a_job_may_wait_for_another_of_its_one_worker(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    for depth in [1, 5, 10] {
        let clone = pool.clone();
        let ended = lab.value(pool.submit(move || nest(&clone, depth)))?;
        let seen = ended.map_err(|error| Stop::Fault(format!("a nested job failed: {error}")))?;
        ensure!(seen == depth, "{seen} of {depth} nested jobs ran");
    }
    Ok(())
}

pub(super) fn a_callback_may_submit_and_wait(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    for _ in 0..20 {
        let (clone, (tell, told)) = (pool.clone(), mpsc::channel());
        let mut task = pool.submit(|| ());
        task.add_done_callback(move |_| {
            let waited = clone.submit(|| 3).wait().is_ok_and(|value| value == 3);
            if waited {
                let _ = tell.send(clone.submit(|| 4));
            }
        });
        inner(lab, &mut task, &told, 4)?;
        lab.value(task)?;
    }
    Ok(())
}

pub(super) fn a_destructor_may_submit(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    let submits = || {
        let (clone, (tell, told)) = (pool.clone(), mpsc::channel());
        (OnDrop::new(move || drop(tell.send(clone.submit(|| 5)))), told)
    };
    let ((capture, of_capture), (outcome, of_outcome)) = (submits(), submits());
    let mut task = pool.submit(move || {
        let _capture = &capture;
        outcome
    });
    inner(lab, &mut task, &of_capture, 5)?;
    drop(lab.value(task)?);
    inner(lab, &mut pool.submit(|| ()), &of_outcome, 5)
}

pub(super) fn a_cancelled_jobs_destructor_may_submit(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    let held = lab.hold(&pool)?;
    let (clone, (tell, told)) = (pool.clone(), mpsc::channel());
    let capture = OnDrop::new(move || drop(tell.send(clone.submit(|| 6))));
    let task = pool.submit(move || drop(capture));
    lab.at("cancelling a job whose captures submit when they are dropped");
    drop(task);
    held.finish(lab)?;
    inner(lab, &mut pool.submit(|| ()), &told, 6)
}

pub(super) fn a_waker_may_submit(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    let held = lab.hold(&pool)?;
    let (clone, (tell, told)) = (pool.clone(), mpsc::channel());
    let tell = std::sync::Mutex::new(tell);
    let waker = Waker::from(Arc::new(OnWake(move || {
        if let Ok(tell) = tell.lock() {
            let _ = tell.send(clone.submit(|| 7));
        }
    })));
    let mut task = pool.submit(|| ());
    let early = Pin::new(&mut task).poll(&mut Context::from_waker(&waker)).is_ready();
    ensure!(!early, "a queued task ended while its only worker is busy");
    held.finish(lab)?;
    inner(lab, &mut task, &told, 7)?;
    lab.value(task)
}
