//! Jobs on the submitting thread.

use std::sync::{Arc, Barrier};
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

/// Each on its own thread, and over before the submission returns, whoever else submits.
#[test]
fn inline_jobs_of_several_threads_run_on_those_threads() {
    let pool = Executor::inline();
    let start = Arc::new(Barrier::new(4));
    let submitters: Vec<_> = (0..4)
        .map(|_| {
            let (pool, start) = (pool.clone(), Arc::clone(&start));
            thread::spawn(move || {
                start.wait();
                for _ in 0..500 {
                    let task = pool.submit(here);
                    assert_eq!(task.status(), Status::Finished);
                    assert_eq!(value(task), here());
                }
            })
        })
        .collect();
    submitters.into_iter().for_each(|s| s.join().unwrap());
}

/// guava #2254.
#[test]
fn a_long_chain_of_inline_jobs_does_not_overflow_the_stack() {
    fn next(pool: &Executor, ran: &Counter, left: usize) {
        let (own, count) = (pool.clone(), ran.clone());
        let mut task = pool.submit(move || count.add());
        let count = ran.clone();
        task.add_done_callback(move |_| {
            if left > 0 {
                next(&own, &count, left - 1);
            }
        });
        task.detach();
    }
    fn nest(pool: &Executor, ran: &Counter, left: usize) {
        let (own, count) = (pool.clone(), ran.clone());
        let job = move || {
            count.add();
            if left > 0 {
                nest(&own, &count, left - 1);
            }
        };
        pool.submit(job).detach();
    }
    let (pool, ran) = (Executor::inline(), Counter::new());
    nest(&pool, &ran, 100_000);
    assert_eq!(ran.get(), 100_001);
    let ran = Counter::new();
    next(&pool, &ran, 100);
    assert_eq!(ran.get(), 101);
}

#[test]
fn a_job_that_waits_for_one_that_was_put_off_runs_it() {
    fn nest(pool: &Executor, left: usize) -> usize {
        let own = pool.clone();
        let task = pool.submit(move || if left > 0 { 1 + nest(&own, left - 1) } else { 0 });
        task.wait().unwrap()
    }
    assert_eq!(nest(&Executor::inline(), 50), 50);
}

#[test]
fn a_job_that_was_put_off_can_be_cancelled() {
    fn dive(pool: &Executor, depth: usize, ran: &Counter) {
        let (own, count) = (pool.clone(), ran.clone());
        let bottom = move || {
            let late = own.submit(move || count.add());
            if late.status() == Status::Pending {
                assert_eq!(late.cancel(), Cancel::Prevented);
                assert!(matches!(outcome(late), Err(TaskError::Cancelled)));
            }
        };
        let (own, count) = (pool.clone(), ran.clone());
        let task =
            pool.submit(move || if depth > 0 { dive(&own, depth - 1, &count) } else { bottom() });
        task.detach();
    }
    let (pool, ran) = (Executor::inline(), Counter::new());
    dive(&pool, 15, &ran);
    assert_eq!(ran.get(), 0, "beyond sixteen deep it is put off, then cancelled");
    let report = drive(pool.shutdown(Shutdown::run_queued())).unwrap();
    assert_eq!(report.still_running, 0);
}

#[test]
fn views_of_an_inline_executor_run_on_the_submitting_thread() {
    let pool = Executor::inline();
    let (two, lane, keyed) = (pool.limited(2), pool.serial(), pool.keyed::<u8>());
    assert_eq!(value(two.submit(here)), here());
    assert_eq!(value(lane.submit(here)), here());
    assert_eq!(value(keyed.submit(1, here)), here());
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

/// Beyond sixteen inline jobs inside one another, a view's turn is left to the outer ones.
#[test]
fn a_view_of_an_inline_executor_is_served_however_deep() {
    fn dive(pool: &Executor, view: &Executor, ran: &Counter, depth: usize) {
        let (own, lane, count) = (pool.clone(), view.clone(), ran.clone());
        let job = move || {
            if depth > 0 {
                dive(&own, &lane, &count, depth - 1);
            }
            let count = count.clone();
            lane.submit(move || count.add()).detach();
        };
        pool.submit(job).detach();
    }
    let (pool, ran) = (Executor::inline(), Counter::new());
    dive(&pool, &pool.serial(), &ran, 40);
    assert_eq!(ran.get(), 41);
}
