//! The intrusive lists of one queue, and a cell's way back to it.
//!
//! A queued task hangs in its executor by links inside its own cell: a push allocates nothing, and an
//! unlink takes one step from wherever it is. A running one stands in a table.
//!
//! * **Q1** A cell is in at most one line, of its own home, and the links are touched only through
//!   the `Lists`, which live under the home's lock (C3). `next` is null in no line.
//!   What `prev` says of the one at the head of a level is nothing: who takes a head off leaves the next
//!   one alone, which another worker is about to take.
//! * **Q2** A line owns one reference to each of its cells, the job's. The table of running ones owns
//!   none: its cells are kept alive by their [`Owner`]s, which take them off before they end.
//! * **Q3** A cell in a line was never started: the state tells.
//! * **Q4** While a cell of this home is pending, somebody with an `Arc` of the core is obliged to
//!   empty the lines. Who takes a cell off that a canceller has withdrawn leaves an
//!   `Arc` for that canceller (`Queue::keep`). So a canceller that has won arrow 2 and has not
//!   been here yet finds the core alive.
//! * **Q5** A cell on its way into `Incoming` is its submitter's alone; once it is in there nobody looks
//!   for it: `Core::lock` takes all of them over first, and has them alone then.

#![allow(unsafe_code, reason = "intrusive links, by the rules above")]

use std::ptr;

use super::berths::{Berths, Ticket};
use super::core::Core;
use crate::sync::{Arc, AtomicPtr, Ordering};
use crate::task::body::Owner;
use crate::task::cell::{CellRef, Header, Home};
use crate::task::id::TaskId;

/// The lines of a queue, one for each level of priority and one for each lane, and the table of its
/// running tasks.
///
/// What a worker writes between two jobs comes first, beside the lock: one cache line.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Lists {
    levels: [List; LEVELS],
    pending: usize,
    lanes: Vec<List>,
    running: Berths,
}

/// How many levels of priority there are.
pub(super) const LEVELS: usize = 3;

/// The name of a line of pending tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line(usize);

impl Line {
    pub(super) const fn level(level: usize) -> Self {
        Self(level)
    }

    pub(super) const fn lane(slot: usize) -> Self {
        Self(LEVELS + slot)
    }

    /// The lane that this is the line of.
    pub(super) fn slot(self) -> Option<usize> {
        self.0.checked_sub(LEVELS)
    }

    /// What stands in place of a neighbour at both ends: odd, hence no cell's address. So a cell at
    /// an end tells which line it is in, and no cell needs room to remember it.
    #[inline]
    fn end(self) -> *const Header {
        ptr::without_provenance(2 * self.0 + 1)
    }

    /// The line whose end `at` is; `None`: it is a cell.
    #[inline]
    fn ending(at: *const Header) -> Option<Self> {
        (at.addr() & 1 == 1).then_some(Self(at.addr() >> 1))
    }
}

#[derive(Clone, Copy, Debug)]
struct List {
    head: *const Header,
    tail: *const Header,
}

impl List {
    fn empty(line: Line) -> Self {
        Self { head: line.end(), tail: line.end() }
    }

    /// # Safety
    /// `cell` is alive while it is in the line, and is in none.
    #[inline]
    unsafe fn append(&mut self, line: Line, cell: *const Header) {
        let last = std::mem::replace(&mut self.tail, cell);
        // SAFETY: Q1; the cell and the old tail are alive.
        unsafe {
            with_links(cell, |links| {
                debug_assert!((*links).next.is_null(), "Q1: in at most one line");
                (*links).prev = last;
                (*links).next = line.end();
            });
            if Line::ending(last).is_some() {
                self.head = cell;
            } else {
                with_links(last, |links| (*links).next = cell);
            }
        }
    }
}

// SAFETY: the pointers are to cells, which are `Send`, and Q1 says who follows them.
unsafe impl Send for Lists {}

/// Jobs that were submitted while all workers were busy, and that the queue does not know yet: a stack,
/// the latest on top (Treiber, "Systems programming: coping with parallelism", 1986).
///
/// Nobody takes one off, only all at once. So a push that finds another cell at the address of the top
/// that it has seen is right all the same: that one is on top. Only its pointer is not of the same
/// origin, hence those in the stack are followed by their exposed address.
#[derive(Debug)]
pub(super) struct Incoming {
    /// Null: open and empty.
    top: AtomicPtr<Header>,
}

