//! Small things that jobs carry: doors, counters, destructors that tell or panic.

use std::any::Any;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Wake;
use std::thread::{self, ThreadId};
use std::time::Duration;

use super::lab::{Checked, Lab};
use crate::Task;

/// Panics without the panic hook, which would print.
pub(super) fn panic_with(payload: impl Any + Send) -> ! {
    resume_unwind(Box::new(payload))
}

/// A door that is closed until somebody opens it. Nobody waits for it for ever, and its maker not
/// at all: where jobs run inline that would be a dead-lock of the check's own.
#[derive(Clone)]
pub(super) struct Gate(Arc<Door>);

struct Door {
    state: Mutex<State>,
    opened: Condvar,
    maker: ThreadId,
    patience: Duration,
}

#[derive(Default)]
struct State {
    open: bool,
    met_its_maker: bool,
}

impl Gate {
    pub(super) fn new(patience: Duration) -> Self {
        let (state, opened) = (Mutex::default(), Condvar::new());
        Self(Arc::new(Door { state, opened, maker: thread::current().id(), patience }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn open(&self) {
        self.lock().open = true;
        self.0.opened.notify_all();
    }

    pub(super) fn is_open(&self) -> bool {
        self.lock().open
    }

    /// The thread that made it has come to pass it.
    pub(super) fn met_its_maker(&self) -> bool {
        self.lock().met_its_maker
    }

    /// Waits until it is open; false: it stays closed.
    pub(super) fn pass(&self) -> bool {
        let mut state = self.lock();
        if thread::current().id() == self.0.maker {
            state.met_its_maker |= !state.open;
            return state.open;
        }
        let wait = self.0.opened.wait_timeout_while(state, self.0.patience, |state| !state.open);
        wait.unwrap_or_else(PoisonError::into_inner).0.open
    }
}

/// A job that runs until this is finished or dropped.
pub(super) struct Held {
    gate: Gate,
    task: Option<Task<()>>,
}

impl Held {
    pub(super) fn new(gate: Gate, task: Task<()>) -> Self {
        Self { gate, task: Some(task) }
    }

    pub(super) fn id(&self) -> Option<crate::TaskId> {
        self.task.as_ref().map(Task::id)
    }

    /// Lets the job go on and waits for its end.
    pub(super) fn finish(mut self, lab: &Lab) -> Checked {
        self.gate.open();
        self.task.take().map_or(Ok(()), |task| lab.value(task))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.gate.open();
    }
}

#[derive(Clone, Default)]
pub(super) struct Counter(Arc<AtomicUsize>);

impl Counter {
    pub(super) fn add(&self) -> usize {
        // ORDERING: AcqRel, so that whoever sees a count sees what was done before; with `get`.
        self.0.fetch_add(1, Ordering::AcqRel)
    }

    pub(super) fn sub(&self) {
        // ORDERING: AcqRel, as in `add`.
        self.0.fetch_sub(1, Ordering::AcqRel);
    }

    pub(super) fn get(&self) -> usize {
        // ORDERING: Acquire, with `add`.
        self.0.load(Ordering::Acquire)
    }

    /// A value that counts its own drop.
    pub(super) fn on_drop(&self) -> OnDrop<impl FnOnce() + Send + use<>> {
        let count = self.clone();
        OnDrop::new(move || {
            count.add();
        })
    }
}

/// Runs a closure when it is dropped.
pub(super) struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> OnDrop<F> {
    pub(super) fn new(f: F) -> Self {
        Self(Some(f))
    }
}

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(f) = self.0.take() {
            f();
        }
    }
}

/// Panics when it is dropped, unless its thread unwinds already.
pub(super) struct PanicOnDrop;

impl Drop for PanicOnDrop {
    fn drop(&mut self) {
        if !thread::panicking() {
            panic_with("a destructor panics");
        }
    }
}

/// Lines that are written from anywhere.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note(&self, line: impl Into<String>) {
        self.lock().push(line.into());
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.lock().clone()
    }
}

/// A waker that runs a closure each time it is woken.
pub(super) struct OnWake<F>(pub(super) F);

impl<F: Fn() + Send + Sync + 'static> Wake for OnWake<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}
