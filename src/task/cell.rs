//! The task cell: one allocation for state, links, observers and closure-or-outcome.
//!
//! Here is what is the same for all types; what differs lies in `body.rs`.
//!
//! # Rules
//!
//! Comments beside `unsafe` cite these.
//!
//! * **C1 counted.** A [`CellRef`] owns one reference in the state word; the cell is freed by
//!   whoever drops the last one. A raw pointer to a cell may be used only while a reference is
//!   known to live.
//! * **C2 body.** Nobody touches the body of a queued task. Who wins arrow 1 or 2 gets the one
//!   [`Owner`], whose `content` says what lies in the body. Released, an outcome belongs to the
//!   one [`Handle`](super::body::Handle) if the state still counts one; if not, the owner has consumed it before.
//!   Whoever owns content has moved it out before the last reference goes.
//! * **C3 links.** The list links are touched only under the lock of the queue that `home` is.
//! * **C4 publish, then let go.** Once a state is visible in which another thread may free the
//!   cell, it is not touched again unless by an own reference.
//! * **C5 typed.** A cell's vtable is that of its own `Cell<W, T>`. A `Handle<T>` is made with the
//!   cell; other typed access compares the `TypeId` first.
//! * **C6 lent.** A frame of `frame.rs` holds an uncounted copy of a reference that its guard
//!   borrows; guards are dropped in the reverse order of their making and never leaked.
//! * **C7 watched.** While `WATCHED` is set, the handle's waker lies in its place and nobody writes
//!   there; the handle may look. Who takes `WATCHED` away moves the waker out: the handle, or the
//!   arrow that releases. Only the handle sets it, having written there before, and never on a
//!   released task; without it the place is the handle's.

#![allow(unsafe_code, reason = "the storage of tasks, by the rules above")]

use std::any::{Any, TypeId};
use std::mem::ManuallyDrop;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::ptr::NonNull;

use super::body::{Never, Owner};
use super::contain::contain;
use super::context::Context;
use super::error::TaskError;
use super::frame::{self, FrameGuard};
use super::id::TaskId;
use super::observer::{Callback, Observers, Reclaim};
use super::state::{REF, State, Verdict};
use super::watcher::Watcher;
use crate::sync::{Alive, AtomicUsize, Mutex, Ordering, UnsafeCell};

/// A queue that cells lie in.
pub(crate) trait Home {
    /// Takes a withdrawn cell out of the queue; the job's reference, if it was still there.
    ///
    /// # Safety
    /// `home` is the pointer that the cell was made with, the caller has just won arrow 2 on the
    /// cell while it was `LINKED`, and calls this once.
    unsafe fn withdraw(home: *const (), cell: &CellRef) -> Option<CellRef>;
}

impl Home for Never {
    unsafe fn withdraw(_: *const (), _: &CellRef) -> Option<CellRef> {
        None
    }
}

/// The links of an intrusive list; `next` is null while in none.
#[derive(Debug)]
pub(crate) struct Links {
    pub(crate) prev: *const Header,
    pub(crate) next: *const Header,
}

/// What every cell begins with.
///
/// What each task needs lies last, beside its body: a worker that takes the job off, runs it and ends it, and who
/// takes the outcome, fetch as few cache lines as can be.
#[repr(C)]
pub(crate) struct Header {
    pub(super) alive: Alive,
    observers: Mutex<Observers>,
    home: *const (),
    id: TaskId,
    pub(super) watcher: Watcher,
    links: UnsafeCell<Links>,
    pub(super) vtable: &'static VTable,
    state: AtomicUsize,
}

impl Header {
    pub(super) fn new(vtable: &'static VTable, id: TaskId, home: *const (), linked: bool) -> Self {
        Self {
            state: AtomicUsize::new(State::new(linked).word()),
            vtable,
            links: UnsafeCell::new(Links { prev: std::ptr::null(), next: std::ptr::null() }),
            home,
            id,
            watcher: Watcher::new(),
            observers: Mutex::new(Observers::default()),
            alive: Alive::new(),
        }
    }

    /// Whether nobody observes, and nothing was noted: no user code goes with the cell.
    #[inline]
    pub(super) fn is_bare(&mut self) -> bool {
        self.observers.get_mut().is_empty()
    }
}

/// What depends on the types of a cell. Each function that takes a pointer is unsafe to call: the
/// cell lives (C1), and the caller has the right to the body in the state that it wants (C2).
pub(super) struct VTable {
    pub(super) work_type: fn() -> TypeId,
    pub(super) value_type: fn() -> TypeId,
    pub(super) run: unsafe fn(NonNull<Header>, &Context) -> Verdict,
    pub(super) drop_work: unsafe fn(NonNull<Header>),
    pub(super) store_error: unsafe fn(NonNull<Header>, TaskError),
    pub(super) work: unsafe fn(NonNull<Header>) -> *mut (),
    pub(super) outcome: unsafe fn(NonNull<Header>) -> *mut (),
    pub(super) show: Show,
    pub(super) reclaim: unsafe fn(NonNull<Header>, Option<Reclaim>),
    pub(super) free: unsafe fn(NonNull<Header>),
    pub(super) withdraw: unsafe fn(*const (), &CellRef) -> Option<CellRef>,
}

