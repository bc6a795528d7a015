//! What the handles and workers of one executor share: the queue, its backend, its options; and
//! the duties that follow when the queue's lock is gone.

use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::task::Waker;

use super::backend::StartError;
use super::child::{Parent, Source};
use super::config::{Config, OnFull};
use super::lines::{Held, Lane, Place, Waiting};
use super::list::Incoming;
use super::queue::{Claim, Over, Queue};
use super::seat;
use super::worker::Worker;
use crate::sync::{Arc, AtomicUsize, Mutex, MutexGuard, Ordering, Parker, is_made, second_look};
use crate::task::body::Owner;
use crate::task::cell::CellRef;
use crate::task::contain::{contain, drop_payload};
use crate::task::error::{Broken, Reason, TaskError};
use crate::task::id::TaskId;
use crate::task::state::Verdict;

/// The queue first: with its lock it begins at a cache line.
#[repr(C)]
pub(crate) struct Core {
    queue: Mutex<Queue>,
    door: Door,
    pool: u32,
    /// Whether plain submissions have a way of their own: there is no bound and no order but one.
    has_door: bool,
    pub(super) config: Config,
    source: Source,
}

/// What submitters share with each other while all workers are busy: one cache line.
#[repr(align(64))]
struct Door {
    named: AtomicUsize,
    incoming: Incoming,
}

/// One plain submission in so many goes to the queue itself and takes along what has come in: its
/// submitter has just written that, and whoever takes it in has the queue's lock for as long as that
/// takes.
const TAKEN_ALONG: u64 = 64;

fn comes_to_the_door(number: u64) -> bool {
    number % TAKEN_ALONG != 0
}

/// A job that was not taken, with its reference.
pub(super) struct Refused {
    pub(super) job: CellRef,
    pub(super) reason: Reason,
}

/// What follows from a change of an executor's limit.
struct LimitChange {
    core: CoreRef,
    surplus: Vec<Parker>,
    claims: Vec<Claim>,
}

/// A counted reference to what an executor's handles and workers share.
#[derive(Clone)]
pub(crate) struct CoreRef(Arc<Core>);

// No user code runs under its lock, so nothing that unwinds leaves half a change.
impl UnwindSafe for CoreRef {}
impl RefUnwindSafe for CoreRef {}

impl Deref for CoreRef {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.0
    }
}

impl CoreRef {
    pub(super) fn new(pool: u32, source: Source, config: Config) -> Self {
        let core = Self(Arc::new(Core {
            queue: Mutex::new(Queue::new(&config)),
            door: Door { named: AtomicUsize::new(1), incoming: Incoming::new() },
            pool,
            has_door: config.capacity.is_none() && !config.keyed && !matches!(source, Source::Here),
            config,
            source,
        }));
        if let Some(parent) = core.parent() {
            parent.adopt(&core);
        }
        core
    }

    /// What the cells of this executor's tasks call home. They hold no count: see Q4 in `list.rs`.
    pub(super) fn as_home(&self) -> *const () {
        Arc::as_ptr(&self.0).cast()
    }

    /// Leaves a plain job to the workers, all of whom are busy; gives it back where that is not so, or
    /// not known.
    #[inline]
    pub(super) fn push_at_the_door(&self, job: CellRef) -> Result<(), CellRef> {
        if self.has_door && comes_to_the_door(job.id().number()) {
            self.door.incoming.push(job)
        } else {
            Err(job)
        }
    }

    /// As [`push_at_the_door`](Self::push_at_the_door), for a job that is perhaps not plain.
    pub(super) fn push_by_place(&self, job: CellRef, place: Place) -> Result<(), CellRef> {
        if place == Place::default() { self.push_at_the_door(job) } else { Err(job) }
    }

    /// Queues a job, if it is not refused or there is no room; `grant`: the room that it was given
    /// before. The claim has to be honoured.
    pub(super) fn push(
        &self,
        job: CellRef,
        place: Place,
        grant: Option<u64>,
    ) -> Result<Claim, Refused> {
        let mut queue = self.lock();
        let granted = grant.is_some_and(|key| queue.room.redeem(key));
        if let Some(reason) = queue.refusal() {
            return Err(Refused { job, reason });
        }
        let mut displaced = None;
        if !granted && queue.is_full(self.config.capacity) {
            if self.config.on_full == OnFull::DropOldest {
                displaced = queue.displace(self, place);
            }
            if displaced.is_none() {
                // All room may be given away already, or held by what is more urgent.
                return Err(Refused { job, reason: Reason::Full });
            }
        }
        let claim = queue.push(job, place);
        if self.has_door && matches!(claim, Claim::Nothing) {
            self.door.incoming.open();
        }
        drop(queue);
        if let Some(Ok(owner)) = displaced {
            owner.refuse(Some(TaskError::Rejected(Reason::Displaced)));
        }
        Ok(claim)
    }

