//! The limits of one job: on its time in the queue, and on its run.

use std::time::Duration;

use super::clock;
use crate::sync::{SharedArc, now};
use crate::task::cell::CellRef;
use crate::task::ruling::{Fire, RulingClock};
use crate::task::state::Expired;

/// The job has to start within `limit`.
pub(crate) fn arm_queue(cell: &CellRef, limit: Duration) {
    if let Some(clock) = cell.plan(|plan| plan.clock.clone()).flatten() {
        return arm(cell, limit, Expired::Queue, Some(&*clock));
    }
    #[cfg(all(feature = "tokio", not(poolbridge_loom)))]
    if let Some(clock) = super::tokio::ruling_clock() {
        return arm(cell, limit, Expired::Queue, Some(&clock));
    }
    arm(cell, limit, Expired::Queue, None);
}

/// The clock that rules here, if it is not ours: a run deadline follows that of its submission.
pub(crate) fn ruling_clock() -> Option<SharedArc<dyn RulingClock>> {
    #[cfg(all(feature = "tokio", not(poolbridge_loom)))]
    if let Some(clock) = super::tokio::ruling_clock() {
        return Some(SharedArc::new(clock));
    }
    None
}

/// The job starts: its queue deadline is off, its run deadline is on.
#[inline]
pub(crate) fn begin_run(cell: &CellRef) {
    // Who set one is an observer.
    if cell.state().is_observed() {
        begin_limited_run(cell);
    }
}

fn begin_limited_run(cell: &CellRef) {
    let limit = cell.plan(|plan| plan.run_timeout.map(|limit| (limit, plan.clock.clone())));
    if let Some(limit) = limit {
        drop(cell.swap_timer(None, true));
        if let Some((limit, clock)) = limit {
            arm(cell, limit, Expired::Run, clock.as_deref());
        }
    }
}

/// Sets the deadline, by `clock` or else by ours, whatever rules around the thread: a worker's may be
/// a runtime that nobody drives. The task's end disarms it.
fn arm(cell: &CellRef, limit: Duration, why: Expired, clock: Option<&dyn RulingClock>) {
    // A deadline beyond what the clock can say is none.
    let Some(at) = clock.map_or_else(now, |clock| clock.now()).checked_add(limit) else { return };
    let is_run = why == Expired::Run;
    if is_run {
        cell.plan(|plan| plan.run_deadline = Some(at));
    }
    let fire = Fire::Expire(cell.clone(), why);
    let timer: Box<dyn Send> = match clock {
        Some(clock) => clock.arm(at, fire),
        None => Box::new(clock::arm(at, fire)),
    };
    drop(cell.swap_timer(Some(timer), is_run));
}
