//! How the user code of a case gets to its place: into the own task, or beside it.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use poolbridge::{
    Cancel, Context, Manual, Shutdown, Stopped, SubmitWhenReady, Task, Termination, Timeout,
};

use crate::kind::{Kind, settle};
use crate::place::Place::{self, *};
use crate::scene::Scene;
use crate::support::{Counter, FAR, eventually, poll_once, poll_with};
use crate::tally::{Tally, Value};
use crate::waker::waker;

/// What the own task ends with. Shared, because a callback elsewhere gets a clone.
pub(crate) type Outcome = (u32, Option<Arc<Value>>);

type Closure = Box<dyn FnOnce() -> u32 + Send>;

/// By the manual clock, which passes it in one step.
const LIMIT: Duration = Duration::from_secs(1);

thread_local! {
    /// Dropped when the thread ends.
    static KEPT: RefCell<Vec<Value>> = const { RefCell::new(Vec::new()) };
}

/// A case, as far as its user code goes.
pub(crate) struct Acts<'a> {
    pub(crate) place: Place,
    pub(crate) kind: Kind,
    pub(crate) scene: &'a Arc<Scene>,
    pub(crate) tally: &'a Tally,
    pub(crate) manual: Option<&'a Manual>,
}

/// What the test holds while the worker goes on.
pub(crate) enum Held {
    Task(Task<Outcome>),
    Stopped(Task<Outcome>, Stopped),
    Limited(Timeout<Outcome>),
    Room(Task<Outcome>, SubmitWhenReady<u32, Closure>),
    End(Task<Outcome>, Termination),
    Nothing,
}

