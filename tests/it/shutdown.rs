//! The end of an executor: each mode, each way to wait.

use std::sync::mpsc;
use std::time::Duration;

use poolbridge::{Executor, Reason, Running, Shutdown, Status, TaskError};

use crate::support::{
    Counter, Gate, HANG, drive, eventually, occupy, one_worker, outcome, poll_once, value, within,
    workers,
};

/// S01, R21
#[test]
fn a_submission_after_a_shutdown_is_refused_with_the_closure() {
    let pool = workers(2);
    drive(pool.shutdown(Shutdown::run_queued())).unwrap();
    let refused = outcome(pool.submit(|| unreachable!("closed")));
    assert!(matches!(refused, Err::<(), _>(TaskError::Rejected(Reason::Closed))));
    let rejected = pool.try_submit(|| 7).unwrap_err();
    assert_eq!((rejected.into_inner())(), 7);
    assert!(drive(pool.submit_when_ready(|| 8)).is_err());
    assert!(pool.snapshot().closed);
}

/// S04
#[test]
fn a_shutdown_that_runs_the_queue_leaves_every_task_finished() {
    let pool = workers(3);
    let tasks: Vec<_> = (0..50).map(|n| pool.submit(move || n)).collect();
    let report = within(move || pool.shutdown(Shutdown::run_queued()).wait()).unwrap();
    assert_eq!((report.cancelled, report.still_running, report.handed_back.len()), (0, 0, 0));
    for (n, mut task) in tasks.into_iter().enumerate() {
        assert_eq!(task.result(Duration::ZERO).unwrap().unwrap(), n);
    }
}

/// S05, D1: none is left pending.
#[test]
fn a_shutdown_that_cancels_the_queue_leaves_no_task_pending() {
    let pool = workers(5);
    let busy: Vec<_> = (0..5).map(|_| occupy(&pool)).collect();
    let tasks: Vec<_> = (0..45).map(|n| pool.submit(move || n)).collect();
    let termination = pool.shutdown(Shutdown::cancel_queued());
    assert!(tasks.iter().all(|task| task.status() == Status::Cancelled));
    busy.into_iter().for_each(crate::support::Busy::finish);
    let report = drive(termination).unwrap();
    assert_eq!((report.finished, report.cancelled, report.still_running), (5, 45, 0));
    assert!(tasks.into_iter().all(|task| matches!(outcome(task), Err(TaskError::Cancelled))));
}

/// S05, D2: their captures are gone and their callbacks have run when `shutdown` returns.
#[test]
fn a_shutdown_that_cancels_has_told_everybody_when_it_returns() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let (dropped, told) = (Counter::new(), Counter::new());
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let (capture, count) = (dropped.on_drop(), told.clone());
            let mut task = pool.submit(move || drop(capture));
            task.add_done_callback(move |_| {
                count.add();
            });
            task
        })
        .collect();
    let termination = pool.shutdown(Shutdown::cancel_queued());
    assert_eq!((dropped.get(), told.get()), (10, 10));
    busy.finish();
    drive(termination).unwrap();
    drop(tasks);
}

/// S06, S11, D9: nobody has to wait; what is queued runs all the same.
#[test]
fn a_shutdown_nobody_waits_for_still_runs_the_queue() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let tasks: Vec<_> = (0..10).map(|n| pool.submit(move || n)).collect();
    drop(pool.shutdown(Shutdown::run_queued()));
    busy.finish();
    for (n, task) in tasks.into_iter().enumerate() {
        assert_eq!(value(task), n);
    }
    eventually(|| pool.snapshot().workers == 0);
}

