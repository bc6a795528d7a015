//! The primitives in models: the interface of `std.rs`, with what a checker has no notion of (time
//! limits, spurious wake-ups, failing starts) by [`plan`], and with each ordering and notification
//! a site that can be weakened ([`sites`]).
//!
//! Here is what all forms share, over the crate that lends the threads: loom, shuttle or std.
//! Items are `pub` because `__verify` hands them to the models; that module exists in models only.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]
#![allow(unreachable_pub, reason = "public through `__verify`")]

use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::time::{Duration, Instant};

#[cfg(poolbridge_loom)]
use ::loom as base;
#[cfg(poolbridge_shuttle)]
use ::shuttle as base;
#[cfg(poolbridge_stress)]
use ::std as base;

mod atomic;
#[cfg(poolbridge_loom)]
mod loom;
pub mod plan;
mod sites;
#[cfg(not(poolbridge_loom))]
mod threads;

pub use self::atomic::{AtomicPtr, AtomicUsize, fence};
#[cfg(poolbridge_loom)]
use self::loom::Branch;
#[cfg(poolbridge_loom)]
pub use self::loom::{Alive, Arc, UnsafeCell};
use self::plan::Wait;
#[cfg(not(poolbridge_loom))]
use self::threads::Branch;
#[cfg(not(poolbridge_loom))]
pub use self::threads::{Alive, Arc, UnsafeCell, alive, seed};
pub use std::sync::atomic::Ordering;

pub type ThreadId = base::thread::ThreadId;

/// For what no protocol depends on: not modelled, as in `std.rs`.
pub type SharedArc<T> = std::sync::Arc<T>;

/// Models fire deadlines by hand.
pub const TIME_PASSES: bool = false;

/// Enough for two that do not meet.
pub const CLOCK_PARTS: usize = 2;

/// What nests must not nest deep: loom's stacks have 32 KiB.
pub const SMALL_STACKS: bool = true;

#[derive(Debug, Default)]
pub struct Mutex<T>(base::sync::Mutex<T>);

#[derive(Debug)]
pub struct MutexGuard<'a, T> {
    /// Empty only while a [`Condvar`] has the lock in its hands.
    guard: Option<base::sync::MutexGuard<'a, T>>,
    mutex: &'a Mutex<T>,
}

impl<T> Mutex<T> {
    #[track_caller]
    pub fn new(value: T) -> Self {
        Self(base::sync::Mutex::new(value))
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
pub struct Condvar(base::sync::Condvar);

impl Condvar {
    #[track_caller]
    pub fn new() -> Self {
        Self(base::sync::Condvar::new())
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
            #[cfg(poolbridge_stress)]
            Wait::UntilNotified if limit.is_some() => self.sleep_with_limit(guard, limit),
            Wait::UntilNotified => {
                guard.guard = guard.guard.take().map(|inner| unpoisoned(self.0.wait(inner)));
                (guard, false)
            }
            Wait::Spurious => (relock(guard), false),
            Wait::TimedOut => (relock(guard), true),
        }
    }

    /// As long as limits do not pass in its execution.
    #[cfg(poolbridge_stress)]
    fn sleep_with_limit<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        limit: Option<Duration>,
    ) -> (MutexGuard<'a, T>, bool) {
        const LOOK: Duration = Duration::from_millis(20);
        loop {
            let Some(inner) = guard.guard.take() else { return (guard, false) };
            let (inner, timed_out) = unpoisoned(self.0.wait_timeout(inner, LOOK));
            guard.guard = Some(inner);
            if !timed_out.timed_out() {
                return (guard, false);
            }
            if plan::limits_pass() {
                limit.into_iter().for_each(plan::advance);
                return (guard, true);
            }
        }
    }

    #[track_caller]
    pub fn notify_one(&self) {
        if sites::is_made("notify", Location::caller()) {
            self.0.notify_one();
        }
    }
}

/// Others get their turn in between; that they take it, loom tries anyway.
#[track_caller]
fn relock<T>(guard: MutexGuard<'_, T>) -> MutexGuard<'_, T> {
    let mutex = guard.mutex;
    drop(guard);
    #[cfg(not(poolbridge_loom))]
    yield_now();
    mutex.lock()
}

fn unpoisoned<G>(result: std::sync::LockResult<G>) -> G {
    result.unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[track_caller]
pub fn yield_now() {
    base::thread::yield_now();
}

/// A yield: whoever spins waits for another thread's step.
#[track_caller]
pub fn spin_loop() {
    base::thread::yield_now();
}

pub fn current_thread() -> ThreadId {
    base::thread::current().id()
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
    // A modelled stack keeps the checker's size.
    #[cfg(poolbridge_stress)]
    let heir = plan::Heir::new();
    base::thread::spawn(move || {
        let _ = name;
        #[cfg(poolbridge_stress)]
        heir.enter();
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

/// As in `std.rs`: false at the mutant's site.
#[track_caller]
pub fn is_made(role: &'static str) -> bool {
    sites::is_made(role, Location::caller())
}

/// As in `std.rs`: false at the mutant's site.
#[track_caller]
pub fn second_look(found: bool) -> bool {
    is_made("look") && found
}

/// As in `std.rs`; by the plan.
pub fn looks_again() -> bool {
    plan::looks_again()
}

pub fn spin_rounds(_wanted: u32) -> u32 {
    plan::spin_rounds()
}

#[cfg(poolbridge_loom)]
macro_rules! thread_local_ {
    ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr;) => {
        ::loom::thread_local! { $(#[$meta])* static $name: $type = $init; }
    };
}
#[cfg(poolbridge_shuttle)]
macro_rules! thread_local_ {
    ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr;) => {
        ::shuttle::thread_local! { $(#[$meta])* static $name: $type = $init; }
    };
}
#[cfg(poolbridge_stress)]
macro_rules! thread_local_ {
    ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr;) => {
        ::std::thread_local! {
            #[allow(clippy::disallowed_types)]
            $(#[$meta])*
            static $name: $type = $init;
        }
    };
}
pub(crate) use thread_local_ as thread_local;

/// As in `std.rs`; under a checker made anew in each execution.
#[cfg(poolbridge_loom)]
macro_rules! global {
    ($(#[$meta:meta])* fn $name:ident() -> $type:ty = $init:expr;) => {
        $(#[$meta])*
        pub(crate) fn $name() -> &'static $type {
            ::loom::lazy_static! { static ref VALUE: $type = $init; }
            &VALUE
        }
    };
}
#[cfg(poolbridge_shuttle)]
macro_rules! global {
    ($(#[$meta:meta])* fn $name:ident() -> $type:ty = $init:expr;) => {
        $(#[$meta])*
        pub(crate) fn $name() -> &'static $type {
            ::shuttle::lazy_static! { static ref VALUE: $type = $init; }
            &VALUE
        }
    };
}
#[cfg(poolbridge_stress)]
macro_rules! global {
    ($(#[$meta:meta])* fn $name:ident() -> $type:ty = $init:expr;) => {
        $(#[$meta])*
        pub(crate) fn $name() -> &'static $type {
            #[allow(clippy::disallowed_types)]
            static VALUE: std::sync::OnceLock<$type> = std::sync::OnceLock::new();
            VALUE.get_or_init(|| $init)
        }
    };
}
pub(crate) use global;

/// As `sync/fork.rs`; models have no processes.
pub(crate) mod fork {
    pub(crate) use super::global as per_process;

    pub(crate) fn process() -> usize {
        0
    }
}
