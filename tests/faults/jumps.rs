//! Time that jumps, and limits at the edges of what a clock can tell.

use std::sync::Arc;
use std::time::{Duration, Instant};

use poolbridge::{
    Canceller, Executor, Expired, Manual, Shutdown, Status, Task, TaskError, promise,
};

use crate::support::{Counter, Gate, Log, drive, eventually, occupy, one_worker, outcome, value};
use crate::watch::{Cases, silence_injected_panics, watch_all};

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// The longest time from now that an `Instant` can tell, but for a moment.
fn brim() -> Duration {
    let now = Instant::now();
    let (mut low, mut high) = (0, u64::MAX);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let fits = now.checked_add(Duration::from_secs(middle)).is_some();
        if fits { low = middle } else { high = middle }
    }
    Duration::from_secs(low) - Duration::from_secs(1)
}

fn far_limits() -> [Duration; 7] {
    let brim = brim();
    [
        YEAR,
        1000 * YEAR,
        brim / 2,
        brim,
        brim + Duration::from_secs(2),
        Duration::MAX / 2,
        Duration::MAX,
    ]
}

/// With limits that far every kind of wait comes to its end by the work's own.
fn stand_far(pool: &Executor, limit: Duration, run: &dyn Fn()) {
    let tasks = [
        pool.job(|| 1).queue_timeout(limit).submit(),
        pool.job(|| 1).run_timeout(limit).submit(),
        pool.job(|| 1).queue_timeout(limit).run_timeout(limit).submit(),
    ];
    let seen = pool.job_with(|cx| (cx.deadline().is_some(), cx.remaining())).run_timeout(limit);
    let seen = seen.submit();
    run();
    for mut task in tasks {
        assert_eq!(task.result(limit).unwrap().unwrap(), 1);
    }
    let (has_deadline, remaining) = value(seen);
    assert_eq!(has_deadline, remaining.is_some());
    assert!(remaining.is_none_or(|left| left <= limit));
    let awaited = pool.submit(|| 2).timeout(limit);
    let instead = pool.submit(|| 3).timeout_or(limit, 9);
    run();
    assert_eq!(drive(awaited).unwrap(), 2);
    assert_eq!(drive(instead).unwrap(), 3);
    // One that waits is woken by the end, not by the clock.
    let (side, task) = promise();
    let mut waits = task.timeout(limit);
    assert!(crate::support::poll_once(&mut waits).is_pending());
    side.set_result(4).unwrap();
    assert_eq!(drive(waits).unwrap(), 4);
}

fn end(pool: &Executor, limit: Duration, run: &dyn Fn()) {
    let awaited = pool.shutdown(Shutdown::run_queued()).timeout(limit);
    run();
    assert_eq!(drive(awaited).unwrap().still_running, 0);
    assert_eq!(pool.exit_guard(limit).finish().unwrap().still_running, 0);
    let report = pool.shutdown(Shutdown::run_queued()).wait_timeout(limit).unwrap();
    assert_eq!(report.still_running, 0);
}

#[test]
fn limits_beyond_every_clock_are_none() {
    let mut cases: Cases = Vec::new();
    for limit in far_limits() {
        let own = move || {
            let pool = Executor::threads().max_workers(1).keep_alive(limit).build().unwrap();
            stand_far(&pool, limit, &|| ());
            stand_far(&pool.serial(), limit, &|| ());
            end(&pool, limit, &|| ());
        };
        cases.push((format!("own threads {limit:?}"), Box::new(own)));
        let by_hand = move || {
            let (pool, manual) = Executor::manual();
            let run = || {
                manual.run_all();
            };
            stand_far(&pool, limit, &run);
            end(&pool, limit, &run);
        };
        cases.push((format!("manual {limit:?}"), Box::new(by_hand)));
        let inline = move || {
            let pool = Executor::inline();
            stand_far(&pool, limit, &|| ());
            end(&pool, limit, &|| ());
        };
        cases.push((format!("inline {limit:?}"), Box::new(inline)));
        for paused in [false, true] {
            let tokio = move || {
                let mut runtime = tokio::runtime::Builder::new_current_thread();
                let runtime = runtime.enable_time().start_paused(paused).build().unwrap();
                let pool = one_worker();
                runtime.block_on(async {
                    stand_far(&pool, limit, &|| ());
                    end(&pool, limit, &|| ());
                });
            };
            cases.push((format!("tokio {paused} {limit:?}"), Box::new(tokio)));
        }
    }
    watch_all(cases);
}

