//! The readers, and what to do when some of them are stuck.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::time::Duration;

use poolbridge::{Executor, Running, Shutdown};

use super::pool::{Pool, set_limit};

/// A view of the pool that reads `limit` files at once, those aside that are stuck: in a read that
/// nobody waits for any more.
///
/// The task of such a read has ended by its run deadline, but its place is taken until the thread
/// comes back. So `limit` stuck files would keep all others queued for ever: each adds a place here,
/// and a thread to the pool.
#[derive(Debug)]
pub(super) struct Readers {
    limit: NonZeroUsize,
    pool: Rc<Pool>,
    view: Executor,
    /// Places that were added.
    stuck: Cell<usize>,
    stopping: Cell<bool>,
}

impl Readers {
    pub(super) fn new(pool: Rc<Pool>, limit: NonZeroUsize) -> Self {
        let view = pool.limited(limit.get());
        Self { limit, pool, view, stuck: Cell::new(0), stopping: Cell::new(false) }
    }

    /// Where the next file is read.
    pub(super) fn view(&self) -> &Executor {
        if self.stuck.get() > 0 {
            // Some may have come back.
            self.make_up();
        }
        &self.view
    }

    /// Whether no file is begun any more.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.get()
    }

    /// Makes up for the threads that are stuck: a read has timed out.
    pub(super) fn make_up(&self) {
        let now = stuck(&self.view);
        if self.stuck.replace(now) != now {
            self.pool.set_stuck(now);
            set_limit(&self.view, self.limit.get().saturating_add(now));
        }
    }

    /// Cancels the files that are not begun. Those that are go on.
    pub(super) fn stop(&self) {
        self.stopping.set(true);
        drop(self.view.shutdown(Shutdown::cancel_queued()));
    }

    /// Asks the files that are begun to stop, and does not wait; then how many threads are left
    /// behind.
    pub(super) fn abandon(&self) -> usize {
        self.stopping.set(true);
        let mode = Shutdown::cancel_queued().running(Running::Abandon);
        let report = self.view.shutdown(mode).wait_timeout(Duration::ZERO);
        report.map_or(0, |report| report.still_running)
    }
}

/// How many threads are in a read whose task is over.
fn stuck(executor: &Executor) -> usize {
    executor.snapshot().running.iter().filter(|task| task.status.is_done()).count()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use poolbridge::TaskError;

    use super::*;

    #[test]
    fn stuck_reads_take_no_place_from_others_and_none_that_came_back_leaves_one() {
        let pool = Rc::new(Pool::new());
        let readers = Readers::new(pool.clone(), NonZeroUsize::MIN);
        let store = pool.serial();
        let gates: Vec<_> = (0..3)
            .map(|_| {
                let (open, gate) = mpsc::channel::<()>();
                let job = readers.view().job(move || gate.recv().is_ok());
                let outcome = job.run_timeout(Duration::from_millis(1)).submit().wait();
                assert!(matches!(outcome, Err(TaskError::TimedOut(_))), "{outcome:?}");
                readers.make_up();
                assert_eq!(store.submit(|| 1).wait().unwrap(), 1);
                open
            })
            .collect();
        assert_eq!(readers.view().submit(|| 2).wait().unwrap(), 2);
        assert_eq!((readers.stuck.get(), stuck(&readers.view)), (3, 3));
        drop(gates);
        while stuck(&readers.view) > 0 {
            std::thread::yield_now();
        }
        assert_eq!(readers.view().submit(|| 3).wait().unwrap(), 3);
        assert_eq!((readers.stuck.get(), readers.abandon()), (0, 0));
    }
}
