//! The end of an executor, as a value.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::core::CoreRef;
use super::waiting::{self, Awaited};
use crate::sync::now;
use crate::task::cell::CellRef;
use crate::task::contain::contain;
use crate::task::deadlock::WouldDeadlock;
use crate::task::frame::{self, Patience};
use crate::task::handle::own_parker;
use crate::task::job::Job;
use crate::task::state::Verdict;
use crate::task::trampoline;
use crate::time::sleep::Sleep;

/// What a shutdown does with what is queued and what runs.
///
/// # Examples
/// ```
/// use poolbridge::{Queued, Running, Shutdown};
/// let gentle = Shutdown::run_queued();
/// assert_eq!((gentle.queued, gentle.running), (Queued::Run, Running::Wait));
/// let brisk = Shutdown::cancel_queued().running(Running::Request);
/// assert_eq!((brisk.queued, brisk.running), (Queued::Cancel, Running::Request));
/// assert_eq!(Shutdown::hand_back().queued, Queued::HandBack);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shutdown {
    /// What happens to jobs that have not started.
    pub queued: Queued,
    /// What happens to closures that run.
    pub running: Running,
}

/// What a shutdown does with jobs that have not started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queued {
    /// They run.
    Run,
    /// Their tasks end as cancelled, and their captures are freed, before `shutdown` returns.
    Cancel,
    /// They come back in [`Report::handed_back`], to be run elsewhere.
    HandBack,
}

/// What a shutdown does with closures that run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Running {
    /// It waits for them.
    Wait,
    /// It asks them to stop and waits for them. Jobs that start later are not asked.
    Request,
    /// It asks them to stop and does not wait, nor for queued jobs that are yet to run.
    Abandon,
}

impl Shutdown {
    /// Runs what is queued and waits for what runs.
    #[must_use]
    pub const fn run_queued() -> Self {
        Self { queued: Queued::Run, running: Running::Wait }
    }

    /// Cancels what is queued and waits for what runs.
    #[must_use]
    pub const fn cancel_queued() -> Self {
        Self { queued: Queued::Cancel, running: Running::Wait }
    }

    /// Hands back what is queued and waits for what runs.
    #[must_use]
    pub const fn hand_back() -> Self {
        Self { queued: Queued::HandBack, running: Running::Wait }
    }

    /// The same, with another answer for what runs.
    #[must_use]
    pub const fn running(mut self, running: Running) -> Self {
        self.running = running;
        self
    }
}

/// What became of an executor's work in a shutdown, that of its views included.
///
/// # Examples
/// ```
/// use poolbridge::{Executor, Running, Shutdown};
/// let pool = Executor::threads().build()?;
/// let task = pool.submit_with(|cx| while !cx.is_cancelled() { std::thread::yield_now() });
/// let brisk = Shutdown::cancel_queued().running(Running::Request);
/// let report = pool.shutdown(brisk).wait_timeout(std::time::Duration::from_secs(60))?;
/// assert_eq!((report.cancelled + report.finished, report.still_running), (1, 0));
/// # drop(task);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// Closures that ended between the call of `shutdown` and this report, handed-back ones apart.
    pub finished: usize,
    /// Queued jobs that this shutdown cancelled.
    pub cancelled: usize,
    /// Closures that still run: the time was over, or they are abandoned.
    pub still_running: usize,
    /// Queued jobs for you to run. Dropping one cancels its task.
    pub handed_back: Vec<Job>,
}

/// A shutdown under way: await it, or wait on a plain thread. Dropping it changes nothing: the
/// shutdown goes on, and jobs that were handed back are cancelled.
///
/// It resolves once nothing is queued, no closure runs, every worker has dropped its state and
/// has run its `on_thread_stop`. The thread itself may take a moment more to vanish.
///
/// # Errors
/// [`WouldDeadlock`] from one of the executor's own workers, which would wait for itself.
///
/// # Cancel safety
/// Waiting may be given up and taken up again; nothing is lost.
///
/// # Examples
/// ```
/// let (pool, manual) = poolbridge::Executor::manual();
/// let task = pool.submit(|| "run elsewhere");
/// let mut end = pool.shutdown(poolbridge::Shutdown::hand_back());
/// end.take_handed_back().into_iter().for_each(poolbridge::Job::run);
/// assert_eq!(task.wait()?, "run elsewhere");
/// manual.run_all(); // its worker finds nothing and leaves
/// assert!(end.wait()?.handed_back.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "the shutdown has begun; await or `wait` to see its end"]
pub struct Termination {
    core: CoreRef,
    abandon: bool,
    finished_before: usize,
    report: Report,
    key: Option<u64>,
}