/// Zero looks once, wherever a limit may be given.
#[test]
fn no_time_at_all_ends_every_wait_and_harms_nobody() {
    let zero = Duration::ZERO;
    let pool = Executor::threads().max_workers(1).keep_alive(zero).build().unwrap();
    let busy = occupy(&pool);
    let mut queued = pool.job(|| ()).queue_timeout(zero).run_timeout(zero).submit();
    assert!(queued.result(zero).is_err() || queued.status() == Status::Failed);
    assert!(matches!(drive(pool.submit(|| ()).timeout(zero)), Err(TaskError::TimedOut(_))));
    assert_eq!(drive(pool.submit(|| 1).timeout_or(zero, 2)).unwrap(), 2);
    let view = pool.limited(1);
    view.submit(|| ()).detach();
    let report = view.shutdown(Shutdown::run_queued()).wait_timeout(zero).unwrap();
    assert_eq!(report.still_running, 0);
    busy.finish();
    assert_eq!(value(pool.submit(|| 5)), 5);
}

fn manual() -> (Executor, Arc<Manual>) {
    let (pool, manual) = Executor::manual();
    (pool, Arc::new(manual))
}

/// Whoever was to come first, came first, though all came due at once.
#[test]
fn a_jump_over_a_thousand_deadlines_fires_each_in_its_order() {
    let (pool, manual) = manual();
    let log = Log::new();
    let tasks: Vec<Task<()>> = (0..1000_u64)
        .map(|n| {
            // Neither the order of submission nor its reverse.
            let at = n * 7919 % 1000;
            let mut task =
                pool.job(|| unreachable!()).queue_timeout(Duration::from_secs(at + 1)).submit();
            let note = log.clone();
            task.add_done_callback(move |_| note.note(format!("{at:04}")));
            task
        })
        .collect();
    manual.advance(1000 * YEAR);
    assert_eq!(log.lines(), (0..1000).map(|n| format!("{n:04}")).collect::<Vec<_>>());
    for task in tasks {
        assert!(matches!(outcome(task), Err(TaskError::TimedOut(Expired::Queue))));
    }
    assert_eq!((pool.snapshot().queued.len(), manual.run_all()), (0, 0));
}

/// One step over the deadline for the queue, that for the run and that of the await: what was first
/// has ended the task.
#[test]
fn a_jump_over_deadlines_of_all_kinds_ends_each_task_once() {
    for (queue, run, wait) in [(1, 2, 3), (3, 1, 2), (2, 3, 1), (3, 2, 1), (1, 1, 1)] {
        for started in [false, true] {
            let (pool, clock) = manual();
            let told = Counter::new();
            let (count, jumps) = (told.clone(), Arc::clone(&clock));
            let job = pool.job(move || jumps.advance(YEAR));
            let job = job.queue_timeout(Duration::from_secs(queue));
            let mut task = job.run_timeout(Duration::from_secs(run)).submit();
            task.add_done_callback(move |_| {
                count.add();
            });
            let awaited = task.timeout(Duration::from_secs(wait));
            if started {
                assert_eq!(clock.run_all(), 1);
            } else {
                clock.advance(YEAR);
                assert_eq!(clock.run_all(), 0);
            }
            let Err(TaskError::TimedOut(why)) = drive(awaited) else { panic!("in time") };
            // An await's limit is looked at when somebody polls.
            assert_eq!(why, if started { Expired::Run } else { Expired::Queue });
            assert_eq!(told.get(), 1);
        }
    }
}

/// What is set in the midst of a jump and comes due in it fires in it.
#[test]
fn a_jump_fires_what_is_set_on_the_way() {
    fn again(pool: Executor, left: usize, told: Counter) {
        let mut task = pool.job(|| unreachable!()).queue_timeout(Duration::from_secs(1)).submit();
        task.add_done_callback(move |_: &Result<(), TaskError>| {
            told.add();
            if left > 1 {
                again(pool, left - 1, told);
            }
        });
        task.detach();
    }
    let (pool, manual) = manual();
    let told = Counter::new();
    again(pool, 500, told.clone());
    manual.advance(YEAR);
    assert_eq!((told.get(), manual.elapsed()), (500, YEAR));
}

