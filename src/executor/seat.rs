//! Whose worker this thread is, innermost last.

use std::any::Any;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;

use super::core::CoreRef;
use super::{stand_in, waiting};
use crate::sync::thread_local;
use crate::task::contain::contain;
use crate::task::frame::{self, Seat};

struct Seats {
    taken: Vec<CoreRef>,
    /// Executors whose backend this thread is asking for a thread.
    starting: Vec<u32>,
    /// Jobs that run inside the one that waits for them.
    claims: usize,
    /// How deep it is in code that blocks elsewhere.
    blocked: usize,
}

/// How deep a waiting worker may run the jobs that it waits for inside one another.
const CLAIMS: usize = 16;

thread_local! {
    static SEATS: RefCell<Seats> =
        RefCell::new(Seats { taken: Vec::new(), starting: Vec::new(), claims: 0, blocked: 0 });
}

/// `None` where the thread is being torn down.
fn books<R>(f: impl FnOnce(&mut Seats) -> R) -> Option<R> {
    SEATS.try_with(|seats| f(&mut seats.borrow_mut())).ok()
}

/// While it lives, the thread is a worker of that executor.
#[must_use]
pub(super) struct SeatGuard {
    seated: bool,
    _frame: frame::SeatGuard,
    /// It leaves the seat of the thread that it was made on.
    _thread: PhantomData<*const ()>,
}

/// Seats a worker on this thread, with what its initializer made.
pub(super) fn take(core: &CoreRef, state: Option<Rc<dyn Any>>) -> SeatGuard {
    let seat = core.clone();
    SeatGuard {
        seated: books(|seats| seats.taken.push(seat)).is_some(),
        _frame: frame::take_seat(Seat {
            pool: core.pool(),
            state,
            wait: waiting::inside,
            block: stand_in::set_blocked,
        }),
        _thread: PhantomData,
    }
}

impl Drop for SeatGuard {
    fn drop(&mut self) {
        if self.seated {
            // Perhaps the last reference, with user code in it: dropped after the borrow.
            let core = books(|seats| seats.taken.pop());
            contain(move || drop(core));
        }
    }
}

/// How many seats of this executor are taken on this thread.
pub(super) fn depth(core: &CoreRef) -> usize {
    let is_it = |seat: &&CoreRef| seat.pool() == core.pool();
    books(|seats| seats.taken.iter().filter(is_it).count()).unwrap_or(0)
}

/// What the initializer of this thread's innermost worker made.
pub(super) fn state_here() -> Option<Rc<dyn Any>> {
    frame::innermost_state()
}

/// This thread enters or leaves code that blocks elsewhere; true for the outermost.
pub(super) fn nest_blocked(blocked: bool) -> bool {
    books(|seats| {
        seats.blocked = if blocked { seats.blocked + 1 } else { seats.blocked - 1 };
        seats.blocked == usize::from(blocked)
    })
    .unwrap_or(false)
}

/// The executors whose worker this thread is, innermost last.
pub(super) fn all() -> Vec<CoreRef> {
    books(|seats| seats.taken.clone()).unwrap_or_default()
}

/// Runs `start`, which asks `core`'s backend for a thread.
pub(super) fn while_starting<R>(core: &CoreRef, start: impl FnOnce() -> R) -> R {
    struct Done;
    impl Drop for Done {
        fn drop(&mut self) {
            books(|seats| seats.starting.pop());
        }
    }
    books(|seats| seats.starting.push(core.pool()));
    let _done = Done;
    start()
}

/// Whether this thread is asking `core`'s backend for a thread: a worker that runs now runs inline.
pub(super) fn is_starting(core: &CoreRef) -> bool {
    books(|seats| seats.starting.contains(&core.pool())).unwrap_or(false)
}

/// While it lives, a job on this thread runs the one that it waits for.
#[must_use]
pub(super) struct ClaimGuard;

/// `None`: jobs are as deep inside one another as they may be.
pub(super) fn claim() -> Option<ClaimGuard> {
    let granted = books(|seats| {
        let granted = seats.claims < CLAIMS;
        seats.claims += usize::from(granted);
        granted
    })?;
    // Not `then_some`: a guard that is not given out would be dropped, and count.
    granted.then(|| ClaimGuard)
}

/// Whether a job may run inside the innermost one.
pub(super) fn may_claim() -> bool {
    books(|seats| seats.claims < CLAIMS).unwrap_or(false)
}

impl Drop for ClaimGuard {
    fn drop(&mut self) {
        books(|seats| seats.claims -= 1);
    }
}
