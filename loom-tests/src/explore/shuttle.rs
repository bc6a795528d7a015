//! Random orders: half of them uniformly, half with few changes of who runs at random places, which
//! finds a bug that needs three of those (Burckhardt et al., "A Randomized Scheduler with
//! Probabilistic Guarantees of Finding Bugs", 2010).

use std::sync::Arc;

use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, Runner};

use super::{Limits, setting};

/// Changes of who runs that a bug may need.
const DEPTH: usize = 3;

pub(crate) fn prepare() {}

pub(crate) fn explore(limits: &Limits, execution: impl Fn() + Send + Sync + 'static) {
    let mut config = Config::new();
    config.stack_size = 0x40000;
    let (seed, half) = (seed(), executions().div_ceil(2));
    let execution = Arc::new(execution);
    let again = Arc::clone(&execution);
    // It refuses what has nothing to choose from.
    if limits.races {
        let few = PctScheduler::new_from_seed(seed, DEPTH, half);
        Runner::new(few, config.clone()).run(move || whole(&*again));
    }
    let many = RandomScheduler::new_from_seed(seed, half);
    Runner::new(many, config).run(move || whole(&*execution));
}

fn whole(execution: &impl Fn()) {
    execution();
    assert_eq!(poolbridge::__verify::alive(), 0, "allocations that nobody freed");
}

pub(crate) fn how(_limits: &Limits) -> String {
    format!("seed={}", seed())
}

pub(crate) fn is_exhaustive() -> bool {
    false
}

/// For each plan.
fn executions() -> usize {
    setting("PB_ITERS").unwrap_or(10_000)
}

fn seed() -> u64 {
    setting("PB_SEED").unwrap_or(1)
}