/// A callback at a deadline moves the time itself, panics, cancels the next one.
#[test]
fn a_jump_stands_callbacks_that_jump_panic_and_cancel() {
    silence_injected_panics();
    let (pool, clock) = manual();
    let mut tasks: Vec<Task<()>> = (1..=30)
        .map(|n| pool.job(|| unreachable!()).queue_timeout(Duration::from_secs(n)).submit())
        .collect();
    let next: Vec<Canceller> = tasks.iter().skip(1).map(Task::canceller).collect();
    for (n, (task, next)) in tasks.iter_mut().zip(next).enumerate() {
        let clock = Arc::clone(&clock);
        task.add_done_callback(move |_| match n % 3 {
            0 => clock.advance(Duration::from_millis(1500)),
            1 => drop(next.cancel()),
            _ => panic!("injected"),
        });
    }
    clock.advance(Duration::from_secs(40));
    assert!(tasks.iter().all(|task| task.status().is_done()));
    assert_eq!(clock.elapsed().max(Duration::from_secs(40)), clock.elapsed());
    assert_eq!(clock.run_all(), 0);
}

/// Beyond the end of time: the caller hears it by a panic, and the clock stands where it stood.
#[test]
fn a_jump_beyond_the_end_of_time_changes_nothing() {
    let (pool, manual) = manual();
    let waits = pool.job(|| 1).queue_timeout(YEAR).submit();
    let now = manual.now();
    for by in [Duration::MAX, brim() + Duration::from_secs(5)] {
        let jump = || manual.advance(by);
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(jump)).is_err());
    }
    assert_eq!((manual.now(), manual.elapsed()), (now, Duration::ZERO));
    assert_eq!((manual.run_all(), value(waits)), (1, 1));
    // At the end of time no limit can be told any more: there is none.
    manual.advance(brim());
    let task = pool.job_with(|cx| cx.remaining()).queue_timeout(YEAR).run_timeout(YEAR).submit();
    let awaited = pool.submit(|| 2).timeout(YEAR);
    assert_eq!(manual.run_all(), 2);
    assert_eq!((value(task), drive(awaited).unwrap()), (None, 2));
}

/// Nothing is left out, and nothing fires twice.
#[test]
fn a_clock_that_several_threads_move_never_goes_back() {
    let (pool, clock) = manual();
    let told = Counter::new();
    for n in 1..=200 {
        let mut task = pool.job(|| ()).queue_timeout(Duration::from_millis(n)).submit();
        let count = told.clone();
        task.add_done_callback(move |_| {
            count.add();
        });
        task.detach();
    }
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let clock = Arc::clone(&clock);
            std::thread::spawn(move || {
                let mut last = clock.now();
                for _ in 0..100 {
                    clock.advance(Duration::from_millis(7));
                    assert!(clock.now() >= last);
                    last = clock.now();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!((told.get(), pool.snapshot().queued.len()), (200, 0));
}

/// A machine that slept for a year, by tokio's clock: what came due meanwhile ends at once.
#[test]
fn a_machine_that_was_suspended_ends_what_is_due() {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let pool = one_worker();
        let (gate, begun) = (Gate::new(), Gate::new());
        let (go, at_begun) = (gate.clone(), begun.clone());
        let job = pool.job(move || {
            at_begun.open();
            go.pass();
        });
        let run = job.run_timeout(YEAR / 2).submit();
        begun.pass();
        let queued: Vec<Task<()>> =
            (1..100_u32).map(|n| pool.job(|| ()).queue_timeout(YEAR / 200 * n).submit()).collect();
        let far = pool.submit(|| 1);
        let last = far.canceller();
        let far = far.timeout(2 * YEAR);
        tokio::time::advance(YEAR).await;
        for task in queued {
            assert!(matches!(task.await, Err(TaskError::TimedOut(Expired::Queue))));
        }
        assert!(matches!(run.await, Err(TaskError::TimedOut(Expired::Run))));
        gate.open();
        // An idle runtime whose clock is paused would jump to the far limit.
        eventually(|| last.status().is_done());
        assert_eq!(far.await.unwrap(), 1);
    });
}
