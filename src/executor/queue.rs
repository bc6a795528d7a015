//! Everything that one lock guards: which jobs wait and run, who is free, who waits for room.
//!
//! Nothing here runs user code. Each method decides under the lock and returns what has to be told
//! after it as a `#[must_use]` value.

use std::collections::BTreeMap;
use std::task::Waker;

use super::config::Config;
use super::core::CoreRef;
use super::lines::{Entry, Held, Lane, Lines, Place, Waiting};
use super::rests::Wariness;
use super::room::Room;
use super::share::Share;
use super::worker::Worker;
use crate::sync::{Parker, is_made, second_look};
use crate::task::body::Owner;
use crate::task::cell::CellRef;
use crate::task::error::{Broken, Reason};
use crate::task::state::Verdict;

/// The state of one executor.
///
/// In the order in which a worker needs it between two jobs: first what it writes, then what it reads.
#[repr(C)]
pub(super) struct Queue {
    pub(super) lines: Lines,
    /// Turns that are given out: workers alive, idle ones too, and turns being started.
    pub(super) workers: usize,
    /// How many turns may be given out, stand-ins aside.
    pub(super) max_workers: usize,
    /// How many turns more, while as many workers are blocked elsewhere.
    stand_ins: usize,
    /// Workers that are blocked elsewhere, and have said so.
    blocked: usize,
    pub(super) room: Room,
    /// Workers with nothing to do, the latest last; each sleeps on its bed.
    pub(super) idle: Vec<Parker>,
    /// Calls of `Backend::start` that have not returned.
    pub(super) starting: usize,
    /// Workers that have given their turn back and still clean up.
    pub(super) leaving: usize,
    pub(super) closed: bool,
    pub(super) broken: Option<Broken>,
    /// Why a turn was refused that came back before the call for its thread had returned.
    pub(super) refused: Option<Broken>,
    /// Jobs of children that are gone which were started and have ended.
    pub(super) finished_below: usize,
    /// Children that are not over, by number.
    pub(super) children: BTreeMap<u32, CoreRef>,
    /// The parent counts this executor among its children.
    pub(super) is_child: bool,
    /// Terminations that wait for the end.
    pub(super) terminations: Vec<(u64, Waker)>,
    pub(super) keys: u64,
    pub(super) wariness: Wariness,
    /// Cancellers that have won a job which a worker has taken off meanwhile...
    lost: usize,
    /// ...and what keeps the executor alive for them (Q4).
    keep: Option<CoreRef>,
}

/// What a submission has to do about threads once the lock is gone.
#[must_use]
pub(super) enum Claim {
    Wake(Parker),
    Start,
    Nothing,
}

/// What a worker does next.
#[must_use]
pub(super) enum Step {
    Run(Owner, Held),
    /// A child's turn.
    Serve(Worker, Lane),
    /// A canceller was faster: drop this outside the lock and come again.
    Again(CellRef),
    /// The worker is counted idle: sleep.
    Idle,
    /// Its share is used up and there is more: the turn goes on, on whatever thread is given to it.
    HandOver,
    /// The turn has been given back: clean up and go.
    Leave,
}

/// What has to be told if an executor has come to its end.
#[must_use]
#[derive(Default)]
pub(super) struct Over {
    pub(super) terminations: Vec<(u64, Waker)>,
    /// The parent has to forget it.
    pub(super) was_child: bool,
}

