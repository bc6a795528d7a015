//! What an executor was given when it was built: it is dropped with the executor, wherever the last
//! reference to that may be.

use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use poolbridge::{Backend, Executor, Shutdown, StartError, Task, Worker};

use crate::support::{Counter, eventually, occupy, value};
use crate::watch::{Cases, silence_injected_panics, watch_all};

/// Panics at its drop, and counts it.
struct Bad(Counter);

impl Drop for Bad {
    fn drop(&mut self) {
        self.0.add();
        // Also while its thread unwinds: a second one must not meet the first.
        panic!("injected");
    }
}

impl Backend for Bad {
    fn start(&self, worker: Worker) -> Result<(), StartError> {
        thread::spawn(move || worker.run());
        Ok(())
    }

    fn parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }
}

/// As many as there are of user's values in an executor's options.
const HOOKS: usize = 6;

fn own_threads(dropped: &Counter) -> Executor {
    let bad = || Bad(dropped.clone());
    let (before, after, start, stop, state, spawn) = (bad(), bad(), bad(), bad(), bad(), bad());
    Executor::threads()
        .max_workers(1)
        .keep_alive(Duration::from_millis(1))
        .before_job(move |_| _ = &before)
        .after_job(move |_| _ = &after)
        .on_thread_start(move || _ = &start)
        .on_thread_stop(move || _ = &stop)
        .initializer(move || {
            let _ = &state;
            Ok::<_, String>(())
        })
        .spawn_handler(move |pool_thread| {
            let _ = &spawn;
            thread::Builder::new().spawn(move || pool_thread.run()).map(drop)
        })
        .build()
        .unwrap()
}

fn over_a_backend(dropped: &Counter) -> Executor {
    Executor::on(Bad(dropped.clone())).build().unwrap()
}

type End = fn(Executor);

/// Ways in which the last reference to an executor goes.
const ENDS: [(&str, End); 6] = [
    ("dropped unused", drop),
    ("dropped by a job", |pool| {
        let busy = occupy(&pool);
        let last = pool.clone();
        let task = pool.submit(move || drop(last));
        drop(pool);
        busy.finish();
        value(task);
    }),
    ("dropped while a job runs", |pool| {
        let busy = occupy(&pool);
        drop(pool);
        busy.finish();
    }),
    ("shut down", |pool| {
        let task = pool.submit(|| 1);
        assert_eq!(pool.shutdown(Shutdown::run_queued()).wait().unwrap().still_running, 0);
        drop(pool);
        assert_eq!(value(task), 1);
    }),
    ("with its last view", |pool| {
        let view = pool.limited(1).serial();
        drop(pool);
        assert_eq!(value(view.submit(|| 1)), 1);
        drop(view);
    }),
    ("with what was queued, which is cancelled", |pool| {
        let busy = occupy(&pool);
        let tasks: Vec<Task<()>> = (0..3).map(|_| pool.submit(|| ())).collect();
        drop(pool);
        drop(tasks);
        busy.finish();
    }),
];

#[test]
fn options_that_panic_when_they_are_dropped_reach_nobody() {
    let mut cases: Cases = Vec::new();
    type Make = fn(&Counter) -> Executor;
    for (make, count) in [(own_threads as Make, HOOKS), (over_a_backend, 1)] {
        for (name, end) in ENDS {
            let case = move || {
                let dropped = Counter::new();
                end(make(&dropped));
                eventually(|| dropped.get() == count);
            };
            cases.push((format!("{count} {name}"), Box::new(case)));
        }
    }
    watch_all(cases);
}

/// So do those of a builder that is given up before it has built anything.
#[test]
fn a_builder_that_is_given_up_drops_its_options_once() {
    silence_injected_panics();
    let dropped = Counter::new();
    let bad = Bad(dropped.clone());
    let builder = Executor::threads().before_job(move |_| _ = &bad);
    drop(builder);
    assert_eq!(dropped.get(), 1);
}
