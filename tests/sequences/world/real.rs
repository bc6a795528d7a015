//! The library's side: what the operations work on, and what they leave in the logs.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, panic_any};
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once};
use std::task::{Wake, Waker};

use poolbridge::{
    CallbackId, Canceller, Executor, Expired, Job, Keyed, Manual, Priority, Reason, Running,
    Shutdown, Submission, SubmitWhenReady, Task, TaskError, TaskId, Termination, Timeout, context,
};

use super::model::End;
use super::op::{Body, Busy, How, Mode, Queue, Spec};

/// A panic that belongs to a sequence.
struct Planned;

thread_local! {
    /// Panics on this thread that nobody has planned, wherever they were contained.
    static UNPLANNED: Cell<usize> = const { Cell::new(0) };
}

pub(super) fn unplanned_panics() -> usize {
    UNPLANNED.get()
}

/// Only panics that nobody has planned are reported.
pub(super) fn silence_planned_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let payload: &dyn Any = info.payload();
            if !payload.is::<Planned>() {
                UNPLANNED.set(UNPLANNED.get() + 1);
                report(info);
            }
        }));
    });
}

/// Counts itself while it lives.
pub(super) struct Live(Arc<AtomicIsize>);

impl Live {
    fn new(count: &Arc<AtomicIsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[derive(Default)]
pub(super) struct Wakes(pub(super) AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

pub(super) type Closure = Box<dyn FnOnce() -> Live + Send>;

/// Somewhere to submit to.
#[derive(Clone)]
pub(super) enum Pool {
    Plain(Executor),
    Keyed(Keyed<u8>),
}

impl Pool {
    fn job(&self, place: u8, f: Closure) -> Submission<'_, Live, Closure> {
        let level = [Priority::High, Priority::Normal, Priority::Low][usize::from(place)];
        match self {
            Pool::Plain(executor) => executor.job(f).priority(level),
            Pool::Keyed(keyed) => keyed.job(place, f),
        }
    }
}

pub(super) enum Handle {
    Patient(SubmitWhenReady<Live, Closure>),
    Task(Task<Live>),
    Limit(Timeout<Live>),
    Gone,
}

/// What closures and callbacks of one task have left behind.
#[derive(Default)]
pub(super) struct Log {
    pub(super) captures: Arc<AtomicIsize>,
    pub(super) values: Arc<AtomicIsize>,
    pub(super) reclaims: Arc<AtomicIsize>,
    /// What callbacks own that wait.
    pub(super) callbacks: Arc<AtomicIsize>,
    pub(super) told: Mutex<Vec<(usize, End)>>,
    pub(super) reclaimed: Mutex<Vec<End>>,
    /// Whether the closure was asked to stop, as it saw it in the end.
    pub(super) saw_asked: Mutex<Option<bool>>,
}

pub(super) struct Entry {
    pub(super) handle: Handle,
    pub(super) canceller: Option<Canceller>,
    pub(super) id: Option<TaskId>,
    pub(super) callbacks: Vec<CallbackId>,
    pub(super) waker: Option<Arc<Wakes>>,
    pub(super) log: Arc<Log>,
}

pub(super) struct Ending {
    pub(super) termination: Option<Termination>,
    pub(super) waker: Option<Arc<Wakes>>,
}

/// Shared with the closures, which do operations of their own.
#[derive(Clone)]
pub(super) struct Real(Arc<Shared>);

struct Shared {
    tasks: Mutex<Vec<Entry>>,
    pools: Mutex<Vec<Option<Pool>>>,
    ends: Mutex<Vec<Ending>>,
    jobs: Mutex<Vec<Job>>,
    manual: Mutex<Option<Arc<Manual>>>,
    ran: Mutex<Vec<usize>>,
}

impl Real {
    pub(super) fn new() -> Self {
        let (pool, manual) = Executor::manual();
        Self(Arc::new(Shared {
            tasks: Mutex::default(),
            pools: Mutex::new(vec![Some(Pool::Plain(pool))]),
            ends: Mutex::default(),
            jobs: Mutex::default(),
            manual: Mutex::new(Some(Arc::new(manual))),
            ran: Mutex::default(),
        }))
    }

    /// None of these locks may be held while the library is called: it calls back.
    pub(super) fn tasks(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.tasks.lock().unwrap()
    }

    pub(super) fn pools(&self) -> MutexGuard<'_, Vec<Option<Pool>>> {
        self.0.pools.lock().unwrap()
    }

    pub(super) fn ends(&self) -> MutexGuard<'_, Vec<Ending>> {
        self.0.ends.lock().unwrap()
    }

