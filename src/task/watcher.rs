//! The waker of a task's handle, which awaits the outcome or blocks for it.
//!
//! It lies in a place of its own, and the state word says whose that is (C7): so an await costs one
//! atomic operation, and who ends a task that nothing but its handle observes takes no lock.

#![allow(unsafe_code, reason = "the waker's place, by the rules of cell.rs")]

use std::mem::MaybeUninit;
use std::task::Waker;

use super::body::Handle;
use super::cell::CellRef;
use super::contain::contain;
use super::spinning;
use super::state::State;
use crate::sync::UnsafeCell;

/// Where the waker lies while the state is `WATCHED`; vacant otherwise.
pub(super) struct Watcher(UnsafeCell<MaybeUninit<Waker>>);

impl Watcher {
    pub(super) fn new() -> Self {
        Self(UnsafeCell::new(MaybeUninit::uninit()))
    }

    /// # Safety
    /// The caller has taken `WATCHED` away (C7), and calls this once.
    unsafe fn take(&self) -> Waker {
        // SAFETY: the caller's promise. It is only looked at: the handle may do so at the same time.
        self.0.with(|waker| unsafe { (*waker).assume_init_read() })
    }

    /// # Safety
    /// The caller is the handle, and has seen `WATCHED` (C7).
    unsafe fn is(&self, waker: &Waker) -> bool {
        // SAFETY: the caller's promise. Who moves the waker out meanwhile leaves the place as it is,
        // and nothing but the two pointers in it is looked at.
        self.0.with(|own| unsafe { (*own).assume_init_ref() }.will_wake(waker))
    }

    /// # Safety
    /// The caller is the handle, and the task is not `WATCHED` (C7).
    unsafe fn put(&self, waker: Waker) {
        // SAFETY: the caller's promise.
        self.0.with_mut(|place| unsafe { (*place).write(waker) });
    }
}

impl CellRef {
    /// What somebody has to wake, or to drop, who has led from `seen` to a state that is not
    /// `WATCHED`.
    ///
    /// # Safety
    /// The caller has just done so, and calls this once.
    #[inline]
    pub(super) unsafe fn take_waker(&self, seen: State) -> Option<Waker> {
        // SAFETY: the caller's promise.
        seen.is_watched().then(|| unsafe { self.header().watcher.take() })
    }

    /// Arrow 8: the state after it, and the handle's waker.
    pub(super) fn release_expired(&self) -> Option<(State, Option<Waker>)> {
        let (before, after) = self.advance(State::release_expired).ok()?;
        // SAFETY: just done, by this arrow.
        Some((after, unsafe { self.take_waker(before) }))
    }

    /// Whether the task, which was `seen` unreleased, is released by now; if not, `waker` is told
    /// when it is.
    ///
    /// # Safety
    /// The caller is the handle.
    unsafe fn watch(&self, mut seen: State, waker: &Waker) -> bool {
        let watcher = &self.header().watcher;
        // SAFETY: C7, seen by the handle.
        if seen.is_watched() && unsafe { watcher.is(waker) } {
            // It is still there, or whoever took it wakes it.
            return false;
        }
        let waker = waker.clone();
        let mut old = None;
        if seen.is_watched() {
            let Ok((before, after)) = self.advance_from(seen, State::unwatch) else {
                contain(|| drop(waker));
                return true;
            };
            // SAFETY: just taken away.
            old = unsafe { self.take_waker(before) };
            seen = after;
        }
        // SAFETY: C7, not watched, and only the handle changes that.
        unsafe { watcher.put(waker) };
        let released = self.advance_from(seen, State::watch).is_err();
        // SAFETY: C7, the place is still the handle's.
        let unused = released.then(|| unsafe { watcher.take() });
        // User code.
        contain(|| drop((old, unused)));
        released
    }
}

impl<T> Handle<T> {
    /// Whether the outcome may be taken; if not, `waker` is told when it may.
    #[inline]
    pub(super) fn poll_released(&mut self, waker: &Waker) -> bool {
        let mut seen = self.cell().state();
        if !seen.is_released() && !seen.is_watched() {
            seen = spinning::look(self.cell(), seen);
        }
        // SAFETY: it is the handle.
        seen.is_released() || unsafe { self.cell().watch(seen, waker) }
    }

    /// Takes the waker back, if it is still there: whoever waited has given up.
    pub(super) fn forget_waker(&mut self) {
        if let Ok((before, _)) = self.cell().advance(State::unwatch) {
            // SAFETY: C7, just taken away.
            let waker = unsafe { self.cell().take_waker(before) };
            contain(|| drop(waker));
        }
    }

    /// The handle goes: no outcome is wanted. Its waker comes back, to be dropped when all is done
    /// that depends on it; or the state, if the task is released already.
    pub(super) fn leave(&mut self) -> Result<Option<Waker>, State> {
        let gone = |s: State| (!s.is_released()).then(|| s.without_handle());
        let (before, _) = self.cell().advance(gone)?;
        // SAFETY: C7, with the handle goes its waker.
        Ok(unsafe { self.cell().take_waker(before) })
    }
}
