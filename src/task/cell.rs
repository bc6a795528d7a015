//! The task cell: one allocation for state, links, observers and closure-or-outcome.
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
//!   one [`Handle`] if the state still counts one; if not, the owner has consumed it before.
//!   Whoever owns content has moved it out before the last reference goes.
//! * **C3 links.** The list links are touched only under the lock of the queue that `home` is.
//! * **C4 publish, then let go.** Once a state is visible in which another thread may free the
//!   cell, it is not touched again unless by an own reference.
//! * **C5 typed.** A cell's vtable is that of its own `Cell<W, T>`. A `Handle<T>` is made with the
//!   cell; other typed access compares the `TypeId` first.

#![allow(unsafe_code, reason = "the storage of tasks, by the rules above")]

use std::any::{Any, TypeId};
use std::cell::Cell as StdCell;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

use super::contain::contain;
use super::context::Context;
use super::error::{Panic, TaskError};
use super::id::TaskId;
use super::observer::{Callback, Observers, Reclaim};
use super::state::{REF, State, Verdict};
use crate::sync::{Alive, AtomicUsize, Mutex, Ordering, UnsafeCell};

/// The runnable content of a cell.
pub(crate) trait Work<T>: Send {
    fn run(self, cx: &Context) -> Result<T, TaskError>;
}

/// A queue that cells lie in.
pub(crate) trait Home {
    /// Takes a withdrawn cell out of the queue.
    ///
    /// # Safety
    /// `home` is the pointer that the cell was made with, the caller has just won arrow 2 on the
    /// cell while it was `LINKED`, and calls this once.
    unsafe fn withdraw(home: *const (), cell: &CellRef);
}

/// Content of a cell that is completed by hand.
pub(crate) struct Never;

impl<T> Work<T> for Never {
    fn run(self, _: &Context) -> Result<T, TaskError> {
        unreachable!("a promise has no closure to run")
    }
}

impl Home for Never {
    unsafe fn withdraw(_: *const (), _: &CellRef) {}
}

/// The links of an intrusive list; `next` points to the own cell while in no list.
#[derive(Debug)]
pub(crate) struct Links {
    pub(crate) prev: *const Header,
    pub(crate) next: *const Header,
}

/// What every cell begins with.
pub(crate) struct Header {
    state: AtomicUsize,
    vtable: &'static VTable,
    links: UnsafeCell<Links>,
    home: *const (),
    id: TaskId,
    observers: Mutex<Observers>,
    alive: Alive,
}

#[repr(C)]
struct Cell<W, T> {
    header: Header,
    body: UnsafeCell<Body<W, T>>,
}

union Body<W, T> {
    work: ManuallyDrop<W>,
    outcome: ManuallyDrop<Result<T, TaskError>>,
}

struct VTable {
    work_type: fn() -> TypeId,
    value_type: fn() -> TypeId,
    run: unsafe fn(NonNull<Header>, &Context) -> Verdict,
    drop_work: unsafe fn(NonNull<Header>),
    store_error: unsafe fn(NonNull<Header>, TaskError),
    work: unsafe fn(NonNull<Header>) -> *mut (),
    outcome: unsafe fn(NonNull<Header>) -> *mut (),
    show: unsafe fn(NonNull<Header>, Option<TaskError>, &mut dyn FnMut(&dyn Any)),
    reclaim: unsafe fn(NonNull<Header>, Option<Reclaim>),
    free: unsafe fn(NonNull<Header>),
    withdraw: unsafe fn(*const (), &CellRef),
}

/// A counted reference to a cell of any type.
pub(crate) struct CellRef(NonNull<Header>);

// SAFETY: C1-C5 say who may touch what; all shared fields are atomic or locked, the body and the
// links have one owner at a time, and `new` demands that work and outcome are `Send`.
unsafe impl Send for CellRef {}
// SAFETY: as above; no method of a shared `CellRef` gives access to a `T`.
unsafe impl Sync for CellRef {}

/// The right to the body of one cell (C2), held by who won arrow 1 or 2.
pub(crate) struct Owner {
    cell: CellRef,
    content: StdCell<Content>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    Work,
    Nothing,
    Outcome,
}