    pub(super) fn jobs(&self) -> MutexGuard<'_, Vec<Job>> {
        self.0.jobs.lock().unwrap()
    }

    pub(super) fn ran(&self) -> Vec<usize> {
        self.0.ran.lock().unwrap().clone()
    }

    pub(super) fn manual(&self) -> Arc<Manual> {
        self.0.manual.lock().unwrap().clone().expect("kept to the end")
    }

    /// Nobody runs anything any more.
    pub(super) fn drop_manual(&self) {
        let manual = self.0.manual.lock().unwrap().take();
        drop(manual);
    }

    pub(super) fn pool(&self, at: usize) -> Option<Pool> {
        self.pools()[at].clone()
    }

    pub(super) fn take_handle(&self, at: usize) -> Handle {
        std::mem::replace(&mut self.tasks()[at].handle, Handle::Gone)
    }

    pub(super) fn put(&self, at: usize, handle: Handle) {
        self.tasks()[at].handle = handle;
    }

    pub(super) fn canceller(&self, at: usize) -> Option<Canceller> {
        self.tasks()[at].canceller.clone()
    }

    /// A waker for this task, in the place of the one that it had.
    pub(super) fn fresh_waker(&self, at: usize) -> Waker {
        let wakes = Arc::new(Wakes::default());
        let old = self.tasks()[at].waker.replace(Arc::clone(&wakes));
        drop(old);
        Waker::from(wakes)
    }

    /// A task more; the reason if it was refused, with its closure.
    pub(super) fn submit(&self, to: usize, how: How, spec: &Spec) -> Option<End> {
        let (at, log) = (self.tasks().len(), Arc::new(Log::default()));
        let entry = Entry {
            handle: Handle::Gone,
            canceller: None,
            id: None,
            callbacks: Vec::new(),
            waker: None,
            log: Arc::clone(&log),
        };
        self.tasks().push(entry);
        let pool = self.pool(to).expect("asked of the model");
        let mut job = pool.job(spec.place, self.closure(at, spec, &log));
        if let Some(limit) = spec.queue_limit {
            job = job.queue_timeout(seconds(limit));
        }
        if let Some(limit) = spec.run_limit {
            job = job.run_timeout(seconds(limit));
        }
        if spec.reclaim {
            let (own, log) = (Live::new(&log.reclaims), log);
            job = job.on_abandoned(move |outcome| {
                let _own = own;
                log.reclaimed.lock().unwrap().push(end_of(&outcome));
            });
        }
        match how {
            How::Submit => self.enter(at, job.submit()),
            How::WhenReady => self.put(at, Handle::Patient(job.submit_when_ready())),
            How::Try => match job.try_submit() {
                Ok(task) => self.enter(at, task),
                Err(rejected) => return Some(end_by(rejected.reason())),
            },
        }
        None
    }

    pub(super) fn enter(&self, at: usize, task: Task<Live>) {
        let mut tasks = self.tasks();
        tasks[at].canceller = Some(task.canceller());
        tasks[at].id = Some(task.id());
        tasks[at].handle = Handle::Task(task);
    }

    fn closure(&self, at: usize, spec: &Spec, log: &Arc<Log>) -> Closure {
        let (own, log, body) = (Live::new(&log.captures), Arc::clone(log), spec.body.clone());
        let real = self.clone();
        Box::new(move || {
            let _own = own;
            real.0.ran.lock().unwrap().push(at);
            real.act(&body);
            let cx = context::current().expect("inside a job");
            *log.saw_asked.lock().unwrap() = Some(cx.is_cancelled());
            Live::new(&log.values)
        })
    }

    /// Whether there is such an executor.
    pub(super) fn shutdown(&self, of: usize, mode: Mode) -> bool {
        let how = match mode.queued {
            Queue::Run => Shutdown::run_queued(),
            Queue::Cancel => Shutdown::cancel_queued(),
            Queue::HandBack => Shutdown::hand_back(),
        };
        let how = how.running(match mode.running {
            Busy::Wait => Running::Wait,
            Busy::Request => Running::Request,
            Busy::Abandon => Running::Abandon,
        });
        let mut termination = match self.pool(of) {
            Some(Pool::Plain(pool)) => pool.shutdown(how),
            Some(Pool::Keyed(keyed)) => keyed.shutdown(how),
            None => return false,
        };
        let jobs = termination.take_handed_back();
        self.jobs().extend(jobs);
        self.ends().push(Ending { termination: Some(termination), waker: None });
        true
    }

    /// What a closure does.
    fn act(&self, body: &Body) {
        let number = |of: u8| usize::from(of) % self.tasks().len();
        match body {
            Body::Return => {}
            Body::Panic => panic_any(Planned),
            Body::Advance(by) => self.manual().advance(seconds(*by)),
            Body::Cancel(other) => {
                let canceller = self.canceller(number(*other));
                let _ = canceller.map(|canceller| canceller.cancel());
            }
            Body::Drop(other) => drop(self.take_handle(number(*other))),
            Body::Submit(to) => {
                let to = usize::from(*to) % self.pools().len();
                if self.pool(to).is_some() {
                    self.submit(to, How::Submit, &Spec::plain());
                }
            }
            Body::Shutdown(of, mode) => {
                let of = usize::from(*of) % self.pools().len();
                self.shutdown(of, *mode);
            }
        }
    }

    /// Lets go of everything that the closures could reach.
    pub(super) fn clear(&self) {
        self.drop_manual();
        let jobs = std::mem::take(&mut *self.jobs());
        drop(jobs);
        let ends = std::mem::take(&mut *self.ends());
        drop(ends);
        let pools = std::mem::take(&mut *self.pools());
        drop(pools);
    }

    /// How many closures and callbacks still exist.
    pub(super) fn references(&self) -> usize {
        Arc::strong_count(&self.0)
    }
}

