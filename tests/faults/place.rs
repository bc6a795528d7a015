//! Where user code is run by the crate.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use poolbridge::{Cancel, Context, Manual, Stopped, Task};

use crate::deed::Deed;
use crate::kind::{Kind, settle};
use crate::scene::Scene;
use crate::support::{Counter, eventually, poll_once, poll_with};
use crate::tally::{Tally, Value};
use crate::waker::waker;

/// What the own task ends with. Shared, because a callback elsewhere gets a clone.
pub(crate) type Outcome = (u32, Arc<Value>);

const LIMIT: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    CaptureAfterRun,
    LargeCaptureAfterRun,
    CaptureAtCancel,
    CaptureAtDeadline,
    /// Of a detached task.
    OutcomeOnWorker,
    /// Of a task that is dropped when it is over.
    OutcomeOfHandle,
    PanicPayload,
    CallbackBody,
    CallbackCaptures,
    CallbackRemoved,
    CallbackOnExecutor,
    WakerWake,
    WakerClone,
    WakerDrop,
    StoppedWake,
    BeforeJob,
    AfterJob,
    ThreadStart,
    ThreadStop,
    Initializer,
    StateDrop,
    /// Asked to stop by the closure itself.
    CancelHookInside,
    /// Asked to stop by another thread.
    CancelHookOutside,
    OnAbandoned,
}

use Place::*;

impl Place {
    pub(crate) const ALL: [Self; 24] = [
        CaptureAfterRun,
        LargeCaptureAfterRun,
        CaptureAtCancel,
        CaptureAtDeadline,
        OutcomeOnWorker,
        OutcomeOfHandle,
        PanicPayload,
        CallbackBody,
        CallbackCaptures,
        CallbackRemoved,
        CallbackOnExecutor,
        WakerWake,
        WakerClone,
        WakerDrop,
        StoppedWake,
        BeforeJob,
        AfterJob,
        ThreadStart,
        ThreadStop,
        Initializer,
        StateDrop,
        CancelHookInside,
        CancelHookOutside,
        OnAbandoned,
    ];

    /// Whether there is such a place, and the deed is legal there.
    pub(crate) fn fits(self, kind: Kind, deed: Deed) -> bool {
        let of_threads = matches!(self, ThreadStart | ThreadStop | Initializer | StateDrop);
        if of_threads && !kind.has_own_threads() {
            return false;
        }
        let wants_queue = matches!(self, CaptureAtCancel | CaptureAtDeadline | CancelHookInside);
        let wants_queue = wants_queue || self.is_waker() || deed == Deed::CancelsVictim;
        if kind == Kind::Inline && wants_queue || self == CancelHookOutside && !kind.can_be_held() {
            return false;
        }
        deed != Deed::Waits || self.may_wait(kind)
    }

    /// Whether a wait there for another job of the one thread can end.
    fn may_wait(self, kind: Kind) -> bool {
        match self {
            // Only this thread could run it.
            ThreadStart | Initializer => false,
            // The thread waits until the hook is over, so that it hits no later job.
            CancelHookOutside => false,
            _ => kind != Kind::Manual || self.in_run(),
        }
    }

    fn is_waker(self) -> bool {
        matches!(self, WakerWake | WakerClone | WakerDrop | StoppedWake)
    }

    /// Whether a worker does it, in the midst of its turn.
    fn in_run(self) -> bool {
        !matches!(
            self,
            CaptureAtCancel
                | CaptureAtDeadline
                | OutcomeOfHandle
                | CallbackRemoved
                | WakerClone
                | WakerDrop
                | OnAbandoned
        )
    }

    /// Whether the deed is done before the own task has started, perhaps.
    pub(crate) fn is_early(self) -> bool {
        matches!(self, ThreadStart | Initializer | CallbackRemoved | WakerClone | WakerDrop)
    }

    /// Submits the own task.
    pub(crate) fn submit(
        self,
        kind: Kind,
        scene: &Arc<Scene>,
        tally: &Tally,
        ran: &Counter,
    ) -> Task<Outcome> {
        let pool = scene.pool().unwrap();
        let body = self.body(kind, scene, tally, ran);
        let large = [7_u8; 500];
        match self {
            LargeCaptureAfterRun => pool.submit_with(move |cx| {
                let _large = &large;
                body(cx)
            }),
            CaptureAtDeadline => {
                let limit = if kind == Kind::Manual { LIMIT } else { Duration::ZERO };
                pool.job_with(body).queue_timeout(limit).submit()
            }
            OnAbandoned => {
                let (acts, counted) = (Arc::clone(scene), tally.value());
                let reclaim = move |late| {
                    let _counted = (&counted, late);
                    acts.act();
                };
                pool.job_with(body).on_abandoned(reclaim).submit()
            }
            _ => pool.submit_with(body),
        }
    }

