//! Every order within a bound on preemptions.

use super::{Limits, setting};

/// Refuses settings with which a result would mean nothing.
pub(crate) fn prepare() {
    for limit in ["LOOM_MAX_DURATION", "LOOM_MAX_PERMUTATIONS"] {
        assert!(
            std::env::var_os(limit).is_none(),
            "{limit} makes loom stop early and call it success: unset it"
        );
    }
}

pub(crate) fn explore(limits: &Limits, execution: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = limits.bound;
    builder.max_branches = 10_000;
    if let Some(sample) = sample() {
        // loom looks at the limit only where it would write a checkpoint.
        builder.max_permutations = Some(sample);
        builder.checkpoint_interval = sample;
    } else if limits.time.is_some() {
        builder.max_duration = limits.time;
        builder.checkpoint_interval = 100;
    }
    builder.check(execution);
}

pub(crate) fn how(limits: &Limits) -> String {
    limits.bound.map_or_else(|| "bound=none".to_owned(), |bound| format!("bound={bound}"))
}

/// Whether all outcomes that can be must have been seen.
pub(crate) fn is_exhaustive() -> bool {
    sample().is_none()
}

/// How many executions of each plan are enough for a sanitizer, which is slow and looks at each
/// access by itself. A sample proves nothing about outcomes, so none is demanded.
fn sample() -> Option<usize> {
    setting("PB_SAMPLE")
}
