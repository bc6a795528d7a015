//! The lanes of a keyed queue: in order within a lane, side by side across lanes.
//!
//! A lane lives as long as something waits or runs in it; then its slot goes to the next key that
//! comes, so keys that come and go leave nothing behind. A key is told by its hash.
//!
//! * A lane is *busy* while an entry of it is in hand.
//! * A lane is *ready*, and in the line of ready ones exactly once, while something waits in it and
//!   it is not busy.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use super::lines::{Entry, Lane, Waiting, pop_first};
use super::list::{Line, Lists};
use super::worker::Worker;
use crate::task::cell::CellRef;
use crate::task::id::TaskId;

/// No slot.
const NONE: usize = usize::MAX;

#[derive(Default)]
pub(super) struct Lanes {
    by_key: HashMap<u64, usize, BuildHasherDefault<Hashed>>,
    slots: Vec<Slot>,
    free: Vec<usize>,
    ready: Ready,
    turns: usize,
    /// Where the search for any job goes on.
    search: usize,
}

struct Slot {
    key: u64,
    in_hand: InHand,
    turns: VecDeque<Waiting>,
    /// Neighbours in the line of ready lanes.
    prev: usize,
    next: usize,
    ready: bool,
}

/// What keeps a lane busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InHand {
    Nothing,
    Task(TaskId),
    /// A turn of that executor.
    Turn(u32),
}

/// The line of ready lanes, linked by slots.
struct Ready {
    head: usize,
    tail: usize,
}

impl Default for Ready {
    fn default() -> Self {
        Self { head: NONE, tail: NONE }
    }
}

/// Keys are hashes already.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only u64 keys are hashed");
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

impl Lanes {
    /// Turns that wait.
    pub(super) fn turns(&self) -> usize {
        self.turns
    }

    pub(super) fn has_ready(&self) -> bool {
        self.ready.head != NONE
    }

    /// Queues a job; true: its lane has become ready.
    pub(super) fn push(&mut self, lists: &mut Lists, key: u64, job: CellRef) -> bool {
        let slot = self.slot_for(lists, key);
        lists.push(Line::lane(slot), job);
        self.make_ready(slot)
    }

    /// Queues a child's turn; true: its lane has become ready.
    pub(super) fn push_turn(&mut self, lists: &mut Lists, key: u64, turn: Waiting) -> bool {
        let slot = self.slot_for(lists, key);
        self.slots[slot].turns.push_back(turn);
        self.turns += 1;
        self.make_ready(slot)
    }

    /// Takes the first entry of the lane that has been ready for longest, which is busy then.
    pub(super) fn pop(&mut self, lists: &mut Lists) -> Option<Entry> {
        match self.ready.head {
            NONE => None,
            slot => self.take_head(lists, slot),
        }
    }

    /// Takes the first entry of a ready lane, which is busy then.
    pub(super) fn take_head(&mut self, lists: &mut Lists, slot: usize) -> Option<Entry> {
        if !self.slots[slot].ready {
            return None;
        }
        self.unready(slot);
        let line = Line::lane(slot);
        let lane = Lane::of(slot);
        let this = &mut self.slots[slot];
        if let Some(worker) = pop_first(&mut this.turns, lists.first(line)) {
            self.turns -= 1;
            this.in_hand = InHand::Turn(worker.pool());
            return Some(Entry::Turn(worker, lane));
        }
        let job = lists.pop(line)?;
        this.in_hand = InHand::Task(job.id());
        Some(Entry::Job(job, lane))
    }

    /// The entry in hand is over.
    pub(super) fn give_back(&mut self, lists: &mut Lists, slot: usize) {
        self.slots[slot].in_hand = InHand::Nothing;
        if !self.make_ready_if_waited_in(lists, slot) {
            self.evict(lists, slot);
        }
    }

    /// No job waits in a lane any more; perhaps turns do.
    pub(super) fn emptied(&mut self, lists: &mut Lists, slot: usize) {
        let this = &self.slots[slot];
        if this.in_hand != InHand::Nothing || !this.turns.is_empty() {
            return;
        }
        if this.ready {
            self.unready(slot);
        }
        self.evict(lists, slot);
    }

    /// Takes any job off. All of them go in time that is linear in lanes and jobs.
    pub(super) fn take_any(&mut self, lists: &mut Lists) -> Option<CellRef> {
        if lists.pending() == 0 {
            return None;
        }
        loop {
            self.search = if self.search < self.slots.len() { self.search } else { 0 };
            if let Some(job) = lists.pop(Line::lane(self.search)) {
                if lists.is_empty(Line::lane(self.search)) {
                    self.emptied(lists, self.search);
                }
                return Some(job);
            }
            self.search += 1;
        }
    }

