//! Rayon: what is special about it. A panic that got out of a turn would abort all these tests.

use std::sync::Arc;

use poolbridge::backends::Rayon;
use poolbridge::{Backend, Executor, Shutdown, TaskError};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::support::{
    Counter, Gate, PanicOnDrop, drive, eventually, occupy, outcome, thread_name, value, within,
};

fn pool(threads: usize, name: &'static str) -> Arc<ThreadPool> {
    let builder = ThreadPoolBuilder::new().num_threads(threads);
    Arc::new(builder.thread_name(move |n| format!("{name}-{n}")).build().unwrap())
}

#[test]
fn jobs_run_on_the_threads_of_the_rayon_pool() {
    let pool = Executor::rayon_pool(pool(3, "theirs"));
    assert!(value(pool.submit(thread_name)).starts_with("theirs-"));
    assert_eq!(value(pool.submit(rayon::current_num_threads)), 3);
}

#[test]
fn the_limit_is_the_number_of_threads_of_the_pool() {
    let pool = Executor::rayon_pool(pool(2, "two"));
    let busy = [occupy(&pool), occupy(&pool)];
    let waits = pool.submit(|| 3);
    assert_eq!(pool.snapshot().queued.len(), 1);
    busy.into_iter().for_each(|busy| busy.finish());
    assert_eq!(value(waits), 3);
}

#[test]
fn parallel_iterators_inside_a_job_use_its_pool() {
    let pool = Executor::rayon_pool(pool(2, "par"));
    let names = pool.submit(|| (0..100).into_par_iter().map(|_| thread_name()).collect::<Vec<_>>());
    assert!(value(names).iter().all(|name| name.starts_with("par-")));
}

#[test]
fn the_global_pool_runs_jobs() {
    let pool = Executor::rayon();
    let tasks: Vec<_> = (0..100).map(|n| pool.submit(move || n)).collect();
    assert_eq!(tasks.into_iter().map(value).sum::<i32>(), 4950);
    let index = pool.submit(rayon::current_thread_index);
    assert!(value(index).is_some());
}

/// Rayon's free functions mean the pool of the calling thread: there, too, the global one is meant.
#[test]
fn the_global_pool_is_meant_also_on_the_threads_of_another_pool() {
    let global = rayon::current_num_threads();
    let size = if global == 1 { 2 } else { 1 };
    let other = pool(size, "other");
    let (limit, name, made_there) = other.install(|| {
        let made_there = Executor::rayon();
        // A thread of the other pool waits and would not come.
        let task = made_there.submit(thread_name);
        let name = within(move || value(task));
        (Rayon::global().parallelism().get(), name, made_there)
    });
    assert!(!name.starts_with("other-"));
    assert_eq!(limit, global);
    assert_eq!(value(made_there.submit(rayon::current_num_threads)), global);
}

/// And on its own threads, before and after a turn has run there.
#[test]
fn the_global_pool_takes_jobs_from_its_own_threads() {
    let pool = Executor::rayon();
    let own = pool.clone();
    let sums: i32 = (0..64)
        .into_par_iter()
        .map(|n| {
            let own = own.clone();
            own.submit(move || n).detach();
            n
        })
        .sum();
    assert_eq!(sums, 2016);
    assert_eq!(value(pool.submit(move || own.submit(|| 5))).wait().unwrap(), 5);
}

/// D3: rayon aborts the process for a panic that reaches it.
#[test]
fn no_panic_of_a_job_reaches_rayon() {
    let threads = pool(1, "panics");
    let pool = Executor::rayon_pool(Arc::clone(&threads));
    let gate = Gate::new();
    let at_gate = gate.clone();
    threads.spawn(move || at_gate.pass());
    // Dropped while queued, with a destructor that panics; the turn finds nothing.
    let capture = PanicOnDrop;
    drop(pool.submit(move || drop(capture)));
    let mut task = pool.submit(|| std::panic::panic_any(PanicOnDrop));
    task.add_done_callback(|_| std::panic::panic_any(PanicOnDrop));
    let unwanted = pool.submit(|| PanicOnDrop);
    let parallel =
        pool.submit(|| (0..4).into_par_iter().for_each(|_| panic!("in a parallel loop")));
    gate.open();
    assert!(outcome(task).is_err());
    eventually(|| unwanted.status().is_done());
    drop(unwanted);
    assert!(matches!(outcome(parallel), Err(TaskError::Panicked(_))));
    assert_eq!(value(pool.submit(|| 1)), 1);
}

/// The backend itself goes on a thread of the pool that it keeps alive.
#[test]
fn the_last_of_a_rayon_pool_may_go_on_its_own_thread() {
    let (threads, dropped) = (pool(1, "last"), Counter::new());
    let pool = Executor::rayon_pool(threads);
    let gate = Gate::new();
    let (at_gate, own, capture) = (gate.clone(), pool.clone(), dropped.on_drop());
    pool.submit(move || {
        at_gate.pass();
        drop((own, capture));
    })
    .detach();
    drop(pool);
    gate.open();
    eventually(|| dropped.get() == 1);
}

/// A job's own parallel loop may steal another turn: both jobs end.
#[test]
fn a_parallel_loop_inside_a_job_may_run_another_job_on_the_same_thread() {
    let pool = Executor::rayon_pool(pool(2, "steals"));
    let tasks: Vec<_> = (0..50_u64)
        .map(|n| pool.submit(move || (0..100).into_par_iter().map(|m| n * m).sum::<u64>()))
        .collect();
    let total: u64 = within(move || tasks.into_iter().map(value).sum());
    assert_eq!(total, 1225 * 4950);
    let report = drive(pool.shutdown(Shutdown::run_queued())).unwrap();
    assert_eq!(report.still_running, 0);
}