pub(super) fn callback(
    log: &Arc<Log>,
    number: usize,
) -> impl FnOnce(&Result<Live, TaskError>) + Send + 'static + use<> {
    let (own, log) = (Live::new(&log.callbacks), Arc::clone(log));
    move |outcome| {
        let _own = own;
        log.told.lock().unwrap().push((number, end_of(outcome)));
    }
}

pub(super) fn seconds(seconds: u8) -> std::time::Duration {
    std::time::Duration::from_secs(seconds.into())
}

pub(super) fn end_of(outcome: &Result<Live, TaskError>) -> End {
    match outcome {
        Ok(_) => End::Value,
        Err(TaskError::Panicked(_)) => End::Panicked,
        Err(TaskError::Cancelled) => End::Cancelled,
        Err(TaskError::TimedOut(Expired::Queue)) => End::QueueLimit,
        Err(TaskError::TimedOut(Expired::Run)) => End::RunLimit,
        Err(TaskError::TimedOut(Expired::Await)) => End::AwaitLimit,
        Err(TaskError::Rejected(reason)) => end_by(reason),
        Err(TaskError::Broken(_)) => End::Broken,
        Err(_) => End::Other,
    }
}

pub(super) fn end_by(reason: &Reason) -> End {
    match reason {
        Reason::Closed => End::Closed,
        Reason::Full => End::Full,
        Reason::Displaced => End::Displaced,
        Reason::Broken(_) => End::Broken,
        _ => End::Other,
    }
}
