//! Views: limits, lanes and keys over the backend's threads, and jobs that wait for each other there.

use std::sync::{Arc, Mutex, PoisonError};

use super::lab::{Checked, Lab, Stop, ensure};
use super::probes::{Counter, Log};
use super::subject::Setup;
use crate::{Executor, Priority, Shutdown, Task, TaskError};

/// Submits `jobs` of them, each with its number, and waits for all.
fn all<T>(lab: &Lab, jobs: usize, submit: impl Fn(usize) -> Task<T>) -> Checked<Vec<T>> {
    let tasks: Vec<_> = (0..jobs).map(submit).collect();
    tasks.into_iter().map(|task| lab.value(task)).collect()
}

fn numbers(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|n| n.to_string()).collect()
}

pub(super) fn a_view_keeps_its_limit(lab: &Lab) -> Checked {
    let pool = lab.executor(Setup::workers(lab.lanes(4)))?;
    let view = pool.limited(2);
    let (inside, most) = (Counter::default(), Arc::new(Mutex::new(0)));
    all(lab, 300, |_| {
        let (inside, most) = (inside.clone(), Arc::clone(&most));
        view.submit(move || {
            let now = inside.add() + 1;
            let mut most = most.lock().unwrap_or_else(PoisonError::into_inner);
            *most = now.max(*most);
            drop(most);
            std::thread::yield_now();
            inside.sub();
        })
    })?;
    let most = *most.lock().unwrap_or_else(PoisonError::into_inner);
    ensure!(most <= 2, "{most} jobs ran at once in a view with a limit of 2");
    Ok(())
}

pub(super) fn a_place_is_held_until_the_closure_ends(lab: &Lab) -> Checked {
    let view = lab.executor(Setup::workers(lab.lanes(2)))?.serial();
    let (begun, gate) = (lab.gate(), lab.gate());
    let (at_begin, at_gate) = (begun.clone(), gate.clone());
    let first = view.submit(move || {
        at_begin.open();
        at_gate.pass();
    });
    lab.until("a view's job to start", || begun.is_open() || first.status().is_done())?;
    if gate.met_its_maker() {
        return Err(Stop::NotApplicable("it runs jobs inline, on the submitting thread".into()));
    }
    if !begun.is_open() {
        return lab.value(first);
    }
    drop(first);
    let ended = gate.clone();
    let second = view.submit(move || ended.is_open());
    let pending = view.snapshot().queued.len();
    ensure!(pending == 1, "{pending} jobs wait behind one whose closure still runs");
    gate.open();
    let after = lab.value(second)?;
    ensure!(after, "a place was given away while its closure ran");
    Ok(())
}

pub(super) fn a_serial_view_keeps_the_order(lab: &Lab) -> Checked {
    let view = lab.executor(Setup::workers(lab.lanes(4)))?.serial();
    let log = Log::default();
    all(lab, 200, |n| {
        let log = log.clone();
        view.submit(move || log.note(n.to_string()))
    })?;
    ensure!(log.lines() == numbers(0..200), "a serial view ran out of order: {:?}", log.lines());
    Ok(())
}

pub(super) fn each_key_keeps_its_order(lab: &Lab) -> Checked {
    const KEYS: usize = 5;
    let view = lab.executor(Setup::workers(lab.lanes(4)))?.keyed::<usize>();
    let logs: Vec<_> = (0..KEYS).map(|_| Log::default()).collect();
    all(lab, KEYS * 60, |n| {
        let log = logs[n % KEYS].clone();
        view.submit(n % KEYS, move || log.note((n / KEYS).to_string()))
    })?;
    for log in logs {
        ensure!(log.lines() == numbers(0..60), "a key ran out of order: {:?}", log.lines());
    }
    Ok(())
}

pub(super) fn views_of_views_work(lab: &Lab) -> Checked {
    let pool = lab.executor(Setup::workers(lab.lanes(2)))?;
    let deep = pool.limited(3).keyed().lane("key").limited(2).serial();
    let sum: usize = all(lab, 100, |n| deep.submit(move || n))?.into_iter().sum();
    ensure!(sum == 4950, "jobs of a deep view gave {sum} in all");
    Ok(())
}

pub(super) fn a_busy_view_lets_others_run(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    let (busy, other) = (pool.serial(), pool.serial());
    let held = lab.hold(&pool)?;
    let log = Log::default();
    let submit = |view: &Executor, name: &'static str| {
        let log = log.clone();
        view.submit(move || log.note(name))
    };
    let many: Vec<_> = (0..200).map(|_| submit(&busy, "busy")).collect();
    let rest = [submit(&other, "other"), submit(&pool, "direct")];
    held.finish(lab)?;
    for task in many.into_iter().chain(rest) {
        lab.value(task)?;
    }
    let order = log.lines();
    for name in ["other", "direct"] {
        let at = order.iter().position(|line| line == name).unwrap_or(order.len());
        ensure!(at < 100, "a job waited for {at} of 200 jobs of a busy view");
    }
    Ok(())
}

