//! A job that waits for a queued one runs it in place, where that changes nothing that was promised.
//!
//! A thread may run a queued job of the executor tree whose worker it is (so thread-locals and worker
//! state are right), if it has a permit of every executor between: the one that it holds already,
//! as a worker of that executor; a turn that waits in the parent's queue and that no thread has come
//! for; or one that the limit leaves free. In a lane (serial, or one key's) it runs from the head up to
//! the job that it waits for: what is in front comes first anyway. A later job of the lane that the
//! waiting job itself is in can never run: that is said, not waited for.
//!
//! Against a worker's pop and against a cancel it is one more of both: the line is left under the
//! queue's lock, and the start is arrow 1.

use super::child::Parent;
use super::core::CoreRef;
use super::lanes::InHand;
use super::lines::{Entry, Lane};
use super::queue::{Claim, Step};
use super::running;
use super::seat::{self, SeatGuard};
use super::worker::Worker;
use crate::sync::second_look;
use crate::task::cell::CellRef;
use crate::task::deadlock::WouldDeadlock;
use crate::task::frame;

/// The right to run jobs of an executor whose worker this thread was not.
struct Permit {
    turn: Worker,
    /// The lane of a keyed parent that the turn keeps busy.
    lane: Lane,
}

/// Runs `cell` here and now, if it is queued and this thread may.
pub(super) fn run(cell: &CellRef) -> Result<(), WouldDeadlock> {
    if cell.state().has_run() {
        return Ok(());
    }
    let seats = seat::all();
    let Some(core) = find(&seats, cell) else { return Ok(()) };
    let is_seated = |core: &CoreRef| seats.iter().any(|seat| seat.pool() == core.pool());
    if (core.config.serial || core.config.keyed) && is_seated(&core) {
        refuse_own_lane(&core, cell, &seats)?;
    }
    let Some(_claim) = seat::claim() else { return Ok(()) };
    // From the job's executor up to one whose worker this thread is.
    let mut between = Vec::new();
    let mut at = Some(core.clone());
    while let Some(core) = at.take_if(|core| !is_seated(core)) {
        at = core.parent().map(|parent| parent.executor.core().clone());
        between.push(core);
    }
    let state = at.and_then(|core| frame::state_of(core.pool()));
    let mut permits = Vec::new();
    let mut taken: Vec<SeatGuard> = Vec::new();
    for core in between.iter().rev() {
        let Some(permit) = Permit::take(core) else { break };
        permits.push(permit);
        taken.push(seat::take(core, state.clone()));
    }
    if permits.len() == between.len() {
        run_in_turn(&core, cell);
    }
    // In the reverse order of their taking.
    while taken.pop().is_some() {}
    while let Some(permit) = permits.pop() {
        permit.give_back();
    }
    Ok(())
}

/// Whether [`run`] would run a queued task of `core` on a worker with those seats, as things stand.
pub(super) fn could_run(seats: &[CoreRef], core: &CoreRef, cell: &CellRef) -> bool {
    let is_seated = |core: &CoreRef| seats.iter().any(|seat| seat.pool() == core.pool());
    if core.config.serial && is_seated(core) {
        return false;
    }
    {
        let queue = core.lock();
        let in_hand = queue.lines.in_hand_before(cell).unwrap_or(InHand::Nothing);
        if !queue.lines.lists.is_pending(cell) || in_hand != InHand::Nothing {
            return false;
        }
    }
    let mut at = core;
    while !is_seated(at) {
        let Some(parent) = at.parent() else { return false };
        if !Permit::is_to_be_had(at, parent) {
            return false;
        }
        at = parent.executor.core();
    }
    true
}

/// The executor of a queued task, if this thread is a worker of its tree. Lets no last reference go:
/// the caller may have a lock.
pub(super) fn find(seats: &[CoreRef], cell: &CellRef) -> Option<CoreRef> {
    let pool = cell.id().pool();
    let own = seats.iter().rev().find(|seat| seat.pool() == pool).cloned();
    let found = own.or_else(|| seats.iter().rev().find_map(|seat| seat.root().find_below(pool)));
    // Numbers of executors may come again; an address does not while its task hangs there.
    found.filter(|core| cell.is_at_home(core.as_home()))
}