    /// Takes a turn back, if it is at the head of a lane that is not busy; the lane is busy then.
    pub(super) fn take_turn(&mut self, lists: &Lists, pool: u32) -> Option<(Worker, Lane)> {
        let slot = self.slot_of_turn(lists, pool)?;
        let turn = self.slots[slot].turns.pop_front()?;
        self.turns -= 1;
        self.unready(slot);
        self.slots[slot].in_hand = InHand::Turn(pool);
        Some((turn.worker, Lane::of(slot)))
    }

    /// The lane that is not busy at whose head a turn of that executor is.
    pub(super) fn slot_of_turn(&self, lists: &Lists, pool: u32) -> Option<usize> {
        let is_head = |(at, slot): (usize, &Slot)| {
            let turn = slot.turns.front().filter(|turn| turn.worker.pool() == pool)?;
            let rival = lists.first(Line::lane(at));
            (slot.ready && rival.is_none_or(|rival| turn.arrival < rival)).then_some(at)
        };
        self.slots.iter().enumerate().find_map(is_head)
    }

    pub(super) fn turns_of(&self, pool: u32) -> usize {
        let turns = self.slots.iter().flat_map(|slot| &slot.turns);
        turns.filter(|turn| turn.worker.pool() == pool).count()
    }

    pub(super) fn take_any_turn(&mut self, lists: &mut Lists) -> Option<Worker> {
        let slot = self.slots.iter().position(|slot| !slot.turns.is_empty())?;
        let turn = self.slots[slot].turns.pop_front()?;
        self.turns -= 1;
        if lists.is_empty(Line::lane(slot)) {
            self.emptied(lists, slot);
        }
        Some(turn.worker)
    }

    /// What keeps a lane busy.
    pub(super) fn in_hand(&self, slot: usize) -> InHand {
        self.slots[slot].in_hand
    }

    /// What keeps the lane of `key` busy.
    pub(super) fn in_hand_of(&self, key: u64) -> InHand {
        self.by_key.get(&key).map_or(InHand::Nothing, |slot| self.slots[*slot].in_hand)
    }

    /// The lane of a key, made if there is none.
    fn slot_for(&mut self, lists: &mut Lists, key: u64) -> usize {
        if let Some(slot) = self.by_key.get(&key) {
            return *slot;
        }
        let fresh = Slot {
            key,
            in_hand: InHand::Nothing,
            turns: VecDeque::new(),
            prev: NONE,
            next: NONE,
            ready: false,
        };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot] = fresh;
                slot
            }
            None => {
                self.slots.push(fresh);
                lists.add_lane()
            }
        };
        self.by_key.insert(key, slot);
        slot
    }

    /// Nothing waits or runs in the lane: its key is forgotten.
    fn evict(&mut self, lists: &mut Lists, slot: usize) {
        self.by_key.remove(&self.slots[slot].key);
        self.free.push(slot);
        if self.by_key.is_empty() && self.slots.len() > KEPT {
            *self = Self::default();
            lists.drop_lanes();
        }
    }

    fn make_ready_if_waited_in(&mut self, lists: &Lists, slot: usize) -> bool {
        let waited_in = !lists.is_empty(Line::lane(slot)) || !self.slots[slot].turns.is_empty();
        if waited_in {
            let _ = self.make_ready(slot);
        }
        waited_in
    }

    /// Something waits in the lane; true if that makes it ready.
    fn make_ready(&mut self, slot: usize) -> bool {
        let tail = self.ready.tail;
        let this = &mut self.slots[slot];
        if this.ready || this.in_hand != InHand::Nothing {
            return false;
        }
        (this.ready, this.prev, this.next) = (true, tail, NONE);
        match tail {
            NONE => self.ready.head = slot,
            last => self.slots[last].next = slot,
        }
        self.ready.tail = slot;
        true
    }

    fn unready(&mut self, slot: usize) {
        let (prev, next) = (self.slots[slot].prev, self.slots[slot].next);
        self.slots[slot].ready = false;
        match prev {
            NONE => self.ready.head = next,
            before => self.slots[before].next = next,
        }
        match next {
            NONE => self.ready.tail = prev,
            after => self.slots[after].prev = prev,
        }
    }
}

/// Slots that are kept for the next keys when no lane is left.
const KEPT: usize = 64;