type Show = unsafe fn(NonNull<Header>, Option<TaskError>, &mut dyn FnMut(&dyn Any));

/// A counted reference to a cell of any type.
pub(crate) struct CellRef(pub(super) NonNull<Header>);

// SAFETY: C1-C5 say who may touch what; all shared fields are atomic or locked, the body and the
// links have one owner at a time, and `new` demands that work and outcome are `Send`.
unsafe impl Send for CellRef {}
// SAFETY: as above; no method of a shared `CellRef` gives access to a `T`.
unsafe impl Sync for CellRef {}
// Each change is whole before user code can unwind through it, so nobody sees half of one.
impl UnwindSafe for CellRef {}
impl RefUnwindSafe for CellRef {}

impl CellRef {
    #[inline]
    pub(super) fn header(&self) -> &Header {
        // SAFETY: C1.
        let header = unsafe { self.0.as_ref() };
        header.alive.touch();
        header
    }

    #[inline]
    pub(super) fn word(&self) -> &AtomicUsize {
        &self.header().state
    }

    pub(super) fn observers(&self) -> &Mutex<Observers> {
        &self.header().observers
    }

    /// The state, with everything that was written before it.
    #[inline]
    pub(crate) fn state(&self) -> State {
        // ORDERING: Acquire, pairs with the Release in `step`: who sees `Released` sees the
        // outcome.
        State::from_word(self.word().load(Ordering::Acquire))
    }

    /// Applies `step` until it sticks (the state before and after) or has nothing to do (the state
    /// that it refused). Arrows 1, 2, 5 and 7 make or consume an [`Owner`]: only here.
    pub(super) fn advance(
        &self,
        step: impl Fn(State) -> Option<State>,
    ) -> Result<(State, State), State> {
        self.advance_from(self.state(), step)
    }

    /// As [`advance`](Self::advance), for who has just looked.
    pub(super) fn advance_from(
        &self,
        seen: State,
        step: impl Fn(State) -> Option<State>,
    ) -> Result<(State, State), State> {
        let mut now = seen;
        loop {
            let Some(next) = step(now) else { return Err(now) };
            if self.step(now, next) {
                return Ok((now, next));
            }
            now = self.state();
        }
    }

    /// From the state that was seen to the next one, if it is still that.
    #[inline]
    pub(super) fn step(&self, seen: State, next: State) -> bool {
        // ORDERING: Release publishes what the winner wrote to the cell. What others wrote was seen
        // with the state, by the Acquire load of `state`, but for a waker that was replaced since
        // then by another one (C7): hence Acquire.
        self.word()
            .compare_exchange(seen.word(), next.word(), Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }

    /// Arrow 1; the reference becomes the owner's.
    pub(crate) fn start(self) -> Result<Owner, CellRef> {
        match self.advance(State::start) {
            Ok(_) => Ok(Owner::new(self)),
            Err(_) => Err(self),
        }
    }

    /// Arrow 2 by somebody who has taken the task out of its queue; `None` if it was started or
    /// withdrawn first.
    pub(crate) fn withdraw(&self, verdict: Verdict) -> Option<Owner> {
        self.advance(|s| s.withdraw(verdict)).ok()?;
        Some(Owner::new(self.clone()))
    }

    /// Arrow 2 if the task is queued (its queue is told, the owner comes back), else `running`;
    /// the states before and after, or the state that fits neither.
    pub(super) fn withdraw_or(
        &self,
        verdict: Verdict,
        running: impl Fn(State) -> Option<State>,
    ) -> Result<(State, State, Option<Owner>), State> {
        let (before, after) = self.advance(|s| s.withdraw(verdict).or_else(|| running(s)))?;
        if before.withdraw(verdict).is_none() {
            return Ok((before, after, None));
        }
        let mut job = None;
        if before.is_linked() {
            let header = self.header();
            // SAFETY: arrow 2 was won just now from a linked state, which happens once; the
            // function belongs to this home (C5).
            job = unsafe { (header.vtable.withdraw)(header.home, self) };
        }
        Ok((before, after, Some(Owner::new(job.unwrap_or_else(|| self.clone())))))
    }

    /// Takes a queued task's link to its queue away: whoever withdraws it later need not tell the
    /// queue. False if it was started or withdrawn first.
    pub(crate) fn loosen(&self) -> bool {
        self.advance(State::loosen).is_ok()
    }

    pub(crate) fn id(&self) -> TaskId {
        self.header().id
    }

    /// Whether that is the queue that the cell was made for.
    pub(crate) fn is_at_home(&self, home: *const ()) -> bool {
        std::ptr::eq(self.header().home, home)
    }

    pub(crate) fn as_ptr(&self) -> *const Header {
        self.0.as_ptr()
    }

    /// The links; the pointer may be dereferenced only under the home's lock (C3).
    pub(crate) fn with_links<R>(&self, f: impl FnOnce(*mut Links) -> R) -> R {
        self.header().links.with_mut(f)
    }

    /// Gives up the reference without dropping it.
    pub(crate) fn into_ptr(self) -> *const Header {
        ManuallyDrop::new(self).0.as_ptr()
    }

    /// # Safety
    /// `ptr` comes from [`into_ptr`](Self::into_ptr), and the reference given up there is taken
    /// back at most once.
    pub(crate) unsafe fn from_ptr(ptr: *const Header) -> Self {
        // SAFETY: `into_ptr` never gives null.
        Self(unsafe { NonNull::new_unchecked(ptr.cast_mut()) })
    }

    /// Looks at a cell by its pointer without owning a reference.
    ///
    /// # Safety
    /// Somebody else's reference to the cell lives until `f` returns.
    pub(crate) unsafe fn with_borrowed<R>(ptr: *const Header, f: impl FnOnce(&CellRef) -> R) -> R {
        // SAFETY: as promised; the reference is not dropped here.
        let borrowed = ManuallyDrop::new(unsafe { Self::from_ptr(ptr) });
        f(&borrowed)
    }

    /// Notes that this thread runs user code of this task while the guard lives.
    pub(super) fn enter(&self) -> FrameGuard<'_> {
        // SAFETY: C6, the copy goes with the guard, which borrows this reference.
        frame::enter(unsafe { self.lend() })
    }

