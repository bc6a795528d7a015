//! An executor whose jobs run, and whose time passes, when the test says so.

use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use poolbridge::{
    Cancel, Executor, Expired, Manual, Reason, Shutdown, Status, Task, TaskError, context, promise,
};

use crate::support::{
    Counter, CountingWaker, FAR, Log, drive, eventually, outcome, poll_once, poll_with, value,
    within,
};

const SECOND: Duration = Duration::from_secs(1);

fn expired<T>(outcome: &Result<T, TaskError>, why: Expired) -> bool {
    matches!(outcome, Err(TaskError::TimedOut(seen)) if *seen == why)
}

#[test]
fn jobs_run_one_by_one_in_order_on_the_thread_that_says_so() {
    let (pool, manual) = Executor::manual();
    let log = Log::new();
    let tasks: Vec<_> = (0..3)
        .map(|n| {
            let log = log.clone();
            pool.submit(move || {
                log.note(format!("job {n}"));
                thread::current().id()
            })
        })
        .collect();
    assert!(tasks.iter().all(|task| task.status() == Status::Pending));
    for n in 1..=3 {
        assert!(manual.run_one());
        assert_eq!(log.lines().len(), n);
    }
    assert!(!manual.run_one());
    assert_eq!(log.lines(), ["job 0", "job 1", "job 2"]);
    assert!(tasks.into_iter().all(|task| value(task) == thread::current().id()));
}

#[test]
fn all_jobs_are_those_that_jobs_submit_too() {
    fn again(pool: &Executor, log: &Log, left: usize) {
        log.note(format!("{left} left"));
        if left > 0 {
            let (inner, log) = (pool.clone(), log.clone());
            pool.submit(move || again(&inner, &log, left - 1)).detach();
        }
    }
    let (pool, manual) = Executor::manual();
    assert_eq!(manual.run_all(), 0);
    let log = Log::new();
    again(&pool, &log, 3);
    assert_eq!(log.lines(), ["3 left"]);
    assert_eq!(manual.run_all(), 3);
    assert_eq!(log.lines(), ["3 left", "2 left", "1 left", "0 left"]);
    assert_eq!(manual.run_all(), 0);
}

#[test]
fn a_job_that_panics_is_a_job_that_was_run() {
    let (pool, manual) = Executor::manual();
    let task = pool.submit(|| panic!("no luck"));
    let next = pool.submit(|| 2);
    assert!(manual.run_one());
    assert!(matches!(outcome::<()>(task), Err(TaskError::Panicked(_))));
    assert!(manual.run_one());
    assert_eq!(value(next), 2);
}

/// As on any executor, the job that is waited for runs in place.
#[test]
fn a_job_may_wait_for_a_queued_one() {
    within(|| {
        let (pool, manual) = Executor::manual();
        let inner = pool.clone();
        let task = pool.submit(move || inner.submit(|| 7).wait().unwrap());
        assert!(manual.run_one());
        assert_eq!(value(task), 7);
        assert!(!manual.run_one());
    });
}

#[test]
fn a_job_is_run_to_its_end_before_the_next() {
    let (pool, manual) = Executor::manual();
    let manual = Arc::new(manual);
    let inner = Arc::clone(&manual);
    let first = pool.submit(move || (inner.run_one(), inner.run_all()));
    let second = pool.submit(|| ());
    assert!(manual.run_one());
    assert_eq!(value(first), (false, 0));
    assert_eq!(second.status(), Status::Pending);
    assert_eq!(manual.run_all(), 1);
}

#[test]
fn each_job_runs_once_though_several_threads_run_them() {
    within(|| {
        let ((pool, manual), ran) = (Executor::manual(), Counter::new());
        let tasks: Vec<_> = (0..200)
            .map(|_| {
                let ran = ran.clone();
                pool.submit(move || ran.add())
            })
            .collect();
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    eventually(|| {
                        manual.run_one();
                        ran.get() == 200
                    });
                });
            }
        });
        manual.run_all();
        tasks.into_iter().for_each(|task| assert!(value(task) < 200));
        assert_eq!(ran.get(), 200);
    });
}

#[test]
fn a_cancelled_job_is_gone_at_once_and_never_runs() {
    let ((pool, manual), dropped) = (Executor::manual(), Counter::new());
    let captured = dropped.on_drop();
    let task = pool.submit(move || drop(captured));
    assert_eq!(task.cancel(), Cancel::Prevented);
    assert_eq!(dropped.get(), 1);
    assert!(!manual.run_one());
    let next = pool.submit(|| 1);
    drop(pool.submit(|| unreachable!("dropped")));
    assert_eq!(manual.run_all(), 1);
    assert_eq!(value(next), 1);
}

