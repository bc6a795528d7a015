//! Small helpers: gates, probes, wakers, and a guard against hangs.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use poolbridge::{Executor, Task, TaskError};

/// Far beyond what anything here takes: who waits longer hangs. Slow machines, and tools that make slow,
/// are given more when the tests are built: `PB_PATIENCE=600 cargo test`, in seconds.
pub(crate) const HANG: Duration = Duration::from_secs(match option_env!("PB_PATIENCE") {
    Some(seconds) => match u64::from_str_radix(seconds, 10) {
        Ok(seconds) => seconds,
        Err(_) => panic!("PB_PATIENCE is a number of seconds"),
    },
    None => 60,
});
/// A limit that no test reaches.
pub(crate) const FAR: Duration = Duration::from_secs(3600);

/// Runs `f` on a thread of its own and fails if it does not come back.
#[track_caller]
pub(crate) fn within<R: Send + 'static>(f: impl FnOnce() -> R + Send + 'static) -> R {
    let (tell, told) = mpsc::channel();
    let thread = thread::spawn(move || {
        let value = f();
        let _ = tell.send(());
        value
    });
    if let Err(mpsc::RecvTimeoutError::Timeout) = told.recv_timeout(HANG) {
        panic!("hangs");
    }
    thread.join().unwrap_or_else(|payload| resume_unwind(payload))
}

/// The outcome of a task that must end.
#[track_caller]
pub(crate) fn outcome<T>(mut task: Task<T>) -> Result<T, TaskError> {
    task.result(HANG).expect("the task hangs")
}

/// The value of a task that must end well.
#[track_caller]
pub(crate) fn value<T>(task: Task<T>) -> T {
    outcome(task).expect("the task failed")
}

/// Drives a future on this thread; fails if it hangs.
#[track_caller]
pub(crate) fn drive<F: Future>(future: F) -> F::Output {
    struct Unpark(thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    let start = Instant::now();
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        assert!(start.elapsed() < HANG, "the future hangs");
        thread::park_timeout(HANG);
    }
}

/// Polls once, with this waker.
pub(crate) fn poll_with<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// Polls once, with a waker that does nothing.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_with(future, Waker::noop())
}

/// Yields until `f` says so; fails if it never does.
#[track_caller]
pub(crate) fn eventually(f: impl Fn() -> bool) {
    let start = Instant::now();
    while !f() {
        assert!(start.elapsed() < HANG, "this never comes true");
        thread::yield_now();
    }
}

/// A door that is closed until somebody opens it.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    pub(crate) fn is_open(&self) -> bool {
        *self.0.0.lock().unwrap()
    }

    #[track_caller]
    pub(crate) fn pass(&self) {
        let closed = self.0.0.lock().unwrap();
        let (open, _) = self.0.1.wait_timeout_while(closed, HANG, |open| !*open).unwrap();
        assert!(*open, "nobody opens the gate");
    }
}

/// A worker that is kept busy.
pub(crate) struct Busy {
    gate: Gate,
    task: Task<()>,
}

/// Occupies one worker until the value is finished; returns when the worker is at it.
pub(crate) fn occupy(pool: &Executor) -> Busy {
    let (gate, begun) = (Gate::new(), Gate::new());
    let (at_gate, at_begun) = (gate.clone(), begun.clone());
    let task = pool.submit(move || {
        at_begun.open();
        at_gate.pass();
    });
    begun.pass();
    Busy { gate, task }
}

impl Busy {
    /// Lets the worker go on.
    pub(crate) fn open(&self) {
        self.gate.open();
    }

    pub(crate) fn gate(&self) -> Gate {
        self.gate.clone()
    }

    pub(crate) fn finish(self) {
        self.gate.open();
        value(self.task);
    }
}

/// An executor with one thread.
pub(crate) fn one_worker() -> Executor {
    workers(1)
}

pub(crate) fn workers(max: usize) -> Executor {
    Executor::threads().max_workers(max).build().unwrap()
}

/// Counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counter(Arc<AtomicUsize>);

impl Counter {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn add(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst)
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// A value that counts its own drop.
    pub(crate) fn on_drop(&self) -> CountsDrop {
        CountsDrop(self.clone())
    }
}

#[derive(Debug)]
pub(crate) struct CountsDrop(Counter);

impl Drop for CountsDrop {
    fn drop(&mut self) {
        self.0.add();
    }
}

/// Runs a closure when it is dropped.
pub(crate) struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> OnDrop<F> {
    pub(crate) fn new(f: F) -> Self {
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

/// Panics when it is dropped, unless the thread is unwinding already.
#[derive(Debug)]
pub(crate) struct PanicOnDrop;

impl Drop for PanicOnDrop {
    fn drop(&mut self) {
        if !thread::panicking() {
            panic!("a destructor panics");
        }
    }
}

/// Lines that are written from anywhere.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn note(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    /// A value that writes a line when it is dropped.
    pub(crate) fn at_drop(&self, line: &'static str) -> impl Drop + Send + use<> {
        let log = self.clone();
        OnDrop::new(move || log.note(line))
    }
}

/// A waker that counts its wakes.
#[derive(Default)]
pub(crate) struct CountingWaker(AtomicUsize);

impl CountingWaker {
    pub(crate) fn new() -> (Arc<Self>, Waker) {
        let count = Arc::new(Self::default());
        (Arc::clone(&count), Waker::from(Arc::clone(&count)))
    }

    pub(crate) fn wakes(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for CountingWaker {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Name of the thread that calls.
pub(crate) fn thread_name() -> String {
    thread::current().name().unwrap_or("").to_owned()
}
