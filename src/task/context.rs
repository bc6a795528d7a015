//! What a running job can ask about itself.

use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::cell::CellRef;
use super::error::Cancelled;
use super::id::TaskId;
use super::{frame, hooks};
use crate::sync::{SharedArc, now};

/// The view that a running closure has of its own task: has it been asked to stop, how long may
/// it go on, what did this worker's initializer make.
///
/// It is given to [`submit_with`](crate::Executor::submit_with) closures, and [`current`] finds it
/// from anywhere below. Clones may go to other threads (the iterations of a parallel loop, say).
///
/// # Examples
/// ```
/// use poolbridge::{Cancelled, Executor};
/// let pool = Executor::threads().build()?;
/// let task = pool.submit_with(|cx| -> Result<u64, Cancelled> {
///     let mut sum = 0;
///     for n in 0..1000 {
///         cx.check()?;
///         sum += n;
///     }
///     Ok(sum)
/// });
/// assert_eq!(task.wait().unwrap(), Ok(499_500));
/// # Ok::<(), poolbridge::BuildError>(())
/// ```
/// What else it tells:
/// ```
/// let (pool, manual) = poolbridge::Executor::manual();
/// let minute = std::time::Duration::from_secs(60);
/// let deadline = manual.now() + minute;
/// let job = pool.job_with(move |cx| {
///     assert!(!cx.is_cancelled());
///     assert_eq!((cx.deadline(), cx.remaining()), (Some(deadline), Some(minute)));
///     assert!(cx.try_state::<String>().is_none()); // this executor has no initializer
///     cx.task_id()
/// });
/// let task = job.run_timeout(minute).submit();
/// let id = task.id();
/// manual.run_all();
/// assert_eq!(task.wait().unwrap(), id);
/// ```
#[derive(Clone)]
pub struct Context {
    cell: CellRef,
}

/// The context of the innermost task whose closure, callback or cancel hook runs on this thread;
/// `None` elsewhere.
///
/// # Examples
/// ```
/// use poolbridge::{Executor, context};
/// assert!(context::current().is_none());
/// let pool = Executor::threads().build()?;
/// let task = pool.submit(|| context::current().map(|cx| cx.task_id()));
/// let id = task.id();
/// assert_eq!(task.wait().unwrap(), Some(id));
/// # Ok::<(), poolbridge::BuildError>(())
/// ```
#[must_use]
pub fn current() -> Option<Context> {
    frame::current().map(Context::new)
}

/// Runs `f`, which blocks for long on something else than this pool: while it does, another thread
/// may stand in for this one, if the pool of own threads was built with
/// [`stand_ins`](crate::ThreadPoolBuilder::stand_ins). Elsewhere it just runs `f`.
///
/// When `f` is over this thread goes on at once; so for the length of a job there may be a thread more
/// than the limit says. A place in a [`limited`](crate::Executor::limited), serial or keyed executor is
/// never lent. It is what the JDK's `ManagedBlocker` is for.
///
/// # Panics
/// If `f` does.
///
/// # Examples
/// ```
/// use poolbridge::{Executor, context};
/// let pool = Executor::threads().max_workers(1).stand_ins(1).build()?;
/// let (tell, told) = std::sync::mpsc::channel();
/// let waits = pool.submit(move || context::blocking(|| told.recv().unwrap()));
/// let other = pool.submit(move || tell.send("from a stand-in").unwrap());
/// assert_eq!(waits.wait().unwrap(), "from a stand-in");
/// # other.wait().unwrap();
/// # Ok::<(), poolbridge::BuildError>(())
/// ```
pub fn blocking<R>(f: impl FnOnce() -> R) -> R {
    let _blocked = frame::block();
    f()
}

impl Context {
    pub(crate) fn new(cell: CellRef) -> Self {
        Self { cell }
    }

