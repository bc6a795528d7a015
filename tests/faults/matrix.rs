//! User code that misbehaves: each place × each deed × each kind of executor.
//!
//! After each case every task has ended as it should, the executor works if it was not shut down, the
//! books show one worker at most, and every value was dropped exactly once.

use std::sync::Arc;

use poolbridge::{Cancel, Executor, Expired, Manual, Reason, Shutdown, Task, TaskError};

use crate::acts::{Acts, Held, Outcome};
use crate::deed::Deed;
use crate::kind::{Kind, hold, settle};
use crate::place::Place;
use crate::scene::Scene;
use crate::support::{Counter, outcome, poll_once};
use crate::tally::Tally;
use crate::watch::watch_all;

struct Case {
    place: Place,
    deed: Deed,
    kind: Kind,
    scene: Arc<Scene>,
    tally: Tally,
    manual: Option<Manual>,
    own_ran: Counter,
    victim_ran: Counter,
    bystander_ran: Counter,
}

/// A task that has to end, and how often its closure ran.
type Other = (Task<u32>, Counter);

impl Case {
    fn new(place: Place, deed: Deed, kind: Kind) -> Self {
        let (scene, tally) = (Scene::new(deed), Tally::default());
        let manual = kind.build(place, &scene, &tally);
        let [own_ran, victim_ran, bystander_ran] = Default::default();
        Self { place, deed, kind, scene, tally, manual, own_ran, victim_ran, bystander_ran }
    }

    fn run(self) {
        let Self { place, kind, scene, .. } = &self;
        hold(*kind, *place, scene);
        let mut others = Vec::new();
        // Where the deed is done as soon as the own task is submitted.
        let first = *kind == Kind::Inline || place.is_at_submission();
        if first && *kind != Kind::Inline {
            others = self.submit_others();
        }
        if first {
            scene.arm();
        }
        let manual = self.manual.as_ref();
        let acts = Acts { place: *place, kind: *kind, scene, tally: &self.tally, manual };
        let own = acts.submit(&self.own_ran);
        scene.set_own(&own);
        if !first {
            others = self.submit_others();
            scene.arm();
        }
        let held: Held = acts.prepare(own);
        scene.hold.open();
        let own = acts.finish(held);
        settle(manual, || scene.done.get() == 1);
        scene.drop_handed_back();
        self.check_own(own);
        self.check_others(others);
        self.check_deed();
        self.check_executor();
        self.end();
    }

    /// The one that the deed may cancel, and one that has nothing to do with it.
    fn submit_others(&self) -> Vec<Other> {
        let pool = self.scene.pool().unwrap();
        let tasks = [&self.victim_ran, &self.bystander_ran].map(|ran| {
            let (ran, count, capture) = (ran.clone(), ran.clone(), self.tally.value());
            let task = pool.submit(move || {
                drop(capture);
                ran.add();
                3
            });
            (task, count)
        });
        *self.scene.victim.lock().unwrap() = Some(tasks[0].0.canceller());
        tasks.into()
    }

    fn ended<T>(&self, task: Task<T>) -> Result<T, TaskError> {
        settle(self.manual.as_ref(), || task.status().is_done());
        outcome(task)
    }

    /// Whether nothing can run any more, for lack of worker state.
    fn is_broken(&self) -> bool {
        self.place == Place::Initializer && self.deed.panics()
    }

    fn check_own(&self, own: Option<Task<Outcome>>) {
        let polled = self.scene.polled.lock().unwrap().take();
        let Some(ended) = polled.or_else(|| own.map(|own| self.ended(own))) else {
            // The test gave its handle up.
            let ran = usize::from(self.place != Place::LimitedDrop);
            return assert_eq!(self.own_ran.get(), ran);
        };
        let answer = *self.scene.answer.lock().unwrap();
        let prevented = self.deed == Deed::CancelsOwn && answer == Some(Cancel::Prevented);
        let capture = matches!(self.place, Place::CaptureAfterRun | Place::LargeCaptureAfterRun);
        let spoilt = capture && self.deed.panics();
        match (ended, self.own_ran.get()) {
            (Ok((7, _)), 1) => assert!(!prevented && !spoilt),
            (Err(TaskError::Cancelled), 0) => {
                let early = self.place.is_early() && (self.deed.cancels_all() || prevented);
                let cancelled = self.place == Place::CaptureAtCancel || self.place.cancels_all();
                assert!(early || cancelled);
            }
            (Err(TaskError::TimedOut(Expired::Queue)), 0) => {
                assert_eq!(self.place, Place::CaptureAtDeadline);
            }
            (Err(TaskError::TimedOut(Expired::Await)), 0) => {
                assert_eq!(self.place, Place::DeadlineWake);
            }
            (Err(TaskError::Rejected(Reason::Full)), 0) => {
                assert_eq!(self.place, Place::CaptureRefused);
            }
            (Err(TaskError::Rejected(Reason::Displaced)), 0) => {
                assert_eq!(self.place, Place::CaptureDisplaced);
            }
            (Err(TaskError::Panicked(_)), 1) => assert!(spoilt),
            (Err(TaskError::Broken(_)), 0) => assert!(self.is_broken()),
            (other, ran) => panic!("ran {ran}: {:?}", other.map(|(n, _)| n)),
        }
    }

