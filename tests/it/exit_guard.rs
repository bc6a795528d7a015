//! A guard that ends an executor. What it does for a process is in `processes.rs`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use poolbridge::{Reason, Running, Shutdown, TaskError};

use crate::support::{Counter, FAR, Gate, eventually, occupy, one_worker, outcome, value, within};

#[test]
fn a_dropped_guard_stops_accepting_and_returns_when_the_queue_has_run() {
    within(|| {
        let (pool, ran) = (one_worker(), Counter::new());
        let guard = pool.exit_guard(FAR);
        for _ in 0..20 {
            let ran = ran.clone();
            pool.submit(move || ran.add()).detach();
        }
        drop(guard);
        assert_eq!(ran.get(), 20);
        let refused = outcome(pool.submit(|| ()));
        assert!(matches!(refused, Err(TaskError::Rejected(Reason::Closed))));
    });
}

#[test]
fn a_guard_that_a_panic_drops_runs_the_queue_too() {
    within(|| {
        let (pool, ran) = (one_worker(), Counter::new());
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let _guard = pool.exit_guard(FAR);
            let ran = ran.clone();
            pool.submit(move || ran.add()).detach();
            panic!("the end of main");
        }));
        assert!(unwound.is_err());
        assert_eq!(ran.get(), 1);
    });
}

#[test]
fn a_finished_guard_reports() {
    within(|| {
        let pool = one_worker();
        let guard = pool.exit_guard(FAR);
        let busy = occupy(&pool);
        pool.submit(|| ()).detach();
        let (gate, watched) = (busy.gate(), pool.clone());
        let opener = std::thread::spawn(move || {
            eventually(|| watched.snapshot().closed);
            gate.open();
        });
        let report = guard.finish().unwrap();
        assert_eq!((report.finished, report.cancelled, report.still_running), (2, 0, 0));
        opener.join().unwrap();
        busy.finish();
    });
}

#[test]
fn a_guard_waits_no_longer_than_its_limit() {
    within(|| {
        let pool = one_worker();
        let busy = occupy(&pool);
        pool.submit(|| ()).detach();
        let report = pool.exit_guard(Duration::from_millis(5)).finish().unwrap();
        assert_eq!((report.finished, report.still_running), (0, 1));
        drop(pool.exit_guard(Duration::ZERO));
        busy.finish();
        // The shutdown went on without anybody waiting.
        let report = pool.shutdown(Shutdown::run_queued().running(Running::Wait)).wait();
        assert_eq!(report.unwrap().still_running, 0);
    });
}

#[test]
fn a_worker_of_the_executor_does_not_wait_for_itself() {
    within(|| {
        let (pool, after) = (one_worker(), Gate::new());
        let (clone, gate) = (pool.clone(), after.clone());
        let task = pool.submit(move || {
            clone.submit(move || gate.open()).detach();
            drop(clone.exit_guard(FAR));
            clone.exit_guard(FAR).finish().map(drop)
        });
        let refused = value(task).unwrap_err();
        assert!(refused.to_string().contains("own workers"));
        // What was queued runs all the same.
        after.pass();
    });
}

#[test]
fn a_guard_of_an_executor_that_has_ended_does_not_wait() {
    let pool = one_worker();
    let (first, second) = (pool.exit_guard(FAR), pool.exit_guard(FAR));
    drop(pool);
    within(move || {
        drop(first);
        assert_eq!(second.finish().unwrap().still_running, 0);
    });
}
