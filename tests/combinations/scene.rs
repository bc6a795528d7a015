//! One job on the stage: its closure, its watchers, its handle.

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, Wake, Waker};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use poolbridge::{Canceller, Task, TaskError, Timeout, context};

use crate::case::{Case, Ends, Fate, Observer};
use crate::lab::Lab;
use crate::ledger::{Ledger, Payload, Planned, Tracked};
use crate::oracle::Kind;
use crate::support::{FAR, Gate, HANG, poll_with};

pub(crate) type Outcome = Result<Tracked, TaskError>;

/// The handle of the task, in the form that its fate gives it.
pub(crate) enum Held {
    Task(Task<Tracked>),
    Timeout(Timeout<Tracked>),
    /// A thread that is blocked on it.
    Thread(JoinHandle<Outcome>),
    Gone,
}

pub(crate) struct Scene {
    pub(crate) case: Case,
    pub(crate) ledger: Ledger,
    pub(crate) begun: Gate,
    /// The closure passes it before it ends.
    pub(crate) gate: Gate,
    pub(crate) handle: Held,
    pub(crate) remote: Option<Canceller>,
}

/// A case that fails must not keep threads waiting.
impl Drop for Scene {
    fn drop(&mut self) {
        self.gate.open();
    }
}

/// Wakes a thread that parks, and may panic after that.
pub(crate) struct Unpark {
    thread: Thread,
    woken: AtomicBool,
    panics: bool,
    _owned: Option<Tracked>,
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        self.thread.unpark();
        if self.panics {
            panic_any(Planned);
        }
    }
}

impl Scene {
    pub(crate) fn submit(lab: &Lab, case: Case) -> Self {
        let (ledger, begun, gate) = (Ledger::default(), Gate::new(), Gate::new());
        if case.is_inline() {
            gate.open();
        }
        let closure = closure(case, &ledger, &begun, &gate);
        let mut job = lab.job(closure);
        if case.observer == Observer::OnAbandoned {
            let (own, ledger) = (ledger.observers.make(false), ledger.clone());
            job = job.on_abandoned(move |outcome| {
                let _own = own;
                ledger.abandoned.lock().unwrap().push(Kind::of(&outcome));
            });
        }
        let task = job.submit();
        let remote = Some(task.canceller());
        Self { case, ledger, begun, gate, handle: Held::Task(task), remote }
    }

    fn task(&mut self) -> &mut Task<Tracked> {
        match &mut self.handle {
            Held::Task(task) => task,
            _ => unreachable!("the handle has not gone yet"),
        }
    }

    /// A callback that cancels its own task.
    pub(crate) fn add_cancelling_callback(&mut self) {
        let (ledger, remote) = (self.ledger.clone(), self.remote.clone().unwrap());
        let own = ledger.observers.make(false);
        self.task().add_done_callback(move |outcome| {
            let _own = own;
            ledger.note(0, Kind::of(outcome));
            let status = remote.status();
            ledger.cancelled_inside.lock().unwrap().push((remote.cancel(), status));
        });
    }

    /// Who watches; `place`: how many callbacks there are already.
    pub(crate) fn add_observers(&mut self, lab: &Lab, place: usize) {
        let noting = |ledger: &Ledger, place: usize, panics: bool| {
            let (own, ledger) = (ledger.observers.make(false), ledger.clone());
            move |outcome: &Outcome| {
                let _own = own;
                ledger.note(place, Kind::of(outcome));
                if panics {
                    panic_any(Planned);
                }
            }
        };
        let ledger = self.ledger.clone();
        match self.case.observer {
            Observer::Nobody | Observer::OnAbandoned => {}
            Observer::Callback => {
                self.task().add_done_callback(noting(&ledger, place, false));
            }
            Observer::PanickingCallback => {
                // Added to a task that is over, it runs here, and so does its panic stay here.
                self.task().add_done_callback(noting(&ledger, place, true));
                self.task().add_done_callback(noting(&ledger, place + 1, false));
            }
            Observer::CallbackOn => {
                let told = noting(&ledger, place, false);
                let executor = lab.executor().clone();
                self.task().add_done_callback_on(&executor, move |outcome| told(&outcome));
            }
            Observer::PanickingWaker => {
                let waker = Waker::from(Arc::new(self.unpark()));
                assert!(poll_with(self.task(), &waker).is_pending(), "over before its gate opened");
            }
        }
    }

