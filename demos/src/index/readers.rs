//! The readers' threads, and what to do when all of them are stuck.

use std::cell::{Cell, RefCell};
use std::num::NonZeroUsize;
use std::time::Duration;

use poolbridge::{Executor, Running, Shutdown};

/// An executor of `limit` readers, replaced by a fresh one when each of its threads is stuck in a
/// read that nobody waits for any more.
///
/// A thread that is blocked in the opening of a pipe can't be taken back. Its task has ended by
/// its run deadline, but the thread stays counted as busy, which is right: it is. So `limit` stuck
/// files would keep all others queued for ever.
#[derive(Debug)]
pub(super) struct Readers {
    limit: NonZeroUsize,
    current: RefCell<Executor>,
    retired: RefCell<Vec<Executor>>,
    stopping: Cell<bool>,
}

impl Readers {
    pub(super) fn new(limit: NonZeroUsize) -> Self {
        Self {
            limit,
            current: RefCell::new(start(limit)),
            retired: RefCell::default(),
            stopping: Cell::new(false),
        }
    }

    /// Where the next file is read.
    pub(super) fn current(&self) -> Executor {
        self.current.borrow().clone()
    }

    /// Whether no file is begun any more.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.get()
    }

    /// A read has timed out: perhaps it held the last thread.
    ///
    /// What is queued on the retired executor ends as cancelled; whoever waits for it submits it
    /// again.
    pub(super) fn one_is_stuck(&self) {
        let current = self.current();
        if self.is_stopping() || stuck(&current) < self.limit.get() {
            return;
        }
        let old = self.current.replace(start(self.limit));
        drop(old.shutdown(Shutdown::cancel_queued()));
        self.retired.borrow_mut().push(old);
    }

    /// Cancels the files that are not begun. Those that are go on.
    pub(super) fn stop(&self) {
        self.stopping.set(true);
        drop(self.current.borrow().shutdown(Shutdown::cancel_queued()));
    }

    /// Asks the files that are begun to stop, and does not wait; then how many threads are left
    /// behind.
    pub(super) fn abandon(&self) -> usize {
        self.stopping.set(true);
        let mode = Shutdown::cancel_queued().running(Running::Abandon);
        let all = self.retired.take().into_iter().chain([self.current()]);
        all.map(|executor| executor.shutdown(mode).wait_timeout(Duration::ZERO))
            .map(|report| report.map_or(0, |report| report.still_running))
            .sum()
    }
}

fn start(limit: NonZeroUsize) -> Executor {
    let readers = Executor::threads().max_workers(limit.get()).thread_name("read").build();
    readers.unwrap_or_else(|error| unreachable!("one worker at least, and no bounds: {error}"))
}

/// How many threads are in a read whose task is over.
fn stuck(executor: &Executor) -> usize {
    executor.snapshot().running.iter().filter(|task| task.status.is_done()).count()
}