#[test]
fn time_stands_still_until_it_is_moved() {
    let (_pool, manual) = Executor::manual();
    let start = manual.now();
    assert_eq!((manual.now(), manual.elapsed()), (start, Duration::ZERO));
    manual.advance(SECOND);
    manual.advance(SECOND);
    assert_eq!((manual.now(), manual.elapsed()), (start + 2 * SECOND, 2 * SECOND));
    assert!(format!("{manual:?}").contains("2s"));
}

#[test]
fn a_queue_deadline_passes_when_the_clock_is_moved_and_not_before() {
    let ((pool, manual), dropped) = (Executor::manual(), Counter::new());
    let captured = dropped.on_drop();
    let task = pool.job(move || drop(captured)).queue_timeout(2 * SECOND).submit();
    manual.advance(SECOND);
    assert_eq!(task.status(), Status::Pending);
    manual.advance(SECOND);
    assert_eq!((task.status(), dropped.get()), (Status::Failed, 1));
    assert!(!manual.run_one());
    assert!(expired(&outcome(task), Expired::Queue));
    // In time, the deadline is off.
    let task = pool.job(|| 1).queue_timeout(SECOND).submit();
    assert!(manual.run_one());
    manual.advance(FAR);
    assert_eq!(value(task), 1);
}

#[test]
fn a_run_deadline_passes_inside_the_job_that_moves_the_clock() {
    let (pool, manual) = Executor::manual();
    let manual = Arc::new(manual);
    let clock = Arc::clone(&manual);
    let (tell, told) = mpsc::channel();
    let task = pool
        .job_with(move |cx| {
            clock.advance(SECOND);
            let before = cx.is_cancelled();
            clock.advance(SECOND);
            tell.send((before, cx.is_cancelled(), cx.remaining())).unwrap();
        })
        .run_timeout(2 * SECOND)
        .submit();
    // The time in the queue does not count.
    manual.advance(FAR);
    assert!(manual.run_one());
    assert_eq!(told.recv().unwrap(), (false, true, Some(Duration::ZERO)));
    assert!(expired(&outcome(task), Expired::Run));
}

#[test]
fn what_remains_follows_the_clock() {
    let (pool, manual) = Executor::manual();
    let manual = Arc::new(manual);
    let clock = Arc::clone(&manual);
    let task = pool
        .job(move || {
            let cx = context::current().unwrap();
            let before = (cx.remaining(), cx.deadline());
            clock.advance(3 * SECOND);
            (before, (cx.remaining(), cx.deadline()))
        })
        .run_timeout(10 * SECOND)
        .submit();
    manual.advance(SECOND);
    let deadline = Some(manual.now() + 10 * SECOND);
    manual.run_all();
    assert_eq!(value(task), ((Some(10 * SECOND), deadline), (Some(7 * SECOND), deadline)));
}

#[test]
fn an_awaited_limit_passes_by_the_clock_while_nothing_runs() {
    let (pool, manual) = Executor::manual();
    let mut limit = pool.submit(|| ()).timeout(2 * SECOND);
    let (count, waker) = CountingWaker::new();
    assert!(poll_with(&mut limit, &waker).is_pending());
    manual.advance(SECOND);
    assert!(poll_with(&mut limit, &waker).is_pending());
    assert_eq!(count.wakes(), 0);
    manual.advance(SECOND);
    assert_eq!(count.wakes(), 1);
    assert!(expired(&drive(limit), Expired::Await));
    assert!(!manual.run_one());
    // One that was never polled.
    let limit = pool.submit(|| 1).timeout_or(SECOND, 2);
    manual.advance(SECOND);
    assert_eq!(drive(limit).unwrap(), 2);
}

#[test]
fn a_job_that_runs_at_the_last_moment_wins() {
    let (pool, manual) = Executor::manual();
    let limit = pool.submit(|| 1).timeout(SECOND);
    manual.run_all();
    manual.advance(SECOND);
    assert_eq!(drive(limit).unwrap(), 1);
}

#[test]
fn a_limit_of_no_time_is_over_at_once_and_the_longest_never() {
    let (pool, manual) = Executor::manual();
    let task = pool.job(|| ()).queue_timeout(Duration::ZERO).submit();
    assert!(expired(&outcome(task), Expired::Queue));
    assert!(expired(&drive(pool.submit(|| ()).timeout(Duration::ZERO)), Expired::Await));
    let queued = pool.job(|| 1).queue_timeout(Duration::MAX).run_timeout(Duration::MAX).submit();
    let mut limit = queued.timeout(Duration::MAX);
    assert!(poll_once(&mut limit).is_pending());
    manual.advance(1000 * FAR);
    assert_eq!(manual.run_all(), 1);
    assert_eq!(drive(limit).unwrap(), 1);
}

