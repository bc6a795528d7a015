//! What a check works with: its executors, waits that end, and a note of what it is doing.

use std::future::Future;
use std::pin::pin;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use super::probes::{Counter, Gate, Held};
use super::subject::{Setup, Subject};
use crate::{Executor, Shutdown, Status, Task, TaskError, Termination};

/// Why a check ends before its end.
pub(super) enum Stop {
    Fault(String),
    NotApplicable(String),
}

/// How a check ends.
pub(super) type Checked<T = ()> = Result<T, Stop>;

/// Ends the check with a fault unless `$holds`.
macro_rules! ensure {
    ($holds:expr, $($text:tt)+) => {
        if !$holds {
            return Err($crate::conformance::lab::Stop::Fault(format!($($text)+)));
        }
    };
}
pub(super) use ensure;

/// What a wait that never ends most often comes from.
pub(super) const HINT: &str =
    "does the backend keep a turn, or lose it without dropping its Worker?";

/// What a check is doing, and since when; the guard takes one that does nothing new for hanging.
pub(super) struct Progress(Mutex<(Instant, &'static str)>);

impl Progress {
    pub(super) fn new() -> Self {
        Self(Mutex::new((Instant::now(), "making its first executor")))
    }

    fn lock(&self) -> MutexGuard<'_, (Instant, &'static str)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn since(&self) -> Instant {
        self.lock().0
    }

    pub(super) fn doing(&self) -> &'static str {
        self.lock().1
    }
}

#[derive(Clone)]
pub(super) struct Lab {
    subject: Arc<dyn Subject>,
    patience: Duration,
    progress: Arc<Progress>,
}

impl Lab {
    pub(super) fn new(
        subject: Arc<dyn Subject>,
        patience: Duration,
        progress: Arc<Progress>,
    ) -> Self {
        Self { subject, patience, progress }
    }

    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// Notes what comes next, in the words that "hangs while …" needs.
    pub(super) fn at(&self, doing: &'static str) {
        *self.progress.lock() = (Instant::now(), doing);
    }

    pub(super) fn executor(&self, setup: Setup) -> Checked<Executor> {
        let made = self.subject.executor(setup);
        self.at("submitting a job");
        made.map_err(|reason| Stop::NotApplicable(reason.into_reason()))
    }

    pub(super) fn one_worker(&self) -> Checked<Executor> {
        self.executor(Setup::workers(1))
    }

    /// How many jobs of an executor with this limit run at once.
    pub(super) fn lanes(&self, limit: usize) -> usize {
        self.subject.parallelism().get().min(limit)
    }

    pub(super) fn gate(&self) -> Gate {
        Gate::new(self.patience)
    }

    /// Submits a job that runs until the value is finished or dropped; returns once it runs.
    pub(super) fn hold(&self, pool: &Executor) -> Checked<Held> {
        self.at("submitting a job that waits");
        let (gate, begun, ended) = (self.gate(), self.gate(), self.gate());
        let (at_gate, at_begun, at_end) = (gate.clone(), begun.clone(), ended.clone());
        let mut task = pool.submit(move || {
            at_begun.open();
            at_gate.pass();
        });
        task.add_done_callback(move |_| at_end.open());
        self.until("a job that was queued on an idle executor to start", || {
            begun.is_open() || ended.is_open()
        })?;
        if gate.met_its_maker() {
            let reason = "it runs jobs inline, on the submitting thread";
            return Err(Stop::NotApplicable(reason.into()));
        }
        if !begun.is_open() {
            self.value(task)?;
            return Err(Stop::Fault("a job ended well that never began".into()));
        }
        Ok(Held::new(gate, task))
    }

    /// Leaves the check out where jobs run inline, on the submitting thread.
    pub(super) fn needs_threads(&self) -> Checked {
        self.hold(&self.one_worker()?)?.finish(self)
    }

    /// How a task ends that has to.
    pub(super) fn outcome<T>(&self, mut task: Task<T>) -> Checked<Result<T, TaskError>> {
        self.at("waiting for a task with a limit");
        let start = Instant::now();
        let ended = task.result(self.patience);
        let late = ended.is_ok() && start.elapsed() >= self.patience;
        ensure!(!late, "a task was over and who waited for it was not woken");
        ended.map_err(|_| {
            let for_long = format!("within {:?}", self.patience);
            Stop::Fault(match task.status() {
                Status::Pending => format!("no thread came for a queued job {for_long}: {HINT}"),
                status => format!("a task did not end {for_long}: it is {status:?}"),
            })
        })
    }

    /// The value of a task that has to end well.
    pub(super) fn value<T>(&self, task: Task<T>) -> Checked<T> {
        self.outcome(task)?.map_err(|error| Stop::Fault(format!("a job did not run: {error}")))
    }