    /// An uncounted copy.
    ///
    /// # Safety
    /// It is not used once `self` is gone.
    pub(super) unsafe fn lend(&self) -> ManuallyDrop<CellRef> {
        ManuallyDrop::new(CellRef(self.0))
    }

    /// Shows `error` as the outcome.
    pub(super) fn show_error(&self, error: TaskError, callback: Callback) {
        // SAFETY: with an error the body is not looked at.
        unsafe { self.show(Some(error), callback) };
    }

    /// # Safety
    /// Without `error` the caller has the right to the body and an outcome lies in it.
    pub(super) unsafe fn show(&self, error: Option<TaskError>, callback: Callback) {
        let mut callback = Some(callback);
        let mut once = |outcome: &dyn Any| {
            if let Some(callback) = callback.take() {
                contain(|| callback(outcome));
            }
        };
        // SAFETY: the caller's promise.
        unsafe { (self.header().vtable.show)(self.0, error, &mut once) };
    }

    /// Gives the outcome to the one who asked for what nobody takes, or drops it.
    ///
    /// # Safety
    /// The caller has the right to the body, an outcome lies in it; it is vacant afterwards.
    pub(super) unsafe fn reclaim(&self) {
        let state = self.state();
        // What never ran has no outcome to be missed.
        let taker = if state.is_observed() && state.has_run() {
            self.observers().lock().more.as_mut().and_then(|more| more.reclaim.take())
        } else {
            None
        };
        // SAFETY: the caller's promise.
        unsafe { (self.header().vtable.reclaim)(self.0, taker) };
    }

    /// Frees the cell.
    ///
    /// # Safety
    /// This reference was the last, and it is not dropped again.
    pub(super) unsafe fn free(&self) {
        // SAFETY: the caller's promise; C2: the body is vacant.
        unsafe { (self.header().vtable.free)(self.0) };
    }
}

impl Clone for CellRef {
    fn clone(&self) -> Self {
        // ORDERING: Relaxed, an existing reference proves that the cell lives, and nothing is
        // published by counting.
        let before = State::from_word(self.word().fetch_add(REF, Ordering::Relaxed));
        if before.too_many_refs() {
            // Reached by leaking references only; going on would wrap to a use after free.
            std::process::abort();
        }
        Self(self.0)
    }
}

impl Drop for CellRef {
    fn drop(&mut self) {
        // ORDERING: Acquire, pairs with the Release below in another thread: a sole owner sees
        // everything that the others did. Sole means that nobody can add a reference either.
        if State::from_word(self.word().load(Ordering::Acquire)).refs() > 1 {
            // ORDERING: AcqRel; Release publishes our use of the cell to whoever frees it,
            // Acquire is for the case that it is us.
            let before = State::from_word(self.word().fetch_sub(REF, Ordering::AcqRel));
            if before.refs() > 1 {
                return;
            }
        }
        // SAFETY: the last reference, which is being dropped.
        unsafe { self.free() };
    }
}

impl std::fmt::Debug for CellRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "task {} {:?}", self.id(), self.state())
    }
}