/// A job whose end by its queue deadline is noted, with the time.
fn watched(pool: &Executor, manual: &Arc<poolbridge::Manual>, log: &Log, at: u32) -> Task<()> {
    let (log, clock) = (log.clone(), Arc::clone(manual));
    let mut task = pool.job(|| ()).queue_timeout(at * SECOND).submit();
    task.add_done_callback(move |_| log.note(format!("{at} at {:?}", clock.elapsed())));
    task
}

#[test]
fn deadlines_fire_in_their_order_each_at_its_own_time() {
    let ((pool, manual), log) = (Executor::manual(), Log::new());
    let manual = Arc::new(manual);
    let tasks = [3, 1, 4, 2].map(|at| watched(&pool, &manual, &log, at));
    manual.advance(3 * SECOND);
    assert_eq!(log.lines(), ["1 at 1s", "2 at 2s", "3 at 3s"]);
    assert_eq!(tasks[2].status(), Status::Pending);
    manual.advance(10 * SECOND);
    assert_eq!(log.lines()[3], "4 at 4s");
    assert_eq!(manual.elapsed(), 13 * SECOND);
}

#[test]
fn a_deadline_that_another_sets_passes_in_the_same_move_if_it_is_due() {
    let ((pool, manual), log) = (Executor::manual(), Log::new());
    let manual = Arc::new(manual);
    let later = Arc::new(Mutex::new(Vec::new()));
    let mut first = watched(&pool, &manual, &log, 1);
    let (inner, clock, notes, tasks) =
        (pool.clone(), Arc::clone(&manual), log.clone(), Arc::clone(&later));
    first.add_done_callback(move |_| {
        for at in [2, 20] {
            let task = watched(&inner, &clock, &notes, at);
            tasks.lock().unwrap().push(task);
        }
    });
    manual.advance(10 * SECOND);
    assert_eq!(log.lines(), ["1 at 1s", "2 at 3s"]);
    assert_eq!(manual.elapsed(), 10 * SECOND);
    manual.advance(11 * SECOND);
    assert_eq!(log.lines()[2], "20 at 21s");
}

#[test]
fn a_callback_may_move_the_clock_which_never_goes_back() {
    let ((pool, manual), log) = (Executor::manual(), Log::new());
    let manual = Arc::new(manual);
    let mut first = watched(&pool, &manual, &log, 1);
    let _second = watched(&pool, &manual, &log, 5);
    let clock = Arc::clone(&manual);
    first.add_done_callback(move |_| clock.advance(9 * SECOND));
    manual.advance(2 * SECOND);
    assert_eq!(log.lines(), ["1 at 1s", "5 at 5s"]);
    assert_eq!(manual.elapsed(), 10 * SECOND);
}

#[test]
fn a_callback_that_panics_stops_no_other_deadline() {
    let ((pool, manual), log) = (Executor::manual(), Log::new());
    let manual = Arc::new(manual);
    let mut first = pool.job(|| ()).queue_timeout(SECOND).submit();
    first.add_done_callback(|_| panic!("a callback panics"));
    let _second = watched(&pool, &manual, &log, 2);
    manual.advance(2 * SECOND);
    assert_eq!((first.status(), log.lines()), (Status::Failed, vec!["2 at 2s".into()]));
}

#[test]
#[should_panic(expected = "the clock cannot tell")]
fn the_clock_refuses_a_time_that_it_cannot_tell() {
    let (_pool, manual) = Executor::manual();
    manual.advance(Duration::MAX);
}

#[test]
fn executors_have_clocks_of_their_own() {
    let ((one, of_one), (two, of_two)) = (Executor::manual(), Executor::manual());
    let first = one.job(|| 1).queue_timeout(SECOND).submit();
    let second = two.job(|| 2).queue_timeout(SECOND).submit();
    of_one.advance(FAR);
    assert_eq!((first.status(), second.status()), (Status::Failed, Status::Pending));
    assert_eq!((of_one.run_all(), of_two.run_all()), (0, 1));
    assert_eq!(value(second), 2);
    assert_eq!(of_two.elapsed(), Duration::ZERO);
    // Nor has a task of no executor that clock.
    let (_side, task) = promise::<()>();
    let mut limit = task.timeout(FAR);
    of_one.advance(2 * FAR);
    assert!(poll_once(&mut limit).is_pending());
}

