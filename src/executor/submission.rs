//! From a closure to a queued task.

use std::any::Any;
use std::fmt;
use std::time::Duration;

use super::Executor;
use super::config::OnFull;
use super::core::{Core, CoreRef, Refused};
use super::inline;
use super::lines::{Place, Priority};
use super::queue::Claim;
use super::rejected::Rejected;
use super::room::{self, SubmitWhenReady};
use super::running;
use crate::sync::SharedArc;
use crate::task::Task;
use crate::task::body::{self, Handle, Owner, Work};
use crate::task::cell::CellRef;
use crate::task::context::Context;
use crate::task::error::{Reason, TaskError};
use crate::task::observer::Reclaim;
use crate::task::ruling::RulingClock;
use crate::task::state::Verdict;
use crate::time::deadline;

/// Closures above this many bytes get a box of their own, so that a cancel frees them while the
/// task's handle lives on.
const LARGE: usize = 256;

/// A closure that wants nothing.
pub(super) struct Plain<F>(pub(super) F);
/// A closure that wants its context.
pub(super) struct Contextual<F>(pub(super) F);
/// A closure that knows what its task ends with.
struct Outcome<F>(F);
struct Boxed<W>(Box<W>);

impl<F: FnOnce() -> T + Send, T> Work<T> for Plain<F> {
    fn run(self, _: &Context) -> Result<T, TaskError> {
        Ok((self.0)())
    }
}

impl<F: FnOnce(&Context) -> T + Send, T> Work<T> for Contextual<F> {
    fn run(self, cx: &Context) -> Result<T, TaskError> {
        Ok((self.0)(cx))
    }
}

impl<F: FnOnce(&Context) -> Result<T, TaskError> + Send, T> Work<T> for Outcome<F> {
    fn run(self, cx: &Context) -> Result<T, TaskError> {
        (self.0)(cx)
    }
}

impl<W: Work<T>, T> Work<T> for Boxed<W> {
    fn run(self, cx: &Context) -> Result<T, TaskError> {
        (*self.0).run(cx)
    }
}

/// What a submission says beside the closure.
#[derive(Default)]
pub(super) struct Details {
    name: Option<SharedArc<str>>,
    label: Option<SharedArc<str>>,
    queue_timeout: Option<Duration>,
    run_timeout: Option<Duration>,
    reclaim: Option<Reclaim>,
}

/// A task whose job is about to be queued.
struct Fresh<T> {
    job: CellRef,
    handle: Handle<T>,
    /// The work in it is a `Boxed<W>`.
    boxed: bool,
    queue_timeout: Option<Duration>,
}

/// Where and how a job is queued.
#[derive(Clone, Copy)]
struct Queueing {
    place: Place,
    /// The room that it was given before.
    grant: Option<u64>,
    timeout: Option<Duration>,
}

impl Queueing {
    /// Behind all others, for as long as it takes.
    const PLAIN: Self = Self { place: Place::Level(Priority::Normal), grant: None, timeout: None };

    /// The time in the queue begins.
    fn limit(self, cell: &CellRef) {
        if let Some(limit) = self.timeout {
            deadline::arm_queue(cell, limit);
        }
    }
}

/// The cell of a new task: its job, its handle, and whether the work in it is a `Boxed<W>`.
#[inline]
fn cell_for<W, T>(core: &CoreRef, work: W) -> (CellRef, Handle<T>, bool)
where
    W: Work<T> + 'static,
    T: Send + 'static,
{
    let (id, home) = (core.next_id(), core.as_home());
    let boxed = size_of::<W>() > LARGE;
    let (job, handle) = if boxed {
        body::new::<_, T, Core>(Boxed(Box::new(work)), id, home, true)
    } else {
        body::new::<_, T, Core>(work, id, home, true)
    };
    (job, handle, boxed)
}