/// On top while nothing may come in: odd, hence no cell's address.
const SHUT: *mut Header = ptr::without_provenance_mut(1);

impl Incoming {
    pub(super) fn new() -> Self {
        Self { top: AtomicPtr::new(SHUT) }
    }

    /// Puts a fresh job on top, or gives it back: the door is shut.
    #[inline]
    pub(super) fn push(&self, job: CellRef) -> Result<(), CellRef> {
        // ORDERING: Relaxed, the exchange below finds out whether it is still so; nothing is read
        // through it.
        let mut top = self.top.load(Ordering::Relaxed);
        let cell = job.as_ptr().cast_mut();
        cell.expose_provenance();
        while top != SHUT {
            // SAFETY: Q5, a fresh job is its submitter's alone.
            unsafe { with_links(cell, |links| (*links).next = top) };
            // ORDERING: Release, pairs with the Acquire in `shut`: who takes the stack sees the
            // cells. Relaxed on failure, as above.
            match self.top.compare_exchange(top, cell, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => {
                    // Q2, Q5: the stack owns the job's reference from here on.
                    let _ = job.into_ptr();
                    return Ok(());
                }
                Err(now) => top = now,
            }
        }
        // SAFETY: as above; it is in no line.
        unsafe { with_links(cell, |links| (*links).next = ptr::null()) };
        Err(job)
    }

    /// Plain submissions come here from now on: no worker is idle, none more may be had, and the queue
    /// takes jobs. For who has the home's lock and has just taken in.
    #[inline]
    pub(super) fn open(&self) {
        // ORDERING: Relaxed, nothing is published by it.
        self.top.store(ptr::null_mut(), Ordering::Relaxed);
    }

    /// Shuts the door; what has come in, the latest first. For who has the home's lock.
    #[inline]
    fn shut(&self) -> *const Header {
        // ORDERING: Relaxed, only who has the home's lock opens it.
        if self.top.load(Ordering::Relaxed) == SHUT {
            return ptr::null();
        }
        // ORDERING: Acquire, pairs with the Release in `push`, of all pushes since the door opened:
        // each is a read-modify-write of the one before.
        self.top.swap(SHUT, Ordering::Acquire)
    }
}

/// The level of jobs that say nothing.
const NORMAL: usize = 1;

impl Lists {
    /// Shuts the door and takes over what has come in, behind what waits at the normal level.
    #[inline]
    pub(super) fn take_in(&mut self, incoming: &Incoming) {
        let latest = incoming.shut();
        if !latest.is_null() {
            self.append_turned(latest);
        }
    }

    /// The cells below `latest` and itself, in the order in which they came.
    fn append_turned(&mut self, latest: *const Header) {
        let line = Line::level(NORMAL);
        let list = &mut self.levels[NORMAL];
        let (mut cell, mut behind) = (latest, line.end());
        // SAFETY: Q1 and Q5, the stack is ours now and its cells alive.
        unsafe {
            loop {
                self.pending += 1;
                let before = with_links(cell, |links| {
                    let before = std::mem::replace(&mut (*links).next, behind);
                    (*links).prev = if before.is_null() { list.tail } else { before };
                    before
                });
                if before.is_null() {
                    break;
                }
                behind = cell;
                cell = ptr::with_exposed_provenance(before.addr());
            }
            match Line::ending(list.tail) {
                Some(_) => list.head = cell,
                None => with_links(list.tail, |links| (*links).next = cell),
            }
        }
        list.tail = latest;
    }

    /// How many bytes a worker writes between two jobs, from the first on.
    #[cfg(all(test, not(poolbridge_loom)))]
    pub(super) const WRITTEN: usize = std::mem::offset_of!(Self, lanes);

    pub(super) fn new() -> Self {
        Self {
            levels: std::array::from_fn(|level| List::empty(Line::level(level))),
            pending: 0,
            lanes: Vec::new(),
            running: Berths::default(),
        }
    }

    pub(super) fn pending(&self) -> usize {
        self.pending
    }

    pub(super) fn running(&self) -> usize {
        self.running.taken()
    }