    fn unpark(&self) -> Unpark {
        let panics = self.case.observer == Observer::PanickingWaker;
        let own = self.ledger.observers.make(false);
        let woken = AtomicBool::new(false);
        Unpark { thread: thread::current(), woken, panics, _owned: Some(own) }
    }

    /// Nobody waits: the handle goes.
    pub(crate) fn let_go(&mut self) {
        let Held::Task(task) = std::mem::replace(&mut self.handle, Held::Gone) else {
            unreachable!("the handle goes once");
        };
        match self.case.fate {
            Fate::Dropped => drop(task),
            Fate::Detached => task.detach(),
            Fate::Shielded => drop(task.shield()),
            Fate::Awaited | Fate::Waited | Fate::Timeout | Fate::Looped => {
                unreachable!("somebody waits")
            }
        }
    }

    /// Somebody waits from now on.
    pub(crate) fn begin_wait(&mut self) {
        let Held::Task(task) = std::mem::replace(&mut self.handle, Held::Gone) else {
            unreachable!("the handle goes once");
        };
        self.handle = match self.case.fate {
            Fate::Waited => Held::Thread(thread::spawn(move || task.wait())),
            Fate::Timeout => Held::Timeout(task.timeout(FAR)),
            _ => Held::Task(task),
        };
    }

    pub(crate) fn finish_wait(&mut self) -> Outcome {
        let unpark = Arc::new(self.unpark());
        match (std::mem::replace(&mut self.handle, Held::Gone), self.case.fate) {
            (Held::Thread(thread), _) => thread.join().unwrap(),
            (Held::Timeout(timeout), _) => park_until_ready(timeout, &unpark),
            (Held::Task(mut task), Fate::Looped) => loop {
                if let Ok(outcome) = task.result(Duration::from_millis(1)) {
                    return outcome;
                }
            },
            (Held::Task(task), _) => park_until_ready(task, &unpark),
            (Held::Gone, _) => unreachable!("somebody waits"),
        }
    }
}

fn closure(
    case: Case,
    ledger: &Ledger,
    begun: &Gate,
    gate: &Gate,
) -> impl FnOnce() -> Tracked + Send + 'static + use<> {
    let (captured, ledger) = (ledger.captures.make(false), ledger.clone());
    let (begun, gate) = (begun.clone(), gate.clone());
    move || {
        let _captured = captured;
        ledger.ran.add();
        begun.open();
        gate.pass();
        if context::current().unwrap().is_cancelled() {
            ledger.asked.add();
        }
        match case.ends {
            Ends::Value => ledger.outcomes.make(false),
            Ends::BadValue => ledger.outcomes.make(true),
            Ends::Panic => panic_any(Payload(ledger.outcomes.make(false))),
            Ends::BadPayload => panic_any(Payload(ledger.outcomes.make(true))),
        }
    }
}

/// Polls by hand; parks only while nobody has woken it.
fn park_until_ready<F>(mut future: F, unpark: &Arc<Unpark>) -> F::Output
where
    F: Future + Unpin,
{
    let (waker, start) = (Waker::from(Arc::clone(unpark)), Instant::now());
    loop {
        if let Poll::Ready(value) = poll_with(&mut future, &waker) {
            return value;
        }
        while !unpark.woken.swap(false, Ordering::SeqCst) {
            assert!(start.elapsed() < HANG, "the future hangs");
            thread::park_timeout(HANG);
        }
    }
}

/// Drops what may panic at that.
pub(crate) fn drop_planned<T>(value: T) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(value)));
}
