//! Who waits for whom: a wait that closes a circle is refused.
//!
//! Workers that block until a task is over, until there is room, or until an executor has ended, are
//! written down here while they do; nobody else comes here. A wait is refused if nothing that it
//! depends on can ever go on:
//!
//! * a blocked worker goes on if what it waits for does, or if it could run that itself as things
//!   stand now: then it is told to look again;
//! * a running task goes on, unless the thread that runs it is a blocked worker;
//! * a queued task goes on if any worker of its executor does, or if one more may come from the
//!   parent; in a lane, if the task that keeps the lane busy does;
//! * a turn that waits in a parent's queue goes on if any worker of the parent does;
//! * an executor ends if all that runs in it goes on, and all its turns do.
//!
//! What cannot be seen goes on: a thread that is no worker, a task with a deadline, a turn that is
//! just changing hands. So no wait is refused that could end. Whoever closes a circle finds all others
//! written down, because all is decided under one lock; and where the last step is none of a wait's (a
//! turn comes to rest in a queue, a limit is lowered), the blocked workers look again after a while
//! ([`Patience`]).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::claim;
use super::core::CoreRef;
use super::lanes::InHand;
use super::seat;
use crate::sync::fork::per_process;
use crate::sync::{Mutex, Parker, second_look};
use crate::task::cell::CellRef;
use crate::task::contain::contain;
use crate::task::deadlock::{Circle, WouldDeadlock};
use crate::task::frame::{self, Patience, WaitNote};
use crate::task::handle::own_parker;

/// What a worker waits for.
pub(super) enum Awaited {
    Task(CellRef),
    /// Room in a bounded queue, under that key.
    Room(CoreRef, u64),
    /// The end of an executor.
    End(CoreRef),
}

/// A worker that is blocked.
struct Blocked {
    /// The tasks whose user code the thread is in, innermost last.
    inside: Vec<CellRef>,
    /// The executors whose worker it is.
    seats: Vec<CoreRef>,
    awaited: Awaited,
    /// Whether it may run another job inside its innermost one.
    may_claim: bool,
    bed: Parker,
}

/// All blocked workers of the process.
#[derive(Default)]
pub(crate) struct Waits {
    blocked: BTreeMap<u64, Blocked>,
    keys: u64,
}

per_process! {
    fn waits() -> Mutex<Waits> = Mutex::new(Waits::default());
}

/// While it lives, this worker is known to be blocked.
#[must_use]
pub(super) struct Known(Option<u64>);

impl Known {
    /// When to come again, if this thread is a worker.
    pub(super) fn look_again(&self, patience: &mut Patience) -> Option<Instant> {
        self.0.and_then(|_| patience.next())
    }
}

impl Drop for Known {
    fn drop(&mut self) {
        // References to tasks and executors: perhaps the last ones, hence after the lock.
        let entry = self.0.take().and_then(|key| waits().lock().blocked.remove(&key));
        contain(move || drop(entry));
    }
}

/// This worker is about to block until `cell` is over: runs it here if it may.
pub(super) fn inside(cell: &CellRef) -> Result<WaitNote, WouldDeadlock> {
    claim::run(cell)?;
    if cell.state().is_released() {
        return Ok(None);
    }
    let known = enter(Awaited::Task(cell.clone()))?;
    Ok(Some(Box::new(known)))
}

/// Writes down that this thread blocks, if it is a worker; refused where that could never end.
pub(super) fn enter(awaited: Awaited) -> Result<Known, WouldDeadlock> {
    let seats = seat::all();
    if seats.is_empty() {
        return Ok(Known(None));
    }
    let (may_claim, bed) = (seat::may_claim(), own_parker());
    let blocked = Blocked { inside: frame::all(), seats, awaited, may_claim, bed };
    let mut search = Search::default();
    let (entered, refused) = {
        let mut waits = waits().lock();
        waits.keys += 1;
        let key = waits.keys;
        waits.blocked.insert(key, blocked);
        match search.circle(&waits.blocked, key) {
            None => (Ok(Known(Some(key))), None),
            Some(circle) => (Err(WouldDeadlock::in_circle(circle)), waits.blocked.remove(&key)),
        }
    };
    std::mem::take(&mut search.helpers).iter().for_each(|bed| bed.unpark());
    contain(move || drop((refused, search)));
    entered
}