/// The cell of a new task, with what was said of it.
fn make<W, T>(core: &CoreRef, work: W, details: Option<Details>) -> Fresh<T>
where
    W: Work<T> + 'static,
    T: Send + 'static,
{
    let (job, handle, boxed) = cell_for(core, work);
    let clock = core.config.clock.clone();
    let details = details.or_else(|| clock.is_some().then(Details::default));
    let queue_timeout = details.and_then(|details| details.note(&job, clock));
    Fresh { job, handle, boxed, queue_timeout }
}

impl Details {
    /// Writes down in the cell what it has to know; the rest is the limit on its time in the queue.
    fn note(self, job: &CellRef, clock: Option<SharedArc<dyn RulingClock>>) -> Option<Duration> {
        let Self { name, label, queue_timeout, run_timeout, reclaim } = self;
        // Foreign code, hence before the lock.
        let clock = clock.or_else(|| run_timeout.and_then(|_| deadline::ruling_clock()));
        job.prepare(|plan, slot| {
            *slot = reclaim;
            plan.name = name;
            plan.label = label;
            plan.run_timeout = run_timeout;
            plan.clock = clock;
        });
        queue_timeout
    }
}

/// Queues a job past the door, with its deadline, and sees to a thread for it. `cell` is the same task,
/// for when the job is gone.
fn enqueue(core: &CoreRef, job: CellRef, cell: &CellRef, how: Queueing) -> Result<(), Refused> {
    if core.is_inline() {
        return inline::run(core, job, how.grant);
    }
    let claim = core.push(job, how.place, how.grant)?;
    how.limit(cell);
    core.honour(claim);
    Ok(())
}

/// Queues a closure that gives its task's whole outcome.
pub(crate) fn submit_outcome<T, F>(executor: &Executor, f: F) -> Task<T>
where
    F: FnOnce(&Context) -> Result<T, TaskError> + Send + 'static,
    T: Send + 'static,
{
    submit(executor, Outcome(f), Place::default(), None)
}

/// Queues `work`, about which nothing is said beside.
#[inline]
pub(super) fn submit_plain<W, T>(executor: &Executor, work: W) -> Task<T>
where
    W: Work<T> + 'static,
    T: Send + 'static,
{
    let core = executor.core();
    if core.config.clock.is_some() {
        // It has to be noted.
        return submit(executor, work, Place::default(), None);
    }
    let (job, handle, _boxed) = cell_for(core, work);
    if let Err(job) = core.push_at_the_door(job) {
        queue_inside(core, job, handle.cell(), Queueing::PLAIN);
    }
    Task::new(handle)
}

/// Queues `work`; what happens when that can't be done is up to the executor's policy.
pub(super) fn submit<W, T>(
    executor: &Executor,
    work: W,
    place: Place,
    details: Option<Details>,
) -> Task<T>
where
    W: Work<T> + 'static,
    T: Send + 'static,
{
    let core = executor.core();
    let Fresh { job, handle, queue_timeout, .. } = make(core, work, details);
    let how = Queueing { place, grant: None, timeout: queue_timeout };
    queue(core, job, handle.cell(), how);
    Task::new(handle)
}

/// Queues a job. `cell` is the same task, for when the job is gone.
fn queue(core: &CoreRef, job: CellRef, cell: &CellRef, how: Queueing) {
    let job = match core.push_by_place(job, how.place) {
        Ok(()) => return how.limit(cell),
        Err(job) => job,
    };
    queue_inside(core, job, cell, how);
}

/// As [`queue`], past the door; what happens when that can't be done is up to the executor's policy.
fn queue_inside(core: &CoreRef, job: CellRef, cell: &CellRef, how: Queueing) {
    if let Err(Refused { job, reason }) = enqueue(core, job, cell, how) {
        match reason {
            Reason::Full => when_full(core, job, cell, how),
            reason => refuse(&job, reason),
        }
    }
}

fn refuse(job: &CellRef, reason: Reason) {
    if let Some(owner) = job.withdraw(Verdict::Error) {
        owner.refuse(Some(TaskError::Rejected(reason)));
    }
}

