//! The atomics in models: each access has a branch point before it and a site of its own.

use std::panic::Location;
use std::sync::atomic::Ordering;

use super::{Branch, base, sites};

/// A pointer, with what the crate does with one.
pub struct AtomicPtr<T> {
    value: base::sync::atomic::AtomicPtr<T>,
    branch: Branch,
}

impl<T> std::fmt::Debug for AtomicPtr<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AtomicPtr")
    }
}

impl<T> AtomicPtr<T> {
    #[track_caller]
    pub fn new(value: *mut T) -> Self {
        Self { value: base::sync::atomic::AtomicPtr::new(value), branch: Branch::new() }
    }

    #[track_caller]
    fn branch(&self) -> &base::sync::atomic::AtomicPtr<T> {
        self.branch.before();
        &self.value
    }

    #[track_caller]
    pub fn load(&self, order: Ordering) -> *mut T {
        let order = sites::access("load", order, Location::caller());
        self.branch().load(order)
    }

    #[track_caller]
    pub fn store(&self, value: *mut T, order: Ordering) {
        let order = sites::access("store", order, Location::caller());
        self.branch().store(value, order);
    }

    #[track_caller]
    pub fn swap(&self, value: *mut T, order: Ordering) -> *mut T {
        let order = sites::access("rmw", order, Location::caller());
        self.branch().swap(value, order)
    }

    #[track_caller]
    pub fn compare_exchange(
        &self,
        current: *mut T,
        new: *mut T,
        success: Ordering,
        failure: Ordering,
    ) -> Result<*mut T, *mut T> {
        let success = sites::access("cas_ok", success, Location::caller());
        let failure = sites::access("cas_err", failure, Location::caller());
        self.branch().compare_exchange(current, new, success, failure)
    }
}

/// A number; all but one of the crate's atomics are.
#[derive(Debug)]
pub struct AtomicUsize {
    value: base::sync::atomic::AtomicUsize,
    branch: Branch,
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
        Self { value: base::sync::atomic::AtomicUsize::new(value), branch: Branch::new() }
    }

    #[track_caller]
    fn branch(&self) -> &base::sync::atomic::AtomicUsize {
        self.branch.before();
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

    /// As [`compare_exchange`](Self::compare_exchange): no checker has spurious failures.
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
        base::sync::atomic::fence(order);
    }
}