/// Tokio's clock rules inside its runtime, but not over these tasks.
#[tokio::test(start_paused = true)]
async fn the_clock_rules_inside_a_tokio_runtime_too() {
    let (pool, manual) = Executor::manual();
    let manual = Arc::new(manual);
    let queued = pool.job(|| ()).queue_timeout(SECOND).submit();
    let clock = Arc::clone(&manual);
    let run = pool
        .job_with(move |cx| {
            clock.advance(SECOND);
            cx.is_cancelled()
        })
        .run_timeout(2 * SECOND)
        .submit();
    let mut limit = pool.submit(|| ()).timeout(SECOND);
    assert!(poll_once(&mut limit).is_pending());
    tokio::time::advance(FAR).await;
    assert!(poll_once(&mut limit).is_pending());
    assert_eq!(queued.status(), Status::Pending);
    let spawned = tokio::spawn(async move { (queued.await, limit.await) });
    tokio::task::yield_now().await;
    manual.advance(SECOND);
    let (queued, limit) = spawned.await.unwrap();
    assert!(expired(&queued, Expired::Queue) && expired(&limit, Expired::Await));
    assert_eq!(manual.run_all(), 1);
    assert!(!run.await.unwrap());
}

/// The threads of the runtime poll while the test moves the clock: no limit is lost.
#[test]
fn no_limit_is_lost_when_the_clock_moves_while_it_is_set() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    for _ in 0..200 {
        let (pool, manual) = Executor::manual();
        let limit = pool.submit(|| ()).timeout(SECOND);
        let polled = runtime.spawn(limit);
        manual.advance(SECOND);
        assert!(expired(&drive(polled).unwrap(), Expired::Await));
    }
}

#[test]
fn a_shutdown_ends_when_the_queue_has_been_run() {
    within(|| {
        let (pool, manual) = Executor::manual();
        let task = pool.submit(|| 1);
        let mut end = pool.shutdown(Shutdown::run_queued());
        assert!(poll_once(&mut end).is_pending());
        assert_eq!(manual.run_all(), 1);
        assert_eq!(end.wait().unwrap().finished, 1);
        assert_eq!(value(task), 1);
    });
}

#[test]
fn a_shutdown_awaited_with_a_limit_goes_by_the_clock() {
    let (pool, manual) = Executor::manual();
    let _task = pool.submit(|| ());
    let mut limit = pool.shutdown(Shutdown::run_queued()).timeout(SECOND);
    assert!(poll_once(&mut limit).is_pending());
    manual.advance(SECOND);
    assert_eq!(drive(limit).unwrap().finished, 0);
}

#[test]
fn what_is_queued_runs_after_the_last_handle_went() {
    let (pool, manual) = Executor::manual();
    let task = pool.submit(|| 1);
    drop(pool);
    assert_eq!(manual.run_all(), 1);
    assert_eq!(value(task), 1);
}

#[test]
fn without_its_manual_an_executor_is_broken() {
    let ((pool, manual), dropped) = (Executor::manual(), Counter::new());
    let captured = dropped.on_drop();
    let queued = pool.submit(move || drop(captured));
    let limit = pool.submit(|| ()).timeout(SECOND);
    drop(manual);
    assert_eq!(dropped.get(), 1);
    assert!(matches!(outcome(queued), Err(TaskError::Broken(_))));
    assert!(matches!(drive(limit), Err(TaskError::Broken(_))));
    let later = outcome(pool.submit(|| ())).unwrap_err();
    assert!(later.to_string().contains("Manual"), "{later}");
    let rejected = pool.try_submit(|| 3).unwrap_err();
    assert!(matches!(rejected.reason(), Reason::Broken(_)));
    assert_eq!((rejected.into_inner())(), 3);
    assert_eq!(drive(pool.shutdown(Shutdown::run_queued())).unwrap().still_running, 0);
}

/// R9: an outcome that comes between two steps of the poll which finds the time over, here by the
/// waker that this poll replaces, is not lost.
#[test]
fn an_outcome_in_the_midst_of_the_last_poll_wins_over_the_limit() {
    struct RunsAtDrop(Arc<Manual>);
    impl Wake for RunsAtDrop {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for RunsAtDrop {
        fn drop(&mut self) {
            self.0.run_one();
        }
    }
    let (pool, manual) = Executor::manual();
    let manual = Arc::new(manual);
    let mut limited = pool.submit(|| 1).timeout(SECOND);
    let first = Waker::from(Arc::new(RunsAtDrop(Arc::clone(&manual))));
    assert!(poll_with(&mut limited, &first).is_pending());
    drop(first);
    manual.advance(SECOND);
    assert!(matches!(poll_once(&mut limited), Poll::Ready(Ok(1))));
}
