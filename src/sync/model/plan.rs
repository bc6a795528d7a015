//! What an execution is told about the world: which wait times out or wakes for nothing, which
//! thread cannot be started, what the clock says.
//!
//! A checker has no time, no spurious wake-ups and no failing spawns. A plan makes them parameters,
//! and a model runs once per plan. Under loom and shuttle all modelled threads share one OS thread,
//! so its thread-local state is the execution's; a real thread has that of whoever started it
//! ([`Heir`]), because it may outlive its execution. Relaxed, for it must order nothing.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What happens out of the ordinary; counts start at 0 in each execution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The limited wait that times out, and the clock jumps by its limit.
    pub timeout: Option<usize>,
    /// So do all limited waits after that one.
    pub and_later: bool,
    /// The wait, limited or not, that returns for nothing.
    pub spurious: Option<usize>,
    /// The thread start that fails.
    pub spawn_fails: Option<usize>,
    /// What `spin_rounds` returns: 0 unless spinning is what the model is about.
    pub spin_rounds: u32,
    /// Whether blocked workers look again after a while: in waits with a limit, then.
    pub looks_again: bool,
}

impl Plan {
    /// Nothing out of the ordinary.
    pub const NONE: Self = Self {
        timeout: None,
        and_later: false,
        spurious: None,
        spawn_fails: None,
        spin_rounds: 0,
        looks_again: false,
    };

    /// The `k`-th limited wait times out.
    pub const fn timeout(k: usize) -> Self {
        Self { timeout: Some(k), ..Self::NONE }
    }

    /// The `k`-th limited wait and all later ones time out.
    pub const fn timeouts_from(k: usize) -> Self {
        Self { timeout: Some(k), and_later: true, ..Self::NONE }
    }

    /// The `k`-th wait returns for nothing.
    pub const fn spurious(k: usize) -> Self {
        Self { spurious: Some(k), ..Self::NONE }
    }

    /// The `k`-th thread start fails.
    pub const fn spawn_fails(k: usize) -> Self {
        Self { spawn_fails: Some(k), ..Self::NONE }
    }

    /// Blocked workers look again, over and over.
    pub const fn looking_again() -> Self {
        Self { looks_again: true, ..Self::timeouts_from(0) }
    }

    /// With `rounds` rounds of spinning.
    pub const fn spinning(self, rounds: u32) -> Self {
        Self { spin_rounds: rounds, ..self }
    }
}

/// No such index.
const NEVER: usize = usize::MAX;

/// The plan and how far it has come.
#[derive(Debug)]
struct State {
    timeout: AtomicUsize,
    and_later: AtomicBool,
    spurious: AtomicUsize,
    spawn_fails: AtomicUsize,
    spin_rounds: AtomicU32,
    looks_again: AtomicBool,
    limited_waits: AtomicUsize,
    waits: AtomicUsize,
    spawns: AtomicUsize,
    elapsed_nanos: AtomicU64,
}

impl State {
    const fn new() -> Self {
        Self {
            timeout: AtomicUsize::new(NEVER),
            and_later: AtomicBool::new(false),
            spurious: AtomicUsize::new(NEVER),
            spawn_fails: AtomicUsize::new(NEVER),
            spin_rounds: AtomicU32::new(0),
            looks_again: AtomicBool::new(false),
            limited_waits: AtomicUsize::new(0),
            waits: AtomicUsize::new(0),
            spawns: AtomicUsize::new(0),
            elapsed_nanos: AtomicU64::new(0),
        }
    }
}

#[cfg(poolbridge_stress)]
fn with<R>(f: impl FnOnce(&State) -> R) -> R {
    f(real::state())
}

#[cfg(poolbridge_stress)]
pub use self::real::Heir;

#[cfg(poolbridge_stress)]
mod real {
    use std::cell::Cell;
    use std::sync::{Mutex, PoisonError};

    use super::State;