/// S08
#[test]
fn a_shutdown_ends_all_threads() {
    let (started, stopped) = (Counter::new(), Counter::new());
    let (start, stop) = (started.clone(), stopped.clone());
    let pool = Executor::threads()
        .max_workers(5)
        .on_thread_start(move || {
            start.add();
        })
        .on_thread_stop(move || {
            stop.add();
        })
        .build()
        .unwrap();
    let busy: Vec<_> = (0..3).map(|_| occupy(&pool)).collect();
    busy.into_iter().for_each(crate::support::Busy::finish);
    drive(pool.shutdown(Shutdown::run_queued())).unwrap();
    assert_eq!((started.get(), stopped.get()), (3, 3));
    assert_eq!(pool.snapshot().workers, 0);
}

/// S09: the work of a block is over when its shutdown is.
#[test]
fn after_a_shutdown_results_are_there_and_threads_are_gone() {
    let tasks: Vec<_> = {
        let pool = workers(4);
        let tasks = (0..20).map(|n: i32| pool.submit(move || n.abs())).collect();
        within(move || pool.shutdown(Shutdown::run_queued()).wait()).unwrap();
        tasks
    };
    let values: Vec<_> = tasks.into_iter().map(|mut task| task.result(Duration::ZERO)).collect();
    assert!(values.into_iter().zip(0..).all(|(value, n)| value.unwrap().unwrap() == n));
}

/// S10
#[test]
fn dropping_the_last_handle_runs_what_is_queued() {
    let stopped = Counter::new();
    let count = stopped.clone();
    let pool = Executor::threads().max_workers(1).on_thread_stop(move || {
        count.add();
    });
    let pool = pool.build().unwrap();
    let busy = occupy(&pool);
    let tasks: Vec<_> = (0..10).map(|n| pool.submit(move || n)).collect();
    drop(pool);
    assert!(tasks.iter().all(|task| task.status() == Status::Pending));
    busy.finish();
    for (n, task) in tasks.into_iter().enumerate() {
        assert_eq!(value(task), n);
    }
    eventually(|| stopped.get() == 1);
}

/// S10: idle threads leave by themselves.
#[test]
fn dropping_the_last_handle_of_an_idle_executor_ends_its_threads() {
    let stopped = Counter::new();
    let count = stopped.clone();
    let keep = Duration::MAX;
    let pool = Executor::threads().max_workers(1).keep_alive(keep).on_thread_stop(move || {
        count.add();
    });
    let pool = pool.build().unwrap();
    value(pool.submit(|| ()));
    drop(pool);
    eventually(|| stopped.get() == 1);
}

/// Jobs that are handed back can run elsewhere; who waits for them hears.
#[test]
fn handed_back_jobs_run_elsewhere() {
    let (pool, other) = (one_worker(), one_worker());
    let busy = occupy(&pool);
    let tasks: Vec<_> = (0..3).map(|n| pool.submit(move || n)).collect();
    let mut termination = pool.shutdown(Shutdown::hand_back());
    let jobs = termination.take_handed_back();
    let ids: Vec<_> = jobs.iter().map(poolbridge::Job::task_id).collect();
    assert_eq!(ids, tasks.iter().map(poolbridge::Task::id).collect::<Vec<_>>());
    assert!(tasks.iter().all(|task| task.status() == Status::Pending));
    for job in jobs {
        other.submit(move || job.run()).detach();
    }
    for (n, task) in tasks.into_iter().enumerate() {
        assert_eq!(value(task), n);
    }
    busy.finish();
    assert!(drive(termination).unwrap().handed_back.is_empty());
}

/// A job dropped un-run is cancelled, also by the drop of the report or of the termination.
#[test]
fn handed_back_jobs_that_are_dropped_are_cancelled() {
    for by_termination in [true, false] {
        let pool = one_worker();
        let busy = occupy(&pool);
        let task = pool.submit(|| unreachable!("handed back and dropped"));
        let termination = pool.shutdown(Shutdown::hand_back());
        busy.finish();
        if by_termination {
            drop(termination);
        } else {
            let report = drive(termination).unwrap();
            assert_eq!((task.status(), report.handed_back.len()), (Status::Pending, 1));
        }
        assert!(matches!(outcome::<()>(task), Err(TaskError::Cancelled)));
    }
}