    /// Starts a job on the submitting thread, if the executor still takes any.
    pub(super) fn begin_here(&self, job: CellRef) -> Result<(Owner, Held), Refused> {
        let mut queue = self.lock();
        if let Some(reason) = queue.refusal() {
            return Err(Refused { job, reason });
        }
        match job.start() {
            Ok(owner) => {
                let held = queue.begin(&owner, Lane::NONE);
                Ok((owner, held))
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

    /// Changes how many workers there may be, here and in the children that follow.
    pub(super) fn set_max_workers(&self, max: usize) {
        let mut changes = Vec::new();
        self.limit_to(max, &mut changes);
        for LimitChange { core, surplus, claims } in changes {
            surplus.into_iter().for_each(|bed| bed.unpark());
            claims.into_iter().for_each(|claim| core.honour(claim));
        }
    }

    /// All under the lock of the topmost: of two changes at once the same is the last for all.
    fn limit_to(&self, max: usize, changes: &mut Vec<LimitChange>) {
        let mut queue = self.lock();
        queue.max_workers = max;
        let claims = queue.claim_more(max);
        let surplus = queue.dismiss_surplus();
        changes.push(LimitChange { core: self.clone(), surplus, claims });
        for child in queue.children.values().filter(|child| child.config.follows_parent) {
            child.limit_to(max, changes);
        }
    }

    /// Asks the backend for a thread; the error says that nobody is left for what is queued.
    fn start_turn(&self) -> Result<(), Broken> {
        self.start_worker(Worker::new(self.clone()))
    }

    /// Gives a turn that goes on to the backend, as for a new one.
    pub(super) fn start_again(&self, worker: Worker) {
        if let Err(broken) = self.start_worker(worker) {
            self.strand(broken);
        }
    }

    fn start_worker(&self, worker: Worker) -> Result<(), Broken> {
        self.call_thread(worker, |_, _| ())?;
        self.tell_if_over();
        Ok(())
    }

    /// Calls a thread for a turn, and `settle`s in the books whether that was refused. The error says
    /// that nobody is left for what is queued, and why.
    pub(super) fn call_thread<R>(
        &self,
        worker: Worker,
        settle: impl FnOnce(&mut Queue, bool) -> R,
    ) -> Result<R, Broken> {
        let refused = self.ask_for_thread(worker);
        let (settled, stranded, broken, refusal) = {
            let mut queue = self.lock();
            queue.starting -= 1;
            let settled = settle(&mut queue, refused.is_some());
            let stranded = second_look(queue.is_stranded());
            (settled, stranded, queue.broken.clone(), queue.refused.take())
        };
        // After the lock: what is not needed is dropped, and a cause is user code.
        let why = broken.or(refusal).or(refused);
        if stranded {
            return Err(why.unwrap_or_else(Broken::turn_dropped));
        }
        Ok(settled)
    }

    /// Gives a turn to the backend; why it had no thread for it. A turn that it dropped without a
    /// word is no error here: the books tell.
    fn ask_for_thread(&self, worker: Worker) -> Option<Broken> {
        let start =
            || std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.source.start(worker)));
        let refused = match seat::while_starting(self, start) {
            Ok(started) => started.err()?,
            Err(payload) => {
                drop_payload(payload);
                StartError::new("the backend panicked while it started a worker")
            }
        };
        Some(Broken::for_lack_of_threads(refused.into_cause()))
    }

    /// Queues a child's turn.
    pub(super) fn push_turn(&self, worker: Worker, key: Option<u64>) -> Result<(), StartError> {
        let turn = Waiting { worker, arrival: self.next_id() };
        let claim = {
            let mut queue = self.lock();
            let why = match &queue.broken {
                Some(broken) => Some(StartError::new(broken.clone())),
                None if queue.is_over() => Some(StartError::new("the executor was shut down")),
                None => None,
            };
            if let Some(why) = why {
                drop(queue);
                drop(turn);
                return Err(why);
            }
            queue.push_turn(turn, key)
        };
        if let Err(broken) = self.try_honour(claim) {
            self.strand(broken.clone());
            return Err(StartError::new(broken));
        }
        Ok(())
    }

    /// A worker that has given its turn back is gone.
    pub(super) fn let_go(&self) {
        let over = {
            let mut queue = self.lock();
            queue.leaving -= 1;
            queue.take_over()
        };
        self.tell(over);
    }

    /// Nobody is left for what is queued: it ends as broken.
    pub(super) fn strand(&self, broken: Broken) {
        let known = self.lock().broken.clone();
        let broken = known.unwrap_or(broken);
        self.refuse_turns(&broken, Queue::is_stranded);
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
        self.refuse_turns(&broken, |_| true);
        self.refuse_queued(&TaskError::Broken(broken), |_| true);
    }

    /// Gives the turns of children back that wait, while `more` says so.
    fn refuse_turns(&self, broken: &Broken, more: impl Fn(&Queue) -> bool) {
        loop {
            let turn = {
                let mut queue = self.lock();
                if more(&queue) { queue.lines.take_any_turn() } else { None }
            };
            match turn {
                Some(worker) => worker.refuse(broken.clone()),
                None => return,
            }
        }
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
    /// The queue, with all that was submitted.
    pub(super) fn lock(&self) -> MutexGuard<'_, Queue> {
        let mut queue = self.queue.lock();
        self.absorb(&mut queue);
        queue
    }

    /// The queue, perhaps without what has just come in; idle workers, limits and the end stay as
    /// they are under it.
    #[inline]
    pub(super) fn lock_alone(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock()
    }

    /// Takes over what has come in, and has submissions come to the queue again.
    #[inline]
    #[track_caller]
    pub(super) fn absorb(&self, queue: &mut Queue) {
        if self.has_door && is_made("look") {
            queue.lines.lists.take_in(&self.door.incoming);
        }
    }

    /// Whose threads these are, if they are an executor's.
    pub(super) fn parent(&self) -> Option<&Parent> {
        self.source.parent()
    }

    /// Whether jobs run on the thread that submits them.
    #[inline]
    pub(super) fn is_inline(&self) -> bool {
        matches!(self.source, Source::Here)
    }

    /// The lane of `parent` that turns of this executor wait in.
    pub(super) fn key_in(&self, parent: &Core) -> Option<u64> {
        let own = self.parent().filter(|own| own.executor.core().pool == parent.pool)?;
        own.key
    }

    /// The executor's number.
    pub(super) fn pool(&self) -> u32 {
        self.pool
    }

    /// A name for the next task.
    pub(super) fn next_id(&self) -> TaskId {
        // ORDERING: Relaxed, a unique number is all that is wanted.
        TaskId::new(self.pool, self.door.named.fetch_add(1, Ordering::Relaxed) as u64)
    }

    /// Takes a job back that its submitter has not given away yet; `None` if it runs or has run.
    pub(super) fn retract(&self, cell: &CellRef) -> Option<Owner> {
        let (job, owner, room) = {
            let mut queue = self.lock();
            if cell.state().has_run() {
                return None;
            }
            let job = queue.lines.unlink(cell)?;
            let owner = cell.withdraw(Verdict::Prevented);
            (job, owner, queue.grant_room(self.config.capacity))
        };
        drop(job);
        wake(room);
        owner
    }

    /// A canceller or a deadline has withdrawn `cell` and takes it out of the queue: the job's
    /// reference, if it was still there. Whatever waits there has a turn that comes for it, or
    /// somebody who is about to refuse it; so it is they who come to the executor's end and tell.
    pub(super) fn unlink_withdrawn(&self, cell: &CellRef) -> Option<CellRef> {
        let (job, keep, waker) = {
            let mut queue = self.lock();
            let (job, keep) = queue.unlink(cell);
            (job, keep, queue.grant_room(self.config.capacity))
        };
        wake(waker);
        drop(keep);
        job
    }

    /// Stops accepting.
    pub(super) fn stop_accepting(&self) {
        let room = {
            let mut queue = self.lock();
            queue.closed = true;
            queue.room.dismiss()
        };
        wake(room.into_iter().map(|(_, waker)| waker));
    }

    /// Stops accepting; idle workers leave, the queue is run to its end.
    pub(super) fn close(&self) {
        self.stop_accepting();
        let (idle, over) = {
            let mut queue = self.lock();
            (std::mem::take(&mut queue.idle), queue.take_over())
        };
        idle.into_iter().for_each(|bed| bed.unpark());
        self.tell(over);
    }

    /// Tells who waits for the end, if it has come.
    pub(super) fn tell_if_over(&self) {
        let over = self.lock().take_over();
        self.tell(over);
    }

    /// Tells who waits for the end, and the parent, which may have come to its own by that.
    pub(super) fn tell(&self, over: Over) {
        wake(over.terminations.into_iter().map(|(_, waker)| waker));
        if let (true, Some(parent)) = (over.was_child, self.parent()) {
            parent.forget(self);
        }
    }
}

/// Wakes everybody; a panicking waker harms nobody else.
#[track_caller]
pub(super) fn wake(wakers: impl IntoIterator<Item = Waker>) {
    for waker in wakers {
        if is_made("wake") {
            contain(|| Waker::wake(waker));
        }
    }
}

#[cfg(all(test, not(poolbridge_loom)))]
mod tests {
    use super::super::Executor;
    use super::super::list::Lists;

    #[test]
    #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
    fn what_a_worker_writes_between_two_jobs_is_on_the_line_of_the_lock() {
        let executor = Executor::inline();
        let core = executor.core();
        let lock = (&raw const core.queue).addr();
        let lists = (&raw const core.lock().lines.lists).addr();
        assert_eq!((lock % 64, lists + Lists::WRITTEN - lock), (0, 64));
    }

    #[test]
    fn one_submission_in_sixty_four_takes_along_what_has_come_in() {
        let who: Vec<u64> = (1..=200).filter(|&number| !super::comes_to_the_door(number)).collect();
        assert_eq!(who, [64, 128, 192]);
    }
}
