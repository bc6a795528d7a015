//! What this thread is in the middle of: the tasks whose closure or callbacks it runs, and the
//! worker's seat it sits on.

use std::any::Any;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::cell::CellRef;
use super::deadlock::WouldDeadlock;
use super::id::TaskId;
use crate::sync::{looks_again, now, thread_local};

/// What an executor remembers of a wait while it lasts.
pub(crate) type WaitNote = Option<Box<dyn Any>>;

/// A worker's place on a thread: which executor it serves, and what its initializer made.
pub(crate) struct Seat {
    /// The executor's number.
    pub(crate) pool: u32,
    pub(crate) state: Option<Rc<dyn Any>>,
    /// Called before the thread blocks until a task is over. It may run that task here and now, or
    /// refuse the wait. What it gives back is dropped when the wait is over.
    pub(crate) wait: fn(&CellRef) -> Result<WaitNote, WouldDeadlock>,
    /// Called when the thread enters code that blocks elsewhere (true), and when it comes back.
    pub(crate) block: fn(bool),
}

struct Thread {
    /// Lent by the frames' guards (C6).
    frames: Vec<ManuallyDrop<CellRef>>,
    seats: Vec<Seat>,
}

thread_local! {
    static THREAD: RefCell<Thread> =
        RefCell::new(Thread { frames: Vec::new(), seats: Vec::new() });
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
    let entered = books(|thread| thread.frames.push(cell));
    FrameGuard { entered: entered.is_some(), _cell: PhantomData, _thread: PhantomData }
}

impl Drop for FrameGuard<'_> {
    fn drop(&mut self) {
        if self.entered {
            books(|thread| thread.frames.pop());
        }
    }
}

/// The task whose user code this thread runs, innermost first.
pub(crate) fn current() -> Option<CellRef> {
    books(|thread| thread.frames.last().map(|cell| CellRef::clone(cell)))?
}

/// Whether this thread runs the closure or a callback of `cell`.
pub(crate) fn is_inside(cell: &CellRef) -> bool {
    books(|thread| thread.has_frame(cell)).unwrap_or(false)
}

impl Thread {
    fn has_frame(&self, cell: &CellRef) -> bool {
        self.frames.iter().any(|frame| frame.as_ptr() == cell.as_ptr())
    }

    /// The seat of the executor that `cell` belongs to, if it is on this thread.
    fn seat_of(&self, cell: &CellRef) -> Option<&Seat> {
        self.seats.iter().rev().find(|seat| seat.pool == cell.id().pool())
    }
}

/// What the initializer of the worker that runs `cell` on this thread made.
pub(crate) fn state_for(cell: &CellRef) -> Option<Rc<dyn Any>> {
    books(|thread| {
        let seat = if thread.has_frame(cell) { thread.seat_of(cell) } else { None };
        seat?.state.clone()
    })?
}

/// What the initializer of the innermost worker on this thread made.
pub(crate) fn innermost_state() -> Option<Rc<dyn Any>> {
    books(|thread| thread.seats.last()?.state.clone())?
}

/// The tasks whose user code this thread runs, innermost last.
pub(crate) fn all() -> Vec<CellRef> {
    let tasks =
        |thread: &mut Thread| thread.frames.iter().map(|cell| CellRef::clone(cell)).collect();
    books(tasks).unwrap_or_default()
}

/// What the initializer of that executor's worker on this thread made.
pub(crate) fn state_of(pool: u32) -> Option<Rc<dyn Any>> {
    books(|thread| thread.seats.iter().rev().find(|seat| seat.pool == pool)?.state.clone())?
}

/// The name of the task whose user code this thread runs, innermost.
pub(crate) fn current_id() -> Option<TaskId> {
    books(|thread| thread.frames.last().map(|cell| cell.id()))?
}

/// Whether this thread runs user code of the task of that name.
pub(crate) fn is_inside_task(task: TaskId) -> bool {
    books(|thread| thread.frames.iter().any(|cell| cell.id() == task)).unwrap_or(false)
}

/// When a blocked worker looks again whether its wait can end: what was on its way from one hand to
/// another may have come to rest, and nobody tells.
pub(crate) struct Patience(Duration);

impl Patience {
    const FIRST: Duration = Duration::from_millis(10);
    const LONGEST: Duration = Duration::from_secs(10);

    pub(crate) fn new() -> Self {
        Self(Self::FIRST)
    }

    /// The end of the next pause, each four times as long as the one before.
    pub(crate) fn next(&mut self) -> Option<Instant> {
        let pause = self.0;
        self.0 = (pause * 4).min(Self::LONGEST);
        if looks_again() { now().checked_add(pause) } else { None }
    }
}

/// This thread is about to block until `cell` is over. A worker has its executor look first: see
/// [`Seat::wait`].
pub(super) fn prepare_to_wait(cell: &CellRef) -> Result<WaitNote, WouldDeadlock> {
    match books(|thread| thread.seats.last().map(|seat| seat.wait)).flatten() {
        Some(wait) => wait(cell),
        None => Ok(None),
    }
}

/// While it lives, the thread says that it is blocked elsewhere.
#[must_use]
pub(super) struct BlockedGuard(Option<fn(bool)>);

/// This thread enters code that blocks elsewhere.
pub(super) fn block() -> BlockedGuard {
    let block = books(|thread| thread.seats.last().map(|seat| seat.block)).flatten();
    if let Some(block) = block {
        block(true);
    }
    BlockedGuard(block)
}

impl Drop for BlockedGuard {
    fn drop(&mut self) {
        if let Some(block) = self.0 {
            block(false);
        }
    }
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
