//! What the handles and workers of one executor share: the queue, its backend, its options; and
//! the duties that follow when the queue's lock is gone.

use std::error::Error;
use std::ops::Deref;

use super::backend::Backend;
use super::config::{Config, OnFull};
use super::queue::{Claim, Queue};
use super::worker::Worker;
use crate::sync::{Arc, AtomicUsize, Mutex, MutexGuard, Ordering};
use crate::task::body::Owner;
use crate::task::cell::CellRef;
use crate::task::contain::{contain, drop_payload};
use crate::task::error::{Broken, Reason, TaskError};
use crate::task::id::TaskId;
use crate::task::state::Verdict;

pub(crate) struct Core {
    queue: Mutex<Queue>,
    named: AtomicUsize,
    pool: u32,
    pub(super) config: Config,
    backend: Box<dyn Backend>,
}

/// A job that was not taken, with its reference.
pub(super) struct Refused {
    pub(super) job: CellRef,
    pub(super) reason: Reason,
}

/// A counted reference to what an executor's handles and workers share.
#[derive(Clone)]
pub(crate) struct CoreRef(Arc<Core>);

impl Deref for CoreRef {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.0
    }
}

impl CoreRef {
    pub(super) fn new(pool: u32, backend: Box<dyn Backend>, config: Config) -> Self {
        Self(Arc::new(Core {
            queue: Mutex::new(Queue::new()),
            named: AtomicUsize::new(1),
            pool,
            config,
            backend,
        }))
    }

    /// What the cells of this executor's tasks call home. They hold no count: see Q4 in `list.rs`.
    pub(super) fn as_home(&self) -> *const () {
        Arc::as_ptr(&self.0).cast()
    }

    /// Queues a job, if it is not refused or there is no room; `grant`: the room that it was given
    /// before. The claim has to be honoured.
    pub(super) fn push(&self, job: CellRef, grant: Option<u64>) -> Result<Claim, Refused> {
        let mut queue = self.lock();
        let granted = grant.is_some_and(|key| queue.room.redeem(key));
        if let Some(reason) = queue.refusal() {
            return Err(Refused { job, reason });
        }
        let mut displaced = None;
        if !granted && queue.is_full(self.config.capacity) {
            if self.config.on_full == OnFull::DropOldest {
                displaced = queue.withdraw_next(self, Verdict::Error);
            }
            if displaced.is_none() {
                // With room that is given away already, nothing may be left to displace.
                return Err(Refused { job, reason: Reason::Full });
            }
        }
        let claim = queue.push(job, self.config.max_workers);
        drop(queue);
        if let Some(Ok(owner)) = displaced {
            owner.refuse(Some(TaskError::Rejected(Reason::Displaced)));
        }
        Ok(claim)
    }

    /// Starts a job on the submitting thread, if the executor still takes any.
    pub(super) fn begin_here(&self, job: CellRef) -> Result<Owner, Refused> {
        let mut queue = self.lock();
        if let Some(reason) = queue.refusal() {
            return Err(Refused { job, reason });
        }
        match job.start() {
            Ok(owner) => {
                queue.lists.enter(&owner);
                Ok(owner)
            }
            Err(_) => unreachable!("nobody else knows a job that was not pushed"),
        }
    }

    /// Wakes or starts the thread that was claimed; if none is left to run anything, what is
    /// queued ends as broken.
    #[inline]
    pub(super) fn honour(&self, claim: Claim) {
        if matches!(claim, Claim::Nothing) {
            return;
        }
        if let Err(broken) = self.try_honour(claim) {
            self.strand(broken);
        }
    }

    /// As [`honour`](Self::honour), but leaves the queue to the caller.
    pub(super) fn try_honour(&self, claim: Claim) -> Result<(), Broken> {
        match claim {
            Claim::Wake(bed) => bed.unpark(),
            Claim::Start => return self.start_turn(),
            Claim::Nothing => {}
        }
        Ok(())
    }