    /// The task has to be cancelled.
    pub(super) fn cancelled<T>(&self, task: Task<T>) -> Checked {
        match self.outcome(task)? {
            Err(TaskError::Cancelled) => Ok(()),
            Err(other) => Err(Stop::Fault(format!("a cancelled task ended with: {other}"))),
            Ok(_) => Err(Stop::Fault("a cancelled task ended with a value".into())),
        }
    }

    /// Yields until `f` says so.
    pub(super) fn until(&self, what: &'static str, f: impl Fn() -> bool) -> Checked {
        self.at("looking whether what it waits for has come");
        let start = Instant::now();
        let mut looks = 0_u32;
        while !f() {
            ensure!(
                start.elapsed() < self.patience,
                "waited {:?} for {what}, which never came: {HINT}",
                self.patience
            );
            looks = looks.saturating_add(1);
            if looks < 100 {
                thread::yield_now();
            } else {
                thread::park_timeout(Duration::from_micros(200));
            }
        }
        Ok(())
    }

    /// Awaits on this thread.
    pub(super) fn drive<F: Future>(&self, what: &'static str, future: F) -> Checked<F::Output> {
        self.at(what);
        let alarm = Arc::new(Alarm { thread: thread::current(), rings: Counter::default() });
        let waker = Waker::from(Arc::clone(&alarm));
        let mut future = pin!(future);
        let start = Instant::now();
        loop {
            let heard = alarm.rings.get();
            if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Ok(value);
            }
            while alarm.rings.get() == heard {
                let left = self.patience.saturating_sub(start.elapsed());
                if left.is_zero() {
                    let late = future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
                    ensure!(!late, "{what}: it is over, and nobody was woken");
                    let fault = format!("hangs while {what}, no end within {:?}", self.patience);
                    return Err(Stop::Fault(format!("{fault}: {HINT}")));
                }
                thread::park_timeout(left);
            }
        }
    }

    /// Waits for what a job, a callback or a destructor of `task` has to tell.
    pub(super) fn told<R, T>(&self, told: &mpsc::Receiver<R>, task: &mut Task<T>) -> Checked<R> {
        self.at("waiting for a word from inside a job");
        told.recv_timeout(self.patience).map_err(|error| {
            // Whoever had to tell is gone: then the task is about to end.
            let gone = error == mpsc::RecvTimeoutError::Disconnected;
            let limit = if gone { self.patience } else { Duration::ZERO };
            Stop::Fault(match task.result(limit) {
                Ok(Err(error)) => format!("a job did not run: {error}"),
                Ok(Ok(_)) => {
                    "no word came from inside a job that has ended: what it called hangs".into()
                }
                Err(_) => format!("no word came from inside a job: {HINT}"),
            })
        })
    }

    /// Waits for the end of an executor that has to end.
    pub(super) fn ends(&self, termination: Termination) -> Checked<crate::Report> {
        self.drive("awaiting the end of a shutdown", termination)?
            .map_err(|error| Stop::Fault(format!("a shutdown was refused: {error}")))
    }

    pub(super) fn shut_down(&self, pool: &Executor, mode: Shutdown) -> Checked<crate::Report> {
        self.at("calling shutdown");
        self.ends(pool.shutdown(mode))
    }

    /// Runs `f(0)`, …, `f(n - 1)` on a thread each; what they return, in that order.
    pub(super) fn threads<R: Send + 'static>(
        &self,
        n: usize,
        f: impl Fn(usize) -> Checked<R> + Send + Sync + 'static,
    ) -> Checked<Vec<R>> {
        self.at("working on several threads");
        let f = Arc::new(f);
        let begin = |index| {
            let (f, (tell, told)) = (Arc::clone(&f), mpsc::channel());
            thread::spawn(move || tell.send(f(index)));
            told
        };
        let started: Vec<_> = (0..n).map(begin).collect();
        // What waits inside `f` does so for `patience`, and says more than this can.
        let limit = self.patience + self.patience / 2;
        let end = |told: mpsc::Receiver<Checked<R>>| {
            let told = told.recv_timeout(limit);
            told.map_err(|error| match error {
                mpsc::RecvTimeoutError::Timeout => {
                    Stop::Fault(format!("one of {n} submitting threads hangs: {HINT}"))
                }
                mpsc::RecvTimeoutError::Disconnected => {
                    Stop::Fault(format!("one of {n} submitting threads panicked"))
                }
            })?
        };
        started.into_iter().map(end).collect()
    }
}

/// A waker that counts; other things unpark this thread as well.
struct Alarm {
    thread: thread::Thread,
    rings: Counter,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.rings.add();
        self.thread.unpark();
    }
}
