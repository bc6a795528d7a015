//! An await that ends at a point of time.

use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::clock;
use crate::sync::{Mutex, SharedArc, is_made, now};
use crate::task::cell::CellRef;
use crate::task::contain::contain;
use crate::task::ruling::{self, RulingClock};

/// A clock that rules in the place of ours.
type Ruling = Option<SharedArc<dyn RulingClock>>;

/// Ready once a time has passed, by the clock that rules what is awaited, or else where it was made.
pub(crate) enum Sleep {
    /// Further off than the clock can say.
    Never,
    Own(OwnSleep),
    #[cfg(all(feature = "tokio", not(poolbridge_loom)))]
    Tokio(super::tokio::TokioSleep),
}

impl Sleep {
    /// To await this task with. The time runs from here on.
    pub(crate) fn over(cell: &CellRef, limit: Duration) -> Self {
        let clock = cell.plan(|plan| plan.clock.clone()).flatten();
        Self::by(clock.filter(|clock| clock.rules_awaits()), limit)
    }

    /// By this clock, or else by the one that rules here. The time runs from here on.
    pub(crate) fn by(clock: Ruling, limit: Duration) -> Self {
        if let Some(clock) = clock {
            let at = clock.now().checked_add(limit);
            return at.map_or(Sleep::Never, |at| Sleep::Own(OwnSleep::new(at, Some(clock))));
        }
        #[cfg(all(feature = "tokio", not(poolbridge_loom)))]
        if let Some(sleep) = super::tokio::TokioSleep::new(limit) {
            return Sleep::Tokio(sleep);
        }
        Self::own(limit)
    }

    fn own(limit: Duration) -> Self {
        now().checked_add(limit).map_or(Sleep::Never, |at| Sleep::Own(OwnSleep::new(at, None)))
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            Sleep::Never => Poll::Pending,
            Sleep::Own(sleep) => sleep.poll(cx),
            #[cfg(all(feature = "tokio", not(poolbridge_loom)))]
            Sleep::Tokio(sleep) => match sleep.poll(cx) {
                Ok(poll) => poll,
                // That runtime is gone, and its clock with it.
                Err(left) => {
                    *self = Self::own(left);
                    self.poll(cx)
                }
            },
        }
    }
}

/// By our own clock, or by one that rules. Armed at the first poll that has to wait.
pub(crate) struct OwnSleep {
    at: Instant,
    clock: Ruling,
    /// Made at the first poll that has to wait.
    waker: Option<SharedArc<Mutex<Option<Waker>>>>,
    armed: Option<Armed>,
}

impl OwnSleep {
    fn new(at: Instant, clock: Ruling) -> Self {
        Self { at, clock, waker: None, armed: None }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.clock.as_ref().map_or_else(now, |clock| clock.now()) >= self.at {
            self.armed = None;
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        let place = self.waker.get_or_insert_default();
        let old = place.lock().replace(waker);
        contain(|| drop(old));
        if self.armed.is_none() {
            let waker = SharedArc::clone(place);
            let fire = move || {
                let waker = waker.lock().take();
                if let Some(waker) = waker.filter(|_| is_made("wake")) {
                    Waker::wake(waker);
                }
            };
            self.armed = Some(match &self.clock {
                None => Armed::Own { _armed: clock::arm(self.at, fire) },
                Some(clock) => Armed::Ruled { _armed: clock.arm(self.at, Box::new(fire)) },
            });
        }
        Poll::Pending
    }
}

impl Drop for OwnSleep {
    fn drop(&mut self) {
        // User code, and perhaps the last of its kind: what fires has no more than our place for it.
        let waker = self.waker.as_ref().and_then(|place| place.lock().take());
        contain(|| drop(waker));
    }
}

/// Held until the time is over, or taken back by the drop.
enum Armed {
    Own { _armed: clock::Armed },
    Ruled { _armed: ruling::Armed },
}