    fn check_others(&self, others: Vec<Other>) {
        let answer = *self.scene.answer.lock().unwrap();
        for (n, (task, ran)) in others.into_iter().enumerate() {
            let hit = n == 0 && self.deed == Deed::CancelsVictim;
            let prevented = hit && answer == Some(Cancel::Prevented);
            match self.ended(task) {
                Ok(3) => assert_eq!((ran.get(), prevented), (1, false)),
                Err(TaskError::Cancelled) => {
                    assert!(prevented || self.deed.cancels_all() || self.place.cancels_all());
                    assert_eq!(ran.get(), 0);
                }
                Err(TaskError::Rejected(Reason::Displaced)) => {
                    assert_eq!((self.place, ran.get()), (Place::CaptureDisplaced, 0));
                }
                Err(TaskError::Broken(_)) if self.is_broken() => assert_eq!(ran.get(), 0),
                other => panic!("task {n} behind: {other:?}"),
            }
        }
    }

    fn check_deed(&self) {
        let left = std::mem::take(&mut *self.scene.left.lock().unwrap());
        for task in left {
            match self.ended(task) {
                Ok(1) => {}
                Err(TaskError::Rejected(reason)) => assert!(self.may_refuse(&reason), "{reason}"),
                // A shutdown by the deed reached a job that had been given room.
                Err(TaskError::Cancelled) => assert!(self.deed.cancels_all()),
                other => panic!("submitted by the deed: {other:?}"),
            }
        }
        match self.scene.waited.lock().unwrap().take() {
            None => assert_ne!(self.deed, Deed::Waits),
            Some(Ok(1)) => {}
            // A lane's worker waits for a later job of that lane.
            Some(Err(TaskError::WouldDeadlock(_))) => {
                assert!(matches!(self.kind, Kind::Serial | Kind::Lane));
            }
            Some(Err(TaskError::Rejected(reason))) => assert!(self.may_refuse(&reason)),
            Some(other) => panic!("waited for {other:?}"),
        }
    }

    /// Whether what the deed submits may be refused so.
    fn may_refuse(&self, reason: &Reason) -> bool {
        match reason {
            Reason::Closed => self.place.ends_executor(),
            Reason::Full | Reason::Displaced => self.place.bound().is_some(),
            _ => false,
        }
    }

    /// It works, and the books are in order.
    fn check_executor(&self) {
        if !self.deed.leaves_a_handle() || self.place.ends_executor() {
            return;
        }
        for pool in [self.scene.pool().unwrap(), self.scene.base().unwrap()] {
            let last = self.ended(pool.submit(|| 5));
            if self.is_broken() {
                assert!(last.is_err());
            } else {
                assert_eq!(last.expect("works on"), 5);
            }
            settle(self.manual.as_ref(), || {
                let seen = pool.snapshot();
                assert!(seen.workers <= 1 && seen.idle <= seen.workers);
                seen.idle == seen.workers && seen.queued.is_empty() && seen.running.is_empty()
            });
        }
    }

    /// The executor's end, and that of every value.
    fn end(self) {
        let pools: Vec<Executor> =
            [self.scene.pool(), self.scene.base()].into_iter().flatten().collect();
        for pool in pools {
            let mut end = pool.shutdown(Shutdown::run_queued());
            settle(self.manual.as_ref(), || self.scene.is_over());
            let manual = self.manual.as_ref();
            let end = std::cell::RefCell::new(&mut end);
            settle(manual, || poll_once(&mut **end.borrow_mut()).is_ready());
        }
        settle(self.manual.as_ref(), || self.scene.is_over());
        self.scene.drop_handles();
        drop(self.manual);
        settle(None, || {
            let [made, dropped] = self.tally.counts();
            assert!(dropped <= made, "a value was dropped twice");
            made == dropped
        });
        assert_eq!(self.scene.done.get(), 1, "the deed was done once");
    }
}

fn all_of(kind: Kind) {
    let mut cases: Vec<(String, Box<dyn FnOnce() + Send>)> = Vec::new();
    for &place in Place::ALL {
        for deed in Deed::all().filter(|deed| place.fits(kind, *deed)) {
            let run = move || Case::new(place, deed, kind).run();
            cases.push((format!("{kind:?} {place:?} {deed:?}"), Box::new(run)));
        }
    }
    assert!(cases.len() > 100, "{} cases", cases.len());
    watch_all(cases);
}

#[test]
fn own_threads_stand_every_fault_of_user_code() {
    all_of(Kind::OwnThread);
}

#[test]
fn a_limited_view_stands_every_fault_of_user_code() {
    all_of(Kind::Limited);
}

#[test]
fn a_serial_view_stands_every_fault_of_user_code() {
    all_of(Kind::Serial);
}

#[test]
fn a_lane_stands_every_fault_of_user_code() {
    all_of(Kind::Lane);
}

#[test]
fn a_rayon_pool_stands_every_fault_of_user_code() {
    all_of(Kind::Rayon);
}

#[test]
fn a_blocking_pool_of_tokio_stands_every_fault_of_user_code() {
    all_of(Kind::Tokio);
}

#[test]
fn a_pool_of_futures_stands_every_fault_of_user_code() {
    all_of(Kind::Futures);
}

#[test]
fn an_inline_executor_stands_every_fault_of_user_code() {
    all_of(Kind::Inline);
}

#[test]
fn a_manual_executor_stands_every_fault_of_user_code() {
    all_of(Kind::Manual);
}
