//! Futures' `ThreadPool`: what is special about it.

use futures::executor::{ThreadPool, block_on};
use poolbridge::backends::FuturesPool;
use poolbridge::{Executor, TaskError};

use crate::support::{drive, outcome, thread_name, value, within};

fn pool(threads: usize) -> ThreadPool {
    ThreadPool::builder().pool_size(threads).name_prefix("theirs-").create().unwrap()
}

#[test]
fn jobs_run_on_the_threads_of_the_futures_pool() {
    let pool = Executor::futures(pool(2));
    assert!(value(pool.submit(thread_name)).starts_with("theirs-"));
}

/// The pool's own futures await our tasks.
#[test]
fn futures_on_the_same_pool_await_tasks() {
    let threads = pool(2);
    let pool = Executor::futures(threads.clone());
    let (tell, told) = futures::channel::oneshot::channel();
    threads.spawn_ok(async move {
        let _ = tell.send(pool.submit(|| 7).await);
    });
    assert_eq!(drive(told).unwrap().unwrap(), 7);
}

/// With one thread a turn stands behind the pool's own work, and comes.
#[test]
fn a_turn_waits_for_the_pools_own_futures() {
    let threads = pool(1);
    let gate = crate::support::Gate::new();
    let at_gate = gate.clone();
    threads.spawn_ok(async move { at_gate.pass() });
    let pool = Executor::on(FuturesPool::new(threads)).max_workers(5).build().unwrap();
    let tasks: Vec<_> = (0..10).map(|n| pool.submit(move || n)).collect();
    gate.open();
    assert_eq!(tasks.into_iter().map(value).sum::<i32>(), 45);
}

/// Futures' `block_on` refuses to be nested; ours is no such thing.
#[test]
fn block_on_of_futures_panics_in_a_job_and_wait_does_not() {
    let pool = Executor::futures(pool(1));
    let task = pool.submit(|| block_on(async { 1 }));
    assert!(matches!(outcome(task), Err(TaskError::Panicked(_))));
    let own = pool.clone();
    let task = pool.submit(move || own.submit(|| 2).wait().unwrap());
    assert_eq!(within(move || value(task)), 2);
}
