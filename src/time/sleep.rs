//! An await that ends at a point of time.

use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::clock::{self, Armed};
use crate::sync::{Mutex, SharedArc, now};
use crate::task::contain::contain;

/// Ready once a time has passed, by the clock that rules where it was made.
pub(crate) enum Sleep {
    /// Further off than the clock can say.
    Never,
    Own(OwnSleep),
    #[cfg(all(feature = "tokio", not(poolbridge_loom)))]
    Tokio(super::tokio::TokioSleep),
}

impl Sleep {
    /// The time runs from here on.
    pub(crate) fn new(limit: Duration) -> Self {
        #[cfg(all(feature = "tokio", not(poolbridge_loom)))]
        if let Some(sleep) = super::tokio::TokioSleep::new(limit) {
            return Sleep::Tokio(sleep);
        }
        now().checked_add(limit).map_or(Sleep::Never, |at| Sleep::Own(OwnSleep::new(at)))
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
                    *self = now()
                        .checked_add(left)
                        .map_or(Sleep::Never, |at| Sleep::Own(OwnSleep::new(at)));
                    self.poll(cx)
                }
            },
        }
    }
}

/// By our own clock. Armed at the first poll that has to wait.
pub(crate) struct OwnSleep {
    at: Instant,
    waker: SharedArc<Mutex<Option<Waker>>>,
    armed: Option<Armed>,
}

impl OwnSleep {
    fn new(at: Instant) -> Self {
        Self { at, waker: SharedArc::default(), armed: None }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if now() >= self.at {
            self.armed = None;
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        let old = self.waker.lock().replace(waker);
        contain(|| drop(old));
        if self.armed.is_none() {
            let waker = SharedArc::clone(&self.waker);
            self.armed = Some(clock::arm(self.at, move || {
                let waker = waker.lock().take();
                if let Some(waker) = waker {
                    waker.wake();
                }
            }));
        }
        Poll::Pending
    }
}
