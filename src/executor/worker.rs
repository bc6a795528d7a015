//! One turn at an executor's queue.
//!
//! Vocabulary: a *turn* is the right to be one of at most `max_workers` workers; a *bed* is where
//! an idle worker sleeps. A submission under the lock pops a bed (that worker is then no longer
//! idle, whatever it does), or else takes a new turn, or else leaves the job to the workers that
//! live. A worker under the lock takes the next job, or lies down, or gives its turn back. A child
//! executor's turn waits in its parent's queue and is served by the parent's worker, in the midst of
//! its own turn.
//!
//! * Lost wake-up: push and pop are under one lock. A worker lies down only when it has seen the
//!   queue empty under that lock, so a later push finds its bed. (`no_job_waits_beside_a_sleeper`)
//! * The door: a submission that finds nobody to claim leaves it open, and plain ones after it only
//!   go onto a stack of their own; so submitters and busy workers do not meet. Whoever takes the
//!   queue's lock absorbs that stack and shuts the door, but for a worker between two jobs, which
//!   does so when its line runs dry, before it lies down or leaves.
//!   (`no_job_waits_behind_an_open_door`)
//! * Idle expiry against a claim: whoever takes the bed off the list under the lock decides. A
//!   worker that finds its bed gone has been claimed, and waits for the token that is on its way.
//!   (`no_claimed_worker_leaves`)
//! * A fair share: a worker on a thread that is not ours hands its turn over after some jobs, by a
//!   new call of `start`; a child's turn goes behind what waits in the parent's queue. A worker whose
//!   thread is inside a turn of the same executor already (a `join` inside a job has stolen it) has a
//!   share of one job.
//! * Idle before heard: a worker that ends a job takes the next step, lying down included, before
//!   it releases the waiters; so "await, then submit" finds it idle.
//!   (`no_second_worker_for_a_waiter_who_submits_again`)

use super::core::{CoreRef, wake};
use super::lines::{Held, Lane, Waiting};
use super::parting::Parting;
use super::queue::{Queue, Step};
use super::rests::Rests;
use super::running::{execute, initialize};
use super::seat;
use super::share::Share;
use crate::sync::{Parker, SMALL_STACKS, second_look};
use crate::task::contain::contain;
use crate::task::ending::Ended;
use crate::task::error::Broken;

/// How deep inline workers of one executor may be inside one another on a thread before the next one
/// leaves its job to the outer ones.
const NESTED: usize = if SMALL_STACKS { 3 } else { 16 };

/// One turn at an executor's queue, to be run on a thread that a [`Backend`](super::Backend)
/// supplies. Dropping it un-run gives the turn back.
///
/// # Examples
/// Jobs for a loop that the program has anyway, a window's say:
/// ```
/// use poolbridge::{Backend, Executor, StartError, Worker};
/// use std::{num::NonZeroUsize, sync::mpsc};
/// struct MainThread(mpsc::Sender<Worker>);
/// impl Backend for MainThread {
///     fn start(&self, worker: Worker) -> Result<(), StartError> {
///         self.0.send(worker).map_err(|_| StartError::new("the main loop has ended"))
///     }
///     fn parallelism(&self) -> NonZeroUsize {
///         NonZeroUsize::MIN
///     }
/// }
/// let (turns, events) = mpsc::channel();
/// let pool = Executor::on(MainThread(turns)).build()?;
/// let task = pool.submit(|| std::thread::current().id());
/// events.recv()?.run();
/// assert_eq!(task.wait()?, std::thread::current().id());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Worker {
    core: CoreRef,
    /// The turn has not been given back.
    holds_turn: bool,
    /// On a thread of somebody else's pool that it may keep for a moment.
    lingers: bool,
    rests: Rests,
}

/// What a worker has taken off its queue and has to give account of.
enum InHand {
    Nothing,
    /// The job of `Parting::ended`.
    Job(Held),
    /// A child's turn that goes on.
    Turn(Lane, Option<Worker>),
}

