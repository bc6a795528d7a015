//! Who is next: the order in which jobs and the turns of child executors are served.
//!
//! A queue has a line for each level of priority, or else, if it is keyed, a line for each lane.
//! A child's turn waits among the jobs in the order of arrival. Turns are few (no more than their
//! child's limit), so they lie in a deque beside the jobs, and the numbers that tasks are named by
//! say who came first.
//!
//! * Aging: a level that something waits at is passed over at most [`PATIENCE`] times.
//! * Lanes: one entry of a lane at a time; a lane that has been served goes behind the others.
//!
//! Everything here happens under the queue's lock.

use std::collections::VecDeque;

use super::berths::Ticket;
use super::lanes::{InHand, Lanes};
use super::list::{LEVELS, Line, Lists};
use super::worker::Worker;
use crate::task::cell::CellRef;
use crate::task::id::TaskId;

/// How urgent a job is among those of its executor.
///
/// A few fixed levels: what is queued at a higher one starts first. Lower ones are delayed, never
/// starved: after 16 starts that passed a waiting level over, its first job is next.
///
/// # Examples
/// ```
/// use poolbridge::{Executor, Priority};
/// let pool = Executor::threads().max_workers(1).build()?;
/// let (open, gate) = std::sync::mpsc::channel::<()>();
/// let (tell, told) = std::sync::mpsc::channel();
/// let busy = pool.submit(move || gate.recv());
/// for (name, priority) in [("nightly", Priority::Low), ("user", Priority::High)] {
///     let tell = tell.clone();
///     pool.job(move || tell.send(name).unwrap()).priority(priority).submit().detach();
/// }
/// drop(open);
/// assert_eq!((told.recv()?, told.recv()?), ("user", "nightly"));
/// # let _ = busy.wait();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Priority {
    /// Before everything else that waits.
    High,
    /// What a job has that says nothing.
    #[default]
    Normal,
    /// When nothing else waits, or has waited too long.
    Low,
}

/// How often a level may be passed over while something waits there.
pub(super) const PATIENCE: u32 = 16;

/// Where a submission belongs in its executor's queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Level(Priority),
    /// The lane of a keyed queue, by the hash of its key.
    Lane(u64),
}

impl Default for Place {
    fn default() -> Self {
        Place::Level(Priority::Normal)
    }
}

/// The lane that an entry in hand keeps busy, if its queue is keyed.
#[must_use = "the lane is to be given back"]
#[derive(Debug)]
pub(super) struct Lane(u32);

impl Lane {
    /// The queue is not keyed, or the entry was taken past its lane.
    pub(super) const NONE: Self = Self(u32::MAX);

    pub(super) fn of(slot: usize) -> Self {
        Self(u32::try_from(slot).expect("there is no memory for so many lanes"))
    }

    #[inline]
    pub(super) fn slot(&self) -> Option<usize> {
        if self.0 == Self::NONE.0 { None } else { Some(self.0 as usize) }
    }
}

/// What a job in hand has to give back when it is over.
#[must_use = "it is to be given back"]
#[derive(Debug)]
pub(super) struct Held {
    pub(super) ticket: Ticket,
    pub(super) lane: Lane,
}

/// A child's turn that waits.
pub(super) struct Waiting {
    pub(super) worker: Worker,
    pub(super) arrival: TaskId,
}

/// What a worker takes off a queue.
pub(super) enum Entry {
    Job(CellRef, Lane),
    Turn(Worker, Lane),
}

#[repr(C)]
pub(super) struct Lines {
    pub(super) lists: Lists,
    /// How often each level was passed over since it was served, while something waited there.
    passed: [u32; LEVELS],
    /// Turns of children, at the normal level.
    turns: VecDeque<Waiting>,
    lanes: Option<Box<Lanes>>,
}

const NORMAL: usize = Priority::Normal as usize;

