//! The limits of one job: on its time in the queue, and on its run.

use std::any::Any;
use std::time::Duration;

use super::clock;
use crate::sync::now;
use crate::task::cell::CellRef;
use crate::task::state::Expired;

/// A clock that is not ours.
type Foreign = Box<dyn Any + Send>;

/// The job has to start within `limit`.
pub(crate) fn arm_queue(cell: &CellRef, limit: Duration) {
    arm(cell, limit, Expired::Queue, ruling_clock());
}

/// The clock that rules here, if it is not ours: a run deadline follows that of its submission.
pub(crate) fn ruling_clock() -> Option<Foreign> {
    #[cfg(all(feature = "tokio", not(poolbridge_loom)))]
    if let Some(runtime) = super::tokio::ruling_clock() {
        return Some(Box::new(runtime));
    }
    None
}

/// The job starts: its queue deadline is off, its run deadline is on.
#[inline]
pub(crate) fn begin_run(cell: &CellRef) {
    if let Some((limit, clock)) = cell.plan(|plan| (plan.run_timeout, plan.clock.take())) {
        drop(cell.swap_timer(None, true));
        if let Some(limit) = limit {
            cell.plan(|plan| plan.run_deadline = now().checked_add(limit));
            // Not by what rules here: the worker may be a thread of a runtime that nobody drives.
            arm(cell, limit, Expired::Run, clock);
        }
    }
}

/// Sets the deadline, by `clock` or by ours; the task's end disarms it.
fn arm(cell: &CellRef, limit: Duration, why: Expired, clock: Option<Foreign>) {
    let target = cell.clone();
    let fire = move || {
        target.expire(why);
    };
    #[cfg(all(feature = "tokio", not(poolbridge_loom)))]
    let fire = match clock.and_then(super::tokio::recall) {
        Some(runtime) => match super::tokio::arm(&runtime, limit, fire) {
            Ok(timer) => return drop(cell.swap_timer(Some(timer), why == Expired::Run)),
            Err(fire) => fire,
        },
        None => fire,
    };
    #[cfg(not(all(feature = "tokio", not(poolbridge_loom))))]
    drop(clock);
    // A deadline beyond what the clock can say is none.
    if let Some(at) = now().checked_add(limit) {
        drop(cell.swap_timer(Some(Box::new(clock::arm(at, fire))), why == Expired::Run));
    }
}
