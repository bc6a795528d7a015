//! Jobs that wait for jobs: run in place where that is right, left in peace otherwise.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use poolbridge::{Cancel, Executor, Status, Task, TaskError, context};

use crate::narrow::narrow;
use crate::support::{FAR, Log, eventually, occupy, one_worker, value, within, workers};

/// The executor's jobs, `depth` inside one another: how deep it went.
fn nest(pool: &Executor, depth: usize) -> Task<Result<usize, TaskError>> {
    let inner = pool.clone();
    pool.submit(move || match depth {
        0 => Ok(0),
        _ => nest(&inner, depth - 1).wait()?.map(|deep| deep + 1),
    })
}

#[test]
fn a_job_may_wait_for_a_queued_one_on_the_only_worker_of_any_kind() {
    for (name, pool, runtime) in narrow() {
        println!("over {name}");
        for depth in [1, 3, 16] {
            let pool = pool.clone();
            let deep = within(move || value(nest(&pool, depth)));
            assert_eq!(deep.unwrap(), depth, "{name}");
        }
        drop(pool);
        drop(runtime);
    }
}

/// Deeper than jobs may run inside one another.
#[test]
fn a_wait_that_is_too_deep_is_refused_and_does_not_hang() {
    for (name, pool, runtime) in narrow() {
        println!("over {name}");
        let clone = pool.clone();
        match within(move || value(nest(&clone, 20))) {
            Ok(deep) => assert_eq!(deep, 20, "{name}"),
            Err(TaskError::WouldDeadlock(error)) => assert!(!error.tasks().is_empty(), "{name}"),
            Err(other) => panic!("{name}: {other}"),
        }
        let clone = pool.clone();
        assert_eq!(within(move || value(clone.submit(|| 1))), 1, "{name}");
        drop(pool);
        drop(runtime);
    }
}

#[test]
fn the_manual_executors_jobs_may_wait_for_one_another() {
    let deep = within(|| {
        let (pool, manual) = Executor::manual();
        let task = nest(&pool, 5);
        manual.run_all();
        value(task)
    });
    assert_eq!(deep.unwrap(), 5);
}

/// With a worker that is free to come, a wait that is too deep to run in place is no circle.
#[test]
fn a_wait_that_is_too_deep_goes_on_if_another_worker_comes() {
    // As many as there are jobs: one is always free.
    let pool = workers(21);
    assert_eq!(within(move || value(nest(&pool, 20))).unwrap(), 20);
}

#[test]
fn a_pools_job_may_wait_for_one_of_any_view() {
    let pool = one_worker();
    let keyed = pool.keyed::<u8>();
    let (serial, limited, lane) = (pool.serial(), pool.limited(2), keyed.lane(1));
    let deep = limited.serial().limited(4);
    let inner = deep.clone();
    let all = pool.submit(move || {
        [
            serial.submit(|| 1).wait(),
            limited.submit(|| 2).wait(),
            keyed.submit(1, || 3).wait(),
            lane.submit(|| 4).wait(),
            inner.submit(|| 5).wait(),
        ]
        .map(Result::unwrap)
    });
    assert_eq!(value(all), [1, 2, 3, 4, 5]);
    assert_eq!(value(deep.submit(|| 6)), 6);
}

#[test]
fn a_views_job_may_wait_for_one_of_the_parent_or_of_a_sibling() {
    let pool = one_worker();
    let keyed = pool.keyed::<u8>();
    let serial = pool.serial();
    let targets = [pool.serial(), pool.limited(1), keyed.lane(7), pool.limited(2).serial()];
    for view in targets {
        let (pool, serial, keyed) = (pool.clone(), serial.clone(), keyed.clone());
        let all = view.submit(move || {
            [
                pool.submit(|| 1).wait(),
                serial.submit(|| 2).wait(),
                keyed.submit(8, || 3).wait(),
                keyed.lane(9).submit(|| 4).wait(),
            ]
            .map(Result::unwrap)
        });
        assert_eq!(value(all), [1, 2, 3, 4]);
    }
}

/// What comes before it in its lane runs before it, on the thread that waits.
#[test]
fn an_awaited_job_of_a_lane_comes_after_those_before_it() {
    let pool = one_worker();
    let keyed = pool.keyed::<u8>();
    let (serial, lane) = (pool.serial(), keyed.lane(2));
    type Submit = Box<dyn Fn(Log, usize) -> Task<()> + Send>;
    let at_key = keyed.clone();
    let kinds: [Submit; 3] = [
        Box::new(move |log, n| serial.submit(move || log.note(format!("{n}")))),
        Box::new(move |log, n| at_key.submit(1, move || log.note(format!("{n}")))),
        Box::new(move |log, n| lane.submit(move || log.note(format!("{n}")))),
    ];
    for submit in kinds {
        let log = Log::new();
        let noted = log.clone();
        let seen = value(pool.submit(move || {
            let mut tasks: Vec<_> = (0..6).map(|n| submit(noted.clone(), n)).collect();
            assert_eq!(tasks[1].cancel(), Cancel::Prevented);
            tasks.remove(4).wait().unwrap();
            let seen = noted.lines();
            // The last one is not needed for it, and runs all the same.
            tasks.into_iter().for_each(Task::detach);
            seen
        }));
        assert_eq!(seen, ["0", "2", "3", "4"]);
        eventually(|| log.lines().len() == 5);
    }
}

