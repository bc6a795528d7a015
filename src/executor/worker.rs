//! One turn at an executor's queue.
//!
//! Vocabulary: a *turn* is the right to be one of at most `max_workers` workers; a *bed* is where
//! an idle worker sleeps. A submission under the lock pops a bed (that worker is then no longer
//! idle, whatever it does), or else takes a new turn, or else leaves the job to the workers that
//! live. A worker under the lock takes the next job, or lies down, or gives its turn back.
//!
//! * Lost wake-up: push and pop are under one lock. A worker lies down only when it has seen the
//!   queue empty under that lock, so a later push finds its bed. (`no_job_waits_beside_a_sleeper`)
//! * Idle expiry against a claim: whoever takes the bed off the list under the lock decides. A
//!   worker that finds its bed gone has been claimed, and waits for the token that is on its way.
//!   (`no_claimed_worker_leaves`)
//! * Idle before heard: a worker that ends a job takes the next step, lying down included, before
//!   it releases the waiters; so "await, then submit" finds it idle.
//!   (`no_second_worker_for_a_waiter_who_submits_again`)

use std::rc::Rc;
use std::time::Duration;

use super::core::{CoreRef, wake};
use super::queue::Step;
use crate::sync::{Parker, now};
use crate::task::body::Owner;
use crate::task::cell::CellRef;
use crate::task::contain::contain;
use crate::task::context::Context;
use crate::task::ending::Ended;
use crate::task::error::Broken;
use crate::task::frame::{self, Seat, SeatGuard};
use crate::time::deadline;

/// A rest shorter than this would have been cheaper awake: putting two processors to sleep and
/// waking them costs about as much.
const BRIEF: Duration = Duration::from_micros(100);
/// How often an idle worker lets others run before it sleeps, if its last rest was brief: about
/// [`BRIEF`], where nobody else wants the processor...
const LONG: u32 = 256;
/// ...and if it was not: enough for a submitter on the same processor.
const SHORT: u32 = 4;

/// One turn at an executor's queue, to be run on a thread that a [`Backend`](super::Backend)
/// supplies. Dropping it un-run gives the turn back.
pub struct Worker {
    core: CoreRef,
    /// The turn has not been given back.
    holds_turn: bool,
    rests: Rests,
}

/// What a worker remembers of its idle times, to choose between looking and sleeping. One that is
/// handed single jobs in quick turn had better look: each sleep costs both sides a system call. One
/// that has just worked a backlog off, or was left alone for long, had better sleep.
struct Rests {
    jobs_since: usize,
    last_was_brief: bool,
}

impl Rests {
    /// Lies down on `bed`; true: claimed.
    fn rest(&mut self, bed: &Parker, keep_alive: Option<Duration>) -> bool {
        let yields = match (self.jobs_since, self.last_was_brief) {
            (0 | 1, true) => LONG,
            (0 | 1, false) => SHORT,
            _ => 0,
        };
        let begun = now();
        // Time beyond what the clock can say is no limit.
        let until = keep_alive.and_then(|stay| begun.checked_add(stay));
        let claimed = bed.park_spinning(yields, until);
        self.jobs_since = 0;
        self.last_was_brief = now().saturating_duration_since(begun) < BRIEF;
        claimed
    }
}

impl Worker {
    pub(super) fn new(core: CoreRef) -> Self {
        let rests = Rests { jobs_since: 0, last_was_brief: true };
        Self { core, holds_turn: true, rests }
    }

    /// Takes jobs until none is left, on this thread. Never panics.
    ///
    /// On own threads it stays and sleeps for up to `keep_alive` when there is nothing to do.
    pub fn run(mut self) {
        let core = self.core.clone();
        if let Some(hook) = &core.config.on_thread_start {
            contain(hook);
        }
        match initialize(&core) {
            Ok(seat) => {
                let _seat = seat;
                self.serve();
            }
            Err(broken) => {
                core.break_for_ever(broken);
                self.leave_early();
            }
        }
        if let Some(hook) = &core.config.on_thread_stop {
            contain(hook);
        }
        let over = {
            let mut queue = core.lock();
            queue.leaving -= 1;
            queue.take_terminations()
        };
        wake(over.into_iter().map(|(_, waker)| waker));
        // The last reference drops the hooks and the backend: user code.
        contain(move || drop((self, core)));
    }

    /// Runs at most `max` jobs on this thread, and says how many. If work is left, the turn goes back
    /// to the backend.
    pub(super) fn run_jobs(mut self, max: usize) -> usize {
        let core = self.core.clone();
        let _seat = match initialize(&core) {
            Ok(seat) => seat,
            Err(broken) => {
                core.break_for_ever(broken);
                return 0;
            }
        };
        let mut ran = 0;
        loop {
            let (step, room) = {
                let mut queue = core.lock();
                if ran == max && queue.lists.pending() > 0 {
                    break;
                }
                let step = queue.next_step(&core, None);
                (step, queue.grant_room(core.config.capacity))
            };
            wake(room);
            match step {
                Step::Run(owner) => {
                    run_here(&core, owner);
                    ran += 1;
                }
                Step::Again(lost) => drop(lost),
                Step::Idle => unreachable!("it has no bed"),
                Step::Leave => {
                    self.holds_turn = false;
                    core.lock().leaving -= 1;
                    core.tell_if_over();
                    return ran;
                }
            }
        }
        core.restart(self);
        ran
    }

