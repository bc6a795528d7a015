//! What an executor tells about itself: hooks and snapshots.

use super::lab::{Checked, Lab, ensure};
use super::probes::Log;
use super::subject::Setup;
use crate::{Status, TaskInfo};

pub(super) fn a_snapshot_tells_what_waits_and_what_runs(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    let held = lab.hold(&pool)?;
    let tasks = ["first", "second"].map(|name| pool.job(|| ()).name(name).label("group").submit());
    let seen = pool.snapshot();
    let running: Vec<_> = seen.running.iter().map(|task| (Some(task.id), task.status)).collect();
    ensure!(running == [(held.id(), Status::Running)], "one job runs, told are {running:?}");
    let described = |task: &TaskInfo, name: &str| {
        task.name.as_deref() == Some(name) && task.label.as_deref() == Some("group")
    };
    let names = ["first", "second"];
    let ids: Vec<_> = tasks.iter().map(crate::Task::id).collect();
    let queued: Vec<_> = seen.queued.iter().map(|task| task.id).collect();
    ensure!(queued == ids, "queued are {ids:?}, told are {queued:?}");
    let right = seen.queued.iter().zip(names).all(|(task, name)| described(task, name));
    ensure!(right, "queued jobs are told as {:?}", seen.queued);
    let counts = (seen.workers, seen.idle, seen.closed);
    ensure!(counts == (1, 0, false), "workers, idle, closed are told as {counts:?}");
    held.finish(lab)?;
    for task in tasks {
        lab.value(task)?;
    }
    let seen = pool.snapshot();
    let left = seen.queued.len() + seen.running.len();
    ensure!(left == 0, "{left} jobs are told of when all have ended");
    Ok(())
}

pub(super) fn job_hooks_run_around_each_job(lab: &Lab) -> Checked {
    let log = Log::default();
    let here = || format!("{:?}", std::thread::current().id());
    let (before, after) = (log.clone(), log.clone());
    let setup = Setup::workers(1).hooks(
        move |cx| before.note(format!("before {} on {}", cx.task_id(), here())),
        move |cx| after.note(format!("after {} on {}", cx.task_id(), here())),
    );
    let pool = lab.executor(setup)?;
    let mut wanted = Vec::new();
    for _ in 0..20 {
        let inside = log.clone();
        let task = pool.submit(move || {
            inside.note("job");
            here()
        });
        let id = task.id();
        let thread = lab.value(task)?;
        wanted.extend([
            format!("before {id} on {thread}"),
            "job".into(),
            format!("after {id} on {thread}"),
        ]);
    }
    ensure!(log.lines() == wanted, "hooks and jobs ran as {:?}", log.lines());
    Ok(())
}
