//! One case: the executor, the tasks in it, and the deed that is done once, at some place.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use poolbridge::{Cancel, Canceller, Executor, Task, TaskError, TaskId, Termination};

use crate::acts::Outcome;
use crate::deed::Deed;
use crate::support::{Counter, Gate, poll_once};
use crate::tally::BadPayload;

/// What a place's user code shares with the test.
pub(crate) struct Scene {
    pub(crate) deed: Deed,
    armed: AtomicBool,
    pub(crate) done: Counter,
    /// Opened to let the one worker go on.
    pub(crate) hold: Gate,
    /// The own task runs, and may go on.
    pub(crate) begun: Gate,
    pub(crate) go: Gate,
    /// All handles of the executor: the view under test, and what it is a view of.
    handles: Mutex<Option<(Executor, Option<Executor>)>>,
    pub(crate) own: Mutex<Option<Canceller>>,
    own_id: Mutex<Option<TaskId>>,
    pub(crate) victim: Mutex<Option<Canceller>>,
    pub(crate) answer: Mutex<Option<Cancel>>,
    /// What the deed has submitted.
    pub(crate) left: Mutex<Vec<Task<u32>>>,
    pub(crate) waited: Mutex<Option<Result<u32, TaskError>>>,
    /// The end of the own task, if the first poll has found it.
    pub(crate) polled: Mutex<Option<Result<Outcome, TaskError>>>,
    pub(crate) terminations: Mutex<Vec<Termination>>,
}

impl Scene {
    pub(crate) fn new(deed: Deed) -> Arc<Self> {
        Arc::new(Self {
            deed,
            armed: AtomicBool::new(false),
            done: Counter::new(),
            hold: Gate::new(),
            begun: Gate::new(),
            go: Gate::new(),
            handles: Mutex::default(),
            own: Mutex::default(),
            own_id: Mutex::default(),
            victim: Mutex::default(),
            answer: Mutex::default(),
            left: Mutex::default(),
            waited: Mutex::default(),
            polled: Mutex::default(),
            terminations: Mutex::default(),
        })
    }

    pub(crate) fn set_pool(&self, pool: Executor, base: Option<Executor>) {
        *self.handles.lock().unwrap() = Some((pool, base));
    }

    /// A handle, if there is one left.
    pub(crate) fn pool(&self) -> Option<Executor> {
        self.handles.lock().unwrap().as_ref().map(|(pool, _)| pool.clone())
    }

    /// What has the threads.
    pub(crate) fn base(&self) -> Option<Executor> {
        let handles = self.handles.lock().unwrap();
        handles.as_ref().map(|(pool, base)| base.as_ref().unwrap_or(pool).clone())
    }

    pub(crate) fn drop_handles(&self) {
        let handles = self.handles.lock().unwrap().take();
        drop(handles);
    }

    /// The task that the place belongs to.
    pub(crate) fn set_own(&self, task: &Task<impl Send>) {
        *self.own.lock().unwrap() = Some(task.canceller());
        *self.own_id.lock().unwrap() = Some(task.id());
    }

    /// From now on the deed is done by whoever acts first.
    pub(crate) fn arm(&self) {
        self.armed.store(true, Ordering::SeqCst);
    }

    /// At a hook that runs for every job: only for the own one.
    pub(crate) fn act_for(&self, task: TaskId) {
        let own = *self.own_id.lock().unwrap();
        if own.is_none_or(|own| own == task) {
            self.act();
        }
    }

    /// Does the deed, once.
    pub(crate) fn act(&self) {
        if !self.armed.swap(false, Ordering::SeqCst) {
            return;
        }
        match self.deed {
            Deed::Panics | Deed::PanicsTwice => {}
            Deed::Submits => self.submit(),
            Deed::SubmitsToViews => self.submit_to_views(),
            Deed::CancelsVictim => self.cancel(&self.victim),
            Deed::CancelsOwn => self.cancel(&self.own),
            Deed::DropsLastHandle => self.drop_handles(),
            Deed::ShutsDown(mode) => {
                let end = self.pool().map(|pool| pool.shutdown(mode));
                self.terminations.lock().unwrap().extend(end);
            }
            Deed::Waits => self.wait(),
        }
        self.done.add();
        match self.deed {
            Deed::Panics => panic!("injected"),
            Deed::PanicsTwice => std::panic::panic_any(BadPayload),
            _ => {}
        }
    }

    fn submit(&self) {
        let pool = self.pool().unwrap();
        let tasks =
            [pool.submit(|| 1), pool.try_submit(|| 1).unwrap_or_else(|_| pool.submit(|| 1))];
        self.left.lock().unwrap().extend(tasks);
    }

    fn submit_to_views(&self) {
        let pool = self.pool().unwrap();
        let tasks = [
            pool.limited(1).submit(|| 1),
            pool.serial().submit(|| 1),
            pool.keyed().submit("key", || 1),
        ];
        self.left.lock().unwrap().extend(tasks);
    }

    fn cancel(&self, whom: &Mutex<Option<Canceller>>) {
        let canceller = whom.lock().unwrap().clone();
        let answer = canceller.map(|canceller| canceller.cancel());
        *self.answer.lock().unwrap() = answer;
    }

    fn wait(&self) {
        self.hold.open();
        self.go.open();
        let task = self.pool().unwrap().submit(|| 1);
        let outcome = task.wait();
        *self.waited.lock().unwrap() = Some(outcome);
    }

    /// Jobs that a shutdown has handed back are dropped: their tasks are cancelled.
    pub(crate) fn drop_handed_back(&self) {
        let mut jobs = Vec::new();
        for end in self.terminations.lock().unwrap().iter_mut() {
            jobs.append(&mut end.take_handed_back());
        }
        drop(jobs);
    }

    /// Whether every shutdown has come to its end.
    pub(crate) fn is_over(&self) -> bool {
        let mut ends = self.terminations.lock().unwrap();
        ends.retain_mut(|end| poll_once(end).is_pending());
        ends.is_empty()
    }
}