/// How a worker's service ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The turn has been given back.
    Left,
    /// The turn goes on without this worker.
    HandOver,
}

impl Worker {
    pub(super) fn new(core: CoreRef) -> Self {
        Self { core, holds_turn: true, lingers: false, rests: Rests::new() }
    }

    /// The number of the executor whose turn it is.
    pub(super) fn pool(&self) -> u32 {
        self.core.pool()
    }

    /// Takes jobs until none is left, on this thread. Never panics.
    ///
    /// On own threads it stays and sleeps for up to `keep_alive` when there is nothing to do.
    /// On others it looks for a few microseconds more before it leaves, and hands its turn over
    /// after a fair share of jobs, by a new [`Backend::start`](super::Backend::start), unless that
    /// is refused.
    pub fn run(mut self) {
        let depth = seat::depth(&self.core);
        let inline = seat::is_starting(&self.core);
        if inline && depth >= NESTED {
            // The outer ones come for the job. Dropping gives the turn back.
            return;
        }
        let share = match self.core.config.fair_share {
            // The thread is the submitter's, and nobody else's to be given back to.
            _ if inline => None,
            Some(_) if depth > 0 => Some(1),
            share => share,
        };
        self.lingers = self.core.config.keep_alive.is_none() && !inline && depth == 0;
        self.run_share(share, true);
    }

    /// Takes up to `share` jobs, on this thread; then the turn is handed over, `again` and again if
    /// it comes back. How many jobs ran.
    pub(super) fn run_share(mut self, share: Option<usize>, again: bool) -> usize {
        let core = self.core.clone();
        if let Some(hook) = &core.config.on_thread_start {
            contain(hook);
        }
        let mut used = 0;
        match initialize(&core) {
            Ok(seat) => {
                let _seat = seat;
                let mut parting = Parting::default();
                loop {
                    let mut share = Share::of(share, false);
                    let end = self.serve(&mut share, &mut parting);
                    used += share.used;
                    if end == End::Left || !self.hand_over(again) {
                        break;
                    }
                }
            }
            Err(broken) => {
                core.break_for_ever(broken);
                self.leave_early();
            }
        }
        if let Some(hook) = &core.config.on_thread_stop {
            contain(hook);
        }
        core.let_go();
        // The last reference drops the hooks and the backend: user code.
        contain(move || drop((self, core)));
        used
    }

    /// Serves a child's turn on a thread of its parent, whose worker has `share` left; the worker
    /// comes back if there is more to do. And how many jobs ran.
    fn serve_turn(mut self, share: &mut Share, parting: &mut Parting) -> (Option<Self>, usize) {
        let mut own = share.for_child(self.core.config.fair_share);
        let end = {
            let _seat = seat::take(&self.core, seat::state_here());
            self.serve(&mut own, parting)
        };
        share.uses(own.used);
        if end == End::HandOver {
            return (Some(self), own.used);
        }
        parting.left.push(self.core.clone());
        (None, own.used)
    }

