//! An executor over threads of its own: how many there are, what they are called, when they go.

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use poolbridge::{BuildError, Executor, Status, TaskError, run_in_executor};

use crate::support::{
    Counter, Gate, HANG, Log, eventually, occupy, one_worker, outcome, thread_name, value, workers,
};

/// E01, E02, X15: whatever a closure carries arrives untouched.
#[test]
fn a_submitted_closure_gets_what_it_carries() {
    let pool = one_worker();
    assert_eq!(value(pool.submit(|| 2_u64.pow(8))), 256);
    let (text, numbers) = ("self".to_owned(), vec![1, 2, 3]);
    let task = pool.submit(move || (text, numbers.iter().sum::<i32>()));
    assert_eq!(value(task), ("self".to_owned(), 6));
}

/// E02: a large closure and a large outcome arrive untouched too.
#[test]
fn a_large_closure_and_a_large_outcome_arrive_whole() {
    let pool = one_worker();
    let block: [u64; 1000] = std::array::from_fn(|n| n as u64);
    let task = pool.submit(move || block.map(|n| n + 1));
    assert!(value(task).iter().zip(1..).all(|(seen, want)| *seen == want));
}

/// E19: a limit of no workers is an error when the executor is built.
#[test]
fn an_executor_needs_a_worker() {
    let error = Executor::threads().max_workers(0).build().unwrap_err();
    assert_eq!(error, BuildError::NoWorkers);
    assert!(error.to_string().contains("max_workers"));
}

/// T02
#[test]
fn the_default_limit_is_that_of_cpython() {
    let wanted = (thread::available_parallelism().unwrap().get() + 4).min(32);
    let pool = Executor::threads().build().unwrap();
    let gate = Gate::new();
    let begun = Counter::new();
    let tasks: Vec<_> = (0..wanted + 3)
        .map(|_| {
            let (gate, begun) = (gate.clone(), begun.clone());
            pool.submit(move || {
                begun.add();
                gate.pass();
            })
        })
        .collect();
    eventually(|| begun.get() == wanted);
    let seen = pool.snapshot();
    assert_eq!((seen.workers, seen.running.len(), seen.queued.len()), (wanted, wanted, 3));
    gate.open();
    tasks.into_iter().for_each(value);
}

/// T03
#[test]
fn four_workers_and_sixty_blocking_jobs_make_four_threads() {
    let started = Counter::new();
    let count = started.clone();
    let pool = Executor::threads().max_workers(4).on_thread_start(move || {
        count.add();
    });
    let pool = pool.build().unwrap();
    let (begin, begun) = mpsc::channel();
    let gate = Gate::new();
    let tasks: Vec<_> = (0..60)
        .map(|_| {
            let (begin, gate) = (begin.clone(), gate.clone());
            pool.submit(move || {
                begin.send(()).unwrap();
                gate.pass();
            })
        })
        .collect();
    for _ in 0..4 {
        begun.recv_timeout(HANG).unwrap();
    }
    assert_eq!(pool.snapshot().workers, 4);
    assert_eq!(pool.snapshot().queued.len(), 56);
    gate.open();
    tasks.into_iter().for_each(value);
    assert_eq!(started.get(), 4);
}

/// S12
#[test]
fn threads_are_named_by_prefix_and_number() {
    let pool = Executor::threads().max_workers(5).thread_name("SpecialPool").build().unwrap();
    let busy: Vec<_> = (0..5).map(|_| occupy(&pool)).collect();
    busy.into_iter().for_each(crate::support::Busy::finish);
    let names = Log::new();
    let gate = Gate::new();
    let tasks: Vec<_> = (0..5)
        .map(|_| {
            let (names, gate) = (names.clone(), gate.clone());
            pool.submit(move || {
                names.note(thread_name());
                gate.pass();
            })
        })
        .collect();
    eventually(|| names.lines().len() == 5);
    gate.open();
    tasks.into_iter().for_each(value);
    let names: BTreeSet<_> = names.lines().into_iter().collect();
    let wanted: BTreeSet<_> = (0..5).map(|n| format!("SpecialPool-{n}")).collect();
    assert_eq!(names, wanted);
}

/// S13
#[test]
fn executors_without_a_name_have_threads_with_different_names() {
    let names: BTreeSet<_> = (0..3).map(|_| value(workers(1).submit(thread_name))).collect();
    assert_eq!(names.len(), 3);
    assert!(names.iter().all(|name| name.starts_with("poolbridge-") && name.ends_with("-0")));
}

/// T04
#[test]
fn an_idle_thread_is_reused() {
    let pool = workers(8);
    let names: BTreeSet<_> = (0..100).map(|_| value(pool.submit(thread_name))).collect();
    assert_eq!(names.len(), 1);
    assert_eq!((pool.snapshot().workers, pool.snapshot().idle), (1, 1));
}

/// A thread that idles for longer than `keep_alive` goes, and a later job gets a new one.
#[test]
fn an_idle_pool_shrinks_to_nothing_and_grows_again() {
    let stopped = Counter::new();
    let count = stopped.clone();
    let pool = Executor::threads()
        .max_workers(3)
        .thread_name("short")
        .keep_alive(Duration::from_millis(1))
        .on_thread_stop(move || {
            count.add();
        })
        .build()
        .unwrap();
    let busy: Vec<_> = (0..3).map(|_| occupy(&pool)).collect();
    assert_eq!(pool.snapshot().workers, 3);
    busy.into_iter().for_each(crate::support::Busy::finish);
    eventually(|| pool.snapshot().workers == 0 && stopped.get() == 3);
    assert_eq!(pool.snapshot().idle, 0);
    assert_eq!(value(pool.submit(thread_name)), "short-3");
}