/// A handed-back job can still be cancelled, and then does nothing.
#[test]
fn a_handed_back_job_can_be_cancelled() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let task = pool.submit(|| unreachable!("cancelled"));
    let mut termination = pool.shutdown(Shutdown::hand_back());
    let job = termination.take_handed_back().pop().unwrap();
    assert_eq!(task.cancel(), poolbridge::Cancel::Prevented);
    job.run();
    assert!(matches!(outcome::<()>(task), Err(TaskError::Cancelled)));
    busy.finish();
}

/// What runs is asked to stop and waited for.
#[test]
fn a_shutdown_can_ask_running_jobs_to_stop() {
    let pool = one_worker();
    let (tell, told) = mpsc::channel();
    let task = pool.submit_with(move |cx| {
        tell.send(()).unwrap();
        while !cx.is_cancelled() {
            std::thread::yield_now();
        }
        3
    });
    told.recv_timeout(HANG).unwrap();
    let report = drive(pool.shutdown(Shutdown::cancel_queued().running(Running::Request))).unwrap();
    assert_eq!((report.finished, report.still_running), (1, 0));
    assert_eq!(value(task), 3);
}

/// What runs is asked to stop and not waited for.
#[test]
fn a_shutdown_can_abandon_running_jobs() {
    let pool = one_worker();
    let (gate, begun) = (Gate::new(), Gate::new());
    let (at_gate, at_begun) = (gate.clone(), begun.clone());
    let task = pool.submit_with(move |cx| {
        at_begun.open();
        at_gate.pass();
        cx.is_cancelled()
    });
    begun.pass();
    let report = drive(pool.shutdown(Shutdown::run_queued().running(Running::Abandon))).unwrap();
    assert_eq!((report.finished, report.still_running), (0, 1));
    gate.open();
    assert!(value(task));
}

/// X07: a wait that runs out says how many closures still run; the shutdown goes on.
#[test]
fn a_shutdown_can_be_waited_for_with_a_limit() {
    let pool = workers(2);
    let busy = [occupy(&pool), occupy(&pool)];
    let termination = pool.shutdown(Shutdown::run_queued());
    let report = termination.wait_timeout(Duration::from_millis(1)).unwrap();
    assert_eq!((report.finished, report.still_running), (0, 2));
    busy.into_iter().for_each(crate::support::Busy::finish);
    eventually(|| pool.snapshot().workers == 0);
    let report = pool.shutdown(Shutdown::run_queued()).wait_timeout(Duration::ZERO).unwrap();
    assert_eq!(report.still_running, 0);
}

/// Giving up a wait and taking it up again loses nothing.
#[test]
fn a_termination_can_be_polled_left_and_polled_again() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let mut termination = pool.shutdown(Shutdown::run_queued());
    assert!(poll_once(&mut termination).is_pending());
    assert!(poll_once(&mut termination).is_pending());
    let second = pool.shutdown(Shutdown::run_queued());
    busy.finish();
    assert_eq!(drive(termination).unwrap().finished, 1);
    drive(second).unwrap();
}

/// On tokio as anywhere.
#[test]
fn a_termination_is_awaited_on_tokio() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let pool = workers(2);
    let tasks: Vec<_> = (0..10).map(|n| pool.submit(move || n)).collect();
    let report = runtime.block_on(pool.shutdown(Shutdown::run_queued())).unwrap();
    assert_eq!(report.still_running, 0);
    assert!(tasks.iter().all(|task| task.status() == Status::Finished));
}

/// X07: awaited with a limit.
#[test]
fn a_termination_can_be_awaited_with_a_limit() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let limit = Duration::from_millis(1);
    let report = drive(pool.shutdown(Shutdown::run_queued()).timeout(limit)).unwrap();
    assert_eq!((report.finished, report.still_running), (0, 1));
    busy.finish();
    let report = drive(pool.shutdown(Shutdown::run_queued()).timeout(Duration::MAX)).unwrap();
    assert_eq!(report.still_running, 0);
}