    fn body(
        self,
        kind: Kind,
        scene: &Arc<Scene>,
        tally: &Tally,
        ran: &Counter,
    ) -> impl FnOnce(&Context) -> Outcome + Send + 'static + use<> {
        let acting = |acts: bool| if acts { tally.acting(scene) } else { tally.value() };
        let capture = acting(matches!(
            self,
            CaptureAfterRun | LargeCaptureAfterRun | CaptureAtCancel | CaptureAtDeadline
        ));
        let outcome = match self {
            // rustc leaks what a function returns if one of its destructors panics then (#47949).
            CaptureAfterRun | LargeCaptureAfterRun => Tally::default().value(),
            _ => acting(matches!(self, OutcomeOnWorker | OutcomeOfHandle)),
        };
        let payload = (self == PanicPayload).then(|| acting(true));
        let hook = acting(false);
        let (scene, ran) = (Arc::clone(scene), ran.clone());
        let waits = self == CancelHookOutside || self == OnAbandoned && kind.can_be_held();
        move |cx| {
            ran.add();
            let _capture = &capture;
            if matches!(self, CancelHookInside | CancelHookOutside) {
                let acts = Arc::clone(&scene);
                cx.on_cancel(move || {
                    let _hook = &hook;
                    acts.act();
                });
            }
            if self == CancelHookInside {
                let own = scene.own.lock().unwrap().clone();
                assert_eq!(own.map(|own| own.cancel()), Some(Cancel::Requested));
            }
            if waits {
                scene.begun.open();
                scene.go.pass();
            }
            if let Some(payload) = payload {
                std::panic::panic_any(payload);
            }
            (7, Arc::new(outcome))
        }
    }

    /// Before the worker is let go: callbacks and wakers are put in, what is queued is withdrawn.
    pub(crate) fn prepare(
        self,
        scene: &Arc<Scene>,
        tally: &Tally,
        own: &mut Task<Outcome>,
        manual: Option<&Manual>,
    ) -> Option<Stopped> {
        let acts = Arc::clone(scene);
        match self {
            CallbackBody => {
                let counted = tally.value();
                own.add_done_callback(move |_| {
                    let _counted = &counted;
                    acts.act();
                });
            }
            CallbackCaptures | CallbackRemoved => {
                let capture = tally.acting(scene);
                let id = own.add_done_callback(move |_| {
                    let _capture = &capture;
                });
                if self == CallbackRemoved {
                    own.remove_done_callback(id);
                }
            }
            CallbackOnExecutor => {
                let (pool, counted) = (scene.pool().unwrap(), tally.value());
                own.add_done_callback_on(&pool, move |outcome| {
                    let _counted = (&counted, outcome);
                    acts.act();
                });
            }
            CaptureAtCancel => assert_eq!(own.cancel(), Cancel::Prevented),
            CaptureAtDeadline => {
                if let Some(manual) = manual {
                    manual.advance(LIMIT);
                }
                // The worker is held until then.
                eventually(|| scene.done.get() == 1);
            }
            _ if self.is_waker() => return self.poll(scene, tally, own),
            _ => {}
        }
        None
    }

    fn poll(self, scene: &Arc<Scene>, tally: &Tally, own: &mut Task<Outcome>) -> Option<Stopped> {
        let waker = waker(self, scene, tally.value());
        if self == StoppedWake {
            let mut stopped = own.stopped();
            assert!(poll_with(&mut stopped, &waker).is_pending());
            return Some(stopped);
        }
        // The clone is made in the poller's own call.
        let polled = catch_unwind(AssertUnwindSafe(|| poll_with(own, &waker)));
        assert_eq!(polled.is_err(), self == WakerClone && scene.deed == Deed::Panics);
        if let Ok(Poll::Ready(outcome)) = polled {
            *scene.polled.lock().unwrap() = Some(outcome);
        }
        if self == WakerDrop {
            // Another one takes its place; what acts is the crate's clone, not this one.
            let waker = std::mem::ManuallyDrop::new(waker);
            let _ = poll_once(own);
            drop(catch_unwind(AssertUnwindSafe(|| {
                drop(std::mem::ManuallyDrop::into_inner(waker))
            })));
        }
        None
    }

    /// When the worker is let go.
    pub(crate) fn finish(
        self,
        kind: Kind,
        scene: &Scene,
        own: Task<Outcome>,
        manual: Option<&Manual>,
    ) -> Option<Task<Outcome>> {
        match self {
            CancelHookOutside => {
                scene.begun.pass();
                assert_eq!(own.cancel(), Cancel::Requested);
                scene.go.open();
            }
            OnAbandoned if kind.can_be_held() => {
                scene.begun.pass();
                drop(own);
                scene.go.open();
                return None;
            }
            OutcomeOfHandle | OnAbandoned => {
                settle(manual, || own.status().is_done());
                drop(own);
                return None;
            }
            OutcomeOnWorker | PanicPayload => {
                own.detach();
                return None;
            }
            _ => {}
        }
        Some(own)
    }
}