/// Begins a shutdown.
pub(super) fn begin(core: &CoreRef, mode: Shutdown) -> Termination {
    let finished_before = core.finished();
    let mut report = Report::default();
    apply(core, mode, &mut report);
    let abandon = mode.running == Running::Abandon;
    Termination { core: core.clone(), abandon, finished_before, report, key: None }
}

/// Applies `mode` to an executor, to its children first. None is missed: see `child.rs`.
fn apply(core: &CoreRef, mode: Shutdown, report: &mut Report) {
    core.stop_accepting();
    for child in core.children() {
        apply(&child, mode, report);
    }
    match mode.queued {
        Queued::Run => {}
        Queued::Cancel => report.cancelled += cancel_queued(core),
        Queued::HandBack => hand_back(core, &mut report.handed_back),
    }
    if mode.running != Running::Wait {
        let running = core.lock().lines.lists.running_tasks();
        for cell in running {
            let _ = cell.cancel();
        }
    }
    core.close();
}

impl CoreRef {
    pub(super) fn children(&self) -> Vec<CoreRef> {
        self.lock().children.values().cloned().collect()
    }

    /// Jobs that were started and have ended, ever, here and below.
    fn finished(&self) -> usize {
        let (own, children) = {
            let queue = self.lock();
            let children: Vec<_> = queue.children.values().cloned().collect();
            (queue.lines.lists.finished() + queue.finished_below, children)
        };
        own + children.iter().map(CoreRef::finished).sum::<usize>()
    }

    /// Jobs that run, here and below.
    fn running(&self) -> usize {
        let (own, children) = {
            let queue = self.lock();
            let children: Vec<_> = queue.children.values().cloned().collect();
            (queue.lines.lists.running(), children)
        };
        own + children.iter().map(CoreRef::running).sum::<usize>()
    }
}

fn cancel_queued(core: &CoreRef) -> usize {
    let mut cancelled = 0;
    loop {
        let next = core.lock().withdraw_next(core, Verdict::Prevented);
        match next {
            None => return cancelled,
            Some(Ok(owner)) => {
                owner.refuse(None);
                cancelled += 1;
            }
            Some(Err(_lost)) => {}
        }
    }
}

fn hand_back(core: &CoreRef, jobs: &mut Vec<Job>) {
    loop {
        let next: Option<Result<CellRef, CellRef>> = core.lock().loosen_next(core);
        match next {
            None => return,
            Some(Ok(job)) => jobs.push(Job::new(job)),
            Some(Err(_lost)) => {}
        }
    }
}

impl Termination {
    /// Blocks this thread until the end.
    ///
    /// # Errors
    /// [`WouldDeadlock`] from one of the executor's own workers.
    pub fn wait(mut self) -> Result<Report, WouldDeadlock> {
        self.block(None)?;
        Ok(self.take_report())
    }

    /// Blocks this thread until the end, for at most `limit`; then the report says how many
    /// closures still run.
    ///
    /// # Errors
    /// [`WouldDeadlock`] from one of the executor's own workers.
    pub fn wait_timeout(mut self, limit: Duration) -> Result<Report, WouldDeadlock> {
        self.block(Some(now().checked_add(limit)))?;
        Ok(self.take_report())
    }