/// A job waits for a later one of its own lane.
fn refuse_own_lane(core: &CoreRef, cell: &CellRef, seats: &[CoreRef]) -> Result<(), WouldDeadlock> {
    let own = {
        let queue = core.lock();
        if !queue.lines.lists.is_pending(cell) {
            return Ok(());
        }
        match queue.lines.in_hand_before(cell) {
            None => core.config.serial,
            Some(InHand::Nothing) => false,
            Some(InHand::Task(task)) => frame::is_inside_task(task),
            Some(InHand::Turn(pool)) => seats.iter().any(|seat| seat.pool() == pool),
        }
    };
    if own { Err(WouldDeadlock::in_own_lane(frame::current_id(), cell.id())) } else { Ok(()) }
}

impl Permit {
    /// The right to run jobs of `core`, if one is to be had.
    fn take(core: &CoreRef) -> Option<Self> {
        let parent = core.parent()?;
        let turn = parent.executor.core().lock().lines.take_turn(core.pool());
        if let Some((turn, lane)) = turn {
            return Some(Self { turn, lane });
        }
        if parent.key.is_some() {
            return None;
        }
        let mut queue = core.lock();
        if queue.workers >= queue.limit() {
            return None;
        }
        queue.workers += 1;
        drop(queue);
        Some(Self { turn: Worker::new(core.clone()), lane: Lane::NONE })
    }

    /// Whether [`take`](Self::take) would give one.
    fn is_to_be_had(core: &CoreRef, parent: &Parent) -> bool {
        if parent.executor.core().lock().lines.has_turn(core.pool()) {
            return true;
        }
        let queue = core.lock();
        parent.key.is_none() && queue.workers < queue.limit()
    }

    fn give_back(self) {
        let parent = self.turn.parent();
        self.turn.put_back();
        if let (Some(_), Some(parent)) = (self.lane.slot(), parent) {
            parent.lock().lines.give_back(self.lane);
            parent.call_worker();
        }
    }
}

/// This thread may run jobs of `core`: runs `cell`, and what comes before it if it is in a lane.
fn run_in_turn(core: &CoreRef, cell: &CellRef) {
    if !core.config.serial && !core.config.keyed {
        let (claimed, room) = {
            let mut queue = core.lock();
            (queue.claim(core, cell), queue.grant_room(core.config.capacity))
        };
        super::core::wake(room);
        if let Some(Ok((owner, held))) = claimed {
            running::run_here(core, owner, held);
        }
        return;
    }
    let slot = core.lock().lines.slot_of(cell);
    loop {
        let step = {
            let mut queue = core.lock();
            if !queue.lines.lists.is_pending(cell) {
                break;
            }
            let entry = match (queue.lines.lanes(), slot) {
                (Some((lanes, lists)), Some(slot)) => lanes.take_head(lists, slot),
                (Some(_), None) => None,
                (None, _) => queue.lines.pop(),
            };
            // Nobody waits for room: queues with lanes have no bound.
            match entry {
                Some(Entry::Job(job, lane)) => queue.start(core, job, lane, None),
                Some(Entry::Turn(worker, lane)) => Step::Serve(worker, lane),
                // Somebody else is at it.
                None => break,
            }
        };
        match step {
            Step::Run(owner, held) => running::run_here(core, owner, held),
            Step::Serve(turn, lane) => turn.serve_here(core, lane),
            Step::Again(lost) => drop(lost),
            _ => unreachable!("an entry is a job or a turn"),
        }
    }
    // A lane that is free again may have more to do, and nobody was called for that.
    core.call_worker();
}

impl CoreRef {
    /// The executor at the top, whose threads are nobody's queue.
    pub(super) fn root(&self) -> CoreRef {
        let mut at = self.clone();
        while let Some(parent) = at.parent() {
            let above = parent.executor.core().clone();
            at = above;
        }
        at
    }

    /// The executor of that number, below this one.
    fn find_below(&self, pool: u32) -> Option<CoreRef> {
        if self.pool() == pool {
            return Some(self.clone());
        }
        // Locks are taken downwards only. No reference is let go here: it might be the last one.
        let queue = self.lock();
        if let Some(child) = queue.children.get(&pool) {
            return Some(child.clone());
        }
        queue.children.values().find_map(|child| child.find_below(pool))
    }

    /// Somebody has to come for what waits, if the limit allows.
    #[track_caller]
    pub(super) fn call_worker(&self) {
        let claim = {
            let mut queue = self.lock();
            if second_look(queue.lines.has_next()) { queue.claim_thread() } else { Claim::Nothing }
        };
        self.honour(claim);
    }
}
