//! The atomics, cells and counted references under loom, each with what keeps loom from skipping
//! interleavings or from missing a leak.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::atomic as flat;
use std::sync::atomic::Ordering;

/// loom's `Arc` with a branch point before a reference is made from a raw pointer and before one
/// is dropped.
///
/// loom takes the two for independent, as they are while a counted reference is at hand. A count
/// taken from a raw pointer is not: it must come before the last drop, and without the shadow the
/// other order is never tried. (The shadow: see [`Branch`]. It outlives the allocation.)
#[derive(Debug)]
pub struct Arc<T>(::loom::sync::Arc<T>);

std::thread_local! {
    static SHADOWS: RefCell<HashMap<usize, std::sync::Arc<::loom::sync::Condvar>>> =
        RefCell::default();
}

impl<T> Arc<T> {
    #[track_caller]
    pub fn new(value: T) -> Self {
        let inner = ::loom::sync::Arc::new(value);
        let shadow = std::sync::Arc::new(::loom::sync::Condvar::new());
        let address = ::loom::sync::Arc::as_ptr(&inner) as usize;
        SHADOWS.with_borrow_mut(|shadows| shadows.insert(address, shadow));
        Self(inner)
    }

    pub fn as_ptr(this: &Self) -> *const T {
        ::loom::sync::Arc::as_ptr(&this.0)
    }

    /// # Safety
    /// As that of `std`.
    #[track_caller]
    pub unsafe fn increment_strong_count(ptr: *const T) {
        branch_of(ptr);
        // SAFETY: the caller's promise, which loom checks.
        unsafe { ::loom::sync::Arc::increment_strong_count(ptr) }
    }

    /// # Safety
    /// As that of `std`.
    #[track_caller]
    pub unsafe fn from_raw(ptr: *const T) -> Self {
        // SAFETY: the caller's promise.
        Self(unsafe { ::loom::sync::Arc::from_raw(ptr) })
    }
}

fn branch_of<T>(ptr: *const T) {
    let shadow = SHADOWS.with_borrow(|shadows| shadows.get(&(ptr as usize)).cloned());
    if let Some(shadow) = shadow {
        shadow.notify_one();
    }
}

impl<T> Clone for Arc<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Drop for Arc<T> {
    #[track_caller]
    fn drop(&mut self) {
        branch_of(Self::as_ptr(self));
    }
}

impl<T> Deref for Arc<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

pub type UnsafeCell<T> = ::loom::cell::UnsafeCell<T>;

/// A branch point before each operation of an atomic.
///
/// loom remembers one last access per atomic. A thread that loads and then swaps overwrites the
/// memory of its own load, and with it the race against somebody else's earlier load: whole
/// interleavings are skipped. This, a condition variable nobody waits on, is one more
/// access that depends on every other and carries no memory effect.
#[derive(Debug)]
pub(super) struct Branch(::loom::sync::Condvar);

impl Branch {
    #[track_caller]
    pub(super) fn new() -> Self {
        Self(::loom::sync::Condvar::new())
    }

    #[track_caller]
    pub(super) fn before(&self) {
        self.0.notify_one();
    }
}

/// Part of a hand-counted allocation: one that is not dropped is reported as a leak, an access
/// that does not happen before the free as a causality violation.
#[derive(Debug)]
pub struct Alive {
    leak: ::loom::alloc::Track<()>,
    cell: ::loom::cell::UnsafeCell<()>,
    buried: flat::AtomicBool,
}

// SAFETY: the cell holds nothing; loom itself checks the order of the accesses to it.
unsafe impl Sync for Alive {}

impl Default for Alive {
    fn default() -> Self {
        Self::new()
    }
}

impl Alive {
    #[track_caller]
    pub fn new() -> Self {
        Self {
            leak: ::loom::alloc::Track::new(()),
            cell: ::loom::cell::UnsafeCell::new(()),
            buried: flat::AtomicBool::new(false),
        }
    }

    #[track_caller]
    pub fn touch(&self) {
        self.cell.with(|_| self.leak.get_ref());
        assert!(!self.buried.load(Ordering::Relaxed), "touched after it was buried");
    }

    #[track_caller]
    pub fn bury(&self) {
        self.cell.with_mut(|_| ());
        assert!(!self.buried.swap(true, Ordering::Relaxed), "buried twice");
    }
}