    /// Runs jobs until the turn is given back or handed over.
    ///
    /// On a parent's thread the last job's waiters are left in `parting`: they hear when that thread
    /// knows what it does next.
    fn serve(&mut self, share: &mut Share, parting: &mut Parting) -> End {
        let core = self.core.clone();
        let bed = match core.config.keep_alive {
            // On own threads, where no turn is lent.
            Some(_) => Some(Parker::new()),
            None => self.lingers.then(Parker::new),
        };
        let mut in_hand = InHand::Nothing;
        // Of the job in hand, if it is one.
        let mut ended = None;
        loop {
            let step = self.next_step(&core, in_hand, share, bed.as_ref());
            if let Step::Run(owner, held) = step {
                self.part(ended.take(), parting, None);
                self.rests.have_ended_with(1);
                share.uses(1);
                ended = Some(execute(&core, owner));
                in_hand = InHand::Job(held);
                continue;
            }
            in_hand = InHand::Nothing;
            if let Step::Again(lost) = step {
                drop(lost);
                continue;
            }
            if share.is_lent() && matches!(step, Step::Leave | Step::HandOver) {
                parting.ended = ended.take();
            } else {
                let lies_on = bed.as_ref().filter(|_| matches!(step, Step::Idle));
                ended = self.part(ended.take(), parting, lies_on);
                if ended.is_some() {
                    continue;
                }
            }
            match step {
                Step::Run(..) | Step::Again(_) => unreachable!("seen to above"),
                Step::Serve(worker, lane) => {
                    let (rest, used) = worker.serve_turn(share, parting);
                    in_hand = InHand::Turn(lane, rest);
                    ended = parting.ended.take();
                    self.rests.have_ended_with(used);
                }
                Step::Idle => {
                    if self.sleep(bed.as_ref()) {
                        return End::Left;
                    }
                }
                Step::HandOver => return End::HandOver,
                Step::Leave => return End::Left,
            }
        }
    }

    /// Gives account of what is in hand and decides what comes next, under one lock.
    #[inline]
    fn next_step(
        &mut self,
        core: &CoreRef,
        in_hand: InHand,
        share: &Share,
        bed: Option<&Parker>,
    ) -> Step {
        let mut queue = core.lock_alone();
        let held = match in_hand {
            InHand::Nothing => None,
            InHand::Job(held) => Some(held),
            InHand::Turn(lane, rest) => {
                if let Some(worker) = rest {
                    // No thread is claimed for it: this one is about to look.
                    core.push_back(&mut queue, worker);
                }
                queue.lines.give_back(lane);
                None
            }
        };
        let bed = bed.filter(|_| !self.lingers || queue.wariness.is_over());
        let step = queue.next_step(core, held, share, bed);
        match &step {
            Step::Run(..) | Step::Again(_) => {
                let room = queue.grant_room(core.config.capacity);
                drop(queue);
                if room.is_some() {
                    wake(room);
                }
            }
            Step::Idle | Step::Leave => {
                queue.wariness.note_rest(self.rests.have_been_dear());
                self.rests.may_yield = queue.wariness.is_over();
                self.holds_turn = matches!(step, Step::Idle);
            }
            Step::HandOver => self.holds_turn = share.is_lent(),
            Step::Serve(..) => {}
        }
        step
    }

    /// What was waited for may be heard: it is known what this thread does next. The ended job comes
    /// back if the thread has to decide anew, because it was not idle after all.
    #[inline(always)]
    fn part(
        &mut self,
        ended: Option<Ended>,
        parting: &mut Parting,
        lies_on: Option<&Parker>,
    ) -> Option<Ended> {
        if let Some(late) = ended.and_then(Ended::try_release) {
            if let Some(still) = self.tell_late(late, lies_on) {
                return Some(still);
            }
        }
        parting.let_go();
        None
    }

    /// A callback came, or the last handle went, while the worker took its next step. Who runs user
    /// code is not idle, and lies down first: whoever hears finds this worker idle.
    #[cold]
    fn tell_late(&mut self, late: Ended, lies_on: Option<&Parker>) -> Option<Ended> {
        if let Some(bed) = lies_on {
            self.rise(bed);
            late.tell();
            return Some(late);
        }
        late.tell();
        late.release();
        None
    }

    /// Asks for a thread that goes on with the turn. True: it was refused, and this one goes on, as it
    /// may (`again`).
    fn hand_over(&mut self, again: bool) -> bool {
        let called = self.core.call_thread(Worker::new(self.core.clone()), |queue, refused| {
            let resumed = again && refused;
            if resumed {
                queue.resume();
            }
            resumed
        });
        self.holds_turn = called.unwrap_or_else(|broken| {
            self.core.strand(broken);
            false
        });
        self.holds_turn
    }