/// The queue is full: what the policy says.
fn when_full(core: &CoreRef, job: CellRef, cell: &CellRef, how: Queueing) {
    let done = match core.config.on_full {
        OnFull::Reject | OnFull::DropOldest => Err(Refused { job, reason: Reason::Full }),
        OnFull::RunOnCaller => {
            core.begin_here(job).map(|(owner, held)| running::run_here(core, owner, held))
        }
        OnFull::Block => match room::block(core) {
            Ok(key) => enqueue(core, job, cell, Queueing { grant: Some(key), ..how }),
            Err(reason) => Err(Refused { job, reason }),
        },
    };
    if let Err(Refused { job, reason }) = done {
        refuse(&job, reason);
    }
}

/// Queues `work` or gives it back; `grant`: the room that it was given before.
pub(super) fn try_submit<W, T>(
    executor: &Executor,
    work: W,
    place: Place,
    details: Option<Details>,
    grant: Option<u64>,
) -> Result<Task<T>, (W, Reason)>
where
    W: Work<T> + 'static,
    T: Send + 'static,
{
    let core = executor.core();
    let Fresh { job, handle, boxed, queue_timeout } = make(core, work, details);
    let give_back = |owner: Owner| match boxed {
        true => *owner.give_back::<Boxed<W>>().0,
        false => owner.give_back::<W>(),
    };
    let pushed = if core.is_inline() {
        inline::run(core, job, grant).map(|()| Claim::Nothing)
    } else {
        match core.push_by_place(job, place) {
            Ok(()) => Ok(Claim::Nothing),
            Err(job) => core.push(job, place, grant),
        }
    };
    let claim = match pushed {
        Ok(claim) => claim,
        Err(Refused { job, reason }) => match job.withdraw(Verdict::Prevented) {
            Some(owner) => return Err((give_back(owner), reason)),
            None => unreachable!("nobody else knows a job that was not pushed"),
        },
    };
    if let Err(broken) = core.try_honour(claim) {
        let owner = core.retract(handle.cell());
        core.strand(broken.clone());
        if let Some(owner) = owner {
            return Err((give_back(owner), Reason::Broken(broken)));
        }
    }
    if let Some(limit) = queue_timeout {
        deadline::arm_queue(handle.cell(), limit);
    }
    Ok(Task::new(handle))
}

/// A submission with options; made by [`Executor::job`].
///
/// # Examples
/// ```
/// use poolbridge::{Executor, Expired, TaskError};
/// use std::time::Duration;
/// let pool = Executor::threads().max_workers(1).build()?;
/// let (open, gate) = std::sync::mpsc::channel::<()>();
/// let busy = pool.submit(move || gate.recv());
/// let late = pool
///     .job(|| "never runs")
///     .name("report 17")
///     .label("nightly")
///     .queue_timeout(Duration::from_millis(5))
///     .submit();
/// assert!(matches!(late.wait(), Err(TaskError::TimedOut(Expired::Queue))));
/// drop(open);
/// # let _ = busy.wait();
/// # Ok::<(), poolbridge::BuildError>(())
/// ```
#[must_use = "nothing is queued until `submit`"]
pub struct Submission<'a, T, F> {
    executor: &'a Executor,
    f: F,
    place: Place,
    details: Details,
    _type: std::marker::PhantomData<fn() -> T>,
}