    /// A line for one more lane; the slot is the number of lanes before.
    pub(super) fn add_lane(&mut self) -> usize {
        let slot = self.lanes.len();
        self.lanes.push(List::empty(Line::lane(slot)));
        slot
    }

    /// Gives the memory of all lanes back.
    pub(super) fn drop_lanes(&mut self) {
        debug_assert!((0..self.lanes.len()).all(|slot| self.is_empty(Line::lane(slot))));
        self.lanes = Vec::new();
    }

    #[inline]
    pub(super) fn is_empty(&self, line: Line) -> bool {
        Line::ending(self.list(line).head).is_some()
    }

    /// The name of the task at the head of a line.
    pub(super) fn first(&self, line: Line) -> Option<TaskId> {
        let head = self.list(line).head;
        if Line::ending(head).is_some() {
            return None;
        }
        // SAFETY: Q1 and Q2, a cell in a line is alive.
        Some(unsafe { CellRef::with_borrowed(head, CellRef::id) })
    }

    /// Puts a fresh job at the tail of a line.
    #[inline]
    pub(super) fn push(&mut self, line: Line, job: CellRef) {
        let cell = job.into_ptr();
        // SAFETY: Q2, the line owns the job's reference from here on.
        unsafe { self.list_mut(line).append(line, cell) };
        self.pending += 1;
    }

    /// Takes the head of a line off, with the job's reference, whatever its state.
    #[inline]
    pub(super) fn pop(&mut self, line: Line) -> Option<CellRef> {
        let list = self.list_mut(line);
        let cell = list.head;
        if Line::ending(cell).is_some() {
            return None;
        }
        // SAFETY: Q1 and Q2, the cell and the one behind it are in the line, hence alive; the line's
        // reference becomes the caller's.
        let job = unsafe {
            let next = with_links(cell, |links| std::mem::replace(&mut (*links).next, ptr::null()));
            list.head = next;
            if Line::ending(next).is_some() {
                list.tail = line.end();
            } else if line.slot().is_some() {
                // Only lanes are too many to be asked whose head a cell is.
                with_links(next, |links| (*links).prev = line.end());
            }
            CellRef::from_ptr(cell)
        };
        self.pending -= 1;
        Some(job)
    }

    /// Whether nothing waits at any level but this one.
    #[inline]
    pub(super) fn waits_only_at(&self, level: usize) -> bool {
        let mut levels = self.levels.iter().enumerate();
        levels.all(|(other, list)| other == level || Line::ending(list.head).is_some())
    }

    /// Started tasks that were finished, ever.
    pub(super) fn finished(&self) -> usize {
        self.running.over()
    }

    /// Enters a started task among the running.
    #[inline]
    pub(super) fn enter(&mut self, owner: &Owner) -> Ticket {
        // Q2: kept alive by the owner until `finish`.
        self.running.enter(owner.cell().as_ptr())
    }

    /// As [`finish`](Self::finish), and enters the next one in its place.
    #[inline]
    pub(super) fn succeed(&mut self, ticket: Ticket, owner: &Owner) -> Ticket {
        self.running.succeed(ticket, owner.cell().as_ptr())
    }

    /// Takes a started task off, before its owner lets it go.
    #[inline]
    pub(super) fn finish(&mut self, ticket: Ticket) {
        self.running.leave(ticket);
    }

    /// Whether a task hangs anywhere.
    fn is_listed(cell: &CellRef) -> bool {
        cell.with_links(|links| {
            // SAFETY: Q1, the caller has the lists.
            unsafe { !(*links).next.is_null() }
        })
    }

    /// Takes a task that was never started off, wherever it hangs, with the line that has run empty
    /// by that; `None` if it hangs nowhere.
    pub(super) fn unlink(&mut self, cell: &CellRef) -> Option<(CellRef, Option<Line>)> {
        if !Self::is_listed(cell) {
            return None;
        }
        assert!(!cell.state().has_run(), "Q3: only a task that never started is in a line");
        self.pending -= 1;
        // SAFETY: Q1-Q3, it hangs in a line of pending tasks; the line's reference becomes the
        // caller's.
        unsafe {
            let emptied = self.remove(cell.as_ptr());
            Some((CellRef::from_ptr(cell.as_ptr()), emptied))
        }
    }