    std::thread_local! {
        static STATE: Cell<&'static State> = const {
            static NONE: State = State::new();
            Cell::new(&NONE)
        };
    }

    pub(super) fn state() -> &'static State {
        STATE.get()
    }

    /// A new execution; threads of an earlier one keep theirs, for which it stays in reach.
    pub(super) fn renew() {
        static ALL: Mutex<Vec<&'static State>> = Mutex::new(Vec::new());
        let state: &'static State = Box::leak(Box::new(State::new()));
        ALL.lock().unwrap_or_else(PoisonError::into_inner).push(state);
        STATE.set(state);
    }

    /// What a thread of the same execution starts with.
    #[derive(Clone, Copy, Debug)]
    pub struct Heir(&'static State);

    impl Heir {
        /// Of the calling thread's execution.
        pub fn new() -> Self {
            Self(state())
        }

        /// First thing on the new thread.
        pub fn enter(self) {
            STATE.set(self.0);
        }
    }

    impl Default for Heir {
        fn default() -> Self {
            Self::new()
        }
    }
}

#[cfg(not(poolbridge_stress))]
fn with<R>(f: impl FnOnce(&State) -> R) -> R {
    std::thread_local! {
        static STATE: State = const { State::new() };
    }
    STATE.with(f)
}

/// Returns the counter and counts it up.
fn next(counter: &AtomicUsize) -> usize {
    counter.fetch_add(1, Ordering::Relaxed)
}

fn get(index: &AtomicUsize) -> usize {
    index.load(Ordering::Relaxed)
}

/// Starts an execution: the harness calls it first thing in every iteration.
pub fn begin(plan: Plan) {
    #[cfg(poolbridge_stress)]
    real::renew();
    with(|state| {
        state.timeout.store(plan.timeout.unwrap_or(NEVER), Ordering::Relaxed);
        state.and_later.store(plan.and_later, Ordering::Relaxed);
        state.spurious.store(plan.spurious.unwrap_or(NEVER), Ordering::Relaxed);
        state.spawn_fails.store(plan.spawn_fails.unwrap_or(NEVER), Ordering::Relaxed);
        state.spin_rounds.store(plan.spin_rounds, Ordering::Relaxed);
        state.looks_again.store(plan.looks_again, Ordering::Relaxed);
        for counter in [&state.limited_waits, &state.waits, &state.spawns] {
            counter.store(0, Ordering::Relaxed);
        }
        state.elapsed_nanos.store(0, Ordering::Relaxed);
    });
}

/// Moves the clock. No checker sees the clock: an order between this and another thread's look at
/// it is explored only where something else orders or races them too.
pub fn advance(by: Duration) {
    let nanos = u64::try_from(by.as_nanos()).expect("a model's clock goes on by some seconds");
    with(|state| state.elapsed_nanos.fetch_add(nanos, Ordering::Relaxed));
}

/// From here on all limited waits time out: for the end of a model whose threads would wait for time
/// to pass.
pub fn let_limits_pass() {
    with(|state| {
        state.timeout.store(0, Ordering::Relaxed);
        state.and_later.store(true, Ordering::Relaxed);
    });
}

pub(super) enum Wait {
    UntilNotified,
    Spurious,
    TimedOut,
}

pub(super) fn next_wait(limit: Option<Duration>) -> Wait {
    let times_out = with(|state| {
        if next(&state.waits) == get(&state.spurious) {
            return Err(Wait::Spurious);
        }
        if limit.is_none() {
            return Err(Wait::UntilNotified);
        }
        let (index, from) = (next(&state.limited_waits), get(&state.timeout));
        Ok(index == from || (index > from && state.and_later.load(Ordering::Relaxed)))
    });
    match (times_out, limit) {
        (Ok(true), Some(limit)) => {
            advance(limit);
            Wait::TimedOut
        }
        (Err(wait), _) => wait,
        _ => Wait::UntilNotified,
    }
}

/// Whether all limits pass by now: a wait of a real thread that began before ends then, too, or the
/// thread would be left for ever.
#[cfg(poolbridge_stress)]
pub(super) fn limits_pass() -> bool {
    with(|state| get(&state.timeout) == 0 && state.and_later.load(Ordering::Relaxed))
}

pub(super) fn next_spawn_fails() -> bool {
    with(|state| next(&state.spawns) == get(&state.spawn_fails))
}

pub(super) fn spin_rounds() -> u32 {
    with(|state| state.spin_rounds.load(Ordering::Relaxed))
}

pub(super) fn looks_again() -> bool {
    with(|state| state.looks_again.load(Ordering::Relaxed))
}

pub(super) fn now() -> Instant {
    static EPOCH: OnceLock<Instant> = OnceLock::new();
    let elapsed = with(|state| state.elapsed_nanos.load(Ordering::Relaxed));
    *EPOCH.get_or_init(Instant::now) + Duration::from_nanos(elapsed)
}