    /// Awaits the end for at most `limit`; then the report says how many closures still run.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::{Executor, Shutdown};
    /// use std::time::Duration;
    /// # futures::executor::block_on(async {
    /// let pool = Executor::threads().build()?;
    /// let (open, gate) = std::sync::mpsc::channel::<()>();
    /// pool.submit(move || gate.recv()).detach();
    /// while pool.snapshot().running.is_empty() {
    ///     std::thread::yield_now();
    /// }
    /// let report = pool.shutdown(Shutdown::run_queued()).timeout(Duration::from_millis(5)).await?;
    /// assert_eq!(report.still_running, 1);
    /// # drop(open);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn timeout(self, limit: Duration) -> TerminationTimeout {
        let sleep = Sleep::by(self.core.config.clock.clone(), limit);
        TerminationTimeout { termination: self, sleep }
    }

    /// The jobs that were handed back, without waiting for what runs. Take them first if what runs may
    /// wait for one of them: until somebody runs or drops it, it is pending.
    pub fn take_handed_back(&mut self) -> Vec<Job> {
        std::mem::take(&mut self.report.handed_back)
    }

    fn block(&mut self, limit: Option<Option<Instant>>) -> Result<(), WouldDeadlock> {
        trampoline::flush();
        let parker = own_parker();
        let mut patience = Patience::new();
        while !self.is_over(&parker.waker())? {
            let Some(limit) = limit else {
                // A wait with a limit ends anyway; this one had better not be in a circle.
                let known = waiting::enter(Awaited::End(self.core.clone()))?;
                parker.park_until(known.look_again(&mut patience));
                continue;
            };
            if !parker.park_until(limit) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whether this is the end; if not, the waker is told when it is.
    fn is_over(&mut self, waker: &Waker) -> Result<bool, WouldDeadlock> {
        if self.abandon {
            return Ok(true);
        }
        let waker = waker.clone();
        let mut queue = self.core.lock();
        if queue.is_over() {
            return Ok(true);
        }
        if frame::is_worker_of(self.core.pool()) {
            return Err(WouldDeadlock::shutdown_from_worker());
        }
        let key = self.key.unwrap_or_else(|| {
            queue.keys += 1;
            queue.keys
        });
        self.key = Some(key);
        let known = queue.terminations.iter_mut().find(|(other, _)| *other == key);
        let old = match known {
            Some((_, old)) => Some(std::mem::replace(old, waker)),
            None => {
                queue.terminations.push((key, waker));
                None
            }
        };
        drop(queue);
        contain(|| drop(old));
        Ok(false)
    }

    fn take_report(&mut self) -> Report {
        Report {
            // A job may end between two looks at it; none is counted twice in the end.
            finished: self.core.finished().saturating_sub(self.finished_before),
            still_running: self.core.running(),
            ..std::mem::take(&mut self.report)
        }
    }
}

impl Future for Termination {
    type Output = Result<Report, WouldDeadlock>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.is_over(cx.waker()) {
            Ok(true) => Poll::Ready(Ok(self.take_report())),
            Ok(false) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

impl Drop for Termination {
    fn drop(&mut self) {
        let Some(key) = self.key else { return };
        let waker = {
            let mut queue = self.core.lock();
            let at = queue.terminations.iter().position(|(other, _)| *other == key);
            at.map(|at| queue.terminations.swap_remove(at))
        };
        contain(|| drop(waker));
    }
}

impl fmt::Debug for Termination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Termination").field("pool", &self.core.pool()).finish_non_exhaustive()
    }
}

/// A shutdown awaited with a limit; made by [`Termination::timeout`].
///
/// # Errors
/// [`WouldDeadlock`] from one of the executor's own workers.
///
/// # Cancel safety
/// As [`Termination`].
#[must_use = "futures do nothing unless polled"]
pub struct TerminationTimeout {
    termination: Termination,
    sleep: Sleep,
}

impl Future for TerminationTimeout {
    type Output = Result<Report, WouldDeadlock>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(end) = Pin::new(&mut self.termination).poll(cx) {
            return Poll::Ready(end);
        }
        self.sleep.poll(cx).map(|()| Ok(self.termination.take_report()))
    }
}

impl fmt::Debug for TerminationTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TerminationTimeout").field(&self.termination).finish()
    }
}