/// Something that goes on or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    /// A blocked worker, by its key.
    Worker(u64),
    /// A task, by its place in [`Search::tasks`]: an address would order the search by chance.
    Task(usize),
    /// Whether anybody comes for what waits in an executor, by its number.
    Queue(u32),
    /// The end of an executor.
    End(u32),
}

/// What a node depends on.
enum Needs {
    Nothing,
    Any(Vec<Node>),
    All(Vec<Node>),
}

/// One look at everything that a wait depends on.
#[derive(Default)]
struct Search {
    nodes: BTreeMap<Node, Needs>,
    /// What the nodes' names stand for; also keeps it until the lock is gone.
    tasks: Vec<CellRef>,
    executors: BTreeMap<u32, CoreRef>,
    /// Where workers sleep that could run what they wait for.
    helpers: Vec<Parker>,
}

type Entries = BTreeMap<u64, Blocked>;

/// Where an executor's turns are.
struct Turns {
    given: usize,
    limit: usize,
    /// Of those given: in the parent's queue.
    waiting: usize,
    /// Some worker sleeps, or one more is to be had for what comes.
    free: bool,
    /// The parent, and what keeps the lane busy there that they wait in.
    lane: Option<(CoreRef, InHand)>,
}

impl Turns {
    /// All at one moment, under both locks: a turn that changes hands meanwhile is counted once, or
    /// found nowhere and taken for one at work.
    fn of(core: &CoreRef) -> Self {
        let parent = core.parent();
        let mut above = parent.map(|parent| parent.executor.core().lock());
        let queue = core.lock();
        let mut turns = Turns {
            given: queue.workers,
            limit: queue.limit(),
            waiting: 0,
            free: !queue.idle.is_empty(),
            lane: None,
        };
        let (Some(parent), Some(above)) = (parent, &mut above) else {
            // A thread is called when something comes. If it was refused, no other one is; where no
            // worker is left, what waits is about to end.
            let called = queue.lines.has_next() && queue.starting == 0 && turns.given > 0;
            turns.free |= turns.given < turns.limit && !called;
            return turns;
        };
        turns.waiting = above.lines.turns_of(core.pool());
        let in_hand = match (parent.key, above.lines.lanes()) {
            (Some(key), Some((lanes, _))) => lanes.in_hand_of(key),
            _ => InHand::Nothing,
        };
        turns.lane = Some((parent.executor.core().clone(), in_hand));
        turns
    }
}

impl Search {
    /// The tasks in whose circle the worker `key` waits, if it can never go on.
    fn circle(&mut self, blocked: &Entries, key: u64) -> Option<Circle> {
        let start = Node::Worker(key);
        let mut open = vec![start];
        while let Some(node) = open.pop() {
            if self.nodes.contains_key(&node) {
                continue;
            }
            let needs = self.needs(blocked, node);
            if let Needs::Any(nodes) | Needs::All(nodes) = &needs {
                open.extend(nodes);
            }
            self.nodes.insert(node, needs);
        }
        if self.going_on().contains(&start) {
            return None;
        }
        self.find_helpers(blocked);
        let going_on = self.going_on();
        (!going_on.contains(&start)).then(|| self.name(blocked, start, &going_on))
    }

    /// Which of the blocked workers could run what they wait for. After all else was seen at rest: what
    /// was on its way at an earlier look may be theirs to take by now, and nobody else comes for it.
    fn find_helpers(&mut self, blocked: &Entries) {
        let workers: Vec<_> = self.nodes.keys().copied().collect();
        for node in workers {
            let Node::Worker(key) = node else { continue };
            if blocked.get(&key).is_some_and(|worker| self.is_helper(worker)) {
                self.nodes.insert(node, Needs::Nothing);
            }
        }
    }

