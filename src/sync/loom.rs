//! The primitives under the model checker: the interface of `std.rs`, over `loom`.
//!
//! Items are `pub` because `__verify` hands them to the models; that module exists under
//! `--cfg poolbridge_loom` only.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]
#![allow(unsafe_code)]
#![allow(unreachable_pub, reason = "public through `__verify`")]

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::atomic as flat;
use std::time::{Duration, Instant};

pub use std::sync::atomic::Ordering;

pub mod plan;
mod sites;

use self::plan::Wait;

/// loom's `Arc` with a branch point before a reference is made from a raw pointer and before one
/// is dropped.
///
/// loom takes the two for independent, as they are while a counted reference is at hand. A count
/// taken from a raw pointer is not: it must come before the last drop, and without the shadow the
/// other order is never tried. (The shadow: see [`AtomicUsize`]. It outlives the allocation.)
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
/// Not modelled, as in `std.rs`.
pub type SharedArc<T> = std::sync::Arc<T>;
pub type ThreadId = ::loom::thread::ThreadId;

/// loom's atomic with a branch point before each operation.
///
/// loom remembers one last access per atomic. A thread that loads and then swaps overwrites the
/// memory of its own load, and with it the race against somebody else's earlier load: whole
/// interleavings are skipped. The shadow, a condition variable nobody waits on, is one more
/// access that depends on every other and carries no memory effect.
#[derive(Debug)]
pub struct AtomicUsize {
    value: ::loom::sync::atomic::AtomicUsize,
    shadow: ::loom::sync::Condvar,
}

impl Default for AtomicUsize {
    fn default() -> Self {
        Self::new(0)
    }
}

/// One read-modify-write operation, passed through.
macro_rules! rmw {
    ($($name:ident)*) => { $(
        #[track_caller]
        pub fn $name(&self, operand: usize, order: Ordering) -> usize {
            let order = sites::access("rmw", order, Location::caller());
            self.branch().$name(operand, order)
        }
    )* };
}

impl AtomicUsize {
    #[track_caller]
    pub fn new(value: usize) -> Self {
        Self {
            value: ::loom::sync::atomic::AtomicUsize::new(value),
            shadow: ::loom::sync::Condvar::new(),
        }
    }

    fn branch(&self) -> &::loom::sync::atomic::AtomicUsize {
        self.shadow.notify_one();
        &self.value
    }

    #[track_caller]
    pub fn load(&self, order: Ordering) -> usize {
        let order = sites::access("load", order, Location::caller());
        self.branch().load(order)
    }

    #[track_caller]
    pub fn store(&self, value: usize, order: Ordering) {
        let order = sites::access("store", order, Location::caller());
        self.branch().store(value, order);
    }

    rmw!(swap fetch_add fetch_sub fetch_or fetch_and fetch_xor fetch_max fetch_min);

    #[track_caller]
    pub fn compare_exchange(
        &self,
        current: usize,
        new: usize,
        success: Ordering,
        failure: Ordering,
    ) -> Result<usize, usize> {
        let success = sites::access("cas_ok", success, Location::caller());
        let failure = sites::access("cas_err", failure, Location::caller());
        self.branch().compare_exchange(current, new, success, failure)
    }

    /// As [`compare_exchange`](Self::compare_exchange): loom has no spurious failure.
    #[track_caller]
    pub fn compare_exchange_weak(
        &self,
        current: usize,
        new: usize,
        success: Ordering,
        failure: Ordering,
    ) -> Result<usize, usize> {
        self.compare_exchange(current, new, success, failure)
    }

    #[track_caller]
    pub fn fetch_update(
        &self,
        set_order: Ordering,
        fetch_order: Ordering,
        mut f: impl FnMut(usize) -> Option<usize>,
    ) -> Result<usize, usize> {
        let set_order = sites::access("cas_ok", set_order, Location::caller());
        let fetch_order = sites::access("cas_err", fetch_order, Location::caller());
        let mut seen = self.branch().load(fetch_order);
        while let Some(new) = f(seen) {
            match self.branch().compare_exchange(seen, new, set_order, fetch_order) {
                Ok(previous) => return Ok(previous),
                Err(current) => seen = current,
            }
        }
        Err(seen)
    }
}

