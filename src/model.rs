//! For models of your own: what loom has no notion of, put into your hands.
//!
//! Only there under `--cfg poolbridge_loom`, where every thread, lock and atomic of this crate is
//! loom's: a worker of `Executor::threads()` is a loom thread, a blocked one is loom's to wake.
//! Time stands still until [`pass`]; threads that cannot be started, waits that time out or wake for
//! nothing come from a [`Plan`]. The default executor is a new one in each execution, with two threads that
//! leave as soon as they are idle; one that you make yourself has to be dropped before the end. The README's section "Loom-check your own code" has an example, and
//! `loom-tests/downstream` a package that does it.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

pub use crate::sync::model::plan::Plan;

use crate::sync::Parker;
use crate::sync::model::plan;

/// Begins an execution: the first thing in the closure that `loom::model` is given. The clock stands at
/// its beginning, and what `plan` says happens, counted from here.
pub fn begin(plan: Plan) {
    plan::begin(plan);
}

/// Lets the time pass: what is due by then fires, on this thread. Call it from a thread of its own to
/// have it happen at any moment.
pub fn pass(time: Duration) {
    plan::advance(time);
    crate::time::clock::clock().fire_due();
}

/// Runs a future to its end on this thread. loom's own `block_on` and `park` wake more, and order more,
/// than real ones do.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let parker = Parker::new();
    let waker = parker.waker();
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => parker.park(),
        }
    }
}