impl Lines {
    pub(super) fn new(keyed: bool) -> Self {
        Self {
            lists: Lists::new(),
            passed: [0; LEVELS],
            turns: VecDeque::new(),
            lanes: keyed.then(Box::default),
        }
    }

    /// Jobs that wait.
    pub(super) fn pending(&self) -> usize {
        self.lists.pending()
    }

    /// What waits: jobs and turns.
    pub(super) fn waiting(&self) -> usize {
        let turns = match &self.lanes {
            None => self.turns.len(),
            Some(lanes) => lanes.turns(),
        };
        self.lists.pending() + turns
    }

    pub(super) fn is_waited_in(&self) -> bool {
        self.waiting() > 0
    }

    /// Whether a worker would find something: in a keyed queue, busy lanes do not count.
    pub(super) fn has_next(&self) -> bool {
        self.lanes.as_ref().map_or_else(|| self.is_waited_in(), |lanes| lanes.has_ready())
    }

    /// Takes the next job where none waits but at the normal level: the usual case, in which nobody is
    /// passed over.
    #[inline]
    pub(super) fn pop_plain(&mut self) -> Option<CellRef> {
        if !self.turns.is_empty() || !self.lists.waits_only_at(NORMAL) {
            return None;
        }
        if self.passed != [0; LEVELS] {
            self.passed = [0; LEVELS];
        }
        self.lists.pop(Line::level(NORMAL))
    }

    /// Queues a job; true: a worker has to come for it.
    #[inline]
    pub(super) fn push(&mut self, job: CellRef, place: Place) -> bool {
        match (place, &mut self.lanes) {
            (Place::Level(level), _) => {
                self.lists.push(Line::level(level as usize), job);
                true
            }
            (Place::Lane(key), Some(lanes)) => lanes.push(&mut self.lists, key, job),
            (Place::Lane(_), None) => unreachable!("only keyed queues are given keys"),
        }
    }

    /// Queues a child's turn, in the lane of `key` if this queue is keyed; true: a worker has to
    /// come for it.
    pub(super) fn push_turn(&mut self, turn: Waiting, key: Option<u64>) -> bool {
        match (&mut self.lanes, key) {
            (Some(lanes), Some(key)) => lanes.push_turn(&mut self.lists, key, turn),
            (Some(_), None) => unreachable!("a keyed queue is given turns by its lanes alone"),
            (None, _) => {
                self.turns.push_back(turn);
                true
            }
        }
    }

    /// Takes the next entry.
    pub(super) fn pop(&mut self) -> Option<Entry> {
        if let Some(lanes) = &mut self.lanes {
            return lanes.pop(&mut self.lists);
        }
        let level = self.next_level()?;
        if level == NORMAL && !self.turns.is_empty() {
            let first = self.lists.first(Line::level(NORMAL));
            if let Some(turn) = pop_first(&mut self.turns, first) {
                return Some(Entry::Turn(turn, Lane::NONE));
            }
        }
        self.lists.pop(Line::level(level)).map(|job| Entry::Job(job, Lane::NONE))
    }

    /// The level that is served next.
    fn next_level(&mut self) -> Option<usize> {
        let waits = |level: usize| {
            !self.lists.is_empty(Line::level(level)) || (level == NORMAL && !self.turns.is_empty())
        };
        let waiting: [bool; LEVELS] = std::array::from_fn(waits);
        let top = waiting.iter().position(|waits| *waits)?;
        let is_due = |level: &usize| waiting[*level] && self.passed[*level] >= PATIENCE;
        let next = (top + 1..LEVELS).rev().find(is_due).unwrap_or(top);
        for (level, passed) in self.passed.iter_mut().enumerate() {
            *passed = if waiting[level] && level > top && level != next { *passed + 1 } else { 0 };
        }
        Some(next)
    }

    /// The entry that kept a lane busy is over.
    #[inline]
    pub(super) fn give_back(&mut self, lane: Lane) {
        if let (Some(slot), Some(lanes)) = (lane.slot(), &mut self.lanes) {
            lanes.give_back(&mut self.lists, slot);
        }
    }

