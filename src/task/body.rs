//! What lies in a cell, with its types: the work, then the outcome; and the two rights to touch it.
//!
//! The rules C1-C6 stand in `cell.rs`.

#![allow(unsafe_code, reason = "the typed half of the cell, by the rules of cell.rs")]

use std::any::{Any, TypeId};
use std::cell::Cell as StdCell;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::task::Waker;

use super::cell::{CellRef, Header, Home, VTable};
use super::contain::contain;
use super::context::Context;
use super::error::{Panic, TaskError};
use super::id::TaskId;
use super::observer::{Callback, Reclaim, Wakers};
use super::state::{State, Verdict};
use super::trampoline;
use crate::sync::UnsafeCell;

/// The runnable content of a cell.
pub(crate) trait Work<T>: Send {
    fn run(self, cx: &Context) -> Result<T, TaskError>;
}

/// Content of a cell that is completed by hand.
pub(crate) struct Never;

impl<T> Work<T> for Never {
    fn run(self, _: &Context) -> Result<T, TaskError> {
        unreachable!("a promise has no closure to run")
    }
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
    /// Invariant: a subtype of `T` is another type by its `TypeId` (C5).
    _type: PhantomData<fn(T) -> T>,
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
    // Written where it lies: a `Box::new` would copy it there.
    let cell = Box::leak(Box::<Cell<W, T>>::new_uninit());
    cell.write(Cell {
        header: Header::new(
            const {
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
            id,
            home,
            linked,
        ),
        body: UnsafeCell::new(Body { work: ManuallyDrop::new(work) }),
    });
    let cell = NonNull::from(cell).cast();
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
    let mut cell = unsafe { Box::from_raw(ptr.cast::<Cell<W, T>>().as_ptr()) };
    cell.header.alive.bury();
    if cell.header.is_bare() {
        drop(cell);
    } else {
        // What may be left is user code: an `on_abandoned` closure that was not needed, say.
        contain(|| drop(cell));
    }
}

impl Owner {
    /// For who has won arrow 1 or 2 just now.
    pub(super) fn new(cell: CellRef) -> Self {
        Self { cell, content: StdCell::new(Content::Work) }
    }

    pub(crate) fn cell(&self) -> &CellRef {
        &self.cell
    }

    /// Runs the work, as a closure inside its own context, and leaves its outcome in the body.
    pub(super) fn run(&self) -> Verdict {
        assert_eq!(self.content.get(), Content::Work, "work runs once");
        self.content.set(Content::Outcome);
        // A context that borrows this very reference for the call.
        let cx = ManuallyDrop::new(Context::new(CellRef(self.cell.0)));
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
            None => unreachable!("an outcome that callbacks wait for is not given away"),
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
    /// to nobody, and wakes the handle. The owner comes back if not.
    #[inline]
    pub(super) fn settle_and_release(self, verdict: Verdict, seen: State) -> Result<(), Self> {
        let Some(after) = seen.settle_and_release(verdict) else { return Err(self) };
        if !self.cell.step(seen, after) {
            return Err(self);
        }
        self.content.set(Content::Nothing);
        if seen.is_watched() {
            self.tell_handle(seen);
            return Ok(());
        }
        let last = ManuallyDrop::new(self);
        if after.refs() == 0 {
            // SAFETY: arrow 5 took the last reference off the count.
            unsafe { last.cell.free() };
        }
        // C4: else the cell may be gone by now.
        Ok(())
    }

    /// Wakes the handle, after arrow 5 from `seen`.
    #[inline(never)]
    fn tell_handle(self, seen: State) {
        // SAFETY: C7, this arrow has just taken `WATCHED` away.
        let waker = unsafe { self.cell.take_waker(seen) };
        drop(self);
        Wakers::of_handle(waker).wake();
    }

    /// Arrow 7, if the state is still `seen`: hands the outcome to the handle. The new state, and
    /// the handle's waker.
    pub(super) fn release(&self, seen: State) -> Option<(State, Option<Waker>)> {
        let after = seen.release().filter(|after| self.cell.step(seen, *after))?;
        self.content.set(Content::Nothing);
        // SAFETY: C7, this arrow has just taken `WATCHED` away.
        Some((after, unsafe { self.cell.take_waker(seen) }))
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
        if !state.leaves_outcome() {
            return state.verdict().and_then(Verdict::error).map(Err);
        }
        // SAFETY: C2, released with the handle counted; C5 by the type of the handle.
        Some(unsafe {
            let slot = (self.cell.header().vtable.outcome)(self.cell.0);
            slot.cast::<Result<T, TaskError>>().read()
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
    /// nobody takes, or is dropped; if it comes later, its owner sees to that. A waker that is left
    /// comes back, to be dropped as user code.
    pub(super) fn give_up(&mut self) -> Option<Waker> {
        if std::mem::replace(&mut self.done, true) {
            return None;
        }
        let released = match self.leave() {
            Ok(waker) => return waker,
            Err(released) => released,
        };
        if released.verdict().is_some_and(|verdict| verdict.error().is_none()) {
            let cell = self.cell.clone();
            // An outcome may hold a task, whose outcome holds a task: not all on one stack.
            trampoline::run(move || {
                // SAFETY: C2, released with the handle counted, and not taken.
                unsafe { cell.reclaim() }
            });
        }
        None
    }
}

impl std::fmt::Debug for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} with {:?}", self.cell, self.content.get())
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
