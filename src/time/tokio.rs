//! Tokio's clock, inside a tokio runtime that has one: also the paused clock of its tests.
//!
//! With a paused clock, our work in flight does not hold the time back as `spawn_blocking` does: a
//! runtime with nothing else to do jumps to the next deadline at once. Work on the runtime's own
//! blocking pool (`executor/tokio.rs`) does hold it back.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::{Handle, Id};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

use super::clock;
use crate::sync::{Mutex, SharedArc, now, thread_local};
use crate::task::contain::{contain, drop_payload};
use crate::task::ruling::{Armed, Fire, RulingClock};

thread_local! {
    /// The runtime that was asked last, and whether it has a clock.
    static ASKED: Cell<Option<(Id, bool)>> = Cell::new(None);
}

/// The clock of a runtime, there and elsewhere.
pub(super) struct RuntimeClock(Handle);

/// The clock of the runtime around us, if it has one.
pub(super) fn ruling_clock() -> Option<RuntimeClock> {
    runtime_with_clock().map(RuntimeClock)
}

fn runtime_with_clock() -> Option<Handle> {
    let handle = Handle::try_current().ok()?;
    let known = ASKED.try_with(Cell::get).ok()?.filter(|(id, _)| *id == handle.id());
    let has_clock = known.map_or_else(
        || {
            // Tokio does not say whether timers are enabled; making one panics if not, which the
            // panic hook reports once for each runtime and thread.
            let probe = || drop(tokio::time::sleep(Duration::ZERO));
            let has = catch_unwind(probe).map_err(drop_payload).is_ok();
            let _ = ASKED.try_with(|asked| asked.set(Some((handle.id(), has))));
            has
        },
        |(_, has)| has,
    );
    has_clock.then_some(handle)
}

/// A sleep by tokio's clock. Its timer is made at the first poll that has to wait.
pub(crate) struct TokioSleep {
    handle: Handle,
    /// `None`: further off than the clock can say.
    at: Option<Instant>,
    /// Not polled yet, and not over from the start.
    is_fresh: bool,
    timer: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl TokioSleep {
    /// `None` where tokio's clock does not rule.
    pub(super) fn new(limit: Duration) -> Option<Self> {
        let handle = runtime_with_clock()?;
        let at = Instant::now().checked_add(limit);
        Some(Self { handle, at, is_fresh: !limit.is_zero(), timer: None })
    }

    /// The error says how much time was left when the runtime went away.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Result<Poll<()>, Duration> {
        let Some(at) = self.at else { return Ok(Poll::Pending) };
        let Self { handle, timer, is_fresh, .. } = self;
        // The clock was looked at when the limit was set. If the time is over by now, the timer fires in
        // the runtime's next turn.
        let is_fresh = std::mem::take(is_fresh);
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let _inside = handle.enter();
            if !is_fresh && Instant::now() >= at {
                return Poll::Ready(());
            }
            let timer = timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
            // Outside of the cooperative budget, which a foreign `block_on` never refills.
            let mut free = std::pin::pin!(tokio::task::unconstrained(timer.as_mut()));
            free.as_mut().poll(cx)
        }));
        polled.map_err(|payload| {
            drop_payload(payload);
            at.saturating_duration_since(Instant::now())
        })
    }
}

impl Drop for TokioSleep {
    fn drop(&mut self) {
        // With the waker of who waited: user code.
        let timer = self.timer.take();
        contain(|| drop(timer));
    }
}

/// What is to happen at a deadline; taken by whoever comes first, the time or the disarming.
type Shot = SharedArc<Mutex<Option<Fire>>>;

struct Disarm {
    shot: Shot,
    task: AbortHandle,
}

impl Drop for Disarm {
    fn drop(&mut self) {
        let shot = self.shot.lock().take();
        if let Some(shot) = shot {
            shot.discard();
        }
        self.task.abort();
    }
}

/// Falls back to our own clock if the runtime goes away with the deadline still to come.
struct Guard {
    shot: Shot,
    at: Instant,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let left = self.at.saturating_duration_since(Instant::now());
        let waiting = self.shot.lock().is_some();
        if let (true, Some(at)) = (waiting, now().checked_add(left)) {
            let shot = SharedArc::clone(&self.shot);
            // Left in place for good: disarmed, it finds nothing to fire.
            std::mem::forget(clock::arm(at, Fire::call(move || fire(&shot))));
        }
    }
}

fn fire(shot: &Shot) {
    let shot = shot.lock().take();
    if let Some(shot) = shot {
        shot.fire();
    }
}

impl RulingClock for RuntimeClock {
    fn now(&self) -> std::time::Instant {
        let _inside = self.0.enter();
        Instant::now().into_std()
    }

    fn arm(&self, at: std::time::Instant, what: Fire) -> Armed {
        let shot = SharedArc::new(Mutex::new(Some(what)));
        let guard = Guard { shot: SharedArc::clone(&shot), at: Instant::from_std(at) };
        let task = self.0.spawn(async move {
            let mut timer = std::pin::pin!(tokio::task::unconstrained(sleep_until(guard.at)));
            poll_fn(|cx| timer.as_mut().poll(cx)).await;
            fire(&guard.shot);
        });
        Box::new(Disarm { shot, task: task.abort_handle() })
    }

    /// An await follows the runtime that it is in.
    fn rules_awaits(&self) -> bool {
        false
    }
}
