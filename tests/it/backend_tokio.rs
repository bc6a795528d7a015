//! Tokio's blocking pool: what is special about it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use poolbridge::backends::TokioBlocking;
use poolbridge::{Executor, Expired, TaskError};
use tokio::runtime::{Builder, Handle, Runtime};

use crate::support::{
    FAR, Gate, HANG, drive, eventually, occupy, outcome, poll_once, thread_name, value, within,
};

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

/// A runtime with one blocking thread, kept busy by somebody else until the gate opens.
fn occupied() -> (Runtime, Gate) {
    let runtime = Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
    let (gate, begun) = (Gate::new(), Gate::new());
    let (at_gate, at_begun) = (gate.clone(), begun.clone());
    runtime.spawn_blocking(move || {
        at_begun.open();
        at_gate.pass();
    });
    begun.pass();
    (runtime, gate)
}

fn broken<T>(outcome: &Result<T, TaskError>) -> bool {
    matches!(outcome, Err(TaskError::Broken(_)))
}

#[test]
fn jobs_run_on_the_blocking_threads_of_both_kinds_of_runtime() {
    let many = Builder::new_multi_thread().worker_threads(1).thread_name("many").build().unwrap();
    let single = Builder::new_current_thread().thread_name("single").build().unwrap();
    for (runtime, name) in [(many, "many"), (single, "single")] {
        let pool = Executor::tokio(runtime.handle().clone());
        assert_eq!(value(pool.submit(thread_name)), name);
        assert_eq!(runtime.block_on(pool.submit(|| 1)).unwrap(), 1);
    }
}

/// D12: a turn that stands in tokio's queue is begun by a thread of the pool, or dropped.
#[test]
fn tasks_queued_when_the_runtime_goes_run_or_are_broken_and_none_is_lost() {
    for wait in [false, true] {
        let (runtime, gate) = occupied();
        let pool = Executor::tokio(runtime.handle().clone());
        let tasks: Vec<_> = (0..10).map(|n| pool.submit(move || n)).collect();
        let stop = move || if wait { drop(runtime) } else { runtime.shutdown_background() };
        let stopping = std::thread::spawn(stop);
        gate.open();
        within(move || stopping.join()).unwrap();
        for task in tasks {
            let outcome = outcome(task);
            assert!(outcome.is_ok() || broken(&outcome));
        }
        eventually(|| pool.snapshot().workers == 0);
        assert!(broken(&outcome(pool.submit(|| ()))));
    }
}

/// D12: a job at work when the runtime goes ends as it likes, and so does what is queued.
#[test]
fn a_running_job_outlives_its_runtime() {
    let runtime = current_thread();
    let pool = Executor::on(TokioBlocking::new(runtime.handle().clone())).max_workers(1);
    let pool = pool.build().unwrap();
    let busy = occupy(&pool);
    let queued = pool.submit(|| 2);
    runtime.shutdown_background();
    busy.finish();
    assert!(matches!(outcome(queued), Ok(2) | Err(TaskError::Broken(_))));
}

/// D12
#[test]
fn a_submission_after_the_runtime_is_gone_is_broken() {
    let runtime = current_thread();
    let pool = Executor::tokio(runtime.handle().clone());
    assert_eq!(value(pool.submit(|| 1)), 1);
    drop(runtime);
    for _ in 0..3 {
        assert!(broken(&outcome(pool.submit(|| ()))));
    }
    let rejected = pool.try_submit(|| 7).unwrap_err();
    assert_eq!((rejected.into_inner())(), 7);
}

/// D12: where no thread can be had tokio panics, with our closure left in its queue; whoever comes
/// for that later finds nothing in it.
#[test]
fn a_thread_that_tokio_cannot_start_breaks_the_task() {
    let fails = Arc::new(AtomicBool::new(true));
    let failing = Arc::clone(&fails);
    let name = move || {
        assert!(!failing.load(Ordering::SeqCst), "no thread");
        String::from("late")
    };
    let runtime = Builder::new_current_thread().thread_name_fn(name).build().unwrap();
    let pool = Executor::on(TokioBlocking::new(runtime.handle().clone())).max_workers(1);
    let pool = pool.build().unwrap();
    for _ in 0..3 {
        assert!(broken(&outcome(pool.submit(|| ()))));
        assert_eq!(pool.snapshot().workers, 0);
    }
    fails.store(false, Ordering::SeqCst);
    assert_eq!(value(pool.submit(thread_name)), "late");
    eventually(|| pool.snapshot().workers == 0);
}

/// A run deadline follows the clock of its submission, which here is ours: that of the runtime
/// around the worker stands still while nobody is in its `block_on`.
#[test]
fn a_run_deadline_set_outside_of_the_runtime_needs_nobody_in_it() {
    let runtime = current_thread();
    let pool = Executor::tokio(runtime.handle().clone());
    let gate = Gate::new();
    let at_gate = gate.clone();
    let late = pool.job(move || at_gate.pass()).run_timeout(Duration::from_millis(1)).submit();
    assert!(matches!(outcome(late), Err(TaskError::TimedOut(Expired::Run))));
    gate.open();
}