/// A `keep_alive` of nothing or of more than the clock can say works.
#[test]
fn extreme_keep_alives_work() {
    let pool = Executor::threads().max_workers(1).keep_alive(Duration::ZERO).build().unwrap();
    for n in 0..100 {
        assert_eq!(value(pool.submit(move || n)), n);
    }
    eventually(|| pool.snapshot().workers == 0);
    let pool = Executor::threads().max_workers(1).keep_alive(Duration::MAX).build().unwrap();
    value(pool.submit(|| ()));
    assert_eq!((pool.snapshot().workers, pool.snapshot().idle), (1, 1));
}

/// The stack size reaches the threads: this recursion needs more than the platform's default.
#[test]
fn threads_have_the_stack_that_was_asked_for() {
    fn deep(n: u32) -> u64 {
        let block = std::hint::black_box([u64::from(n); 128]);
        if n == 0 { block[0] } else { deep(n - 1) + block[127] }
    }
    let pool = Executor::threads().max_workers(1).stack_size(128 << 20).build().unwrap();
    assert_eq!(value(pool.submit(|| deep(30_000))), (0..=30_000).sum());
}

/// With one worker everything still works, one after another.
#[test]
fn one_worker_runs_jobs_in_the_order_of_submission() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let log = Log::new();
    let tasks: Vec<_> = (0..50)
        .map(|n| {
            let log = log.clone();
            pool.submit(move || log.note(n.to_string()))
        })
        .collect();
    busy.finish();
    tasks.into_iter().for_each(value);
    assert_eq!(log.lines(), (0..50).map(|n| n.to_string()).collect::<Vec<_>>());
}

/// E18: clones are handles of one queue.
#[test]
fn clones_share_the_queue() {
    let pool = one_worker();
    let clone = pool.clone();
    let busy = occupy(&pool);
    let task = clone.submit(|| 3);
    assert_eq!(pool.snapshot().queued.len(), 1);
    drop(pool);
    busy.finish();
    assert_eq!(value(task), 3);
    assert_eq!(value(clone.submit(|| 4)), 4);
}

/// R25: a job that was cancelled costs no thread its place.
#[test]
fn cancelled_jobs_cost_no_worker() {
    let pool = workers(2);
    for _ in 0..50 {
        let busy = [occupy(&pool), occupy(&pool)];
        let tasks: Vec<_> = (0..20).map(|_| pool.submit(|| ())).collect();
        busy.iter().for_each(crate::support::Busy::open);
        drop(tasks);
        busy.into_iter().for_each(crate::support::Busy::finish);
    }
    eventually(|| {
        let seen = pool.snapshot();
        seen.idle == seen.workers && seen.queued.is_empty() && seen.running.is_empty()
    });
    let busy = [occupy(&pool), occupy(&pool)];
    assert_eq!(pool.snapshot().workers, 2);
    busy.into_iter().for_each(crate::support::Busy::finish);
}

/// T03: a job that needs a second worker gets it, below the limit.
#[test]
fn jobs_that_wait_for_each_other_get_a_worker_each() {
    let pool = workers(4);
    for _ in 0..100 {
        let barrier = std::sync::Arc::new(std::sync::Barrier::new(4));
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let barrier = std::sync::Arc::clone(&barrier);
                pool.submit(move || barrier.wait().is_leader())
            })
            .collect();
        let leaders = tasks.into_iter().map(value).filter(|leader| *leader).count();
        assert_eq!(leaders, 1);
    }
}

/// What is queued and what runs, with names, labels and states.
#[test]
fn a_snapshot_shows_what_is_queued_and_what_runs() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let first = pool.job(|| ()).name("first").label("reports").submit();
    let second = pool.submit(|| ());
    let seen = pool.snapshot();
    assert_eq!((seen.workers, seen.idle, seen.closed), (1, 0, false));
    assert_eq!(seen.running[0].status, Status::Running);
    assert_eq!(
        seen.queued.iter().map(|info| info.id).collect::<Vec<_>>(),
        [first.id(), second.id()]
    );
    assert_eq!(seen.queued[0].name.as_deref(), Some("first"));
    assert_eq!(seen.queued[0].label.as_deref(), Some("reports"));
    assert!(seen.queued[1].name.is_none() && seen.queued[1].status == Status::Pending);
    busy.finish();
    [first, second].into_iter().for_each(value);
    let seen = pool.snapshot();
    assert!(seen.queued.is_empty() && seen.running.is_empty());
}

/// E21: whatever a job raises is delivered, and the worker lives.
#[test]
fn a_failing_job_fails_alone() {
    let pool = one_worker();
    assert!(matches!(outcome(pool.submit(|| panic!("odd"))), Err::<(), _>(TaskError::Panicked(_))));
    assert_eq!(value(pool.submit(|| 1)), 1);
    assert_eq!(pool.snapshot().workers, 1);
}

/// X01, X13: off this thread, exactly once.
#[test]
fn run_in_executor_runs_the_closure_once_on_another_thread() {
    let pool = one_worker();
    let ran = Counter::new();
    let count = ran.clone();
    let task = run_in_executor(&pool, move || {
        count.add();
        thread::current().id()
    });
    assert_ne!(value(task), thread::current().id());
    assert_eq!(ran.get(), 1);
}

/// X03, S01: on a closed executor it fails at once.
#[test]
fn run_in_executor_on_a_closed_executor_is_refused_at_the_call() {
    let pool = one_worker();
    drop(pool.shutdown(poolbridge::Shutdown::run_queued()));
    let mut task = run_in_executor(&pool, || unreachable!("closed"));
    assert!(matches!(task.result(Duration::ZERO), Ok(Err::<(), _>(TaskError::Rejected(_)))));
}
