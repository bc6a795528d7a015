//! An await that ends at a point of time.

use std::ptr;
use std::task::{Context, Poll, RawWakerVTable, Waker};
use std::time::{Duration, Instant};

use super::clock;
use crate::sync::{SharedArc, now};
use crate::task::cell::CellRef;
use crate::task::ruling::{self, Fire, RulingClock};

/// A clock that rules in the place of ours.
type Ruling = SharedArc<dyn RulingClock>;

/// Ready once a time has passed, by the clock that rules what is awaited, or else where it was made.
pub(crate) enum Sleep {
    /// Further off than the clock can say.
    Never,
    Own(OwnSleep),
    Ruled(Box<RuledSleep>),
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
    pub(crate) fn by(clock: Option<Ruling>, limit: Duration) -> Self {
        if let Some(clock) = clock {
            let at = clock.now().checked_add(limit);
            let ruled = |at| Sleep::Ruled(Box::new(RuledSleep { at, clock, set: None }));
            return at.map_or(Sleep::Never, ruled);
        }
        #[cfg(all(feature = "tokio", not(poolbridge_loom)))]
        if let Some(sleep) = super::tokio::TokioSleep::new(limit) {
            return Sleep::Tokio(sleep);
        }
        Self::own(limit)
    }

    fn own(limit: Duration) -> Self {
        now().checked_add(limit).map_or(Sleep::Never, |at| Sleep::Own(OwnSleep::Fresh(at)))
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            Sleep::Never => Poll::Pending,
            Sleep::Own(sleep) => sleep.poll(cx),
            Sleep::Ruled(sleep) => sleep.poll(cx),
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

/// By our own clock.
pub(crate) enum OwnSleep {
    /// It had to wait for nothing yet.
    Fresh(Instant),
    Set(clock::Armed, WakerId),
}

impl OwnSleep {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (at, known) = match self {
            OwnSleep::Fresh(at) => (*at, None),
            OwnSleep::Set(armed, waker) => (armed.at(), Some(*waker)),
        };
        if now() >= at {
            *self = OwnSleep::Fresh(at);
            return Poll::Ready(());
        }
        if known != Some(WakerId::of(cx.waker())) {
            let (waker, id) = WakerId::of_clone(cx.waker());
            *self = OwnSleep::Set(clock::arm(at, Fire::Wake(waker)), id);
        }
        Poll::Pending
    }
}

/// By the task's clock.
pub(crate) struct RuledSleep {
    at: Instant,
    clock: Ruling,
    set: Option<(ruling::Armed, WakerId)>,
}

impl RuledSleep {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.clock.now() >= self.at {
            self.set = None;
            return Poll::Ready(());
        }
        let waker = WakerId::of(cx.waker());
        if self.set.as_ref().is_none_or(|(_, known)| *known != waker) {
            let (waker, id) = WakerId::of_clone(cx.waker());
            self.set = Some((self.clock.arm(self.at, Fire::Wake(waker)), id));
        }
        Poll::Pending
    }
}

/// A waker that the clock has, as [`Waker::will_wake`] compares them: that of the clone itself, since what was
/// cloned may have lain in a place where another one lies now. No other can come to the clone's address
/// before the clock gives it up, which it does when the time is over.
#[derive(Clone, Copy)]
pub(crate) struct WakerId {
    data: usize,
    vtable: &'static RawWakerVTable,
}

impl WakerId {
    fn of_clone(waker: &Waker) -> (Waker, Self) {
        let clone = waker.clone();
        let id = Self::of(&clone);
        (clone, id)
    }

    fn of(waker: &Waker) -> Self {
        Self { data: waker.data().addr(), vtable: waker.vtable() }
    }
}

impl PartialEq for WakerId {
    fn eq(&self, other: &Self) -> bool {
        self.data == other.data && ptr::eq(self.vtable, other.vtable)
    }
}