#[track_caller]
pub fn fence(order: Ordering) {
    if let Some(order) = sites::fence(order, Location::caller()) {
        ::loom::sync::atomic::fence(order);
    }
}

#[derive(Debug, Default)]
pub struct Mutex<T>(::loom::sync::Mutex<T>);

#[derive(Debug)]
pub struct MutexGuard<'a, T> {
    /// Empty only while a [`Condvar`] has the lock in its hands.
    guard: Option<::loom::sync::MutexGuard<'a, T>>,
    mutex: &'a Mutex<T>,
}

impl<T> Mutex<T> {
    #[track_caller]
    pub fn new(value: T) -> Self {
        Self(::loom::sync::Mutex::new(value))
    }

    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard { guard: Some(unpoisoned(self.0.lock())), mutex: self }
    }

    pub fn get_mut(&mut self) -> &mut T {
        unpoisoned(self.0.get_mut())
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.guard.as_ref().expect("the guard is away only inside a wait")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.guard.as_mut().expect("the guard is away only inside a wait")
    }
}

#[derive(Debug, Default)]
pub struct Condvar(::loom::sync::Condvar);

impl Condvar {
    #[track_caller]
    pub fn new() -> Self {
        Self(::loom::sync::Condvar::new())
    }

    #[track_caller]
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        self.sleep(guard, None).0
    }

    /// Times out when the plan says so and at no other time, whatever the limit.
    #[track_caller]
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        limit: Duration,
    ) -> (MutexGuard<'a, T>, bool) {
        self.sleep(guard, Some(limit))
    }

    #[track_caller]
    fn sleep<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        limit: Option<Duration>,
    ) -> (MutexGuard<'a, T>, bool) {
        match plan::next_wait(limit) {
            Wait::UntilNotified => {
                guard.guard = guard.guard.take().map(|inner| unpoisoned(self.0.wait(inner)));
                (guard, false)
            }
            // Unlocked and locked again: others get their turn in between.
            Wait::Spurious => (relock(guard), false),
            Wait::TimedOut => (relock(guard), true),
        }
    }

    #[track_caller]
    pub fn notify_one(&self) {
        if sites::notify(Location::caller()) {
            self.0.notify_one();
        }
    }
}

#[track_caller]
fn relock<T>(guard: MutexGuard<'_, T>) -> MutexGuard<'_, T> {
    let mutex = guard.mutex;
    drop(guard);
    mutex.lock()
}

fn unpoisoned<G>(result: std::sync::LockResult<G>) -> G {
    result.unwrap_or_else(std::sync::PoisonError::into_inner)
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

#[track_caller]
pub fn yield_now() {
    ::loom::thread::yield_now();
}

/// A yield: whoever spins waits for another thread's step.
#[track_caller]
pub fn spin_loop() {
    ::loom::thread::yield_now();
}

pub fn current_thread() -> ThreadId {
    ::loom::thread::current().id()
}

/// Starts a detached thread, unless the plan has this start fail.
pub fn spawn(
    name: String,
    _stack_size: Option<usize>,
    f: impl FnOnce() + Send + 'static,
) -> std::io::Result<()> {
    if plan::next_spawn_fails() {
        return Err(std::io::ErrorKind::WouldBlock.into());
    }
    // The modelled stack keeps loom's size.
    ::loom::thread::spawn(move || {
        let _ = name;
        f();
    });
    Ok(())
}

pub fn processors() -> usize {
    2
}

pub fn now() -> Instant {
    plan::now()
}

pub fn spin_rounds(_wanted: u32) -> u32 {
    plan::spin_rounds()
}

macro_rules! thread_local_ {
    ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr;) => {
        ::loom::thread_local! { $(#[$meta])* static $name: $type = $init; }
    };
}
pub(crate) use thread_local_ as thread_local;

/// As in `std.rs`; made anew in each execution.
macro_rules! global {
    ($(#[$meta:meta])* fn $name:ident() -> $type:ty = $init:expr;) => {
        $(#[$meta])*
        pub(crate) fn $name() -> &'static $type {
            ::loom::lazy_static! { static ref VALUE: $type = $init; }
            &VALUE
        }
    };
}
pub(crate) use global;

/// Models fire deadlines by hand.
pub const TIME_PASSES: bool = false;
