//! What this thread is in the middle of: the tasks whose closure or callbacks it runs, and the
//! worker's seat it sits on.

use std::any::Any;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::rc::Rc;

use super::cell::CellRef;
use crate::sync::thread_local;

/// A worker's place on a thread: which executor it serves, and what its initializer made.
#[derive(Clone)]
pub(crate) struct Seat {
    /// The executor's number.
    pub(crate) pool: u32,
    pub(crate) state: Option<Rc<dyn Any>>,
}

struct Frame {
    /// Lent by the frame's guard (C6).
    cell: ManuallyDrop<CellRef>,
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
pub(super) struct FrameGuard<'a> {
    entered: bool,
    _cell: PhantomData<&'a CellRef>,
    /// It pops the frame of the thread that it was made on.
    _thread: PhantomData<*const ()>,
}

/// For [`CellRef::enter`]: `cell` is lent for `'a` (C6).
pub(super) fn enter<'a>(cell: ManuallyDrop<CellRef>) -> FrameGuard<'a> {
    let entered = books(|thread| {
        let seat = thread.seats.last().cloned();
        thread.frames.push(Frame { cell, seat });
    });
    FrameGuard { entered: entered.is_some(), _cell: PhantomData, _thread: PhantomData }
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
        Some(CellRef::clone(&frame.cell))
    })?
}

/// Whether this thread runs the closure or a callback of `cell`.
pub(crate) fn is_inside(cell: &CellRef) -> bool {
    books(|thread| thread.frames.iter().any(|frame| frame.cell.as_ptr() == cell.as_ptr()))
        .unwrap_or(false)
}

/// What the initializer of the worker that runs `cell` on this thread made.
pub(crate) fn state_for(cell: &CellRef) -> Option<Rc<dyn Any>> {
    books(|thread| {
        let frame =
            thread.frames.iter().rev().find(|frame| frame.cell.as_ptr() == cell.as_ptr())?;
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