    /// Asks the backend for a thread; the error says that nobody is left for what is queued.
    fn start_turn(&self) -> Result<(), Broken> {
        let worker = Worker::new(self.clone());
        let started =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.backend.start(worker)));
        let cause: Option<Box<dyn Error + Send + Sync>> = match started {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.into_cause()),
            Err(payload) => {
                drop_payload(payload);
                Some("the backend panicked while it started a worker".into())
            }
        };
        let stranded = {
            let mut queue = self.lock();
            queue.starting -= 1;
            queue.is_stranded()
        };
        if stranded {
            return Err(match cause {
                Some(_) => Broken::new("no worker lives and none could be started", cause),
                None => Broken::turn_dropped(),
            });
        }
        self.tell_if_over();
        Ok(())
    }

    /// Gives a turn back to the backend that has work left. One that is refused is dropped.
    pub(super) fn restart(&self, worker: Worker) {
        contain(|| drop(self.backend.start(worker)));
    }

    /// Nobody is left for what is queued: it ends as broken.
    pub(super) fn strand(&self, broken: Broken) {
        self.refuse_queued(&TaskError::Broken(broken), Queue::is_stranded);
        self.tell_if_over();
    }

    /// The executor can run nothing, now and for ever.
    pub(super) fn break_for_ever(&self, broken: Broken) {
        let room = {
            let mut queue = self.lock();
            queue.broken.get_or_insert_with(|| broken.clone());
            queue.room.dismiss()
        };
        wake(room.into_iter().map(|(_, waker)| waker));
        self.refuse_queued(&TaskError::Broken(broken), |_| true);
    }

    /// Ends queued jobs with `error`, from the head, while `more` says so.
    fn refuse_queued(&self, error: &TaskError, more: impl Fn(&Queue) -> bool) {
        loop {
            let (next, room) = {
                let mut queue = self.lock();
                if !more(&queue) {
                    return;
                }
                let next = queue.withdraw_next(self, Verdict::Error);
                (next, queue.grant_room(self.config.capacity))
            };
            wake(room);
            match next {
                None => return,
                Some(Ok(owner)) => owner.refuse(Some(error.clone())),
                Some(Err(_lost)) => {}
            }
        }
    }
}

impl Core {
    pub(super) fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock()
    }

    /// The executor's number.
    pub(super) fn pool(&self) -> u32 {
        self.pool
    }

    /// A name for the next task.
    pub(super) fn next_id(&self) -> TaskId {
        // ORDERING: Relaxed, a unique number is all that is wanted.
        TaskId::new(self.pool, self.named.fetch_add(1, Ordering::Relaxed) as u64)
    }

    /// Takes a job back that its submitter has not given away yet; `None` if it runs or has run.
    pub(super) fn retract(&self, cell: &CellRef) -> Option<Owner> {
        let (job, owner, room) = {
            let mut queue = self.lock();
            if cell.state().has_run() {
                return None;
            }
            let job = queue.lists.unlink(cell)?;
            let owner = cell.withdraw(Verdict::Prevented);
            (job, owner, queue.grant_room(self.config.capacity))
        };
        drop(job);
        wake(room);
        owner
    }

    /// A canceller or a deadline has withdrawn `cell` and takes it out of the queue.
    pub(super) fn unlink_withdrawn(&self, cell: &CellRef) {
        let (job, keep, waker, over) = {
            let mut queue = self.lock();
            let (job, keep) = queue.unlink(cell);
            let waker = queue.grant_room(self.config.capacity);
            (job, keep, waker, queue.take_terminations())
        };
        drop(job);
        wake(waker);
        wake(over.into_iter().map(|(_, waker)| waker));
        drop(keep);
    }

    /// Stops accepting; idle workers leave, the queue is run to its end.
    pub(super) fn close(&self) {
        let (idle, room, over) = {
            let mut queue = self.lock();
            queue.closed = true;
            let idle = std::mem::take(&mut queue.idle);
            (idle, queue.room.dismiss(), queue.take_terminations())
        };
        idle.into_iter().for_each(|bed| bed.unpark());
        wake(room.into_iter().map(|(_, waker)| waker));
        wake(over.into_iter().map(|(_, waker)| waker));
    }

    /// Tells who waits for the end, if it has come.
    pub(super) fn tell_if_over(&self) {
        let over = self.lock().take_terminations();
        wake(over.into_iter().map(|(_, waker)| waker));
    }
}

/// Wakes everybody; a panicking waker harms nobody else.
pub(super) fn wake(wakers: impl IntoIterator<Item = std::task::Waker>) {
    for waker in wakers {
        contain(|| waker.wake());
    }
}
