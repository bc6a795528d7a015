//! Limits inside a tokio runtime: its clock rules, also the paused one of its tests.

use std::task::Poll;
use std::time::{Duration, Instant};

use poolbridge::{Expired, TaskError, promise};
use tokio::runtime::{Builder, Runtime};

use crate::support::{
    FAR, Gate, HANG, drive, occupy, one_worker, outcome, poll_once, value, within,
};

fn expired<T>(outcome: &Result<T, TaskError>, why: Expired) -> bool {
    matches!(outcome, Err(TaskError::TimedOut(seen)) if *seen == why)
}

fn with_clock() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

/// Runs `f` in the runtime.
fn inside<R>(runtime: &Runtime, f: impl FnOnce() -> R) -> R {
    runtime.block_on(std::future::poll_fn({
        let mut f = Some(f);
        move |_| Poll::Ready((f.take().unwrap())())
    }))
}

/// With a paused clock a limit of an hour passes at once.
#[tokio::test(start_paused = true)]
async fn an_awaited_limit_follows_a_paused_clock() {
    let (real, paused) = (Instant::now(), tokio::time::Instant::now());
    let (_side, task) = promise::<u8>();
    let late = task.timeout(FAR).await;
    assert!(expired(&late, Expired::Await));
    assert!(paused.elapsed() >= FAR && real.elapsed() < HANG);
}

/// Not before its time.
#[tokio::test(start_paused = true)]
async fn an_awaited_limit_passes_when_the_clock_is_advanced_and_not_before() {
    let (_side, task) = promise::<u8>();
    let mut limit = task.timeout(Duration::from_secs(10));
    assert!(poll_once(&mut limit).is_pending());
    tokio::time::advance(Duration::from_secs(9)).await;
    assert!(poll_once(&mut limit).is_pending());
    tokio::time::advance(Duration::from_secs(2)).await;
    assert!(expired(&limit.await, Expired::Await));
}

/// The limit of a queued job that was submitted there follows it too.
#[tokio::test(start_paused = true)]
async fn a_queue_deadline_follows_a_paused_clock() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let task = pool.job(|| ()).queue_timeout(FAR).submit();
    let paused = tokio::time::Instant::now();
    assert!(expired(&task.await, Expired::Queue));
    assert!(paused.elapsed() >= FAR);
    busy.finish();
}

/// `timeout_or` as well.
#[tokio::test(start_paused = true)]
async fn timeout_or_follows_a_paused_clock() {
    let (_side, task) = promise();
    assert_eq!(task.timeout_or(FAR, 3).await.unwrap(), 3);
}

/// Completion at the same instant wins, also by tokio's clock.
#[tokio::test(start_paused = true)]
async fn a_completion_wins_over_a_paused_deadline() {
    let (side, task) = promise();
    let limit = task.timeout(Duration::from_secs(1));
    tokio::time::advance(Duration::from_secs(2)).await;
    side.set_result(1).unwrap();
    assert_eq!(limit.await.unwrap(), 1);
}

/// A real clock.
#[test]
fn limits_pass_inside_a_tokio_runtime() {
    let late = with_clock().block_on(async {
        let (_side, task) = promise::<u8>();
        task.timeout(Duration::from_millis(2)).await
    });
    assert!(expired(&late, Expired::Await));
}

/// A runtime without a clock: the crate's own timer.
#[test]
fn limits_pass_inside_a_tokio_runtime_without_a_clock() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let pool = one_worker();
    let busy = occupy(&pool);
    runtime.block_on(async {
        let (_side, task) = promise::<u8>();
        assert!(expired(&task.timeout(Duration::from_millis(2)).await, Expired::Await));
        let queued = pool.job(|| ()).queue_timeout(Duration::from_millis(2)).submit();
        assert!(expired(&queued.await, Expired::Queue));
    });
    busy.finish();
}

/// D8: the runtime goes away with an awaited limit pending: it passes all the same.
#[test]
fn an_awaited_limit_outlives_its_runtime() {
    let runtime = with_clock();
    let (_side, task) = promise::<u8>();
    let mut limit = inside(&runtime, || task.timeout(Duration::from_millis(50)));
    // A slow machine may find the time over at either poll.
    let before = inside(&runtime, || poll_once(&mut limit));
    drop(runtime);
    let after = if before.is_pending() { poll_once(&mut limit) } else { before };
    let late = match after {
        Poll::Ready(late) => late,
        Poll::Pending => within(move || drive(limit)),
    };
    assert!(expired(&late, Expired::Await));
}