/// The right to the released outcome of one cell (C2).
pub(crate) struct Handle<T> {
    cell: CellRef,
    /// The outcome has been taken, or given up.
    done: bool,
    /// Never holds a `T`: shared access gives none away, so sharing a handle needs no `T: Sync`.
    _type: PhantomData<fn() -> T>,
}

/// Makes a cell; the reference is the job's.
pub(crate) fn new<W, T, H>(
    work: W,
    id: TaskId,
    home: *const (),
    linked: bool,
) -> (CellRef, Handle<T>)
where
    W: Work<T> + 'static,
    T: Send + 'static,
    H: Home,
{
    let cell = Box::new(Cell::<W, T> {
        header: Header {
            state: AtomicUsize::new(State::new(linked).word()),
            vtable: const {
                &VTable {
                    work_type: TypeId::of::<W>,
                    value_type: TypeId::of::<T>,
                    run: run::<W, T>,
                    drop_work: drop_work::<W, T>,
                    store_error: store_error::<W, T>,
                    work: work_ptr::<W, T>,
                    outcome: outcome::<W, T>,
                    show: show::<W, T>,
                    reclaim: reclaim::<W, T>,
                    free: free::<W, T>,
                    withdraw: H::withdraw,
                }
            },
            links: UnsafeCell::new(Links { prev: std::ptr::null(), next: std::ptr::null() }),
            home,
            id,
            observers: Mutex::new(Observers::default()),
            alive: Alive::new(),
        },
        body: UnsafeCell::new(Body { work: ManuallyDrop::new(work) }),
    });
    let cell = NonNull::from(Box::leak(cell)).cast();
    (CellRef(cell), Handle { cell: CellRef(cell), done: false, _type: PhantomData })
}

/// # Safety
/// The caller owns the body, which holds the work (C2); `ptr` is a live `Cell<W, T>` (C1, C5).
unsafe fn run<W: Work<T>, T: Send + 'static>(ptr: NonNull<Header>, cx: &Context) -> Verdict {
    let cell = ptr.cast::<Cell<W, T>>().as_ptr();
    // SAFETY: the caller's promise. The work is moved out; the body is vacant from here on.
    let work = unsafe { (*cell).body.with_mut(|body| ManuallyDrop::take(&mut (*body).work)) };
    let outcome = catch_unwind(AssertUnwindSafe(|| work.run(cx))).unwrap_or_else(|payload| {
        let name = cx.name();
        Err(TaskError::Panicked(Panic::new(cx.task_id(), name.as_deref(), payload)))
    });
    let verdict = Verdict::of(&outcome);
    // SAFETY: still owned by the caller, and vacant.
    unsafe { (*cell).body.with_mut(|body| (*body).outcome = ManuallyDrop::new(outcome)) };
    verdict
}

/// # Safety
/// As [`run`]. The body is vacant afterwards.
unsafe fn drop_work<W, T>(ptr: NonNull<Header>) {
    let cell = ptr.cast::<Cell<W, T>>().as_ptr();
    // SAFETY: the caller's promise.
    let work = unsafe { (*cell).body.with_mut(|body| ManuallyDrop::take(&mut (*body).work)) };
    contain(|| drop(work));
}

/// # Safety
/// The caller owns the body, which is vacant.
unsafe fn store_error<W, T>(ptr: NonNull<Header>, error: TaskError) {
    let cell = ptr.cast::<Cell<W, T>>().as_ptr();
    // SAFETY: the caller's promise.
    unsafe { (*cell).body.with_mut(|body| (*body).outcome = ManuallyDrop::new(Err(error))) };
}

/// Where the work lies, a `W`.
///
/// # Safety
/// The caller owns the body.
unsafe fn work_ptr<W, T>(ptr: NonNull<Header>) -> *mut () {
    let cell = ptr.cast::<Cell<W, T>>().as_ptr();
    // SAFETY: the caller's promise; only an address is computed.
    unsafe { (*cell).body.with_mut(|body| (&raw mut (*body).work).cast()) }
}

