//! Running one job: worker state, hooks, books.

use std::any::Any;
use std::rc::Rc;

use super::core::CoreRef;
use super::lines::Held;
use super::seat::{self, SeatGuard};
use crate::task::body::Owner;
use crate::task::contain::{contain, drop_payload};
use crate::task::context::Context;
use crate::task::ending::Ended;
use crate::task::error::Broken;
use crate::time::deadline;

/// Makes this worker's state and seats it.
pub(super) fn initialize(core: &CoreRef) -> Result<SeatGuard, Broken> {
    let state: Option<Rc<dyn Any>> = match &core.config.initializer {
        None => None,
        Some(make) => match std::panic::catch_unwind(std::panic::AssertUnwindSafe(make)) {
            Ok(Ok(state)) => Some(state),
            Ok(Err(cause)) => {
                return Err(Broken::new("the executor's initializer failed", Some(cause)));
            }
            Err(payload) => {
                let text = payload.downcast_ref::<&'static str>().map(ToString::to_string);
                let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
                drop_payload(payload);
                return Err(Broken::new(
                    "the executor's initializer panicked",
                    text.map(Into::into),
                ));
            }
        },
    };
    Ok(seat::take(core, state))
}

/// Runs a job that is entered among the running, on a thread that is no worker or busy as one.
pub(super) fn run_here(core: &CoreRef, owner: Owner, held: Held) {
    let ended = execute(core, owner);
    let over = {
        let mut queue = core.lock();
        queue.end(held);
        queue.take_over()
    };
    ended.release();
    core.tell(over);
}

/// Runs one job with its hooks and its run deadline.
#[inline]
pub(super) fn execute(core: &CoreRef, owner: Owner) -> Ended {
    deadline::begin_run(owner.cell());
    if let Some(hook) = &core.config.before_job {
        let cx = Context::new(owner.cell().clone());
        contain(|| hook(&cx));
    }
    let ended = owner.execute();
    if let Some(hook) = &core.config.after_job {
        let cx = Context::new(ended.cell().clone());
        contain(|| hook(&cx));
    }
    ended
}