impl Queue {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            lines: Lines::new(config.keyed),
            idle: Vec::new(),
            workers: 0,
            starting: 0,
            leaving: 0,
            max_workers: config.max_workers,
            stand_ins: config.stand_ins,
            blocked: 0,
            closed: false,
            broken: None,
            refused: None,
            room: Room::default(),
            finished_below: 0,
            children: BTreeMap::new(),
            is_child: false,
            terminations: Vec::new(),
            keys: 0,
            wariness: Wariness::default(),
            lost: 0,
            keep: None,
        }
    }

    /// Puts a job at the tail of its line and claims a thread for it.
    #[inline]
    pub(super) fn push(&mut self, job: CellRef, place: Place) -> Claim {
        if self.lines.push(job, place) { self.claim_thread() } else { Claim::Nothing }
    }

    /// Puts a child's turn at the tail of its line and claims a thread for it.
    pub(super) fn push_turn(&mut self, turn: Waiting, key: Option<u64>) -> Claim {
        if self.lines.push_turn(turn, key) { self.claim_thread() } else { Claim::Nothing }
    }

    /// Somebody has to come for what waits.
    pub(super) fn claim_thread(&mut self) -> Claim {
        if let Some(bed) = self.idle.pop() {
            return Claim::Wake(bed);
        }
        if self.workers < self.limit() {
            self.workers += 1;
            self.starting += 1;
            return Claim::Start;
        }
        Claim::Nothing
    }

    /// A turn has come to nothing: what waits may have been left to its worker alone.
    #[track_caller]
    pub(super) fn claim_sleeper(&mut self) -> Claim {
        match self.idle.last() {
            Some(_) if second_look(self.lines.has_next()) => {
                self.idle.pop().map_or(Claim::Nothing, Claim::Wake)
            }
            _ => Claim::Nothing,
        }
    }

    /// Threads for what waits after the limit has risen, `most` of them.
    pub(super) fn claim_more(&mut self, most: usize) -> Vec<Claim> {
        if !self.lines.has_next() {
            return Vec::new();
        }
        let room = self.limit().saturating_sub(self.workers);
        let more = self.lines.waiting().min(room).min(most);
        (0..more).map(|_| self.claim_thread()).collect()
    }

    /// How many turns may be given out now.
    pub(super) fn limit(&self) -> usize {
        self.max_workers.saturating_add(self.blocked.min(self.stand_ins))
    }

    /// Why no job is taken at all.
    #[inline]
    pub(super) fn refusal(&self) -> Option<Reason> {
        if let Some(broken) = &self.broken {
            return Some(Reason::Broken(broken.clone()));
        }
        self.closed.then_some(Reason::Closed)
    }

    /// Whether a job more would be one too many. Room given to a waiter counts as taken.
    pub(super) fn is_full(&self, capacity: Option<usize>) -> bool {
        capacity.is_some_and(|max| self.lines.pending() + self.room.granted.len() >= max)
    }

    /// The next step of a worker, and the account of the job that it has run. `bed`: where it may sleep,
    /// if it may.
    #[inline]
    pub(super) fn next_step(
        &mut self,
        core: &CoreRef,
        held: Option<Held>,
        share: &Share,
        bed: Option<&Parker>,
    ) -> Step {
        let is_surplus = self.workers > self.limit();
        if !is_surplus && !share.is_used_up() {
            // Nothing that has come in is before it. Where there are plain jobs there are no lanes.
            if let Some(job) = self.lines.pop_plain() {
                return self.start(core, job, Lane::NONE, held);
            }
        }
        if let Some(held) = held {
            self.end(held);
        }
        if is_surplus {
            // The limit was lowered, or a stand-in is needed no more. Others serve the queue: as many
            // sleepers were woken as are too many, so if any sleeps, one of those stays and looks.
            return self.leave();
        }
        self.next_step_of_all(core, share, bed)
    }

    fn next_step_of_all(&mut self, core: &CoreRef, share: &Share, bed: Option<&Parker>) -> Step {
        // What has come in may be first, or all there is.
        core.absorb(self);
        if share.is_used_up() && self.lines.has_next() {
            return self.hand_over(share);
        }
        match self.lines.pop() {
            Some(Entry::Job(job, lane)) => return self.start(core, job, lane, None),
            Some(Entry::Turn(worker, lane)) => return Step::Serve(worker, lane),
            None => {}
        }
        match bed {
            Some(bed) if !self.closed => {
                self.idle.push(bed.clone());
                Step::Idle
            }
            _ => self.leave(),
        }
    }

    fn leave(&mut self) -> Step {
        self.workers -= 1;
        self.leaving += 1;
        Step::Leave
    }

    /// The turn goes on without this worker. On a parent's thread it is taken along; elsewhere the
    /// backend is asked for a thread.
    fn hand_over(&mut self, share: &Share) -> Step {
        if !share.is_lent() {
            self.starting += 1;
            self.leaving += 1;
        }
        Step::HandOver
    }

    /// The backend refused a thread to a worker that hands its turn over: it has the turn again. If that
    /// is one too many by now, or there is nothing to do, its next step tells.
    pub(super) fn resume(&mut self) {
        self.workers += 1;
        self.leaving -= 1;
    }

    /// Enters a job that was started among the running.
    #[inline]
    pub(super) fn begin(&mut self, owner: &Owner, lane: Lane) -> Held {
        Held { ticket: self.lines.lists.enter(owner), lane }
    }

    /// As [`end`](Self::end) and [`begin`](Self::begin).
    #[inline]
    fn succeed(&mut self, held: Held, owner: &Owner, lane: Lane) -> Held {
        self.lines.give_back(held.lane);
        Held { ticket: self.lines.lists.succeed(held.ticket, owner), lane }
    }

    /// A job's closure and callbacks are over.
    #[inline]
    pub(super) fn end(&mut self, held: Held) {
        self.lines.lists.finish(held.ticket);
        self.lines.give_back(held.lane);
    }

    /// Starts a job that was taken off, after the one that the worker has `held`.
    #[inline]
    pub(super) fn start(
        &mut self,
        core: &CoreRef,
        job: CellRef,
        lane: Lane,
        held: Option<Held>,
    ) -> Step {
        match job.start() {
            Ok(owner) => {
                let held = match held {
                    Some(held) => self.succeed(held, &owner, lane),
                    None => self.begin(&owner, lane),
                };
                Step::Run(owner, held)
            }
            Err(job) => {
                if let Some(held) = held {
                    self.end(held);
                }
                self.lines.give_back(lane);
                Step::Again(self.lose(core, job))
            }
        }
    }

    /// Starts a pending task out of turn; the reference of one that a canceller was faster with.
    pub(super) fn claim(
        &mut self,
        core: &CoreRef,
        cell: &CellRef,
    ) -> Option<Result<(Owner, Held), CellRef>> {
        if cell.state().has_run() {
            return None;
        }
        let job = self.lines.unlink(cell)?;
        Some(match self.start(core, job, Lane::NONE, None) {
            Step::Run(owner, held) => Ok((owner, held)),
            Step::Again(lost) => Err(lost),
            _ => unreachable!("a job was started or lost"),
        })
    }

    /// An idle worker's time is over: true if it leaves, false if somebody has just claimed it.
    pub(super) fn expire_idle(&mut self, bed: &Parker) -> bool {
        let unclaimed = self.forget_idle(bed);
        if unclaimed {
            self.workers -= 1;
            self.leaving += 1;
        }
        unclaimed
    }

    /// Takes a bed off the idle list; false if somebody has just claimed it.
    pub(super) fn forget_idle(&mut self, bed: &Parker) -> bool {
        let at = self.idle.iter().position(|other| other.same_bed(bed));
        at.is_some_and(|at| {
            self.idle.remove(at);
            true
        })
    }

    /// Idle workers beyond the limit, to be woken: they leave.
    pub(super) fn dismiss_surplus(&mut self) -> Vec<Parker> {
        let surplus = self.workers.saturating_sub(self.limit()).min(self.idle.len());
        self.idle.drain(..surplus).collect()
    }

    /// A worker says that it is blocked elsewhere, or that it is back.
    pub(super) fn set_blocked(&mut self, blocked: bool) {
        self.blocked = if blocked { self.blocked + 1 } else { self.blocked - 1 };
    }

    /// Takes a job off for good, with `verdict`: the owner to be told, or the reference of one that
    /// a canceller was faster with.
    pub(super) fn withdraw_next(
        &mut self,
        core: &CoreRef,
        verdict: Verdict,
    ) -> Option<Result<Owner, CellRef>> {
        let job = self.lines.take_any()?;
        Some(self.withdraw(core, job, verdict))
    }

    /// Takes off the job that makes way for a new one at `place`.
    pub(super) fn displace(
        &mut self,
        core: &CoreRef,
        place: Place,
    ) -> Option<Result<Owner, CellRef>> {
        let job = self.lines.take_oldest(place)?;
        Some(self.withdraw(core, job, Verdict::Error))
    }

    fn withdraw(
        &mut self,
        core: &CoreRef,
        job: CellRef,
        verdict: Verdict,
    ) -> Result<Owner, CellRef> {
        match job.withdraw(verdict) {
            Some(owner) => Ok(owner),
            None => Err(self.lose(core, job)),
        }
    }

    /// Takes a job off, still to be run: the job's reference.
    pub(super) fn loosen_next(&mut self, core: &CoreRef) -> Option<Result<CellRef, CellRef>> {
        let job = self.lines.take_any()?;
        if job.loosen() {
            return Some(Ok(job));
        }
        Some(Err(self.lose(core, job)))
    }

    /// A job was taken off that its canceller has won and still looks for (Q4).
    fn lose(&mut self, core: &CoreRef, job: CellRef) -> CellRef {
        self.lost += 1;
        self.keep.get_or_insert_with(|| core.clone());
        job
    }

    /// A canceller is here for its job: the line's reference, or what was kept for it.
    pub(super) fn unlink(&mut self, cell: &CellRef) -> (Option<CellRef>, Option<CoreRef>) {
        if let Some(job) = self.lines.unlink(cell) {
            return (Some(job), None);
        }
        self.lost -= 1;
        (None, if self.lost == 0 { self.keep.take() } else { None })
    }

    /// Takes room for `key`: what it was given before, or what is free while nobody is in line.
    pub(super) fn reserve(&mut self, key: u64, capacity: Option<usize>) -> bool {
        if self.room.granted.contains(&key) {
            return true;
        }
        let free = self.room.waiting.is_empty() && !self.is_full(capacity);
        if free {
            self.room.granted.push(key);
        }
        free
    }

    /// A place in a bounded queue is free: the waiter that gets it.
    #[must_use]
    #[track_caller]
    pub(super) fn grant_room(&mut self, capacity: Option<usize>) -> Option<Waker> {
        if self.room.waiting.is_empty() || self.is_full(capacity) || !is_made("look") {
            return None;
        }
        let (key, waker) = self.room.waiting.pop_front()?;
        self.room.granted.push(key);
        Some(waker)
    }

    /// Nothing is queued, nothing runs, nobody is left to run anything, here and below.
    pub(super) fn is_over(&self) -> bool {
        let workers = self.workers + self.starting + self.leaving;
        self.closed
            && workers + self.lines.lists.running() + self.children.len() == 0
            && !self.lines.is_waited_in()
    }

    /// Queued work that nobody will come for.
    pub(super) fn is_stranded(&self) -> bool {
        self.workers == 0 && self.starting == 0 && self.lines.is_waited_in()
    }

    /// Who waits for the end, if this is it.
    #[track_caller]
    pub(super) fn take_over(&mut self) -> Over {
        if !second_look(self.is_over()) {
            return Over::default();
        }
        Over {
            terminations: std::mem::take(&mut self.terminations),
            was_child: std::mem::take(&mut self.is_child),
        }
    }
}
