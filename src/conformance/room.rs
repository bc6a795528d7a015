//! Bounded queues: what a full one does.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::lab::{Checked, Lab, Stop, ensure};
use super::probes::{Counter, Held};
use super::subject::Setup;
use crate::{Cancel, Executor, OnFull, Reason, Task, TaskError};

/// An executor whose one worker is held and whose queue of one is full.
fn full(lab: &Lab, policy: OnFull) -> Checked<(Executor, Held, Task<usize>)> {
    let pool = lab.executor(Setup::workers(1).bounded(1, policy))?;
    let held = lab.hold(&pool)?;
    let queued = pool.submit(|| 1);
    Ok((pool, held, queued))
}

fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

pub(super) fn a_full_queue_hands_the_closure_back(lab: &Lab) -> Checked {
    let (pool, held, queued) = full(lab, OnFull::Reject)?;
    let (ran, count) = (Counter::default(), Counter::default());
    let inside = ran.clone();
    let Err(rejected) = pool.try_submit(move || inside.add()) else {
        return Err(Stop::Fault("a full queue took one more job".into()));
    };
    let full = matches!(rejected.reason(), Reason::Full);
    ensure!(full, "a full queue refused because {}", rejected.reason());
    let capture = count.on_drop();
    let refused = lab.outcome(pool.submit(move || drop(capture)))?;
    let full = matches!(refused, Err(TaskError::Rejected(Reason::Full)));
    ensure!(full, "a submission to a full queue ended with {refused:?}");
    ensure!(count.get() == 1, "a refused job keeps its captures");
    ensure!(ran.get() == 0, "a closure ran before it was handed back");
    (rejected.into_inner())();
    ensure!(ran.get() == 1, "a closure that was handed back does not run");
    held.finish(lab)?;
    lab.value(queued).map(drop)
}

pub(super) fn room_is_given_in_line(lab: &Lab) -> Checked {
    let (pool, held, queued) = full(lab, OnFull::Reject)?;
    let mut first = pool.submit_when_ready(|| 1);
    let mut gone = pool.submit_when_ready(|| 2);
    let mut last = pool.submit_when_ready(|| 3);
    let early = [
        poll_once(&mut first).is_pending(),
        poll_once(&mut gone).is_pending(),
        poll_once(&mut last).is_pending(),
    ];
    ensure!(early == [true; 3], "there was room in a full queue");
    let answer = queued.cancel();
    ensure!(answer == Cancel::Prevented, "the cancel of a queued job said {answer:?}");
    ensure!(poll_once(&mut last).is_pending(), "room was given to who came later");
    let Poll::Ready(Ok(first)) = poll_once(&mut first) else {
        return Err(Stop::Fault("free room was not given to who waited longest".into()));
    };
    drop(first);
    ensure!(poll_once(&mut last).is_pending(), "room was given to who came later");
    drop(gone);
    let Poll::Ready(Ok(last)) = poll_once(&mut last) else {
        return Err(Stop::Fault("who left did not pass its room on".into()));
    };
    held.finish(lab)?;
    let value = lab.value(last)?;
    ensure!(value == 3, "a job that waited for room gave {value}");
    Ok(())
}

pub(super) fn a_stream_of_jobs_flows_through_a_small_queue(lab: &Lab) -> Checked {
    let pool = lab.executor(Setup::workers(1).bounded(1, OnFull::Reject))?;
    let mut tasks = Vec::new();
    for n in 0..500_usize {
        let ready = pool.submit_when_ready(move || n);
        let task = lab.drive("awaiting room in a queue that empties", ready)?;
        tasks.push(task.map_err(|refused| Stop::Fault(format!("room was refused: {refused}")))?);
    }
    for (n, task) in tasks.into_iter().enumerate() {
        let value = lab.value(task)?;
        ensure!(value == n, "job {n} gave the value of job {value}");
    }
    Ok(())
}

pub(super) fn a_blocked_submitter_goes_on_when_there_is_room(lab: &Lab) -> Checked {
    const SUBMITTERS: usize = 3;
    let (pool, held, queued) = full(lab, OnFull::Block)?;
    let (entering, passed) = (Counter::default(), Counter::default());
    let (enter, pass, own) = (entering.clone(), passed.clone(), lab.clone());
    let submit = move |n: usize| {
        enter.add();
        let task = pool.submit(move || n);
        pass.add();
        own.value(task)
    };
    let own = lab.clone();
    let release = std::thread::spawn(move || {
        let all = || entering.get() == SUBMITTERS;
        own.until("threads that submit to a full queue", all)?;
        ensure!(passed.get() == 0, "a submitter went past a full queue");
        held.finish(&own)
    });
    let values = lab.threads(SUBMITTERS, submit);
    match release.join() {
        Ok(released) => released?,
        Err(_) => return Err(Stop::Fault("the end of a held job panicked".into())),
    }
    let right = values?.into_iter().eq(0..SUBMITTERS);
    ensure!(right, "submitters that waited for room got each other's values");
    lab.value(queued).map(drop)
}

pub(super) fn the_oldest_job_makes_room(lab: &Lab) -> Checked {
    let (pool, held, oldest) = full(lab, OnFull::DropOldest)?;
    let newest = pool.submit(|| 2);
    let ended = lab.outcome(oldest)?;
    let displaced = matches!(ended, Err(TaskError::Rejected(Reason::Displaced)));
    ensure!(displaced, "the oldest job of a full queue ended with {ended:?}");
    held.finish(lab)?;
    let value = lab.value(newest)?;
    ensure!(value == 2, "the newest job of a full queue gave {value}");
    Ok(())
}

pub(super) fn the_caller_runs_what_has_no_room(lab: &Lab) -> Checked {
    let (pool, held, queued) = full(lab, OnFull::RunOnCaller)?;
    let here = std::thread::current().id();
    lab.at("submitting a job that has to run on the caller");
    let task = pool.submit(move || std::thread::current().id() == here);
    ensure!(task.status().is_done(), "`submit` returned before the caller had run the job");
    let ran_here = lab.value(task)?;
    ensure!(ran_here, "a job without room did not run on the submitting thread");
    held.finish(lab)?;
    lab.value(queued).map(drop)
}

pub(super) fn a_cancelled_job_frees_its_place(lab: &Lab) -> Checked {
    let (pool, held, queued) = full(lab, OnFull::Reject)?;
    drop(queued);
    let Ok(task) = pool.try_submit(|| 2) else {
        return Err(Stop::Fault("a cancelled job keeps its place in the queue".into()));
    };
    held.finish(lab)?;
    lab.value(task).map(drop)
}
