//! One thread's bed: sleep until somebody says otherwise.
//!
//! A token, not a signal: an `unpark` before the `park` makes it return at once, several count
//! as one. Built from an atomic, a lock and a condition variable in every build, because loom's
//! own park/unpark hides missing orderings.
#![allow(clippy::disallowed_types, reason = "std's Waker is made from std's Arc and no other")]
#![allow(unreachable_pub, reason = "public through `__verify` under loom")]

use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use super::{
    AtomicUsize, Condvar, Mutex, Ordering, is_made, now, second_look, spin_loop, spin_rounds,
    yield_now,
};

const EMPTY: usize = 0;
const PARKED: usize = 1;
const NOTIFIED: usize = 2;

/// A cheap handle to a thread's bed; clones name the same bed.
#[derive(Clone, Debug)]
pub struct Parker(Arc<Bed>);

#[derive(Debug)]
struct Bed {
    token: AtomicUsize,
    lock: Mutex<()>,
    bell: Condvar,
}

impl Parker {
    pub fn new() -> Self {
        Self(Arc::new(Bed {
            token: AtomicUsize::new(EMPTY),
            lock: Mutex::new(()),
            bell: Condvar::new(),
        }))
    }

    /// A waker that unparks this bed.
    pub fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.0))
    }

    pub fn same_bed(&self, other: &Parker) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Sleeps until [`unpark`](Self::unpark); only the owning thread may call it.
    pub fn park(&self) {
        self.0.park(Limit::None);
    }

    /// As [`park`](Self::park), but not past `deadline` (`None`: no limit). True: the token was
    /// taken. False: the time is over and the token was not there.
    pub fn park_until(&self, deadline: Option<Instant>) -> bool {
        self.0.park(deadline.map_or(Limit::None, Limit::At))
    }

    /// As [`park_until`](Self::park_until), but with a limit that begins now, which spares looking at
    /// the clock. Woken for nothing it may begin anew, once.
    pub fn park_for(&self, limit: Option<Duration>) -> bool {
        self.0.park(limit.map_or(Limit::None, Limit::For))
    }

    /// Looks for the token for a bounded number of rounds: `spins` times without letting others run,
    /// twice as long each time, and then `yields` times after having let them. An idle worker that is
    /// handed work at once costs nobody a system call. Only a look: the token stays where it is.
    pub fn look(&self, spins: u32, yields: u32) {
        for round in 0..spin_rounds(spins + yields) {
            // ORDERING: Relaxed, only a hint; `park` takes the token with Acquire.
            if self.0.token.load(Ordering::Relaxed) == NOTIFIED {
                break;
            }
            if round < spins {
                (0..1 << round).for_each(|_| spin_loop());
            } else {
                yield_now();
            }
        }
    }

    /// Takes the token if it lies there.
    pub fn take(&self) -> bool {
        self.0.take()
    }

    /// Leaves the token; wakes the thread if it sleeps.
    #[track_caller]
    pub fn unpark(&self) {
        if is_made("wake") {
            self.0.leave_token();
        }
    }
}

impl Bed {
    /// Takes the token if it lies there.
    fn take(&self) -> bool {
        // ORDERING: Acquire, pairs with the Release swap in `leave_token`: who takes the token sees
        // what was written before it was left.
        self.token.compare_exchange(NOTIFIED, EMPTY, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    fn park(&self, mut limit: Limit) -> bool {
        if self.take() {
            return true;
        }
        let mut guard = self.lock.lock();
        // ORDERING: Relaxed, nothing is published; the lock and the modification order of the
        // token decide between this and `leave_token`'s swap.
        if self.token.compare_exchange(EMPTY, PARKED, Ordering::Relaxed, Ordering::Relaxed).is_err()
        {
            return second_look(true) && self.take();
        }
        loop {
            let Some(left) = limit.left() else {
                // ORDERING: Acquire, as in `take`: the swap may bring the token with it.
                return self.token.swap(EMPTY, Ordering::Acquire) == NOTIFIED;
            };
            guard = match left {
                Some(left) => {
                    let (guard, timed_out) = self.bell.wait_timeout(guard, left);
                    limit = limit.after_a_wait(timed_out);
                    guard
                }
                None => self.bell.wait(guard),
            };
            if self.take() {
                return true;
            }
        }
    }

    fn leave_token(&self) {
        // ORDERING: Release, pairs with the Acquire in `take`. PARKED read here: the sleeper holds
        // the lock from before it wrote PARKED until it waits, so locking once closes the gap.
        if self.token.swap(NOTIFIED, Ordering::Release) == PARKED {
            drop(self.lock.lock());
            self.bell.notify_one();
        }
    }
}

/// How long a thread sleeps at most.
#[derive(Clone, Copy)]
enum Limit {
    None,
    At(Instant),
    For(Duration),
}

impl Limit {
    /// `None`: the time is over. `Some(None)`: there is no limit.
    fn left(self) -> Option<Option<Duration>> {
        let left = match self {
            Limit::None => return Some(None),
            Limit::At(deadline) => deadline.saturating_duration_since(now()),
            Limit::For(left) => left,
        };
        if left.is_zero() { None } else { Some(Some(left)) }
    }

    /// What it is once a wait for as long as was left is over, or was woken before.
    fn after_a_wait(self, timed_out: bool) -> Self {
        match self {
            Limit::For(_) if timed_out => Limit::For(Duration::ZERO),
            // Time beyond what the clock can say is no limit.
            Limit::For(left) => now().checked_add(left).map_or(Limit::None, Limit::At),
            known => known,
        }
    }
}

impl Wake for Bed {
    fn wake(self: Arc<Self>) {
        self.leave_token();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.leave_token();
    }
}
