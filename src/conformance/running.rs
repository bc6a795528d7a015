//! Jobs run: once each, in order, as many at once as may, and never more.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::lab::{Checked, Lab, Stop, ensure};
use super::probes::{Counter, Log};
use super::subject::Setup;
use crate::{Executor, Shutdown, context};

pub(super) fn a_submitted_value_arrives(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    let answer = lab.value(pool.submit(|| 6 * 7))?;
    ensure!(answer == 42, "a job that computes 42 gave {answer}");
    let answer = lab.drive("awaiting a task", pool.submit(|| "awaited"))?;
    let answer = answer.map_err(|error| Stop::Fault(format!("a job did not run: {error}")))?;
    ensure!(answer == "awaited", "another task's value arrived: {answer}");
    Ok(())
}

pub(super) fn a_job_runs_before_anybody_awaits(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    let ran = Counter::default();
    let count = ran.clone();
    let task = pool.submit(move || count.add());
    // A look at the status is none at the outcome.
    let over = || ran.get() == 1 || task.status().is_done();
    lab.until("a job to run whose task nobody awaits", over)?;
    lab.value(task).map(drop)
}

pub(super) fn a_closure_runs_exactly_once(lab: &Lab) -> Checked {
    let pool = lab.executor(Setup::workers(lab.lanes(4)))?;
    let runs: Vec<_> = (0..200).map(|_| Counter::default()).collect();
    let submit = |count: &Counter| {
        let count = count.clone();
        pool.submit(move || count.add())
    };
    let tasks: Vec<_> = runs.iter().map(submit).collect();
    for task in tasks {
        let before = lab.value(task)?;
        ensure!(before == 0, "a closure ran for the {}th time", before + 1);
    }
    lab.shut_down(&pool, Shutdown::run_queued())?;
    ensure!(runs.iter().all(|count| count.get() == 1), "a closure did not run exactly once");
    Ok(())
}

pub(super) fn a_large_closure_and_outcome_arrive_whole(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    let carried: [u64; 512] = std::array::from_fn(|n| n as u64);
    let seen = lab.value(pool.submit(move || carried.map(|n| n + 1)))?;
    let whole = seen.iter().enumerate().all(|(n, seen)| *seen == n as u64 + 1);
    ensure!(whole, "a large closure or its outcome was damaged on the way");
    Ok(())
}

pub(super) fn jobs_of_several_threads_run_once_each(lab: &Lab) -> Checked {
    const EACH: usize = 250;
    let pool = lab.executor(Setup::workers(lab.lanes(4)))?;
    let own = lab.clone();
    let submit = move |thread: usize| {
        let job = |n| pool.submit(move || thread * EACH + n);
        let tasks: Vec<_> = (0..EACH).map(job).collect();
        tasks.into_iter().map(|task| own.value(task)).collect::<Checked<Vec<_>>>()
    };
    let seen: BTreeSet<_> = lab.threads(4, submit)?.into_iter().flatten().collect();
    ensure!(seen.len() == 4 * EACH, "{} of {} values arrived", seen.len(), 4 * EACH);
    Ok(())
}

pub(super) fn the_limit_is_never_exceeded(lab: &Lab) -> Checked {
    let limit = lab.lanes(2);
    let pool = lab.executor(Setup::workers(limit))?;
    let (inside, most) = (Counter::default(), Arc::new(Mutex::new(0)));
    let job = |_| {
        let (inside, most) = (inside.clone(), Arc::clone(&most));
        pool.submit(move || {
            let now = inside.add() + 1;
            let mut most = most.lock().unwrap_or_else(PoisonError::into_inner);
            *most = now.max(*most);
            drop(most);
            std::thread::yield_now();
            inside.sub();
        })
    };
    let tasks: Vec<_> = (0..300).map(job).collect();
    for task in tasks {
        lab.value(task)?;
    }
    let most = *most.lock().unwrap_or_else(PoisonError::into_inner);
    ensure!(most <= limit, "{most} jobs ran at once under a limit of {limit}");
    Ok(())
}

/// Jobs that all have to be there before any goes on.
#[derive(Clone, Default)]
struct Meeting(Arc<(Mutex<usize>, Condvar)>);

impl Meeting {
    /// How many have come when all have, or when the time is over.
    fn join(&self, wanted: usize, patience: Duration) -> usize {
        let mut here = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        *here += 1;
        self.0.1.notify_all();
        let wait = self.0.1.wait_timeout_while(here, patience, |here| *here < wanted);
        *wait.unwrap_or_else(PoisonError::into_inner).0
    }
}

pub(super) fn jobs_that_wait_for_each_other_run_at_once(lab: &Lab) -> Checked {
    let wanted = lab.lanes(4);
    if wanted < 2 {
        return Err(Stop::NotApplicable("it has one thread".into()));
    }
    lab.needs_threads()?;
    let pool = lab.executor(Setup::workers(4))?;
    let meet = |pool: &Executor| {
        // Less than the check's own patience, which waits for these.
        let (meeting, patience) = (Meeting::default(), lab.patience() / 2);
        let job = |_| {
            let meeting = meeting.clone();
            pool.submit(move || meeting.join(wanted, patience))
        };
        (0..wanted).map(job).collect::<Vec<_>>()
    };
    for _ in 0..20 {
        for task in meet(&pool) {
            let here = lab.value(task)?;
            ensure!(
                here == wanted,
                "only {here} of {wanted} jobs ran at once, although the limit and the backend's \
                 parallelism allow {wanted}"
            );
        }
    }
    Ok(())
}

pub(super) fn one_worker_starts_jobs_in_order(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    let log = Log::default();
    let job = |n: usize| {
        let log = log.clone();
        pool.submit(move || log.note(n.to_string()))
    };
    let tasks: Vec<_> = (0..100).map(job).collect();
    for task in tasks {
        lab.value(task)?;
    }
    let wanted: Vec<_> = (0..100).map(|n| n.to_string()).collect();
    ensure!(log.lines() == wanted, "one worker started its jobs out of order: {:?}", log.lines());
    Ok(())
}

pub(super) fn await_then_submit_goes_on_for_ever(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    for n in 0..1000 {
        let seen = lab.drive("awaiting one of 1000 tasks in turn", pool.submit(move || n))?;
        match seen {
            Ok(seen) => ensure!(seen == n, "task {n} gave the value of task {seen}"),
            Err(error) => return Err(Stop::Fault(format!("job {n} did not run: {error}"))),
        }
    }
    Ok(())
}

pub(super) fn wait_then_submit_goes_on_for_ever(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    for n in 0..1000 {
        lab.at("blocking on one of 1000 tasks in turn");
        match pool.submit(move || n).wait() {
            Ok(seen) => ensure!(seen == n, "task {n} gave the value of task {seen}"),
            Err(error) => return Err(Stop::Fault(format!("job {n} did not run: {error}"))),
        }
    }
    Ok(())
}

pub(super) fn a_job_finds_its_own_context(lab: &Lab) -> Checked {
    let pool = lab.executor(Setup::workers(lab.lanes(4)))?;
    let ambient = || context::current().map(|cx| cx.task_id());
    let tasks: Vec<_> =
        (0..100).map(|_| pool.submit_with(move |cx| (cx.task_id(), ambient()))).collect();
    for task in tasks {
        let id = task.id();
        let (given, found) = lab.value(task)?;
        ensure!(given == id, "the job of task {id} was given the context of task {given}");
        ensure!(found == Some(id), "the job of task {id} found the context of {found:?}");
    }
    ensure!(context::current().is_none(), "a job's context stays on the submitting thread");
    Ok(())
}
