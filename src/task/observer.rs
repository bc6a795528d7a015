//! Who wants to know: callbacks, cancel hooks, those who wait for the end of the job. (The waker of
//! the handle has a place of its own, in `watcher.rs`.)
//!
//! All lie in one place, under the cell's lock, and leave it only as a value that is told after
//! the lock is gone: the lock's guard never lives while user code runs.

use std::any::Any;
use std::collections::VecDeque;
use std::task::Waker;

use super::contain::contain;
use super::plan::Plan;
use crate::sync::{Parker, ThreadId, is_made};

/// Names a callback of one task, for [`Task::remove_done_callback`](crate::Task::remove_done_callback).
///
/// # Examples
/// ```
/// use poolbridge::{CallbackId, Executor};
/// let (pool, manual) = Executor::manual();
/// let mut task = pool.submit(|| 1);
/// let ids: Vec<CallbackId> = (0..3).map(|_| task.add_done_callback(|_| ())).collect();
/// assert!(task.remove_done_callback(ids[1]));
/// assert!(!task.remove_done_callback(ids[1])); // gone
/// manual.run_one();
/// assert!(!task.remove_done_callback(ids[0])); // it has run
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallbackId(pub(super) u64);

/// Shown the `Result<T, TaskError>` of its task.
pub(super) type Callback = Box<dyn FnOnce(&dyn Any) + Send>;
/// Takes what nobody else took out of an `Option<Result<T, TaskError>>`.
pub(crate) type Reclaim = Box<dyn FnOnce(&mut dyn Any) + Send>;
/// Asks running code to stop.
pub(super) type Hook = Box<dyn FnOnce() + Send>;

/// All observers of one task but its handle's waker. Who has none pays no allocation.
#[derive(Default)]
pub(super) struct Observers {
    pub(super) more: Option<Box<More>>,
}

impl Observers {
    pub(super) fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.more.is_none()
    }

    pub(super) fn has_callbacks(&self) -> bool {
        self.more.as_ref().is_some_and(|more| !more.callbacks.is_empty())
    }
}

/// What only some tasks have.
#[derive(Default)]
pub(super) struct More {
    next: u64,
    pub(super) callbacks: VecDeque<(CallbackId, Callback)>,
    pub(super) stopped: Vec<(u64, Waker)>,
    pub(super) hooks: Hooks,
    pub(super) reclaim: Option<Reclaim>,
    pub(super) plan: Plan,
    /// The armed deadline; dropping it disarms.
    pub(super) timer: Option<Box<dyn Send>>,
}

impl More {
    /// A number not used before in this task.
    pub(super) fn fresh_key(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(super) fn push_callback(&mut self, callback: Callback) -> CallbackId {
        let id = CallbackId(self.fresh_key());
        self.callbacks.push_back((id, callback));
        id
    }

    pub(super) fn take_callback(&mut self, id: CallbackId) -> Option<Callback> {
        let at = self.callbacks.iter().position(|(other, _)| *other == id)?;
        self.callbacks.remove(at).map(|(_, callback)| callback)
    }
}

/// Cancel hooks, and which ones run right now on which thread: one by whoever made the request, and
/// those that came after the request.
#[derive(Default)]
pub(super) struct Hooks {
    pub(super) waiting: VecDeque<(u64, Hook)>,
    pub(super) firing: Vec<Firing>,
    /// The job is over: nothing fires any more.
    pub(super) closed: bool,
}

pub(super) struct Firing {
    pub(super) key: u64,
    pub(super) thread: ThreadId,
    pub(super) waiters: Vec<Parker>,
}

/// Wakers taken out under the lock, to be woken after it.
#[must_use = "whoever took wakers out has to wake them"]
#[derive(Default)]
pub(super) struct Wakers {
    waker: Option<Waker>,
    stopped: Vec<(u64, Waker)>,
}

impl Wakers {
    /// The handle's, and everybody who waits for the end of the job if `stopped`.
    pub(super) fn take(waker: Option<Waker>, observers: &mut Observers, stopped: bool) -> Self {
        Self {
            waker,
            stopped: match &mut observers.more {
                Some(more) if stopped => std::mem::take(&mut more.stopped),
                _ => Vec::new(),
            },
        }
    }

    /// The handle's alone.
    pub(super) fn of_handle(waker: Option<Waker>) -> Self {
        Self { waker, stopped: Vec::new() }
    }

    #[inline]
    #[track_caller]
    pub(super) fn wake(self) {
        if !is_made("wake") {
            return;
        }
        if let Some(waker) = self.waker {
            contain(|| Waker::wake(waker));
        }
        for (_, waker) in self.stopped {
            contain(|| Waker::wake(waker));
        }
    }
}
