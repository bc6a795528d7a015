//! Which combinations cannot be, and why.

use crate::case::{CancelAt, Case, Fate, Last, Moment, Observer, Pool};

/// `Err` says why a combination is left out.
pub(crate) fn makes_sense(case: Case) -> Result<(), &'static str> {
    if case.is_inline() {
        if matches!(case.cancel, CancelAt::BeforeStart | CancelAt::Running) {
            return Err("an inline job is over when its task comes back: too late for a cancel");
        }
        if case.observer == Observer::PanickingWaker {
            return Err("an inline job is over when its task comes back: no waker is kept");
        }
        if case.last == Last::Job {
            return Err("an inline job is over when its task comes back: it has no reference left");
        }
    }
    if case.last == Last::Job {
        if case.is_awaited() {
            return Err("whoever waits for an outcome goes after the job");
        }
        if case.cancel == CancelAt::BeforeStart {
            return Err("a prevented job is gone when the cancel returns");
        }
        if case.cancel == CancelAt::After {
            return Err("who cancels after the end is still there after the job");
        }
    }
    let dropped_in_the_queue =
        case.fate == Fate::Dropped && case.lets_go_at() == Some(Moment::Queued);
    if dropped_in_the_queue && case.cancel == CancelAt::Running {
        return Err("a job whose task was dropped in the queue never runs");
    }
    Ok(())
}

/// Values that no combination on this executor has.
pub(crate) fn never_met(pool: Pool, value: &str) -> bool {
    const INLINE: [&str; 4] =
        ["cancel BeforeStart", "cancel Running", "observer PanickingWaker", "last Job"];
    pool == Pool::Inline && INLINE.contains(&value)
}