/// Where the outcome lies, a `Result<T, TaskError>`.
///
/// # Safety
/// The caller owns the body.
unsafe fn outcome<W, T>(ptr: NonNull<Header>) -> *mut () {
    let cell = ptr.cast::<Cell<W, T>>().as_ptr();
    // SAFETY: the caller's promise; only an address is computed.
    unsafe { (*cell).body.with_mut(|body| (&raw mut (*body).outcome).cast()) }
}

/// Shows the outcome, or `error` in its place, to `f`.
///
/// # Safety
/// Without `error` the caller owns the body and an outcome lies in it.
unsafe fn show<W, T: Send + 'static>(
    ptr: NonNull<Header>,
    error: Option<TaskError>,
    f: &mut dyn FnMut(&dyn Any),
) {
    if let Some(error) = error {
        return f(&Err::<T, TaskError>(error));
    }
    let cell = ptr.cast::<Cell<W, T>>().as_ptr();
    // SAFETY: the caller's promise; `f` gets a shared borrow that ends with the call.
    unsafe { (*cell).body.with(|body| f(&*(*body).outcome)) };
}

/// Gives the outcome to `taker`, or drops it.
///
/// # Safety
/// The caller owns the body and an outcome lies in it; the body is vacant afterwards.
unsafe fn reclaim<W, T: Send + 'static>(ptr: NonNull<Header>, taker: Option<Reclaim>) {
    let cell = ptr.cast::<Cell<W, T>>().as_ptr();
    // SAFETY: the caller's promise.
    let outcome = unsafe { (*cell).body.with_mut(|body| ManuallyDrop::take(&mut (*body).outcome)) };
    contain(move || match taker {
        Some(taker) => taker(&mut Some(outcome)),
        None => drop(outcome),
    });
}

/// # Safety
/// Nobody refers to the cell any more, and its body is vacant.
unsafe fn free<W, T>(ptr: NonNull<Header>) {
    // SAFETY: the caller's promise; the cell came out of a `Box` in `new`.
    let cell = unsafe { Box::from_raw(ptr.cast::<Cell<W, T>>().as_ptr()) };
    cell.header.alive.bury();
    // What may be left is an `on_abandoned` closure that was not needed.
    contain(|| drop(cell));
}

impl CellRef {
    fn header(&self) -> &Header {
        // SAFETY: C1.
        let header = unsafe { self.0.as_ref() };
        header.alive.touch();
        header
    }

    pub(super) fn word(&self) -> &AtomicUsize {
        &self.header().state
    }

    pub(super) fn observers(&self) -> &Mutex<Observers> {
        &self.header().observers
    }

    /// The state, with everything that was written before it.
    pub(crate) fn state(&self) -> State {
        // ORDERING: Acquire, pairs with the Release in `advance`: who sees `Released` sees the
        // outcome.
        State::from_word(self.word().load(Ordering::Acquire))
    }

    /// Applies `step` until it sticks (the state before and after) or has nothing to do (the state
    /// that it refused). Arrows 1, 2, 5 and 7 make or consume an [`Owner`]: only here.
    pub(super) fn advance(
        &self,
        step: impl Fn(State) -> Option<State>,
    ) -> Result<(State, State), State> {
        let mut now = self.state();
        loop {
            let Some(next) = step(now) else { return Err(now) };
            // ORDERING: Release publishes what the winner wrote to the cell. Acquire shows the
            // winner what others wrote before their step, and the loser a released outcome.
            match self.word().compare_exchange(
                now.word(),
                next.word(),
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return Ok((now, next)),
                Err(word) => now = State::from_word(word),
            }
        }
    }

    /// Arrow 1; the reference becomes the owner's.
    pub(crate) fn start(self) -> Result<Owner, CellRef> {
        match self.advance(State::start) {
            Ok(_) => Ok(Owner { cell: self, content: StdCell::new(Content::Work) }),
            Err(_) => Err(self),
        }
    }

    /// Arrow 2 by somebody who has taken the task out of its queue; `None` if it was started or
    /// withdrawn first.
    pub(crate) fn withdraw(&self, verdict: Verdict) -> Option<Owner> {
        self.advance(|s| s.withdraw(verdict)).ok()?;
        Some(Owner { cell: self.clone(), content: StdCell::new(Content::Work) })
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
        if before.is_linked() {
            let header = self.header();
            // SAFETY: arrow 2 was won just now from a linked state, which happens once; the
            // function belongs to this home (C5).
            unsafe { (header.vtable.withdraw)(header.home, self) };
        }
        let owner = Owner { cell: self.clone(), content: StdCell::new(Content::Work) };
        Ok((before, after, Some(owner)))
    }

