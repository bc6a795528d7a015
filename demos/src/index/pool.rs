//! The pool whose threads do all that blocks on a disk.

use std::cell::Cell;

use poolbridge::Executor;

/// The threads for walking, reading and the database. Each of those uses a view with a limit of
/// its own, and the pool has a thread for every place of theirs: they share the idle ones, and
/// none ever waits for another's.
///
/// That has to stay so when threads are lost. One that is blocked in the opening of a pipe can't be
/// taken back, and keeps its place in its view, rightly: it is busy. So whoever knows of such
/// threads says how many, and the pool may have as many more. (Stand-ins are no way out: a view's
/// place is never lent. They are for code that will come back.)
#[derive(Debug)]
pub(super) struct Pool {
    executor: Executor,
    /// Threads wanted while none is stuck.
    threads: Cell<usize>,
    stuck: Cell<usize>,
}

impl Pool {
    pub(super) fn new() -> Self {
        Self { executor: executor("io", 1), threads: Cell::new(0), stuck: Cell::new(0) }
    }

    /// A view of `limit` jobs at a time, with as many threads.
    pub(super) fn limited(&self, limit: usize) -> Executor {
        self.add(limit);
        self.executor.limited(limit)
    }

    /// A view for one job after the other, with a thread.
    pub(super) fn serial(&self) -> Executor {
        self.add(1);
        self.executor.serial()
    }

    /// So many of its threads are blocked, perhaps for ever.
    pub(super) fn set_stuck(&self, stuck: usize) {
        self.stuck.set(stuck);
        self.resize();
    }

    fn add(&self, places: usize) {
        self.threads.set(self.threads.get().saturating_add(places));
        self.resize();
    }

    fn resize(&self) {
        set_limit(&self.executor, self.threads.get().saturating_add(self.stuck.get()));
    }
}

/// Changes how many jobs `executor` runs at a time; at least one.
pub(super) fn set_limit(executor: &Executor, limit: usize) {
    if let Err(error) = executor.set_max_workers(limit) {
        unreachable!("one worker at least, and not serial: {error}");
    }
}

/// Threads called `name-0`, `name-1`, …
pub(super) fn executor(name: &str, workers: usize) -> Executor {
    let executor = Executor::threads().max_workers(workers).thread_name(name).build();
    executor.unwrap_or_else(|error| unreachable!("one worker at least, and no bounds: {error}"))
}