    /// Sleeps until claimed. True: the time was over first and the turn is given back.
    fn sleep(&mut self, bed: Option<&Parker>) -> bool {
        let Some(bed) = bed else { return false };
        let claimed = match self.core.config.keep_alive {
            _ if self.lingers => self.rests.linger(bed),
            keep_alive => self.rests.rest(bed, keep_alive),
        };
        if claimed {
            return false;
        }
        let dear = self.rests.have_been_dear();
        let expired = {
            let mut queue = self.core.lock();
            queue.wariness.note_rest(dear);
            queue.expire_idle(bed)
        };
        if expired {
            self.holds_turn = false;
            return true;
        }
        if second_look(true) {
            // Claimed in the last moment: the token is on its way, and has to be taken.
            bed.park();
        }
        false
    }

    /// Is not idle after all.
    fn rise(&self, bed: &Parker) {
        if second_look(!self.core.lock().forget_idle(bed)) {
            // Claimed meanwhile: the token is on its way, and has to be taken.
            bed.park();
        }
    }

    /// Gives the turn back without having served.
    fn leave_early(&mut self) {
        let mut queue = self.core.lock();
        queue.workers -= 1;
        queue.leaving += 1;
        self.holds_turn = false;
    }

    /// Serves a child's turn that a job of `parent` has to get past, on its thread.
    pub(super) fn serve_here(self, parent: &CoreRef, lane: Lane) {
        let mut parting = Parting::default();
        let (rest, _) = self.serve_turn(&mut Share::of(None, true), &mut parting);
        {
            let mut queue = parent.lock();
            if let Some(worker) = rest {
                parent.push_back(&mut queue, worker);
            }
            queue.lines.give_back(lane);
            // That is not the parent's end: this thread has a turn of it, or runs a job of it.
        }
        if let Some(ended) = parting.ended.take() {
            ended.release();
        }
        parting.let_go();
    }

    /// The executor whose queue the turn waits in, if it is a child's.
    pub(super) fn parent(&self) -> Option<CoreRef> {
        self.core.parent().map(|parent| parent.executor.core().clone())
    }

    /// A turn that was served out of turn: goes back to the queue if there is more to do.
    pub(super) fn put_back(mut self) {
        let core = self.core.clone();
        {
            let mut queue = core.lock();
            if queue.lines.has_next() {
                queue.starting += 1;
            } else {
                queue.workers -= 1;
                self.holds_turn = false;
                let over = queue.take_over();
                drop(queue);
                return core.tell(over);
            }
        }
        core.start_again(self);
    }

    /// Gives the turn back; if nobody is left for what is queued, it ends with `broken`.
    pub(super) fn refuse(mut self, broken: Broken) {
        self.give_back(Some(broken));
    }

    fn give_back(&mut self, why: Option<Broken>) {
        if !std::mem::take(&mut self.holds_turn) {
            return;
        }
        let (stranded, claim, earlier) = {
            let mut queue = self.core.lock();
            queue.workers -= 1;
            // Whoever asked for the thread is still there, and will see to what is queued.
            let is_awaited = why.is_some() && queue.starting > 0;
            let earlier = is_awaited.then(|| std::mem::replace(&mut queue.refused, why.clone()));
            (second_look(queue.is_stranded()), queue.claim_sleeper(), earlier)
        };
        // A cause is user code: dropped after the lock.
        contain(move || drop(earlier));
        self.core.honour(claim);
        if stranded {
            self.core.strand(why.unwrap_or_else(Broken::turn_dropped));
        }
        self.core.tell_if_over();
    }
}

impl CoreRef {
    /// Queues a child's turn that goes on, behind what waits.
    fn push_back(&self, queue: &mut Queue, worker: Worker) {
        let key = worker.core.key_in(self);
        let turn = Waiting { worker, arrival: self.next_id() };
        let _ = queue.lines.push_turn(turn, key);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.give_back(None);
    }
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("pool", &self.core.pool()).finish_non_exhaustive()
    }
}