impl Acts<'_> {
    /// Submits the own task.
    pub(crate) fn submit(&self, ran: &Counter) -> Task<Outcome> {
        let pool = self.scene.pool().unwrap();
        let body = self.body(ran);
        let large = [7_u8; 500];
        match self.place {
            LargeCaptureAfterRun => pool.submit_with(move |cx| {
                let _large = &large;
                body(cx)
            }),
            CaptureAtDeadline => {
                let limit = if self.kind == Kind::Manual { LIMIT } else { Duration::ZERO };
                pool.job_with(body).queue_timeout(limit).submit()
            }
            OnAbandoned => {
                let (acts, counted) = (Arc::clone(self.scene), self.tally.value());
                let reclaim = move |late| {
                    let _counted = (&counted, late);
                    acts.act();
                };
                pool.job_with(body).on_abandoned(reclaim).submit()
            }
            _ => pool.submit_with(body),
        }
    }

    fn body(&self, ran: &Counter) -> impl FnOnce(&Context) -> Outcome + Send + 'static + use<> {
        let place = self.place;
        let value = |acts| if acts { self.tally.acting(self.scene) } else { self.tally.value() };
        let capture = value(matches!(
            place,
            CaptureAfterRun
                | LargeCaptureAfterRun
                | CaptureAtCancel
                | CaptureAtDeadline
                | CaptureRefused
                | CaptureDisplaced
                | CaptureAtShutdown
                | CaptureHandedBack
        ));
        let outcome = match place {
            // rustc leaks what a function returns if one of its destructors panics then (#47949).
            CaptureAfterRun | LargeCaptureAfterRun => None,
            _ => Some(Arc::new(value(matches!(place, OutcomeOnWorker | OutcomeOfHandle)))),
        };
        let payload = (place == PanicPayload).then(|| value(true));
        let kept = (place == ThreadLocal).then(|| value(true));
        let hook = value(false);
        let (scene, ran) = (Arc::clone(self.scene), ran.clone());
        let waits = place == CancelHookOutside || place == OnAbandoned && self.kind.can_be_held();
        move |cx| {
            ran.add();
            let _capture = &capture;
            if matches!(place, CancelHookInside | CancelHookOutside) {
                let acts = Arc::clone(&scene);
                cx.on_cancel(move || {
                    let _hook = &hook;
                    acts.act();
                });
            }
            if place == CancelHookInside {
                let own = scene.own.lock().unwrap().clone();
                assert_eq!(own.map(|own| own.cancel()), Some(Cancel::Requested));
            }
            if waits {
                scene.begun.open();
                scene.go.pass();
            }
            KEPT.with_borrow_mut(|values| values.extend(kept));
            if let Some(payload) = payload {
                std::panic::panic_any(payload);
            }
            (7, outcome)
        }
    }

    /// Before the worker is let go: callbacks and wakers are put in, what is queued is withdrawn.
    pub(crate) fn prepare(&self, mut own: Task<Outcome>) -> Held {
        let pool = self.scene.pool();
        match self.place {
            place if place.is_waker() => return self.await_with_waker(own),
            CaptureAtCancel => assert_eq!(own.cancel(), Cancel::Prevented),
            CaptureAtDeadline => {
                self.pass_limit();
                // The worker is held until then.
                eventually(|| self.scene.done.get() == 1);
            }
            CaptureDisplaced => pool.into_iter().for_each(|pool| pool.submit(|| 1).detach()),
            CaptureAtShutdown => {
                let end = pool.map(|pool| pool.shutdown(Shutdown::cancel_queued()));
                self.scene.terminations.lock().unwrap().extend(end);
            }
            CaptureHandedBack => {
                let mut end = pool.unwrap().shutdown(Shutdown::hand_back());
                drop(end.take_handed_back());
                self.scene.terminations.lock().unwrap().push(end);
            }
            RoomWake => {
                let counted = self.tally.value();
                let job: Closure = Box::new(move || u32::from(std::mem::size_of_val(&counted) > 0));
                let mut ready = pool.unwrap().submit_when_ready(job);
                assert!(poll_with(&mut ready, &self.waker()).is_pending());
                return Held::Room(own, ready);
            }
            EndWake => {
                let mut end = pool.unwrap().shutdown(Shutdown::run_queued());
                assert!(poll_with(&mut end, &self.waker()).is_pending());
                return Held::End(own, end);
            }
            _ => self.add_callback(&mut own),
        }
        Held::Task(own)
    }

    fn waker(&self) -> Waker {
        waker(self.place, self.scene, self.tally.value())
    }

    fn pass_limit(&self) {
        if let Some(manual) = self.manual {
            manual.advance(LIMIT);
        }
    }

    fn add_callback(&self, own: &mut Task<Outcome>) {
        let (acts, counted) = (Arc::clone(self.scene), self.tally.value());
        match self.place {
            CallbackBody => {
                own.add_done_callback(move |_| {
                    let _counted = &counted;
                    acts.act();
                });
            }
            CallbackCaptures | CallbackRemoved => {
                let capture = self.tally.acting(self.scene);
                let id = own.add_done_callback(move |_| {
                    let _capture = &capture;
                });
                if self.place == CallbackRemoved {
                    own.remove_done_callback(id);
                }
            }
            CallbackOnExecutor => {
                let pool = self.scene.pool().unwrap();
                own.add_done_callback_on(&pool, move |outcome| {
                    let _counted = (&counted, outcome);
                    acts.act();
                });
            }
            _ => {}
        }
    }

    fn await_with_waker(&self, mut own: Task<Outcome>) -> Held {
        let waker = std::mem::ManuallyDrop::new(self.waker());
        let held = if self.place == StoppedWake {
            let mut stopped = own.stopped();
            assert!(poll_with(&mut stopped, &waker).is_pending());
            Held::Stopped(own, stopped)
        } else if self.place.is_limited() {
            self.await_limited(own, &waker)
        } else {
            // The clone is made in the poller's own call.
            let polled = catch_unwind(AssertUnwindSafe(|| poll_with(&mut own, &waker)));
            let cloned = self.place == WakerClone && self.scene.deed.panics();
            assert_eq!(polled.is_err(), cloned);
            match polled {
                Ok(Poll::Pending) => {}
                Ok(Poll::Ready(outcome)) => {
                    *self.scene.polled.lock().unwrap() = Some(outcome);
                }
                Err(payload) => drop(catch_unwind(AssertUnwindSafe(|| drop(payload)))),
            }
            if self.place == WakerDrop {
                // Another one takes its place: the crate's clone is dropped.
                let _ = poll_once(&mut own);
            }
            Held::Task(own)
        };
        // Whatever was to be dropped by the crate has been.
        let last = std::mem::ManuallyDrop::into_inner(waker);
        let _ = catch_unwind(AssertUnwindSafe(|| drop(last)));
        held
    }

    fn await_limited(&self, own: Task<Outcome>, waker: &Waker) -> Held {
        let short = self.place == DeadlineWake && self.kind != Kind::Manual;
        let limit = if short { Duration::from_millis(1) } else { LIMIT };
        let mut limited = own.timeout(if self.place == DeadlineWake { limit } else { FAR });
        match poll_with(&mut limited, waker) {
            Poll::Pending => {}
            // A slow machine: the time was over before the first look.
            Poll::Ready(outcome) => {
                *self.scene.polled.lock().unwrap() = Some(outcome);
                self.scene.act();
                return Held::Nothing;
            }
        }
        if self.place == LimitedDrop {
            drop(limited);
            return Held::Nothing;
        }
        if self.place == DeadlineWake {
            self.pass_limit();
            eventually(|| self.scene.done.get() == 1);
            // Before the worker is let go: the task's own end would win.
            let Poll::Ready(outcome) = poll_once(&mut limited) else { panic!("timed out") };
            *self.scene.polled.lock().unwrap() = Some(outcome);
            return Held::Nothing;
        }
        Held::Limited(limited)
    }

    /// When the worker is let go.
    pub(crate) fn finish(&self, held: Held) -> Option<Task<Outcome>> {
        let done = || settle(self.manual, || self.scene.done.get() == 1);
        match held {
            Held::Task(own) => return self.finish_task(own),
            Held::Stopped(own, stopped) => {
                done();
                drop(stopped);
                return Some(own);
            }
            Held::Limited(limited) => {
                done();
                return Some(limited.into_inner());
            }
            Held::Room(own, mut ready) => {
                done();
                let ready = RefCell::new(&mut ready);
                settle(self.manual, || match poll_once(&mut **ready.borrow_mut()) {
                    Poll::Pending => false,
                    Poll::Ready(Ok(task)) => {
                        self.scene.left.lock().unwrap().push(task);
                        true
                    }
                    Poll::Ready(Err(_)) => true,
                });
                return Some(own);
            }
            Held::End(own, end) => {
                done();
                self.scene.terminations.lock().unwrap().push(end);
                return Some(own);
            }
            Held::Nothing => {}
        }
        None
    }

    fn finish_task(&self, own: Task<Outcome>) -> Option<Task<Outcome>> {
        match self.place {
            CancelHookOutside => {
                self.scene.begun.pass();
                assert_eq!(own.cancel(), Cancel::Requested);
                self.scene.go.open();
            }
            OnAbandoned if self.kind.can_be_held() => {
                self.scene.begun.pass();
                drop(own);
                self.scene.go.open();
                return None;
            }
            OutcomeOfHandle | OnAbandoned => {
                settle(self.manual, || own.status().is_done());
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
