//! What an execution is told about the world: which wait times out or wakes for nothing, which
//! thread cannot be started, what the clock says.
//!
//! loom has no time, no spurious wake-ups and no failing spawns. A plan makes them parameters,
//! and a model runs once per plan. All modelled threads share one OS thread, so its thread-local
//! state is the execution's, invisible to loom and free.

use std::cell::RefCell;
use std::sync::OnceLock;
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
}

impl Plan {
    /// Nothing out of the ordinary.
    pub const NONE: Self =
        Self { timeout: None, and_later: false, spurious: None, spawn_fails: None, spin_rounds: 0 };

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

    /// With `rounds` rounds of spinning.
    pub const fn spinning(self, rounds: u32) -> Self {
        Self { spin_rounds: rounds, ..self }
    }
}

#[derive(Debug, Default)]
struct State {
    plan: Plan,
    limited_waits: usize,
    waits: usize,
    spawns: usize,
    elapsed: Duration,
}

std::thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

fn with<R>(f: impl FnOnce(&mut State) -> R) -> R {
    STATE.with_borrow_mut(f)
}

/// Returns `*counter` and counts it up.
fn next(counter: &mut usize) -> usize {
    *counter += 1;
    *counter - 1
}

/// Starts an execution: the harness calls it first thing in every iteration.
pub fn begin(plan: Plan) {
    with(|state| *state = State { plan, ..State::default() });
}

/// Moves the clock. loom does not see the clock: an order between this and another thread's
/// look at it is explored only where something else orders or races them too.
pub fn advance(by: Duration) {
    with(|state| state.elapsed += by);
}

pub(super) enum Wait {
    UntilNotified,
    Spurious,
    TimedOut,
}

pub(super) fn next_wait(limit: Option<Duration>) -> Wait {
    with(|state| {
        if Some(next(&mut state.waits)) == state.plan.spurious {
            return Wait::Spurious;
        }
        let Some(limit) = limit else { return Wait::UntilNotified };
        let index = next(&mut state.limited_waits);
        match state.plan.timeout {
            Some(k) if k == index || (k < index && state.plan.and_later) => {
                state.elapsed += limit;
                Wait::TimedOut
            }
            _ => Wait::UntilNotified,
        }
    })
}

pub(super) fn next_spawn_fails() -> bool {
    with(|state| Some(next(&mut state.spawns)) == state.plan.spawn_fails)
}

pub(super) fn spin_rounds() -> u32 {
    with(|state| state.plan.spin_rounds)
}

pub(super) fn now() -> Instant {
    static EPOCH: OnceLock<Instant> = OnceLock::new();
    *EPOCH.get_or_init(Instant::now) + with(|state| state.elapsed)
}