/// The lane is its executor's as long as that came first, whatever waits there behind it.
#[test]
fn an_awaited_job_of_a_lanes_executor_runs_before_the_lanes_later_jobs() {
    let pool = one_worker();
    let keyed = pool.keyed::<u8>();
    let lane = keyed.lane(1);
    let log = Log::new();
    let noted = log.clone();
    let seen = within(move || {
        value(pool.submit(move || {
            let (at_first, at_second) = (noted.clone(), noted.clone());
            let first = lane.submit(move || at_first.note("first"));
            keyed.submit(1, move || at_second.note("second")).detach();
            first.wait().map(|()| noted.lines())
        }))
    });
    assert_eq!(seen.unwrap(), ["first"]);
    eventually(|| log.lines() == ["first", "second"]);
}

#[test]
fn a_wait_with_a_limit_runs_nothing_in_place() {
    let pool = one_worker();
    let inner = pool.clone();
    let task = pool.submit(move || {
        let mut queued = inner.submit(|| thread::current().id());
        let waited = queued.result(Duration::from_millis(5)).is_err();
        (waited, queued.status(), queued)
    });
    let (waited, status, queued) = value(task);
    assert_eq!((waited, status), (true, Status::Pending));
    value(queued);
}

#[test]
fn a_job_run_in_place_has_hooks_a_context_and_the_workers_state() {
    let log = Log::new();
    let (before, after) = (log.clone(), log.clone());
    let pool = Executor::threads()
        .max_workers(1)
        .initializer(|| Ok::<_, std::io::Error>(String::from("state")))
        .before_job(move |cx| before.note(format!("before {}", cx.task_id())))
        .after_job(move |cx| after.note(format!("after {}", cx.task_id())))
        .build()
        .unwrap();
    for executor in [pool.clone(), pool.serial(), pool.limited(2), pool.keyed::<u8>().lane(1)] {
        let earlier = log.lines().len();
        let task = pool.submit_with(move |cx| {
            let inner = executor.submit_with(|cx| {
                let ambient = context::current().unwrap().task_id();
                (cx.task_id(), ambient, cx.state::<String>().as_str().to_owned())
            });
            let id = inner.id();
            let (inside, ambient, state) = inner.wait().unwrap();
            assert_eq!((inside, ambient, state.as_str()), (id, id, "state"));
            assert_eq!(context::current().unwrap().task_id(), cx.task_id());
            assert_eq!(cx.state::<String>().as_str(), "state");
            (cx.task_id(), id)
        });
        let (outer, inner) = value(task);
        let wanted = [("before", outer), ("before", inner), ("after", inner), ("after", outer)];
        let wanted: Vec<_> = wanted.iter().map(|(when, id)| format!("{when} {id}")).collect();
        assert_eq!(log.lines()[earlier..], wanted);
    }
}

/// It panics in the job that is waited for, not in the one that waits.
#[test]
fn a_job_run_in_place_may_panic_or_be_cancelled() {
    let pool = one_worker();
    let inner = pool.clone();
    let task = pool.submit(move || {
        let panics = inner.submit(|| -> () { panic!("inside") }).wait();
        let (begun, told) = mpsc::channel();
        let asked = inner.submit_with(move |cx| {
            begun.send(()).unwrap();
            eventually(|| cx.is_cancelled());
            5
        });
        let canceller = asked.canceller();
        let other = thread::spawn(move || {
            told.recv().unwrap();
            canceller.cancel()
        });
        let value = asked.wait();
        (panics, value, other.join().unwrap())
    });
    let (panics, asked, cancel) = value(task);
    assert!(matches!(panics, Err(TaskError::Panicked(_))), "{panics:?}");
    assert_eq!((asked.unwrap(), cancel), (5, Cancel::Requested));
}

/// Jobs of one pool that wait for one another's, on fewer threads than waiters.
#[test]
fn waits_within_one_pool_all_run_in_place() {
    let pool = workers(2);
    let busy = occupy(&pool);
    let tasks: Vec<_> = (0..50).map(|_| nest(&pool, 4)).collect();
    let deep = within(move || tasks.into_iter().map(|task| value(task).unwrap()).sum::<usize>());
    assert_eq!(deep, 200);
    busy.finish();
    let guarded = pool.job(|| 1).queue_timeout(FAR).submit();
    assert_eq!(value(guarded), 1);
}
