//! Everything that one lock guards: which jobs wait and run, who is free, who waits for room.
//!
//! Nothing here runs user code. Each method decides under the lock and returns what has to be told
//! after it as a `#[must_use]` value.

use std::collections::VecDeque;
use std::task::Waker;

use super::core::CoreRef;
use super::list::{Lists, Popped};
use crate::sync::Parker;
use crate::task::body::Owner;
use crate::task::cell::CellRef;
use crate::task::error::{Broken, Reason};
use crate::task::state::Verdict;

/// The state of one executor.
pub(super) struct Queue {
    pub(super) lists: Lists,
    /// Workers with nothing to do, the latest last; each sleeps on its bed.
    pub(super) idle: Vec<Parker>,
    /// Turns that are given out: workers alive, idle ones too, and turns being started.
    pub(super) workers: usize,
    /// Calls of `Backend::start` that have not returned.
    pub(super) starting: usize,
    /// Workers that have given their turn back and still clean up.
    pub(super) leaving: usize,
    pub(super) closed: bool,
    pub(super) broken: Option<Broken>,
    pub(super) room: Room,
    /// Jobs that were started and have ended, ever.
    pub(super) finished: usize,
    /// Terminations that wait for the end.
    pub(super) terminations: Vec<(u64, Waker)>,
    pub(super) keys: u64,
    /// Cancellers that have won a job which a worker has taken off meanwhile...
    lost: usize,
    /// ...and what keeps the executor alive for them (Q4).
    keep: Option<CoreRef>,
}

/// Who waits for room in a bounded queue, and who has been given some.
#[derive(Default)]
pub(super) struct Room {
    waiting: VecDeque<(u64, Waker)>,
    granted: Vec<u64>,
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
    Run(Owner),
    /// A canceller was faster: drop this outside the lock and come again.
    Again(CellRef),
    /// The worker is counted idle: sleep.
    Idle,
    /// The turn has been given back: clean up and go.
    Leave,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            lists: Lists::new(),
            idle: Vec::new(),
            workers: 0,
            starting: 0,
            leaving: 0,
            closed: false,
            broken: None,
            room: Room::default(),
            finished: 0,
            terminations: Vec::new(),
            keys: 0,
            lost: 0,
            keep: None,
        }
    }

    /// Puts a job at the tail and claims a thread for it.
    pub(super) fn push(&mut self, job: CellRef, max_workers: usize) -> Claim {
        self.lists.push(job);
        if let Some(bed) = self.idle.pop() {
            return Claim::Wake(bed);
        }
        if self.workers < max_workers {
            self.workers += 1;
            self.starting += 1;
            return Claim::Start;
        }
        Claim::Nothing
    }

    /// Why no job is taken at all.
    pub(super) fn refusal(&self) -> Option<Reason> {
        if let Some(broken) = &self.broken {
            return Some(Reason::Broken(broken.clone()));
        }
        self.closed.then_some(Reason::Closed)
    }

    /// Whether a job more would be one too many. Room given to a waiter counts as taken.
    pub(super) fn is_full(&self, capacity: Option<usize>) -> bool {
        capacity.is_some_and(|max| self.lists.pending() + self.room.granted.len() >= max)
    }

    /// The next step of a worker that has nothing in hand. `bed`: where it may sleep, if it may.
    pub(super) fn next_step(&mut self, core: &CoreRef, bed: Option<&Parker>) -> Step {
        match self.lists.start_next() {
            Popped::Started(owner) => return Step::Run(owner),
            Popped::Lost(job) => return Step::Again(self.lose(core, job)),
            Popped::Empty => {}
        }
        match bed {
            Some(bed) if !self.closed => {
                self.idle.push(bed.clone());
                Step::Idle
            }
            _ => {
                self.workers -= 1;
                self.leaving += 1;
                Step::Leave
            }
        }
    }

    /// Starts a pending task out of turn; the reference of one that a canceller was faster with.
    pub(super) fn claim(
        &mut self,
        core: &CoreRef,
        cell: &CellRef,
    ) -> Option<Result<Owner, CellRef>> {
        match self.lists.start_this(cell) {
            Popped::Started(owner) => Some(Ok(owner)),
            Popped::Lost(job) => Some(Err(self.lose(core, job))),
            Popped::Empty => None,
        }
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

    /// Takes the head off for good, with `verdict`: the owner to be told, or the reference of one
    /// that a canceller was faster with.
    pub(super) fn withdraw_next(
        &mut self,
        core: &CoreRef,
        verdict: Verdict,
    ) -> Option<Result<Owner, CellRef>> {
        let job = self.lists.pop()?;
        Some(match job.withdraw(verdict) {
            Some(owner) => Ok(owner),
            None => Err(self.lose(core, job)),
        })
    }

    /// Takes the head off, still to be run: the job's reference.
    pub(super) fn loosen_next(&mut self, core: &CoreRef) -> Option<Result<CellRef, CellRef>> {
        let job = self.lists.pop()?;
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

    /// A canceller is here for its job: the list's reference, or what was kept for it.
    pub(super) fn unlink(&mut self, cell: &CellRef) -> (Option<CellRef>, Option<CoreRef>) {
        if let Some(job) = self.lists.unlink(cell) {
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
    pub(super) fn grant_room(&mut self, capacity: Option<usize>) -> Option<Waker> {
        if self.room.waiting.is_empty() || self.is_full(capacity) {
            return None;
        }
        let (key, waker) = self.room.waiting.pop_front()?;
        self.room.granted.push(key);
        Some(waker)
    }

    /// Nothing is queued, nothing runs, and nobody is left to run anything.
    pub(super) fn is_over(&self) -> bool {
        let workers = self.workers + self.starting + self.leaving;
        self.closed && workers + self.lists.pending() + self.lists.running() == 0
    }

    /// Queued jobs that nobody will come for.
    pub(super) fn is_stranded(&self) -> bool {
        self.workers == 0 && self.starting == 0 && self.lists.pending() > 0
    }

    /// Who waits for the end, if this is it.
    #[must_use]
    pub(super) fn take_terminations(&mut self) -> Vec<(u64, Waker)> {
        if self.is_over() { std::mem::take(&mut self.terminations) } else { Vec::new() }
    }
}

impl Room {
    /// Uses up the room that was given to `key`.
    pub(super) fn redeem(&mut self, key: u64) -> bool {
        let at = self.granted.iter().position(|other| *other == key);
        at.is_some_and(|at| {
            self.granted.swap_remove(at);
            true
        })
    }

    /// Waits in line, or moves the waker of who does; gives back a waker to drop.
    pub(super) fn wait(&mut self, key: u64, waker: Waker) -> Option<Waker> {
        if let Some((_, old)) = self.waiting.iter_mut().find(|(other, _)| *other == key) {
            return Some(std::mem::replace(old, waker));
        }
        self.waiting.push_back((key, waker));
        None
    }

    /// Leaves the line: the waker to drop.
    pub(super) fn leave(&mut self, key: u64) -> Option<Waker> {
        let at = self.waiting.iter().position(|(other, _)| *other == key)?;
        self.waiting.remove(at).map(|(_, waker)| waker)
    }

    /// Everybody: there will be no room.
    #[must_use]
    pub(super) fn dismiss(&mut self) -> VecDeque<(u64, Waker)> {
        std::mem::take(&mut self.waiting)
    }
}