/// D8: never polled before the runtime went.
#[test]
fn an_unpolled_limit_outlives_its_runtime() {
    let runtime = with_clock();
    let (_side, task) = promise::<u8>();
    let limit = inside(&runtime, || task.timeout(Duration::from_millis(20)));
    drop(runtime);
    let late = within(move || drive(limit));
    assert!(expired(&late, Expired::Await));
}

/// D8: being awaited in another place when the runtime goes.
#[test]
fn a_limit_that_is_awaited_while_its_runtime_goes_passes() {
    let runtime = with_clock();
    let (_side, task) = promise::<u8>();
    let limit = inside(&runtime, || task.timeout(Duration::from_millis(100)));
    let waiter = std::thread::spawn(move || drive(limit));
    drop(runtime);
    assert!(expired(&within(move || waiter.join()).unwrap(), Expired::Await));
}

/// D8: the same for the limit of a queued job.
#[test]
fn a_queue_deadline_outlives_its_runtime() {
    let runtime = with_clock();
    let pool = one_worker();
    let busy = occupy(&pool);
    let task =
        inside(&runtime, || pool.job(|| ()).queue_timeout(Duration::from_millis(20)).submit());
    drop(runtime);
    assert!(expired(&outcome(task), Expired::Queue));
    busy.finish();
}

/// D8: an ended task's deadline leaves nothing on the runtime.
#[test]
fn an_ended_task_disarms_its_deadline_on_the_runtime() {
    let runtime = with_clock();
    let pool = one_worker();
    let busy = occupy(&pool);
    runtime.block_on(async {
        let task = pool.job(|| ()).queue_timeout(FAR).submit();
        tokio::task::yield_now().await;
        assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 1);
        assert_eq!(task.cancel(), poolbridge::Cancel::Prevented);
        while tokio::runtime::Handle::current().metrics().num_alive_tasks() > 0 {
            tokio::task::yield_now().await;
        }
    });
    busy.finish();
}

/// The multi-thread runtime's clock rules in its workers too.
#[test]
fn limits_pass_in_spawned_tasks_of_the_multi_thread_runtime() {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let pool = one_worker();
    let busy = occupy(&pool);
    let joins: Vec<_> = (0..50)
        .map(|_| {
            let pool = pool.clone();
            runtime.spawn(async move { pool.submit(|| ()).timeout(Duration::from_millis(1)).await })
        })
        .collect();
    for join in joins {
        assert!(expired(&runtime.block_on(join).unwrap(), Expired::Await));
    }
    busy.finish();
}

/// A thread blocked on its runtime's own thread is waited for by nobody's clock: the crate says
/// so, and a wait with a limit of its own still ends.
#[test]
fn a_blocking_wait_inside_a_runtime_ends_by_the_crates_clock() {
    let runtime = with_clock();
    runtime.block_on(async {
        let (_side, mut task) = promise::<u8>();
        assert!(task.result(Duration::from_millis(2)).is_err());
    });
}

/// What remains is told by the same clock.
#[tokio::test(start_paused = true)]
async fn a_job_sees_what_remains_by_the_paused_clock_of_its_submission() {
    let pool = one_worker();
    let (begun, moved) = (Gate::new(), Gate::new());
    let (at_begun, at_moved) = (begun.clone(), moved.clone());
    let task = pool
        .job_with(move |cx| {
            let before = cx.remaining();
            at_begun.open();
            at_moved.pass();
            (before, cx.remaining())
        })
        .run_timeout(FAR)
        .submit();
    begun.pass();
    tokio::time::advance(FAR / 2).await;
    moved.open();
    assert_eq!(within(move || value(task)), (Some(FAR), Some(FAR / 2)));
}

/// A run deadline is armed on a worker, outside of every runtime: it follows the clock of its
/// submission all the same.
#[tokio::test(start_paused = true)]
async fn a_run_limit_follows_the_paused_clock_of_its_submission() {
    let pool = one_worker();
    let (real, paused) = (Instant::now(), tokio::time::Instant::now());
    let task = pool
        .job_with(|cx| {
            while !cx.is_cancelled() {
                std::thread::yield_now()
            }
        })
        .run_timeout(FAR)
        .submit();
    let stopped = task.stopped();
    assert!(expired(&task.await, Expired::Run));
    assert!(paused.elapsed() >= FAR && real.elapsed() < HANG);
    stopped.await;
}
