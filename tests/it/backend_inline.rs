//! Jobs on the submitting thread.

use std::collections::HashSet;
use std::sync::{Arc, Barrier, Mutex};
use std::thread::{self, ThreadId};

use poolbridge::backends::Inline;
use poolbridge::{Cancel, Executor, Shutdown, Status, TaskError};

use crate::support::{Counter, Log, PanicOnDrop, drive, outcome, poll_once, value};

fn here() -> ThreadId {
    thread::current().id()
}

#[test]
fn an_inline_job_is_over_before_its_submission_returns() {
    let pool = Executor::inline();
    let task = pool.submit(here);
    assert_eq!(task.status(), Status::Finished);
    assert_eq!(task.cancel(), Cancel::TooLate);
    assert_eq!(value(task), here());
    let mut task = pool.submit_with(|cx| cx.task_id());
    let id = task.id();
    assert!(matches!(poll_once(&mut task), std::task::Poll::Ready(Ok(seen)) if seen == id));
    let task = pool.try_submit(here).unwrap();
    assert!(task.status().is_done());
    assert_eq!(value(drive(pool.submit_when_ready(here)).unwrap()), here());
    assert_eq!(pool.snapshot().workers, 0);
}

#[test]
fn an_inline_job_runs_though_nobody_waits() {
    let pool = Executor::inline();
    let ran = Counter::new();
    let count = ran.clone();
    drop(pool.submit(move || count.add()));
    assert_eq!(ran.get(), 1);
}

/// D3: the submitter hears of a panic by the task only.
#[test]
fn a_panic_of_an_inline_job_reaches_its_task_and_not_its_submitter() {
    let pool = Executor::on(Inline).before_job(|_| panic!("before_job")).build().unwrap();
    let task = pool.submit(|| -> u8 { panic!("closure") });
    assert!(matches!(outcome(task), Err(TaskError::Panicked(_))));
    drop(outcome(pool.submit(|| std::panic::panic_any(PanicOnDrop))));
    drop(pool.submit(|| PanicOnDrop));
    let capture = PanicOnDrop;
    let task = pool.submit(move || {
        let _capture = &capture;
    });
    assert!(matches!(outcome(task), Err(TaskError::Panicked(_))));
    assert_eq!(value(pool.submit(|| 1)), 1);
}

/// Depth first: each submission returns with its job over.
#[test]
fn nested_inline_jobs_run_inside_one_another() {
    fn nest(pool: &Executor, log: &Log, depth: usize) {
        if depth == 0 {
            return;
        }
        let (own, at_job) = (pool.clone(), log.clone());
        let task = pool.submit(move || {
            at_job.note(format!("begin {depth}"));
            nest(&own, &at_job, depth - 1);
            at_job.note(format!("end {depth}"));
        });
        assert_eq!(task.status(), Status::Finished);
        task.wait().unwrap();
    }
    let (pool, log) = (Executor::inline(), Log::new());
    nest(&pool, &log, 3);
    assert_eq!(log.lines(), ["begin 3", "begin 2", "begin 1", "end 1", "end 2", "end 3"]);
}

/// Who submits at the same moment shares the queue: the jobs run on the submitting threads, and
/// are over when all submissions have returned.
#[test]
fn inline_jobs_of_several_threads_run_on_those_threads() {
    let (pool, ran) = (Executor::inline(), Counter::new());
    let runners: Arc<Mutex<HashSet<ThreadId>>> = Arc::default();
    let start = Arc::new(Barrier::new(4));
    let submitters: Vec<_> = (0..4)
        .map(|_| {
            let (pool, ran) = (pool.clone(), ran.clone());
            let (runners, start) = (Arc::clone(&runners), Arc::clone(&start));
            thread::spawn(move || {
                start.wait();
                for _ in 0..500 {
                    let (ran, runners) = (ran.clone(), Arc::clone(&runners));
                    let job = move || {
                        ran.add();
                        runners.lock().unwrap().insert(here());
                    };
                    pool.submit(job).detach();
                }
                here()
            })
        })
        .collect();
    let submitters: HashSet<_> = submitters.into_iter().map(|s| s.join().unwrap()).collect();
    assert_eq!(ran.get(), 2000);
    assert!(runners.lock().unwrap().is_subset(&submitters));
}

#[test]
fn an_inline_executor_shuts_down_like_any_other() {
    let pool = Executor::inline();
    value(pool.submit(|| ()));
    let report = drive(pool.shutdown(Shutdown::run_queued())).unwrap();
    assert_eq!((report.cancelled, report.still_running), (0, 0));
    assert!(matches!(outcome(pool.submit(|| ())), Err(TaskError::Rejected(_))));
}

/// From inside: the job that shuts it down is the last.
#[test]
fn an_inline_job_may_shut_its_executor_down() {
    let pool = Executor::inline();
    let own = pool.clone();
    value(pool.submit(move || drop(own.shutdown(Shutdown::cancel_queued()))));
    assert!(pool.try_submit(|| ()).is_err());
}
