//! The intrusive lists of one queue, and a cell's way back to it.
//!
//! A queued or running task hangs in its executor by links inside its own cell: a push allocates
//! nothing, and an unlink takes one step from wherever it is.
//!
//! * **Q1** A cell is in at most one list, of its own home, and the links are touched only through
//!   `&mut Lists`, which lives under the home's lock (C3). `next` is null in no list.
//! * **Q2** `pending` owns one reference a cell, the job's. `running` owns none: its cells are kept
//!   alive by their [`Owner`]s, which are taken off before they end.
//! * **Q3** A cell in `pending` was never started, one in `running` was: the state tells which.
//! * **Q4** While a cell of this home hangs in `pending`, somebody with an `Arc` of the core is
//!   obliged to empty the list. Who takes a cell off that a canceller has withdrawn leaves an
//!   `Arc` for that canceller (`Queue::keep`). So a canceller that has won arrow 2 and has not
//!   been here yet finds the core alive.

#![allow(unsafe_code, reason = "intrusive links, by the rules above")]

use std::ptr;

use super::core::Core;
use crate::sync::Arc;
use crate::task::body::Owner;
use crate::task::cell::{CellRef, Header, Home};

/// The two lists of a queue.
#[derive(Debug)]
pub(super) struct Lists {
    pending: List,
    running: List,
}

#[derive(Debug)]
struct List {
    head: *const Header,
    tail: *const Header,
    len: usize,
}

// SAFETY: the pointers are to cells, which are `Send`, and Q1 says who follows them.
unsafe impl Send for Lists {}

/// What lay at the head of the queue.
#[must_use]
pub(super) enum Popped {
    /// A task, started and entered among the running.
    Started(Owner),
    /// One that a canceller has withdrawn and not unlinked yet; the job's reference.
    Lost(CellRef),
    Empty,
}

/// Stands at the end of a list in place of a next cell.
const END: *const Header = ptr::without_provenance(1);

impl Lists {
    pub(super) fn new() -> Self {
        let empty = || List { head: END, tail: END, len: 0 };
        Self { pending: empty(), running: empty() }
    }

    pub(super) fn pending(&self) -> usize {
        self.pending.len
    }

    pub(super) fn running(&self) -> usize {
        self.running.len
    }

    /// Puts a fresh job at the tail.
    pub(super) fn push(&mut self, job: CellRef) {
        let cell = job.into_ptr();
        // SAFETY: Q2, the list owns the job's reference from here on.
        unsafe { self.pending.push(cell) };
    }

    /// Takes the head and starts it.
    pub(super) fn start_next(&mut self) -> Popped {
        self.pop().map_or(Popped::Empty, |job| self.start(job))
    }

    /// Takes a pending task out of the line and starts it; `Empty` if it is not pending.
    pub(super) fn start_this(&mut self, cell: &CellRef) -> Popped {
        if cell.state().has_run() {
            return Popped::Empty;
        }
        self.unlink(cell).map_or(Popped::Empty, |job| self.start(job))
    }

    /// Enters a task that was started elsewhere among the running.
    pub(super) fn enter(&mut self, owner: &Owner) {
        // SAFETY: Q2, kept alive by the owner until `finish`.
        unsafe { self.running.push(owner.cell().as_ptr()) };
    }

    fn start(&mut self, job: CellRef) -> Popped {
        match job.start() {
            Ok(owner) => {
                self.enter(&owner);
                Popped::Started(owner)
            }
            Err(job) => Popped::Lost(job),
        }
    }

    /// Takes the head off, with the job's reference, whatever its state.
    pub(super) fn pop(&mut self) -> Option<CellRef> {
        let cell = self.pending.head;
        if cell == END {
            return None;
        }
        // SAFETY: Q1 and Q2, a cell in the list is alive; the list's reference becomes the
        // caller's.
        unsafe {
            self.pending.unlink(cell);
            Some(CellRef::from_ptr(cell))
        }
    }

    /// Takes a task that was never started off, wherever it hangs; `None` if it hangs nowhere.
    pub(super) fn unlink(&mut self, cell: &CellRef) -> Option<CellRef> {
        if cell.with_links(|links| {
            // SAFETY: Q1, we have the lists.
            unsafe { (*links).next.is_null() }
        }) {
            return None;
        }
        assert!(!cell.state().has_run(), "Q3: only a task that never started is pending");
        // SAFETY: Q1-Q3, it hangs in `pending`; the list's reference becomes the caller's.
        unsafe {
            self.pending.unlink(cell.as_ptr());
            Some(CellRef::from_ptr(cell.as_ptr()))
        }
    }

    /// Takes a started task off.
    pub(super) fn finish(&mut self, cell: &CellRef) {
        assert!(cell.state().has_run(), "Q3: only a started task is running");
        // SAFETY: Q3, `start_next` has put it into `running`, and each ends once.
        unsafe { self.running.unlink(cell.as_ptr()) };
    }

    /// References to all running tasks.
    pub(super) fn running_tasks(&self) -> Vec<CellRef> {
        self.running.collect()
    }

    /// References to all pending tasks.
    pub(super) fn pending_tasks(&self) -> Vec<CellRef> {
        self.pending.collect()
    }
}

impl List {
    /// # Safety
    /// `cell` is alive while it is in the list, and is in none.
    unsafe fn push(&mut self, cell: *const Header) {
        // SAFETY: Q1; the cell and the old tail are alive.
        unsafe {
            with_links(cell, |links| {
                debug_assert!((*links).next.is_null(), "Q1: in at most one list");
                (*links).prev = self.tail;
                (*links).next = END;
            });
            if self.tail == END {
                self.head = cell;
            } else {
                with_links(self.tail, |links| (*links).next = cell);
            }
        }
        self.tail = cell;
        self.len += 1;
    }

    /// # Safety
    /// `cell` is in this list.
    unsafe fn unlink(&mut self, cell: *const Header) {
        // SAFETY: Q1; the cell and its neighbours are in the list, hence alive.
        unsafe {
            let (prev, next) = with_links(cell, |links| {
                let pair = ((*links).prev, (*links).next);
                (*links).next = ptr::null();
                pair
            });
            if prev == END {
                self.head = next;
            } else {
                with_links(prev, |links| (*links).next = next);
            }
            if next == END {
                self.tail = prev;
            } else {
                with_links(next, |links| (*links).prev = prev);
            }
        }
        self.len -= 1;
    }

    fn collect(&self) -> Vec<CellRef> {
        let mut cells = Vec::with_capacity(self.len);
        let mut cell = self.head;
        while cell != END {
            // SAFETY: Q1, cells in the list are alive and the list does not change meanwhile.
            unsafe {
                cells.push(CellRef::with_borrowed(cell, CellRef::clone));
                cell = with_links(cell, |links| (*links).next);
            }
        }
        cells
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
    unsafe fn withdraw(home: *const (), cell: &CellRef) {
        let core: *const Core = home.cast();
        // SAFETY: `Core::as_home` made the pointer from an `Arc`, and Q4 says that it lives until
        // the cell has been unlinked. The new count keeps it alive beyond that.
        let core = unsafe {
            Arc::increment_strong_count(core);
            Arc::from_raw(core)
        };
        core.unlink_withdrawn(cell);
    }
}
