//! What this thread is in the middle of: the tasks whose closure or callbacks it runs, and the
//! worker's seat it sits on.
//!
//! * **F1** A frame points to a cell that the frame's guard borrows; guards are dropped in the
//!   reverse order of their making, on the thread that made them, and never leaked.

#![allow(unsafe_code, reason = "frames point to cells that their guards borrow, rule F1")]

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use super::cell::{CellRef, Header};
use crate::sync::thread_local;

/// A worker's place on a thread: which executor it serves, and what its initializer made.
#[derive(Clone)]
pub(crate) struct Seat {
    /// The executor's number.
    pub(crate) pool: u32,
    pub(crate) state: Option<Rc<dyn Any>>,
}

struct Frame {
    cell: *const Header,
    seat: Option<Seat>,
}

struct Thread {
    frames: Vec<Frame>,
    seats: Vec<Seat>,
}

thread_local! {
    static THREAD: RefCell<Thread> = RefCell::new(Thread { frames: Vec::new(), seats: Vec::new() });
}

/// Runs `f` on this thread's books; `None` where the thread is being torn down.
fn books<R>(f: impl FnOnce(&mut Thread) -> R) -> Option<R> {
    THREAD.try_with(|thread| f(&mut thread.borrow_mut())).ok()
}

/// While it lives, the thread runs user code of this task.
#[must_use]
pub(crate) struct FrameGuard<'a> {
    entered: bool,
    _cell: &'a CellRef,
}

/// Notes that this thread runs user code of `cell` from here on.
pub(crate) fn enter(cell: &CellRef) -> FrameGuard<'_> {
    let entered = books(|thread| {
        let seat = thread.seats.last().cloned();
        thread.frames.push(Frame { cell: cell.as_ptr(), seat });
    });
    FrameGuard { entered: entered.is_some(), _cell: cell }
}

impl Drop for FrameGuard<'_> {
    fn drop(&mut self) {
        if self.entered {
            // The seat may hold the last reference to a worker's state: dropped after the borrow.
            drop(books(|thread| thread.frames.pop()));
        }
    }
}

/// The task whose user code this thread runs, innermost first.
pub(crate) fn current() -> Option<CellRef> {
    books(|thread| {
        let frame = thread.frames.last()?;
        // SAFETY: F1, the frame's guard borrows a reference that lives.
        Some(unsafe { CellRef::with_borrowed(frame.cell, CellRef::clone) })
    })?
}

/// Whether this thread runs the closure or a callback of `cell`.
pub(crate) fn is_inside(cell: &CellRef) -> bool {
    books(|thread| thread.frames.iter().any(|frame| frame.cell == cell.as_ptr())).unwrap_or(false)
}

/// What the initializer of the worker that runs `cell` on this thread made.
pub(crate) fn state_for(cell: &CellRef) -> Option<Rc<dyn Any>> {
    books(|thread| {
        let frame = thread.frames.iter().rev().find(|frame| frame.cell == cell.as_ptr())?;
        frame.seat.as_ref()?.state.clone()
    })?
}

/// While it lives, the thread is a worker of that seat's executor.
#[must_use]
pub(crate) struct SeatGuard {
    seated: bool,
}

/// Seats a worker on this thread.
pub(crate) fn take_seat(seat: Seat) -> SeatGuard {
    SeatGuard { seated: books(|thread| thread.seats.push(seat)).is_some() }
}

impl Drop for SeatGuard {
    fn drop(&mut self) {
        if self.seated {
            // The state is user code: dropped after the borrow.
            let seat = books(|thread| thread.seats.pop());
            super::contain::contain(|| drop(seat));
        }
    }
}

/// Whether this thread is a worker of that executor.
pub(crate) fn is_worker_of(pool: u32) -> bool {
    books(|thread| thread.seats.iter().any(|seat| seat.pool == pool)).unwrap_or(false)
}