    /// Runs jobs until the turn is given back.
    fn serve(&mut self) {
        let core = self.core.clone();
        let bed = core.config.keep_alive.map(|_| Parker::new());
        let mut ended: Option<Ended> = None;
        // The books know of the end; only its release is left.
        let mut counted = false;
        loop {
            let (step, room) = {
                let mut queue = core.lock();
                if let (Some(ended), false) = (&ended, counted) {
                    queue.lists.finish(ended.cell());
                    queue.finished += 1;
                    counted = true;
                }
                let step = queue.next_step(&core, bed.as_ref());
                let room = match step {
                    Step::Run(_) | Step::Again(_) => queue.grant_room(core.config.capacity),
                    Step::Idle | Step::Leave => None,
                };
                (step, room)
            };
            self.holds_turn = !matches!(step, Step::Leave);
            wake(room);
            if let Step::Again(lost) = step {
                drop(lost);
                continue;
            }
            if let Some(late) = ended.take().and_then(Ended::try_release) {
                // A callback came, or the last handle went, while the worker took its next step.
                // Who runs user code is not idle.
                if let (Step::Idle, Some(bed)) = (&step, &bed) {
                    self.rise(bed);
                    late.tell();
                    // Lie down first: whoever hears finds this worker idle.
                    ended = Some(late);
                    continue;
                }
                late.tell();
                late.release();
            }
            counted = false;
            match step {
                Step::Run(owner) => {
                    self.rests.jobs_since += 1;
                    ended = Some(execute(&core, owner));
                }
                Step::Again(_) => unreachable!("seen to above"),
                Step::Idle => {
                    if self.sleep(bed.as_ref()) {
                        return;
                    }
                }
                Step::Leave => return,
            }
        }
    }

    /// Sleeps until claimed. True: the time was over first and the turn is given back.
    fn sleep(&mut self, bed: Option<&Parker>) -> bool {
        let Some(bed) = bed else { return false };
        if self.rests.rest(bed, self.core.config.keep_alive) {
            return false;
        }
        if self.core.lock().expire_idle(bed) {
            self.holds_turn = false;
            return true;
        }
        // Claimed in the last moment: the token is on its way, and has to be taken.
        bed.park();
        false
    }

    /// Is not idle after all.
    fn rise(&self, bed: &Parker) {
        if !self.core.lock().forget_idle(bed) {
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
}

/// Makes this worker's state and seats it.
fn initialize(core: &CoreRef) -> Result<SeatGuard, Broken> {
    let state = match &core.config.initializer {
        None => None,
        Some(make) => match std::panic::catch_unwind(std::panic::AssertUnwindSafe(make)) {
            Ok(Ok(state)) => Some(state),
            Ok(Err(cause)) => {
                return Err(Broken::new("the executor's initializer failed", Some(cause)));
            }
            Err(payload) => {
                let text = payload.downcast_ref::<&'static str>().map(ToString::to_string);
                let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
                crate::task::contain::drop_payload(payload);
                return Err(Broken::new(
                    "the executor's initializer panicked",
                    text.map(Into::into),
                ));
            }
        },
    };
    let own = core.clone();
    let claim = Rc::new(move |cell: &CellRef| claim(&own, cell));
    Ok(frame::take_seat(Seat { pool: core.pool(), state, claim }))
}

/// A job of this worker waits for `cell`: runs it here if it is still queued.
fn claim(core: &CoreRef, cell: &CellRef) {
    let (claimed, room) = {
        let mut queue = core.lock();
        (queue.claim(core, cell), queue.grant_room(core.config.capacity))
    };
    wake(room);
    if let Some(Ok(owner)) = claimed {
        run_here(core, owner);
    }
}

/// Runs a job that is entered among the running, on a thread that is no worker or busy as one.
pub(super) fn run_here(core: &CoreRef, owner: Owner) {
    let ended = execute(core, owner);
    let over = {
        let mut queue = core.lock();
        queue.lists.finish(ended.cell());
        queue.finished += 1;
        queue.take_terminations()
    };
    ended.release();
    wake(over.into_iter().map(|(_, waker)| waker));
}

/// Runs one job with its hooks and its run deadline.
pub(super) fn execute(core: &CoreRef, owner: Owner) -> Ended {
    deadline::begin_run(owner.cell());
    if let Some(hook) = &core.config.before_job {
        let cx = Context::new(owner.cell().clone());
        contain(|| hook(&cx));
    }
    let ended = owner.execute();
    if let Some(hook) = &core.config.after_job {
        let cx = Context::new(ended.cell().clone());
        contain(|| hook(&cx));
    }
    ended
}

impl Drop for Worker {
    fn drop(&mut self) {
        if !self.holds_turn {
            return;
        }
        let stranded = {
            let mut queue = self.core.lock();
            queue.workers -= 1;
            queue.is_stranded()
        };
        if stranded {
            self.core.strand(Broken::turn_dropped());
        }
        self.core.tell_if_over();
    }
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("pool", &self.core.pool()).finish_non_exhaustive()
    }
}