impl<'a, T, F> Submission<'a, T, F>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    pub(super) fn new(executor: &'a Executor, f: F, place: Place) -> Self {
        let details = Details::default();
        Self { executor, f, place, details, _type: std::marker::PhantomData }
    }

    /// How urgent it is among what waits in this executor's own queue; default:
    /// [`Priority::Normal`]. Says nothing under a key: a lane keeps its order.
    pub fn priority(mut self, priority: Priority) -> Self {
        if let Place::Level(_) = self.place {
            self.place = Place::Level(priority);
        }
        self
    }

    /// What this task is called in errors and snapshots.
    pub fn name(mut self, name: impl AsRef<str>) -> Self {
        self.details.name = Some(name.as_ref().into());
        self
    }

    /// The group that this task belongs to in snapshots.
    pub fn label(mut self, label: impl AsRef<str>) -> Self {
        self.details.label = Some(label.as_ref().into());
        self
    }

    /// If the job has not started after `limit`, it never will: the task ends with
    /// [`Expired::Queue`](crate::Expired::Queue), and the captures are freed at once.
    ///
    /// The time begins when the job is queued, after a wait for room. Inside a tokio runtime
    /// (feature `tokio`) it is that runtime's, and passes while the runtime is driven.
    pub fn queue_timeout(mut self, limit: Duration) -> Self {
        self.details.queue_timeout = Some(limit);
        self
    }

    /// If the closure has not returned `limit` after its start, the task ends with
    /// [`Expired::Run`](crate::Expired::Run) at once and the closure's token is set. The closure
    /// runs on abandoned; its thread stays counted as busy until it returns.
    ///
    /// The time is that of the clock which ruled at the submission, as for
    /// [`queue_timeout`](Self::queue_timeout). With [`OnFull::RunOnCaller`](crate::OnFull), a
    /// current-thread runtime that runs the closure itself cannot keep time meanwhile.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::{Executor, Expired, TaskError};
    /// let pool = Executor::threads().build()?;
    /// let search = pool.job_with(|cx| while cx.check().is_ok() { std::thread::yield_now() });
    /// let outcome = search.run_timeout(std::time::Duration::from_millis(5)).submit().wait();
    /// assert!(matches!(outcome, Err(TaskError::TimedOut(Expired::Run))));
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    pub fn run_timeout(mut self, limit: Duration) -> Self {
        self.details.run_timeout = Some(limit);
        self
    }

    /// Gives `f` the outcome of a closure that has run if nobody takes it: it came after a
    /// timeout, or the task was dropped first. Not after [`Task::detach`], and not for a job that
    /// never started (its captures are dropped, that is all). A panic of `f` is contained.
    ///
    /// # Examples
    /// ```
    /// use std::sync::mpsc;
    /// let pool = poolbridge::Executor::threads().build()?;
    /// let (tell, told) = mpsc::channel();
    /// let task = pool.job(|| 5).on_abandoned(move |late| tell.send(late.unwrap()).unwrap()).submit();
    /// let stopped = task.stopped();
    /// while !task.status().is_done() {
    ///     std::thread::yield_now();
    /// }
    /// drop(task);
    /// assert_eq!(told.recv().unwrap(), 5);
    /// # drop(stopped);
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    pub fn on_abandoned(mut self, f: impl FnOnce(Result<T, TaskError>) + Send + 'static) -> Self {
        self.details.reclaim = Some(Box::new(move |outcome: &mut dyn Any| {
            match outcome.downcast_mut::<Option<Result<T, TaskError>>>().and_then(Option::take) {
                Some(outcome) => f(outcome),
                None => unreachable!("a cell gives away the outcome of its own type, once"),
            }
        }));
        self
    }

    /// As [`Executor::submit`].
    pub fn submit(self) -> Task<T> {
        submit(self.executor, Plain(self.f), self.place, Some(self.details))
    }

    /// As [`Executor::try_submit`].
    ///
    /// # Errors
    /// [`Rejected`] holds the closure and says why.
    ///
    /// # Examples
    /// ```
    /// let pool = poolbridge::Executor::inline();
    /// drop(pool.shutdown(poolbridge::Shutdown::run_queued()));
    /// let rejected = pool.job(|| 7).name("report 17").try_submit().unwrap_err();
    /// assert_eq!((rejected.into_inner())(), 7);
    /// ```
    pub fn try_submit(self) -> Result<Task<T>, Rejected<F>> {
        try_submit(self.executor, Plain(self.f), self.place, Some(self.details), None)
            .map_err(|(Plain(f), reason)| Rejected::new(f, reason))
    }

    /// As [`Executor::submit_when_ready`].
    pub fn submit_when_ready(self) -> SubmitWhenReady<T, F> {
        SubmitWhenReady::new(self.executor.clone(), self.f).with(self.place, self.details)
    }
}

impl<T, F> fmt::Debug for Submission<'_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submission").field("name", &self.details.name).finish_non_exhaustive()
    }
}
