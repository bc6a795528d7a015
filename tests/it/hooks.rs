//! Hooks around jobs and threads.

use poolbridge::{Executor, Shutdown, context};

use crate::support::{Log, drive, occupy, outcome, thread_name, value};

/// Each job has one call of each hook, around it, with its own context.
#[test]
fn job_hooks_run_around_each_job_on_its_thread() {
    let log = Log::new();
    let (before, after, inside) = (log.clone(), log.clone(), log.clone());
    let pool = Executor::threads()
        .max_workers(1)
        .thread_name("hooked")
        .before_job(move |cx| before.note(format!("before {} on {}", cx.task_id(), thread_name())))
        .after_job(move |cx| after.note(format!("after {} on {}", cx.task_id(), thread_name())))
        .build()
        .unwrap();
    let task = pool.submit(move || inside.note("job"));
    let id = task.id();
    value(task);
    let wanted =
        [format!("before {id} on hooked-0"), "job".into(), format!("after {id} on hooked-0")];
    assert_eq!(log.lines(), wanted);
}

/// A failed job has its `after_job` too; a prevented one has no hook at all.
#[test]
fn job_hooks_run_for_jobs_that_panic_and_not_for_jobs_that_never_start() {
    let log = Log::new();
    let (before, after) = (log.clone(), log.clone());
    let pool = Executor::threads()
        .max_workers(1)
        .before_job(move |_| before.note("before"))
        .after_job(move |_| after.note("after"))
        .build()
        .unwrap();
    assert!(
        outcome(pool.submit(|| panic!("job"))).err().is_some_and(|_: poolbridge::TaskError| true)
    );
    assert_eq!(log.lines(), ["before", "after"]);
    let busy = occupy(&pool);
    drop(pool.submit(|| ()));
    busy.finish();
    assert_eq!(log.lines().len(), 4);
}

/// Thread hooks and worker state have one order: start, state made, jobs, state dropped, stop.
#[test]
fn thread_hooks_enclose_the_worker_state() {
    let log = Log::new();
    let (start, stop, init) = (log.clone(), log.clone(), log.clone());
    let pool = Executor::threads()
        .max_workers(1)
        .on_thread_start(move || start.note("start"))
        .on_thread_stop(move || stop.note("stop"))
        .initializer(move || {
            init.note("state made");
            Ok::<_, std::io::Error>(init.at_drop("state dropped"))
        })
        .build()
        .unwrap();
    let job = log.clone();
    value(pool.submit(move || job.note("job")));
    drive(pool.shutdown(Shutdown::run_queued())).unwrap();
    assert_eq!(log.lines(), ["start", "state made", "job", "state dropped", "stop"]);
}

/// The context is ambient in the job, and gone in the thread hooks.
#[test]
fn thread_hooks_have_no_context() {
    let log = Log::new();
    let note = log.clone();
    let pool = Executor::threads()
        .max_workers(1)
        .on_thread_start(move || note.note(format!("{}", context::current().is_some())))
        .build()
        .unwrap();
    assert!(value(pool.submit(|| context::current().is_some())));
    assert_eq!(log.lines(), ["false"]);
}

/// A hook may use the pool.
#[test]
fn a_job_hook_may_submit() {
    let log = Log::new();
    let note = log.clone();
    let other = crate::support::one_worker();
    let pool = Executor::threads()
        .max_workers(1)
        .after_job(move |_| {
            let note = note.clone();
            value(other.submit(move || note.note("elsewhere")));
        })
        .build()
        .unwrap();
    value(pool.submit(|| ()));
    assert_eq!(log.lines(), ["elsewhere"]);
}