#[test]
fn the_runtime_is_entered_inside_a_job() {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    let pool = Executor::tokio(runtime.handle().clone());
    let blocked = pool.submit(|| {
        Handle::current().block_on(async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            tokio::spawn(async { 2 }).await.unwrap()
        })
    });
    assert_eq!(value(blocked), 2);
    let nested = pool.submit(|| {
        let inner = tokio::task::spawn_blocking(|| 3);
        Handle::current().block_on(inner).unwrap()
    });
    assert_eq!(value(nested), 3);
    // A task awaited by `block_on` inside a job, on a thread more.
    let own = pool.clone();
    let awaited = pool.submit(move || Handle::current().block_on(own.submit(|| 4)).unwrap());
    assert_eq!(value(awaited), 4);
}

/// Tokio's cooperative budget, which a foreign `block_on` never refills, is not ours.
#[test]
fn a_foreign_block_on_awaits_thousands_of_tasks() {
    let runtime = current_thread();
    let pool = Executor::tokio(runtime.handle().clone());
    let sum = |pool: Executor| async move {
        let mut sum = 0;
        for n in 0..2000_u64 {
            sum += pool.submit(move || n).await.unwrap();
        }
        let many: Vec<_> = (0..2000_u64).map(|n| pool.submit(move || n)).collect();
        for task in many {
            sum += task.await.unwrap();
        }
        sum
    };
    let (by_pollster, by_smol, by_futures) = (sum(pool.clone()), sum(pool.clone()), sum(pool));
    assert_eq!(within(move || pollster::block_on(by_pollster)), 3_998_000);
    // Also with the runtime entered on the thread.
    let handle = runtime.handle().clone();
    let entered = within(move || {
        let _inside = handle.enter();
        smol::block_on(by_smol)
    });
    assert_eq!(entered, 3_998_000);
    // And inside a task of the runtime, whose budget it then is.
    let inside =
        within(move || runtime.block_on(async { futures::executor::block_on(by_futures) }));
    assert_eq!(inside, 3_998_000);
}

/// A runtime with a paused clock, and a gate that opens when its thread has nothing to do.
fn paused() -> (Runtime, Gate) {
    let parked = Gate::new();
    let opens = parked.clone();
    let mut builder = Builder::new_current_thread();
    builder.enable_time().start_paused(true).on_thread_park(move || opens.open());
    (builder.build().unwrap(), parked)
}

/// Goes on once the runtime is idle, and later than an hour would take it if nothing held it.
fn linger(idle: &Gate) {
    idle.pass();
    (0..1000).for_each(|_| std::thread::yield_now());
}

/// A paused clock waits for a job in flight, as for `spawn_blocking`: the limit of an hour does not
/// pass, though the runtime has nothing else to do.
#[test]
fn a_paused_clock_waits_for_a_job_that_runs() {
    let (runtime, idle) = paused();
    let pool = Executor::tokio(runtime.handle().clone());
    let limited = async { pool.submit(move || linger(&idle)).timeout(FAR).await };
    assert!(runtime.block_on(limited).is_ok());
}

/// The same for a job that is queued.
#[test]
fn a_paused_clock_waits_for_a_job_that_is_queued() {
    let (runtime, idle) = paused();
    let backend = TokioBlocking::new(runtime.handle().clone());
    let pool = Executor::on(backend).max_workers(1).build().unwrap();
    let limited = async {
        pool.submit(move || linger(&idle)).detach();
        pool.job(|| 6).queue_timeout(FAR).submit().timeout(FAR).await
    };
    assert_eq!(runtime.block_on(limited).unwrap(), 6);
}

/// It goes on as soon as the last turn is given back.
#[tokio::test(start_paused = true)]
async fn a_paused_clock_goes_on_when_the_jobs_are_done() {
    let pool = Executor::tokio(Handle::current());
    assert_eq!(pool.submit(|| 1).await.unwrap(), 1);
    let (before, real) = (tokio::time::Instant::now(), std::time::Instant::now());
    tokio::time::sleep(FAR).await;
    assert!(before.elapsed() >= FAR && real.elapsed() < HANG);
}

/// A test that wants a deadline to pass under a job advances the clock itself.
#[tokio::test(start_paused = true)]
async fn a_paused_clock_that_is_advanced_ends_the_wait_for_a_job() {
    let pool = Executor::tokio(Handle::current());
    let busy = occupy(&pool);
    let gate = Gate::new();
    let at_gate = gate.clone();
    let mut limit = pool.submit(move || at_gate.pass()).timeout(Duration::from_secs(10));
    assert!(poll_once(&mut limit).is_pending());
    tokio::time::advance(Duration::from_secs(11)).await;
    assert!(matches!(limit.await, Err(TaskError::TimedOut(Expired::Await))));
    gate.open();
    busy.finish();
}

/// The pool is shared: no more of its threads than the limit says.
#[test]
fn the_limit_of_an_executor_over_tokio_can_be_set() {
    let runtime = current_thread();
    let backend = TokioBlocking::new(runtime.handle().clone());
    let pool = Executor::on(backend).max_workers(40).build().unwrap();
    let busy: Vec<_> = (0..40).map(|_| occupy(&pool)).collect();
    let waits = pool.submit(|| 1);
    assert_eq!(pool.snapshot().queued.len(), 1);
    assert_eq!(pool.snapshot().workers, 40);
    busy.into_iter().for_each(|busy| busy.finish());
    assert_eq!(drive(waits).unwrap(), 1);
}