    /// Whether the task has been asked to stop: by a cancel, by the drop of its `Task`, by a
    /// deadline or by a shutdown.
    ///
    /// # Examples
    /// ```
    /// let pool = poolbridge::Executor::threads().build()?;
    /// let (tell, started) = std::sync::mpsc::channel();
    /// let task = pool.submit_with(move |cx| {
    ///     tell.send(()).unwrap();
    ///     while !cx.is_cancelled() { /* a step of the work */ }
    ///     "stopped early"
    /// });
    /// started.recv()?;
    /// let _ = task.cancel();
    /// assert_eq!(task.wait()?, "stopped early");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cell.state().is_stop_asked()
    }

    /// [`is_cancelled`](Self::is_cancelled) for the `?` operator.
    ///
    /// # Errors
    /// [`Cancelled`] if the task has been asked to stop.
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }

    /// When the task's run deadline passes, if it has one: by the clock that rules it, which is not
    /// [`Instant`]'s where a test has paused tokio's or moves its own. [`remaining`](Self::remaining)
    /// always fits.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.cell.plan(|plan| plan.run_deadline)?
    }

    /// How long the task may go on: zero once its deadline has passed, `None` without one.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        let (deadline, clock) = self.cell.plan(|plan| (plan.run_deadline, plan.clock.clone()))?;
        let now = clock.map_or_else(now, |clock| clock.now());
        Some(deadline?.saturating_duration_since(now))
    }

    /// The task's name.
    #[must_use]
    pub fn task_id(&self) -> TaskId {
        self.cell.id()
    }

    /// What this worker's initializer made.
    ///
    /// Each worker has its own, made on its thread and dropped there.
    ///
    /// # Panics
    /// If the closure does not run on this thread, if the executor has no initializer, or if that
    /// makes another type. [`try_state`](Self::try_state) does not panic.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::Executor;
    /// use std::cell::Cell;
    /// let pool = Executor::threads()
    ///     .max_workers(1)
    ///     .initializer(|| Ok::<_, std::io::Error>(Cell::new(0_u32)))
    ///     .build()?;
    /// let count = |cx: &poolbridge::Context| {
    ///     let seen = cx.state::<Cell<u32>>();
    ///     seen.set(seen.get() + 1);
    ///     seen.get()
    /// };
    /// assert_eq!(pool.submit_with(count).wait().unwrap(), 1);
    /// assert_eq!(pool.submit_with(count).wait().unwrap(), 2);
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    #[must_use]
    pub fn state<S: 'static>(&self) -> Rc<S> {
        self.try_state().unwrap_or_else(|| {
            panic!(
                "task {} has no worker state of type {}: give the executor an initializer that \
                 makes one, and ask on the thread that runs the closure",
                self.task_id(),
                std::any::type_name::<S>()
            )
        })
    }

    /// As [`state`](Self::state), or `None` where that would panic.
    #[must_use]
    pub fn try_state<S: 'static>(&self) -> Option<Rc<S>> {
        frame::state_for(&self.cell)?.downcast().ok()
    }

    /// Runs `f` when the task is asked to stop, on the thread that asks; at once, here, if it has
    /// been asked already; never, if the task is over. Use it to interrupt what [`check`](Self::check) can't: shut a socket
    /// down, kill a child.
    ///
    /// If there is a request, `f` runs exactly once, and never after the task's end: the end waits
    /// for an `f` that is running in another thread, and one that a request was too late to run
    /// before the closure returned runs right after it, on its thread. A panic of `f` is contained.
    /// So `f` must not wait for what only this job's thread could do.
    ///
    /// Dropping the registration leaves `f` in place; [`OnCancel::remove`] takes it back.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::{Cancel, Executor};
    /// use std::sync::mpsc;
    /// let pool = Executor::threads().build()?;
    /// let (ready, is_ready) = mpsc::channel();
    /// let task = pool.submit_with(move |cx| {
    ///     let (stop, stopped) = mpsc::channel();
    ///     cx.on_cancel(move || stop.send(()).unwrap());
    ///     ready.send(()).unwrap();
    ///     stopped.recv().unwrap();
    ///     "stopped early"
    /// });
    /// is_ready.recv()?;
    /// assert_eq!(task.cancel(), Cancel::Requested);
    /// assert_eq!(task.wait().unwrap(), "stopped early");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_cancel(&self, f: impl FnOnce() + Send + 'static) -> OnCancel {
        OnCancel { key: hooks::add(&self.cell, Box::new(f)), cell: self.cell.clone() }
    }

    pub(crate) fn name(&self) -> Option<SharedArc<str>> {
        self.cell.plan(|plan| plan.name.clone())?
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("task", &self.task_id())
            .field("cancelled", &self.is_cancelled())
            .finish()
    }
}

/// A cancel hook's registration.
///
/// # Examples
/// ```
/// let pool = poolbridge::Executor::inline();
/// let task = pool.submit_with(|cx| {
///     let hook = cx.on_cancel(|| println!("the connection is shut down"));
///     // ... the part that waits for the network ...
///     hook.remove() // nobody shuts it down from here on
/// });
/// assert!(task.wait().unwrap());
/// ```
#[derive(Debug)]
pub struct OnCancel {
    cell: CellRef,
    key: Option<u64>,
}

impl OnCancel {
    pub(super) fn new(cell: CellRef, key: Option<u64>) -> Self {
        Self { cell, key }
    }

    /// Takes the hook back. True: it has not run and will not. False: it has run, or was dropped
    /// with its job. If it runs right now in another thread, this waits for its end; so after the
    /// call, what the hook uses is not used any more. From inside the hook it does not wait.
    pub fn remove(self) -> bool {
        self.key.is_some_and(|key| hooks::remove(&self.cell, key))
    }
}
