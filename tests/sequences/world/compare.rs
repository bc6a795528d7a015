//! What the library shows must be what the model says.

use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};

use poolbridge::{Snapshot, Status, TaskId};

use super::World;
use super::model::{Executor, Hold, Task};
use super::real::{Entry, Handle, Pool};

fn live(count: &AtomicIsize) -> isize {
    count.load(Ordering::SeqCst)
}

fn woken(wakes: &AtomicUsize) -> bool {
    wakes.load(Ordering::SeqCst) > 0
}

impl World {
    pub(super) fn compare(&self) {
        self.compare_tasks();
        assert_eq!(self.real.ran(), self.model.ran, "jobs in the order of their runs");
        for (of, executor) in self.model.executors.iter().enumerate() {
            let snapshot = match self.real.pool(of) {
                Some(Pool::Plain(pool)) => pool.snapshot(),
                Some(Pool::Keyed(keyed)) => keyed.snapshot(),
                None => continue,
            };
            self.compare_executor(of, executor, &snapshot);
        }
        let ends = self.real.ends();
        for (at, (real, model)) in ends.iter().zip(&self.model.endings).enumerate() {
            if let (false, Some(wakes)) = (model.gone, &real.waker) {
                assert_eq!(woken(&wakes.0), model.woken, "who waits for end {at} was woken");
            }
        }
    }

    pub(super) fn compare_tasks(&self) {
        let tasks = self.real.tasks();
        assert_eq!(tasks.len(), self.model.tasks.len());
        for (at, (real, model)) in tasks.iter().zip(&self.model.tasks).enumerate() {
            compare_task(at, real, model);
        }
    }

    fn compare_executor(&self, of: usize, model: &Executor, real: &Snapshot) {
        assert!(real.running.is_empty(), "something runs in {of}");
        assert_eq!(real.closed, model.closed, "whether {of} is closed");
        assert_eq!((real.workers, real.idle), (model.workers, 0), "turns of {of}");
        let mut expected = model.queued();
        let mut queued: Vec<usize> = real.queued.iter().map(|info| self.task(info.id)).collect();
        if model.keyed {
            queued.sort_unstable();
            expected.sort_unstable();
        }
        assert_eq!(queued, expected, "what is queued in {of}");
        for info in &real.queued {
            let awaited = self.model.tasks[self.task(info.id)].hold != Hold::Gone;
            assert_eq!((info.status, info.awaited), (Status::Pending, awaited));
            assert!(!info.asked_to_stop);
        }
    }

    /// The number of the task with this name.
    pub(super) fn task(&self, id: TaskId) -> usize {
        let named = self.real.tasks().iter().position(|entry| entry.id == Some(id));
        named.expect("a task that nobody has submitted")
    }
}

fn compare_task(at: usize, real: &Entry, model: &Task) {
    let log = &real.log;
    let status = match (&real.handle, &real.canceller) {
        (_, Some(canceller)) => Some(canceller.status()),
        (Handle::Task(task), None) => Some(task.status()),
        _ => None,
    };
    if let Some(status) = status {
        assert_eq!(status, model.status(), "status of {at}");
    }
    assert_eq!(live(&log.captures), isize::from(model.captures), "captures of {at}");
    assert_eq!(live(&log.values), isize::from(model.value), "values of {at}");
    assert_eq!(live(&log.reclaims), isize::from(model.has_reclaim()), "on_abandoned of {at}");
    assert_eq!(live(&log.callbacks), model.callbacks.len() as isize, "callbacks of {at}");
    assert_eq!(*log.told.lock().unwrap(), model.told, "who was told what of {at}");
    assert_eq!(*log.reclaimed.lock().unwrap(), model.reclaimed, "abandoned outcomes of {at}");
    assert_eq!(*log.saw_asked.lock().unwrap(), model.saw_asked, "what {at} saw of its token");
    if let (true, Some(wakes)) = (model.hold != Hold::Gone, &real.waker) {
        assert_eq!(woken(&wakes.0), model.woken, "whether the waiter of {at} was woken");
    }
}