    /// The nodes that go on: the least set that the rules give.
    fn going_on(&self) -> BTreeSet<Node> {
        let mut known = BTreeSet::new();
        loop {
            let goes_on = |needs: &Needs| match needs {
                Needs::Nothing => true,
                Needs::Any(nodes) => nodes.iter().any(|node| known.contains(node)),
                Needs::All(nodes) => nodes.iter().all(|node| known.contains(node)),
            };
            let all = self.nodes.iter().filter(|(_, needs)| goes_on(needs));
            let next: BTreeSet<_> = all.map(|(node, _)| *node).collect();
            if next.len() == known.len() {
                return known;
            }
            known = next;
        }
    }

    /// The tasks on the way from `start` until it comes back to one, and that one.
    fn name(&self, blocked: &Entries, start: Node, going_on: &BTreeSet<Node>) -> Circle {
        let mut circle = Circle::default();
        let mut at = Some(start);
        // No way through it is longer than twice around.
        for _ in 0..=2 * self.nodes.len() {
            let Some(node) = at else { break };
            let cell = match node {
                Node::Worker(key) => blocked.get(&key).and_then(|worker| worker.inside.last()),
                Node::Task(at) => self.tasks.get(at),
                Node::Queue(_) | Node::End(_) => None,
            };
            let name = |cell: &CellRef| cell.plan(|plan| plan.name.clone()).flatten();
            if cell.is_some_and(|cell| circle.comes_to(cell.id(), name(cell))) {
                break;
            }
            at = match self.nodes.get(&node) {
                Some(Needs::Any(nodes) | Needs::All(nodes)) => {
                    nodes.iter().find(|node| !going_on.contains(node)).copied()
                }
                _ => None,
            };
        }
        circle
    }

    fn needs(&mut self, blocked: &Entries, node: Node) -> Needs {
        match node {
            Node::Worker(key) => match blocked.get(&key).map(|worker| &worker.awaited) {
                Some(Awaited::Task(cell)) => Needs::Any(vec![self.task(cell)]),
                // Given already, or refused: the worker is about to hear.
                Some(Awaited::Room(core, key)) if !core.lock().room.is_waited_by(*key) => {
                    Needs::Nothing
                }
                Some(Awaited::Room(core, _)) => Needs::Any(vec![Node::Queue(self.executor(core))]),
                Some(Awaited::End(core)) => Needs::Any(vec![Node::End(self.executor(core))]),
                None => Needs::Nothing,
            },
            Node::Task(at) => self
                .tasks
                .get(at)
                .cloned()
                .map_or(Needs::Nothing, |cell| self.needs_of_task(blocked, &cell)),
            Node::Queue(pool) => self
                .executors
                .get(&pool)
                .cloned()
                .map_or(Needs::Nothing, |core| self.needs_of_queue(blocked, &core)),
            Node::End(pool) => self
                .executors
                .get(&pool)
                .cloned()
                .map_or(Needs::Nothing, |core| self.needs_of_end(blocked, &core)),
        }
    }

    /// Whether a blocked worker could run what it waits for.
    fn is_helper(&mut self, worker: &Blocked) -> bool {
        let Awaited::Task(cell) = &worker.awaited else { return false };
        if !worker.may_claim || cell.state().has_run() {
            return false;
        }
        let Some(core) = claim::find(&worker.seats, cell) else { return false };
        // Kept until the lock is gone.
        self.executor(&core);
        let could = second_look(claim::could_run(&worker.seats, &core, cell));
        if could {
            self.helpers.push(worker.bed.clone());
        }
        could
    }

    fn task(&mut self, cell: &CellRef) -> Node {
        let known = self.tasks.iter().position(|task| task.as_ptr() == cell.as_ptr());
        Node::Task(known.unwrap_or_else(|| {
            self.tasks.push(cell.clone());
            self.tasks.len() - 1
        }))
    }

    fn executor(&mut self, core: &CoreRef) -> u32 {
        self.executors.entry(core.pool()).or_insert_with(|| core.clone());
        core.pool()
    }