pub(super) fn a_closed_view_leaves_its_pool_alone(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    let view = pool.limited(1);
    lab.value(view.submit(|| ()))?;
    lab.shut_down(&view, Shutdown::cancel_queued())?;
    ensure!(view.try_submit(|| ()).is_err(), "a view took a job after its shutdown");
    drop(view);
    let answer = lab.value(pool.submit(|| 8))?;
    ensure!(answer == 8, "a pool gave {answer} after a view of it was closed");
    Ok(())
}

pub(super) fn a_shutdown_reaches_views(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    let view = pool.limited(2).serial();
    let held = lab.hold(&pool)?;
    let queued = view.submit(|| ());
    lab.at("calling shutdown");
    let termination = pool.shutdown(Shutdown::cancel_queued());
    lab.cancelled(queued)?;
    ensure!(view.try_submit(|| ()).is_err(), "a view took a job after its pool's shutdown");
    held.finish(lab)?;
    let report = lab.ends(termination)?;
    ensure!(report.cancelled == 1, "{} of 1 queued job were cancelled", report.cancelled);
    Ok(())
}

pub(super) fn a_dropped_view_runs_what_is_queued(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    let view = pool.serial();
    let held = lab.hold(&pool)?;
    let tasks = [view.submit(|| 1), view.submit(|| 2)];
    drop(view);
    held.finish(lab)?;
    for (n, task) in tasks.into_iter().enumerate() {
        let value = lab.value(task)?;
        ensure!(value == n + 1, "job {} of a dropped view gave {value}", n + 1);
    }
    Ok(())
}

pub(super) fn one_worker_serves_jobs_that_wait_for_views(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    let (lane, two, keyed) = (pool.serial(), pool.limited(2), pool.keyed::<u8>());
    let outer = pool.submit(move || {
        let tasks = [
            lane.submit(|| 1),
            lane.submit(|| 2),
            two.submit(|| 3),
            keyed.submit(7, || 4),
            keyed.submit(7, || 5),
        ];
        // The last first: what is before it in its lane runs on the way.
        tasks.into_iter().rev().map(Task::wait).sum::<Result<u32, TaskError>>()
    });
    let sum = lab.value(outer)?;
    let sum = sum.map_err(|error| Stop::Fault(format!("a wait inside a job failed: {error}")))?;
    ensure!(sum == 15, "jobs of views that a job waited for gave {sum}");
    Ok(())
}

pub(super) fn a_wait_in_a_circle_is_refused(lab: &Lab) -> Checked {
    let (left, right) = (lab.one_worker()?, lab.one_worker()?);
    lab.needs_threads()?;
    let (own, other) = (left.clone(), right.clone());
    let outer = left.submit(move || {
        let own = own.clone();
        // On the other executor: waits for a job that only this one's worker could run.
        other.submit(move || own.submit(|| 1).wait()).wait()
    });
    // Whoever closes the circle is refused: either may be the last to wait.
    match lab.value(outer)? {
        Ok(Err(TaskError::WouldDeadlock(error))) | Err(TaskError::WouldDeadlock(error)) => {
            ensure!(error.tasks().len() >= 2, "a refused wait does not name its circle: {error}");
            Ok(())
        }
        other => Err(Stop::Fault(format!("a wait in a circle ended with {other:?}"))),
    }
}

pub(super) fn urgent_jobs_start_first_and_none_starves(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    let held = lab.hold(&pool)?;
    let log = Log::default();
    let submit = |name: &'static str, priority: Priority| {
        let log = log.clone();
        pool.job(move || log.note(name)).priority(priority).submit()
    };
    let mut tasks = vec![submit("low", Priority::Low), submit("normal", Priority::Normal)];
    tasks.extend((0..100).map(|_| submit("high", Priority::High)));
    held.finish(lab)?;
    for task in tasks {
        lab.value(task)?;
    }
    let order = log.lines();
    ensure!(order[0] == "high", "a job of {} priority started before an urgent one", order[0]);
    for name in ["low", "normal"] {
        let at = order.iter().position(|line| line == name).unwrap_or(order.len());
        ensure!(at < 50, "a job of {name} priority waited for {at} urgent ones");
    }
    Ok(())
}
