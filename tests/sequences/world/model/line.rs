//! One executor: what waits in which order.

use std::collections::VecDeque;

use crate::world::op::Kind;

/// Somebody who waits in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Task(usize),
    /// A turn of that view.
    Turn(usize),
}

/// With the number of its arrival.
type Waiting = (u64, Entry);

/// How often a level may be passed over while something waits there.
const PATIENCE: u32 = 16;
pub(crate) const NORMAL: usize = 1;

/// The lane of one key, while something waits or runs in it.
#[derive(Debug)]
struct Lane {
    key: u8,
    waiting: VecDeque<Waiting>,
    busy: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Executor {
    pub(crate) below: Option<usize>,
    /// The lane below that its turns wait in.
    pub(crate) key: Option<u8>,
    pub(crate) max: usize,
    /// Its limit is that of the executor below.
    pub(crate) follows: bool,
    pub(crate) serial: bool,
    pub(crate) keyed: bool,
    pub(crate) capacity: Option<usize>,
    pub(crate) drop_oldest: bool,
    /// How many jobs a turn is for.
    pub(crate) share: Option<usize>,
    pub(crate) closed: bool,
    /// The executor below counts it among its views.
    pub(crate) listed: bool,
    /// Somebody has a handle.
    pub(crate) user: bool,
    pub(crate) shut: bool,
    /// Turns that are given out.
    pub(crate) workers: usize,
    levels: [VecDeque<Waiting>; 3],
    passed: [u32; 3],
    lanes: Vec<Lane>,
    /// Keys of lanes that may be served, in that order.
    ready: VecDeque<u8>,
    pub(crate) running: Vec<usize>,
    pub(crate) finished: usize,
    /// Tasks that wait for room, and those that were given some.
    pub(crate) room: VecDeque<usize>,
    pub(crate) granted: Vec<usize>,
}

impl Executor {
    pub(crate) fn first() -> Self {
        Self { max: 1, user: true, listed: true, ..Self::default() }
    }

    pub(crate) fn view(below: usize, kind: Kind, max_below: usize) -> Self {
        let view = Self { below: Some(below), user: true, share: Some(16), ..Self::default() };
        match kind {
            Kind::Limited(max) => Self { max: max.into(), ..view },
            Kind::Serial => Self { max: 1, serial: true, ..view },
            Kind::Keyed => Self { max: max_below, keyed: true, follows: true, ..view },
            Kind::Lane(key) => Self { max: 1, serial: true, key: Some(key), ..view },
            Kind::Bounded { max, capacity, drop_oldest, share } => Self {
                max: max.into(),
                capacity: Some(capacity.into()),
                drop_oldest,
                share: Some(share.into()),
                ..view
            },
        }
    }

    /// Something comes to wait, at a level or in the lane of a key; true: a worker has to come.
    pub(crate) fn push(&mut self, arrival: u64, entry: Entry, place: u8) -> bool {
        if !self.keyed {
            self.levels[usize::from(place)].push_back((arrival, entry));
            return true;
        }
        let at = self.lanes.iter().position(|lane| lane.key == place).unwrap_or_else(|| {
            self.lanes.push(Lane { key: place, waiting: VecDeque::new(), busy: false });
            self.lanes.len() - 1
        });
        self.lanes[at].waiting.push_back((arrival, entry));
        let becomes_ready = !self.lanes[at].busy && !self.ready.contains(&place);
        if becomes_ready {
            self.ready.push_back(place);
        }
        becomes_ready
    }

    /// Takes the next entry, with the key of the lane that it keeps busy.
    pub(crate) fn pop(&mut self) -> Option<(Entry, Option<u8>)> {
        if self.keyed {
            let key = self.ready.pop_front()?;
            let lane = self.lanes.iter_mut().find(|lane| lane.key == key)?;
            lane.busy = true;
            return Some((lane.waiting.pop_front()?.1, Some(key)));
        }
        let waits = |level: &usize| !self.levels[*level].is_empty();
        let Some(top) = (0..3).find(waits) else {
            self.passed = [0; 3];
            return None;
        };
        let due = |level: &usize| waits(level) && self.passed[*level] >= PATIENCE;
        let next = (top + 1..3).rev().find(due).unwrap_or(top);
        for level in 0..3 {
            let passed_over = level > top && level != next && !self.levels[level].is_empty();
            self.passed[level] = if passed_over { self.passed[level] + 1 } else { 0 };
        }
        self.levels[next].pop_front().map(|(_, entry)| (entry, None))
    }

    /// What kept the lane of this key busy is over.
    pub(crate) fn give_back(&mut self, key: Option<u8>) {
        let Some(at) = self.lanes.iter().position(|lane| Some(lane.key) == key) else { return };
        self.lanes[at].busy = false;
        if self.lanes[at].waiting.is_empty() {
            self.lanes.remove(at);
        } else {
            self.ready.push_back(self.lanes[at].key);
        }
    }

    /// Takes a task out of its line.
    pub(crate) fn unlink(&mut self, task: usize) {
        let others = |waiting: &Waiting| waiting.1 != Entry::Task(task);
        self.levels.iter_mut().for_each(|level| level.retain(others));
        self.lanes.iter_mut().for_each(|lane| lane.waiting.retain(others));
        let gone = |lane: &Lane| !lane.busy && lane.waiting.is_empty();
        let gone: Vec<u8> = self.lanes.iter().filter(|lane| gone(lane)).map(|l| l.key).collect();
        self.ready.retain(|key| !gone.contains(key));
        self.lanes.retain(|lane| !gone.contains(&lane.key));
    }

    /// The task that makes way for a newer one: the oldest of the least urgent level that is no more
    /// urgent.
    pub(crate) fn oldest(&self, place: u8) -> Option<usize> {
        let oldest = |level: usize| {
            self.levels[level].iter().find_map(|(_, entry)| match entry {
                Entry::Task(task) => Some(*task),
                Entry::Turn(_) => None,
            })
        };
        (usize::from(place)..3).rev().find_map(oldest)
    }

    /// Tasks that wait, the next ones first; in no order if there are lanes.
    pub(crate) fn queued(&self) -> Vec<usize> {
        let levels = self.levels.iter().flatten();
        let all = levels.chain(self.lanes.iter().flat_map(|lane| &lane.waiting));
        all.filter_map(|(_, entry)| match entry {
            Entry::Task(task) => Some(*task),
            Entry::Turn(_) => None,
        })
        .collect()
    }

    /// How many jobs and turns wait.
    pub(crate) fn waits(&self) -> usize {
        let levels: usize = self.levels.iter().map(VecDeque::len).sum();
        levels + self.lanes.iter().map(|lane| lane.waiting.len()).sum::<usize>()
    }

    /// Whether a worker would find something.
    pub(crate) fn has_next(&self) -> bool {
        if self.keyed { !self.ready.is_empty() } else { self.waits() > 0 }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.capacity.is_some_and(|max| self.queued().len() + self.granted.len() >= max)
    }
}
