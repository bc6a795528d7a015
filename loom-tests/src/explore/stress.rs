//! Real threads, with noise before each access to an atomic.

use std::time::{Duration, Instant};

use poolbridge::__verify::{alive, seed};

use super::{Limits, setting};

pub(crate) fn prepare() {}

/// As many executions as are asked for, and for as long.
pub(crate) fn explore(_limits: &Limits, execution: impl Fn() + Send + Sync + 'static) {
    let (began, seconds) =
        (Instant::now(), Duration::from_secs(setting("PB_SECONDS").unwrap_or(0)));
    let mut number = 0;
    while number < executions() || began.elapsed() < seconds {
        // Each thread takes the next seed.
        seed((first_seed() + number) << 16);
        execution();
        assert_eq!(alive(), 0, "allocations that nobody freed");
        number += 1;
    }
}

pub(crate) fn how(_limits: &Limits) -> String {
    format!("seed={}", first_seed())
}

pub(crate) fn is_exhaustive() -> bool {
    false
}

/// For each plan.
fn executions() -> u64 {
    setting("PB_ITERS").unwrap_or(2_500)
}

fn first_seed() -> u64 {
    setting("PB_SEED").unwrap_or(1)
}
