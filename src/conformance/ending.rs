//! The order of an ending: closure, captures, callbacks, hooks, worker free, waiters.

use super::lab::{Checked, Lab, ensure};
use super::probes::{Counter, Log, OnDrop};
use super::subject::Setup;
use crate::{Executor, Shutdown, Status};

pub(super) fn captures_are_gone_before_a_waiter_hears(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    for n in 0..200 {
        let dropped = Counter::default();
        let capture = dropped.on_drop();
        let large = [1_u8; 1000];
        let task = if n % 2 == 0 {
            pool.submit(move || {
                let _capture = &capture;
                0
            })
        } else {
            pool.submit(move || {
                let _capture = &capture;
                usize::from(large[n])
            })
        };
        lab.value(task)?;
        ensure!(dropped.get() == 1, "a waiter heard while the closure's captures were alive");
    }
    Ok(())
}

pub(super) fn callbacks_run_in_order_before_waiters_hear(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    for _ in 0..100 {
        let log = Log::default();
        let mut task = pool.submit(|| 7);
        for n in 0..5 {
            let log = log.clone();
            task.add_done_callback(move |outcome| {
                log.note(format!("{n} saw {:?}", outcome.as_ref().ok()));
            });
        }
        lab.value(task)?;
        let wanted: Vec<_> = (0..5).map(|n| format!("{n} saw Some(7)")).collect();
        let seen = log.lines();
        ensure!(seen == wanted, "a waiter heard after these callbacks only: {seen:?}");
    }
    Ok(())
}

pub(super) fn an_ending_has_one_order(lab: &Lab) -> Checked {
    let log = Log::default();
    let (before, after) = (log.clone(), log.clone());
    let setup = Setup::workers(1)
        .hooks(move |_| before.note("before_job"), move |_| after.note("after_job"));
    let pool = lab.executor(setup)?;
    let held = lab.hold(&pool)?;
    let (closure, callback) = (log.clone(), log.clone());
    let capture = {
        let log = log.clone();
        OnDrop::new(move || log.note("captures"))
    };
    let mut task = pool.submit(move || {
        let _capture = &capture;
        closure.note("closure");
    });
    task.add_done_callback(move |_| callback.note("callback"));
    held.finish(lab)?;
    lab.value(task)?;
    log.note("waiter");
    let seen = log.lines();
    let wanted = [
        "before_job",
        "after_job",
        "before_job",
        "closure",
        "captures",
        "callback",
        "after_job",
        "waiter",
    ];
    ensure!(seen == wanted, "the order of two jobs and their endings was {seen:?}");
    Ok(())
}

/// As the executor counts it, not as the backend's thread does.
fn assert_free(pool: &Executor) -> Checked {
    let seen = pool.snapshot();
    ensure!(seen.running.is_empty(), "a waiter heard while its job is listed as running");
    ensure!(seen.workers == seen.idle, "a waiter heard while {} workers are busy", seen.workers);
    Ok(())
}

pub(super) fn the_worker_is_free_before_a_waiter_hears(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    for _ in 0..200 {
        lab.value(pool.submit(|| ()))?;
        assert_free(&pool)?;
        let _ = lab.drive("awaiting a task", pool.submit(|| ()))?;
        assert_free(&pool)?;
    }
    Ok(())
}

pub(super) fn a_late_callback_runs_at_once(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    let mut task = pool.submit(|| 5);
    lab.until("a job to end", || task.status().is_done())?;
    if task.status() == Status::Failed {
        return lab.value(task).map(drop);
    }
    let (told, here) = (Counter::default(), std::thread::current().id());
    let count = told.clone();
    task.add_done_callback(move |outcome| {
        if outcome.as_ref().is_ok_and(|value| *value == 5) && std::thread::current().id() == here {
            count.add();
        }
    });
    ensure!(told.get() == 1, "a callback of an ended task did not run at once, with its value");
    lab.value(task).map(drop)
}

pub(super) fn a_callback_runs_on_the_executor_of_choice(lab: &Lab) -> Checked {
    let (pool, other) = (lab.one_worker()?, lab.one_worker()?);
    let (told, pool_of) = (Counter::default(), other.clone());
    for _ in 0..20 {
        let count = told.clone();
        let mut task = pool.submit(|| 5);
        task.add_done_callback_on(&pool_of, move |outcome| {
            if outcome.is_ok_and(|value| value == 5) {
                count.add();
            }
        });
        lab.value(task)?;
    }
    lab.until("20 callbacks to run on another executor", || told.get() == 20)?;
    lab.shut_down(&other, Shutdown::run_queued())?;
    let count = told.clone();
    let mut task = pool.submit(|| ());
    task.add_done_callback_on(&pool_of, move |_| {
        count.add();
    });
    lab.value(task)?;
    ensure!(told.get() == 21, "a callback that its executor refused did not run at all");
    Ok(())
}

pub(super) fn an_idle_executor_holds_nothing(lab: &Lab) -> Checked {
    let pool = lab.executor(Setup::workers(lab.lanes(2)))?;
    let dropped = Counter::default();
    for _ in 0..20 {
        let (capture, outcome) = (dropped.on_drop(), dropped.on_drop());
        pool.submit(move || {
            let _capture = &capture;
            outcome
        })
        .detach();
    }
    lab.until("captures and outcomes of 20 detached jobs to be dropped", || dropped.get() == 40)?;
    lab.until("an executor without jobs to list none", || {
        let seen = pool.snapshot();
        seen.queued.is_empty() && seen.running.is_empty() && seen.workers == seen.idle
    })
}