    /// Takes a task that was never started out of its line.
    pub(super) fn unlink(&mut self, cell: &CellRef) -> Option<CellRef> {
        let (job, emptied) = self.lists.unlink(cell)?;
        if let (Some(slot), Some(lanes)) = (emptied.and_then(Line::slot), &mut self.lanes) {
            lanes.emptied(&mut self.lists, slot);
        }
        Some(job)
    }

    /// Takes any job off, to be withdrawn: of the line that would be served first.
    pub(super) fn take_any(&mut self) -> Option<CellRef> {
        match &mut self.lanes {
            Some(lanes) => lanes.take_any(&mut self.lists),
            None => (0..LEVELS).find_map(|level| self.lists.pop(Line::level(level))),
        }
    }

    /// Takes off the job that has waited longest of those which are no more urgent than `place`, at
    /// the least urgent level.
    pub(super) fn take_oldest(&mut self, place: Place) -> Option<CellRef> {
        match (&mut self.lanes, place) {
            (Some(lanes), _) => lanes.take_any(&mut self.lists),
            (None, Place::Level(level)) => {
                (level as usize..LEVELS).rev().find_map(|level| self.lists.pop(Line::level(level)))
            }
            (None, Place::Lane(_)) => None,
        }
    }

    /// Takes a turn of that executor back that no worker has come for.
    pub(super) fn take_turn(&mut self, pool: u32) -> Option<(Worker, Lane)> {
        if let Some(lanes) = &mut self.lanes {
            return lanes.take_turn(&self.lists, pool);
        }
        // The latest: whoever is in front has waited for longer.
        let at = self.turns.iter().rposition(|turn| turn.worker.pool() == pool)?;
        self.turns.remove(at).map(|turn| (turn.worker, Lane::NONE))
    }

    /// Whether [`take_turn`](Self::take_turn) would give one.
    pub(super) fn has_turn(&self, pool: u32) -> bool {
        match &self.lanes {
            Some(lanes) => lanes.slot_of_turn(&self.lists, pool).is_some(),
            None => self.turns.iter().any(|turn| turn.worker.pool() == pool),
        }
    }

    /// Turns of that executor that no worker has come for.
    pub(super) fn turns_of(&self, pool: u32) -> usize {
        let own = self.turns.iter().filter(|turn| turn.worker.pool() == pool).count();
        own + self.lanes.as_ref().map_or(0, |lanes| lanes.turns_of(pool))
    }

    /// Takes one turn off, whose executor has to be told that there is no thread.
    pub(super) fn take_any_turn(&mut self) -> Option<Worker> {
        let own = self.turns.pop_front().map(|turn| turn.worker);
        own.or_else(|| self.lanes.as_mut()?.take_any_turn(&mut self.lists))
    }

    /// The lane of a keyed queue that a task waits in, the same as long as it does.
    pub(super) fn slot_of(&self, cell: &CellRef) -> Option<usize> {
        self.lanes.as_ref()?;
        self.lists.line_of(cell).and_then(Line::slot)
    }

    /// What keeps the lane busy that a task waits in; `None`: this queue has no lanes.
    pub(super) fn in_hand_before(&self, cell: &CellRef) -> Option<InHand> {
        let lanes = self.lanes.as_ref()?;
        Some(self.slot_of(cell).map_or(InHand::Nothing, |slot| lanes.in_hand(slot)))
    }

    pub(super) fn lanes(&mut self) -> Option<(&mut Lanes, &mut Lists)> {
        self.lanes.as_deref_mut().map(|lanes| (lanes, &mut self.lists))
    }
}

/// The first turn, unless the job `rival` came before it.
pub(super) fn pop_first(turns: &mut VecDeque<Waiting>, rival: Option<TaskId>) -> Option<Worker> {
    let first = turns.front()?.arrival;
    if rival.is_some_and(|rival| rival < first) {
        return None;
    }
    turns.pop_front().map(|turn| turn.worker)
}