    fn needs_of_task(&mut self, blocked: &Entries, cell: &CellRef) -> Needs {
        if cell.state().is_released() || cell.has_timer() {
            return Needs::Nothing;
        }
        let address = cell.as_ptr();
        let is_inside = |inside: &[CellRef]| inside.iter().any(|cell| cell.as_ptr() == address);
        if let Some((key, _)) = blocked.iter().find(|(_, worker)| is_inside(&worker.inside)) {
            return Needs::Any(vec![Node::Worker(*key)]);
        }
        if cell.state().has_run() {
            return Needs::Nothing;
        }
        let found = blocked.values().find_map(|worker| claim::find(&worker.seats, cell));
        let Some(core) = found else { return Needs::Nothing };
        // Kept until the lock is gone.
        self.executor(&core);
        let in_hand = {
            let queue = core.lock();
            if !queue.lines.lists.is_pending(cell) {
                return Needs::Nothing;
            }
            queue.lines.in_hand_before(cell).unwrap_or(InHand::Nothing)
        };
        self.needs_of_lane(blocked, &core, in_hand)
    }

    /// What waits in a lane of `core`, or in its only line: `in_hand` keeps the lane busy.
    fn needs_of_lane(&mut self, blocked: &Entries, core: &CoreRef, in_hand: InHand) -> Needs {
        let holder = match in_hand {
            InHand::Nothing => return Needs::Any(vec![Node::Queue(self.executor(core))]),
            InHand::Task(task) => blocked
                .iter()
                .find(|(_, worker)| worker.inside.iter().any(|cell| cell.id() == task)),
            InHand::Turn(pool) => blocked
                .iter()
                .find(|(_, worker)| worker.seats.iter().any(|seat| seat.pool() == pool)),
        };
        holder.map_or(Needs::Nothing, |(key, _)| Needs::Any(vec![Node::Worker(*key)]))
    }

    /// Whether anybody comes for what waits in `core`.
    fn needs_of_queue(&mut self, blocked: &Entries, core: &CoreRef) -> Needs {
        let Turns { given, limit, waiting, free, lane } = Turns::of(core);
        if free {
            return Needs::Nothing;
        }
        let mut holders = Vec::new();
        let mut seats = 0;
        for (key, worker) in blocked {
            let own = worker.seats.iter().filter(|seat| seat.pool() == core.pool()).count();
            seats += own;
            if own > 0 {
                holders.push(Node::Worker(*key));
            }
        }
        if seats >= limit {
            // Whoever else is at work leaves when it comes back: it is one too many.
            return Needs::Any(holders);
        }
        if given.min(limit) > seats + waiting {
            // At work, or about to be.
            return Needs::Nothing;
        }
        if let Some((above, in_hand)) = lane {
            // A turn waits, or one more may be given out: the parent's threads come for it.
            match self.needs_of_lane(blocked, &above, in_hand) {
                Needs::Any(nodes) => holders.extend(nodes),
                needs => return needs,
            }
        }
        Needs::Any(holders)
    }

    fn needs_of_end(&mut self, blocked: &Entries, core: &CoreRef) -> Needs {
        let (running, waits, children) = {
            let queue = core.lock();
            let children: Vec<_> = queue.children.values().cloned().collect();
            (queue.lines.lists.running_tasks(), queue.lines.is_waited_in(), children)
        };
        let mut nodes: Vec<Node> = running.iter().map(|cell| self.task(cell)).collect();
        let ends = children.iter().map(|child| Node::End(self.executor(child)));
        nodes.extend(ends);
        if waits {
            nodes.push(Node::Queue(self.executor(core)));
        }
        // A turn that has nothing to do any more is given back by a thread of the parent, too.
        if let Turns { waiting: 1.., lane: Some((above, in_hand)), .. } = Turns::of(core) {
            if let Needs::Any(turns) = self.needs_of_lane(blocked, &above, in_hand) {
                nodes.extend(turns);
            }
        }
        Needs::All(nodes)
    }
}