    /// Takes a queued task's link to its queue away: whoever withdraws it later need not tell the
    /// queue. False if it was started or withdrawn first.
    pub(crate) fn loosen(&self) -> bool {
        self.advance(State::loosen).is_ok()
    }

    pub(crate) fn id(&self) -> TaskId {
        self.header().id
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

    /// Shows `error` as the outcome.
    pub(super) fn show_error(&self, error: TaskError, callback: Callback) {
        // SAFETY: with an error the body is not looked at.
        unsafe { self.show(Some(error), callback) };
    }

    /// # Safety
    /// Without `error` the caller has the right to the body and an outcome lies in it.
    unsafe fn show(&self, error: Option<TaskError>, callback: Callback) {
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
    unsafe fn reclaim(&self) {
        let taker = if self.state().is_observed() {
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
    unsafe fn free(&self) {
        // SAFETY: the caller's promise; C2: the body is vacant.
        unsafe { (self.header().vtable.free)(self.0) };
    }
}

impl Owner {
    pub(crate) fn cell(&self) -> &CellRef {
        &self.cell
    }

    /// Runs the work, as a closure inside its own context, and leaves its outcome in the body.
    pub(super) fn run(&self) -> Verdict {
        assert_eq!(self.content.get(), Content::Work, "work runs once");
        self.content.set(Content::Outcome);
        // SAFETY: the context borrows this very reference for the call and is not dropped.
        let cx = ManuallyDrop::new(Context::new(unsafe { CellRef::from_ptr(self.cell.as_ptr()) }));
        // SAFETY: C2, the work lies in the body.
        unsafe { (self.cell.header().vtable.run)(self.cell.0, &cx) }
    }

    /// Drops the work un-run.
    pub(super) fn discard(&self) {
        if self.content.get() == Content::Work {
            self.content.set(Content::Nothing);
            // SAFETY: C2, the work lies in the body.
            unsafe { (self.cell.header().vtable.drop_work)(self.cell.0) };
        }
    }

    /// Moves the work out un-run.
    pub(crate) fn take_work<W: 'static>(&self) -> W {
        assert_eq!(self.content.get(), Content::Work, "work is taken once");
        assert_eq!((self.cell.header().vtable.work_type)(), TypeId::of::<W>(), "of its own type");
        self.content.set(Content::Nothing);
        // SAFETY: C2, the work lies in the body, and C5 by the comparison.
        unsafe { (self.cell.header().vtable.work)(self.cell.0).cast::<W>().read() }
    }

    pub(super) fn store_error(&self, error: TaskError) {
        self.discard();
        debug_assert_eq!(self.content.get(), Content::Nothing);
        self.content.set(Content::Outcome);
        // SAFETY: C2, the body is vacant.
        unsafe { (self.cell.header().vtable.store_error)(self.cell.0, error) };
    }

    pub(super) fn store<T: 'static>(&self, outcome: Result<T, TaskError>) {
        self.discard();
        assert_eq!((self.cell.header().vtable.value_type)(), TypeId::of::<T>(), "of its own type");
        self.content.set(Content::Outcome);
        // SAFETY: C2, the body is vacant, and C5 by the comparison.
        unsafe {
            let slot = (self.cell.header().vtable.outcome)(self.cell.0);
            slot.cast::<Result<T, TaskError>>().write(outcome);
        }
    }

    /// Shows the outcome: that in the body, or what the verdict stands for.
    pub(super) fn show(&self, callback: Callback) {
        match self.cell.state().verdict().and_then(Verdict::error) {
            Some(error) => self.cell.show_error(error, callback),
            None if self.content.get() == Content::Outcome => {
                // SAFETY: C2, an outcome lies in the body.
                unsafe { self.cell.show(None, callback) };
            }
            // The handle is gone and the outcome with it: a callback can't be left.
            None => drop(callback),
        }
    }

    /// The outcome lies in the body.
    pub(super) fn is_full(&self) -> bool {
        self.content.get() == Content::Outcome
    }

    /// Gives an outcome that no handle wants to who asked for it, or drops it.
    pub(super) fn reclaim(&self) {
        if self.content.get() == Content::Outcome {
            self.content.set(Content::Nothing);
            // SAFETY: C2, the outcome was in the body.
            unsafe { self.cell.reclaim() };
        }
    }

    /// Arrow 5, if the state is still `seen`: hands the outcome to the handle and the reference
    /// to nobody. The owner comes back with the state that was in the way.
    pub(super) fn settle_and_release(
        self,
        verdict: Verdict,
        seen: State,
    ) -> Result<(), (Self, State)> {
        let step = |s: State| if s == seen { s.settle_and_release(verdict) } else { None };
        match self.cell.advance(step) {
            Ok((_, after)) => {
                self.content.set(Content::Nothing);
                let last = ManuallyDrop::new(self);
                if after.refs() == 0 {
                    // SAFETY: arrow 5 took the last reference off the count.
                    unsafe { last.cell.free() };
                }
                // C4: else the cell may be gone by now.
                Ok(())
            }
            Err(state) => Err((self, state)),
        }
    }

    /// Arrow 7, if the state is still `seen`: hands the outcome to the handle. The new state.
    pub(super) fn release(&self, seen: State) -> Option<State> {
        let step = |s: State| if s == seen { s.release() } else { None };
        let (_, after) = self.cell.advance(step).ok()?;
        self.content.set(Content::Nothing);
        Some(after)
    }
}

impl<T> Handle<T> {
    pub(crate) fn cell(&self) -> &CellRef {
        &self.cell
    }

    /// Whether the outcome has been taken, or given up.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// Takes the outcome; `None` if it was taken before or is not released.
    pub(super) fn take(&mut self) -> Option<Result<T, TaskError>> {
        let state = self.cell.state();
        if self.done || !state.is_released() {
            return None;
        }
        self.done = true;
        Some(match state.verdict().and_then(Verdict::error) {
            Some(error) => Err(error),
            None => {
                // SAFETY: C2, released with the handle counted; C5 by the type of the handle.
                unsafe {
                    let slot = (self.cell.header().vtable.outcome)(self.cell.0);
                    slot.cast::<Result<T, TaskError>>().read()
                }
            }
        })
    }

    /// Shows a released outcome that has not been taken.
    pub(super) fn show(&self, callback: Callback) {
        let state = self.cell.state();
        assert!(state.is_released() && !self.done, "shown while it is there");
        match state.verdict().and_then(Verdict::error) {
            Some(error) => self.cell.show_error(error, callback),
            // SAFETY: C2, released with the handle counted.
            None => unsafe { self.cell.show(None, callback) },
        }
    }

    /// The handle does not want the outcome. If it lies there, it goes to who asked for what
    /// nobody takes, or is dropped; if it comes later, its owner sees to that.
    pub(super) fn give_up(&mut self) {
        if std::mem::replace(&mut self.done, true) {
            return;
        }
        let left = self.cell.advance(|s| (!s.is_released()).then(|| s.without_handle()));
        let Err(released) = left else { return };
        if released.verdict().is_some_and(|verdict| verdict.error().is_none()) {
            // SAFETY: C2, released with the handle counted, and not taken.
            unsafe { self.cell.reclaim() };
        }
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

impl std::fmt::Debug for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} with {:?}", self.cell, self.content.get())
    }
}

impl std::fmt::Debug for CellRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "task {} {:?}", self.id(), self.state())
    }
}

#[cfg(all(test, not(poolbridge_loom)))]
mod tests {
    use super::*;

    struct Eight(#[expect(dead_code, reason = "only its size matters")] u64);
    impl Work<u64> for Eight {
        fn run(self, _: &Context) -> Result<u64, TaskError> {
            Ok(0)
        }
    }

    #[test]
    fn a_cell_with_an_eight_byte_closure_and_result_has_96_bytes() {
        if cfg!(all(target_os = "linux", target_pointer_width = "64")) {
            assert_eq!(size_of::<Cell<Eight, u64>>(), 96);
        }
    }
}