    /// Whether a task of this executor hangs in one of its lines.
    pub(super) fn is_pending(&self, cell: &CellRef) -> bool {
        !cell.state().has_run() && Self::is_listed(cell)
    }

    /// The line that a pending task hangs in, the same as long as it does; `None` if it was started or
    /// hangs nowhere. Takes a step for each task behind it.
    pub(super) fn line_of(&self, cell: &CellRef) -> Option<Line> {
        if !self.is_pending(cell) {
            return None;
        }
        let mut at = cell.as_ptr();
        loop {
            // SAFETY: Q1, cells in a line are alive.
            at = unsafe { with_links(at, |links| (*links).next) };
            if let Some(line) = Line::ending(at) {
                return Some(line);
            }
        }
    }

    /// References to all running tasks.
    pub(super) fn running_tasks(&self) -> Vec<CellRef> {
        // SAFETY: Q2, the cells in the table are alive.
        self.running
            .iter()
            .map(|cell| unsafe { CellRef::with_borrowed(cell, CellRef::clone) })
            .collect()
    }

    /// References to all pending tasks, line by line.
    pub(super) fn pending_tasks(&self) -> Vec<CellRef> {
        let mut cells = Vec::with_capacity(self.pending);
        (0..LEVELS).for_each(|level| self.collect(Line::level(level), &mut cells));
        (0..self.lanes.len()).for_each(|slot| self.collect(Line::lane(slot), &mut cells));
        cells
    }

    #[inline]
    fn list(&self, line: Line) -> &List {
        match line.0 {
            at if at < LEVELS => &self.levels[at],
            at => &self.lanes[at - LEVELS],
        }
    }

    #[inline]
    fn list_mut(&mut self, line: Line) -> &mut List {
        match line.0 {
            at if at < LEVELS => &mut self.levels[at],
            at => &mut self.lanes[at - LEVELS],
        }
    }

    /// The level at whose head a cell is.
    fn level_begun_by(&self, cell: *const Header) -> Option<Line> {
        self.levels.iter().position(|list| list.head == cell).map(Line::level)
    }

    /// Takes a cell off; the line that is empty now, if it was the last one.
    ///
    /// # Safety
    /// `cell` is in a line.
    unsafe fn remove(&mut self, cell: *const Header) -> Option<Line> {
        // SAFETY: Q1; the cell and its neighbours are in the line, hence alive. What a level's head says of
        // the one before it is not followed.
        unsafe {
            let (prev, next) = with_links(cell, |links| {
                let pair = ((*links).prev, (*links).next);
                (*links).next = ptr::null();
                pair
            });
            let first = self.level_begun_by(cell).or_else(|| Line::ending(prev));
            let last = Line::ending(next);
            let before = first.map_or(prev, Line::end);
            match first {
                Some(line) => self.list_mut(line).head = next,
                None => with_links(prev, |links| (*links).next = next),
            }
            match last {
                Some(line) => self.list_mut(line).tail = before,
                None => with_links(next, |links| (*links).prev = before),
            }
            first.and(last)
        }
    }

    fn collect(&self, line: Line, cells: &mut Vec<CellRef>) {
        let mut cell = self.list(line).head;
        while Line::ending(cell).is_none() {
            // SAFETY: Q1, cells in a line are alive and the line does not change meanwhile.
            unsafe {
                cells.push(CellRef::with_borrowed(cell, CellRef::clone));
                cell = with_links(cell, |links| (*links).next);
            }
        }
    }
}

/// # Safety
/// The cell is alive, and the caller has the lists that it may be in (Q1).
unsafe fn with_links<R>(
    cell: *const Header,
    f: impl FnOnce(*mut crate::task::cell::Links) -> R,
) -> R {
    // SAFETY: the caller's promise.
    unsafe { CellRef::with_borrowed(cell, |cell| cell.with_links(f)) }
}

impl Home for Core {
    unsafe fn withdraw(home: *const (), cell: &CellRef) -> Option<CellRef> {
        let core: *const Core = home.cast();
        // SAFETY: `Core::as_home` made the pointer from an `Arc`, and Q4 says that it lives until
        // the cell has been unlinked. The new count keeps it alive beyond that.
        let core = unsafe {
            Arc::increment_strong_count(core);
            Arc::from_raw(core)
        };
        core.unlink_withdrawn(cell)
    }
}
