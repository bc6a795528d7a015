//! One unit of work and everybody who cares about it.
//!
//! Reading order: [`state`] (what may happen), [`cell`] and [`body`] (where it
//! lives), [`ending`] (what each
//! step obliges to), [`handle`] (what the one waiter does), [`observer`] and [`hooks`] (who is
//! told), then the public faces: [`Task`], [`promise`], [`canceller`], [`context`], [`error`].

pub(crate) mod body;
pub(crate) mod canceller;
pub(crate) mod cell;
pub(crate) mod contain;
pub mod context;
pub(crate) mod deadlock;
pub(crate) mod ending;
pub(crate) mod error;
pub(crate) mod flatten;
pub(crate) mod frame;
pub(crate) mod handle;
mod hooks;
pub(crate) mod id;
pub(crate) mod job;
pub(crate) mod observer;
pub(crate) mod plan;
pub(crate) mod promise;
pub(crate) mod ruling;
pub(crate) mod shield;
mod spinning;
pub(crate) mod state;
pub(crate) mod trampoline;
mod watcher;

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use self::body::Handle;
use self::canceller::{Canceller, Stopped};
use self::cell::CellRef;
use self::contain::contain;
use self::deadlock::WouldDeadlock;
use self::error::{TaskError, WaitTimeout};
use self::id::TaskId;
use self::observer::CallbackId;
use self::shield::Shielded;
use self::state::{Cancel, Status};
use crate::sync::now;

/// The waiting half of submitted work. **Dropping it cancels**: work that has not started never
/// will, and its captures are freed at once; running work is asked to stop. [`detach`](Self::detach)
/// lets it run.
///
/// Await it on any runtime, [`wait`](Self::wait) for it from a plain thread, cancel it, give it a
/// deadline, watch it with callbacks. It yields the outcome once.
///
/// # Order of an ending
/// The closure returns, its captures are dropped, the callbacks run in order, the worker is free
/// again; only then do waiters hear. So whoever has awaited a task finds its captures gone and its
/// thread ready for the next submission.
///
/// # Looking before waiting
/// Who has to be woken waits for that longer than a short job takes. So the first poll, and [`wait`](Self::wait), look
/// for one to three microseconds whether the task ends, before they register a waker or block; on threads where that
/// has not paid of late they do so ever more seldom, down to once in 1,024 waits.
///
/// # Cancel safety
/// Polling registers a waker and nothing else: a `&mut Task` may be polled, left and polled again
/// from anywhere; the latest waker wins. Dropping the `Task` itself cancels.
///
/// # Panics
/// Polling it after it has yielded its outcome panics.
///
/// # Examples
/// ```
/// use poolbridge::{Executor, run_in_executor};
/// # futures::executor::block_on(async {
/// let pool = Executor::threads().max_workers(2).build()?;
/// let task = run_in_executor(&pool, || 6 * 7);
/// assert_eq!(task.await?, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[must_use = "dropping a task cancels it; call `detach` to let it run"]
pub struct Task<T> {
    handle: Handle<T>,
}

impl<T> Task<T> {
    pub(crate) fn new(handle: Handle<T>) -> Self {
        Self { handle }
    }

    pub(crate) fn cell(&self) -> &CellRef {
        self.handle.cell()
    }

    /// Whether the outcome may be taken; if not, the waker is told when it may.
    pub(crate) fn poll_done(&mut self, cx: &mut Context<'_>) -> bool {
        self.handle.poll_released(cx.waker())
    }

    /// The task's name.
    ///
    /// # Examples
    /// ```
    /// let task = poolbridge::Executor::inline().submit(|| -> u8 { panic!("no luck") });
    /// let id = task.id();
    /// assert!(task.wait().unwrap_err().to_string().contains(&format!("task {id} panicked")));
    /// ```
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.cell().id()
    }

    /// Where the task stands. `Finished` and `Failed` mean released: captures dropped, callbacks
    /// run, worker free. `Cancelled` shows at once.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::{Executor, Status};
    /// let (pool, manual) = Executor::manual();
    /// let task = pool.submit(|| 1);
    /// assert_eq!(task.status(), Status::Pending);
    /// manual.run_one();
    /// assert_eq!(task.status(), Status::Finished);
    /// ```
    #[must_use]
    pub fn status(&self) -> Status {
        self.cell().state().status()
    }

    /// Asks the task to stop, and says truthfully what that did.
    ///
    /// * [`Cancel::Prevented`]: the closure has not run and never will. When the call that won
    ///   returns, its captures are dropped, its queue place is free and its observers are told; a
    ///   second canceller gets the answer at once, perhaps while the first is still telling.
    /// * [`Cancel::Requested`]: it runs; its token is set and its cancel hooks have run, or do so as
    ///   the closure returns. The closure's own outcome ends the task.
    /// * [`Cancel::TooLate`]: it is over.
    ///
    /// Called from inside a callback more than 16 endings deep, the dropping and telling happens
    /// before the outermost of them returns.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::{Cancel, Executor, TaskError};
    /// let pool = Executor::threads().max_workers(1).build()?;
    /// let (open, gate) = std::sync::mpsc::channel::<()>();
    /// let busy = pool.submit(move || gate.recv());
    /// let queued = pool.submit(|| unreachable!("never runs"));
    /// assert_eq!(queued.cancel(), Cancel::Prevented);
    /// assert!(matches!(queued.wait(), Err(TaskError::Cancelled)));
    /// drop(open);
    /// # let _ = busy.wait();
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    pub fn cancel(&self) -> Cancel {
        self.cell().cancel()
    }

    /// A clonable, type-erased remote control.
    ///
    /// # Examples
    /// ```
    /// # futures::executor::block_on(async {
    /// let (_promise, task) = poolbridge::promise::<u8>();
    /// let canceller = task.canceller(); // for a signal handler, while the task is awaited here
    /// std::thread::spawn(move || drop(canceller.cancel()));
    /// assert!(matches!(task.await, Err(poolbridge::TaskError::Cancelled)));
    /// # });
    /// ```
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        Canceller::new(self.cell().clone())
    }

    /// Resolves when the job's thread has really let go, also after a timeout or a cancel that
    /// left the closure running.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::Executor;
    /// use std::time::Duration;
    /// # futures::executor::block_on(async {
    /// let pool = Executor::threads().build()?;
    /// let task = pool.submit_with(|cx| while !cx.is_cancelled() { std::thread::yield_now() });
    /// let stopped = task.stopped();
    /// assert!(task.timeout(Duration::from_millis(1)).await.is_err());
    /// stopped.await; // the closure has seen the request and returned
    /// # Ok::<(), poolbridge::BuildError>(())
    /// # }).unwrap();
    /// ```
    pub fn stopped(&self) -> Stopped {
        self.canceller().stopped()
    }

    /// Takes a callback back: true if it has not run and will not.
    ///
    /// # Examples
    /// ```
    /// let (promise, mut task) = poolbridge::promise();
    /// let id = task.add_done_callback(|_| unreachable!("taken back"));
    /// assert!(task.remove_done_callback(id));
    /// promise.set_result(5).unwrap();
    /// ```
    pub fn remove_done_callback(&self, id: CallbackId) -> bool {
        self.cell().remove_callback(id)
    }

    /// Blocks this thread until the task is over.
    ///
    /// **Inside a job**, a task that is still queued runs here and now if this thread is a worker of
    /// its executor, of that executor's views or of the executor they are views of, and their limits
    /// leave room (the waiting job's own place counts), at most 16 deep. In a serial view or a key's
    /// lane, what is queued before it runs first. So one worker is enough for jobs that wait for other
    /// jobs. ([`result`](Self::result), `.await` and a `block_on` of somebody else do not do that.)
    ///
    /// A wait that could never end is refused: for a later job of the waiting job's own lane, or one
    /// that closes a circle of waiting jobs over any number of executors.
    ///
    /// # Errors
    /// What the task ended with; [`TaskError::WouldDeadlock`] for a wait that could never end: from
    /// the task's own closure, callback or cancel hook, or in a circle, whose tasks it names. The task
    /// is then asked to stop, as by a drop.
    ///
    /// # Panics
    /// If the outcome was taken before, by polling or by [`result`](Self::result).
    ///
    /// # Examples
    /// ```
    /// let pool = poolbridge::Executor::threads().build()?;
    /// assert_eq!(pool.submit(|| 1 + 1).wait().unwrap(), 2);
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    pub fn wait(mut self) -> Result<T, TaskError> {
        self.refuse_second_taking();
        if let Some(error) = self.own_wait() {
            return Err(TaskError::WouldDeadlock(error));
        }
        let mut patience = frame::Patience::new();
        loop {
            let note = frame::prepare_to_wait(self.cell()).map_err(TaskError::WouldDeadlock)?;
            let over = match note {
                Some(_) => self.handle.block_once(patience.next()),
                None => self.handle.block(None),
            };
            if over {
                break;
            }
        }
        self.take_released()
    }

    /// Blocks this thread until the task is over, for at most `timeout`; zero looks once. May be
    /// called again after a [`WaitTimeout`], which leaves the task alone.
    ///
    /// # Errors
    /// [`WaitTimeout`] if the time passed first. The inner result is the task's.
    ///
    /// # Panics
    /// If the outcome was taken before: after it returned `Ok`, as polling a finished future does.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// let (promise, mut task) = poolbridge::promise();
    /// assert!(task.result(Duration::ZERO).is_err());
    /// promise.set_result(5).unwrap();
    /// assert_eq!(task.result(Duration::ZERO)?.unwrap(), 5);
    /// # Ok::<(), poolbridge::WaitTimeout>(())
    /// ```
    pub fn result(&mut self, timeout: Duration) -> Result<Result<T, TaskError>, WaitTimeout> {
        self.refuse_second_taking();
        if let Some(error) = self.own_wait() {
            return Ok(Err(TaskError::WouldDeadlock(error)));
        }
        let done = if timeout.is_zero() {
            self.cell().state().is_released()
        } else {
            // A deadline beyond what the clock can say is none.
            self.handle.block(now().checked_add(timeout))
        };
        if done { Ok(self.take_released()) } else { Err(WaitTimeout { task: self.id() }) }
    }

    /// An awaitable whose drop leaves the work alone.
    ///
    /// # Examples
    /// ```
    /// # futures::executor::block_on(async {
    /// let (promise, task) = poolbridge::promise();
    /// let canceller = task.canceller();
    /// drop(task.shield());
    /// assert_eq!(canceller.status(), poolbridge::Status::Pending);
    /// promise.set_result(()).unwrap();
    /// # });
    /// ```
    pub fn shield(self) -> Shielded<T> {
        Shielded::new(self)
    }

    /// Lets the work run with nobody waiting. Its callbacks still run; its outcome is dropped, and
    /// not given to [`on_abandoned`](crate::Submission::on_abandoned).
    ///
    /// # Examples
    /// ```
    /// let (pool, manual) = poolbridge::Executor::manual();
    /// drop(pool.submit(|| unreachable!("cancelled by the drop")));
    /// pool.submit(|| println!("runs all the same")).detach();
    /// assert_eq!(manual.run_all(), 1);
    /// ```
    pub fn detach(mut self) {
        self.cell().forget_reclaim();
        let waker = self.handle.give_up();
        contain(|| drop(waker));
    }

    /// The wait would be for this thread itself.
    fn own_wait(&self) -> Option<WouldDeadlock> {
        let released = self.cell().state().is_released();
        (!released && frame::is_inside(self.cell()))
            .then(|| WouldDeadlock::waiting_for_itself(self.id()))
    }

    #[track_caller]
    fn refuse_second_taking(&self) {
        assert!(!self.handle.is_done(), "task {}: the outcome was taken before", self.id());
    }

    /// The caller has seen the task released, and the outcome has not been taken.
    fn take_released(&mut self) -> Result<T, TaskError> {
        match self.handle.take() {
            Some(outcome) => outcome,
            None => unreachable!("a release is never taken back"),
        }
    }
}

impl<T: Send + 'static> Task<T> {
    /// Runs `f` with the outcome when the task is over: exactly once, in the order of adding, on
    /// the completing thread (a worker, or whoever cancels), before any waiter is released. If the
    /// task is over already, at once on this thread.
    ///
    /// A slow callback delays the waiters and keeps the worker;
    /// [`add_done_callback_on`](Self::add_done_callback_on) is the way out. A panic is contained. A
    /// callback that a callback adds (through another handle) runs after those added before. Inside,
    /// [`context::current`] tells which task it is.
    ///
    /// # Panics
    /// If the outcome was taken before.
    ///
    /// # Examples
    /// ```
    /// use std::sync::mpsc;
    /// let (tell, told) = mpsc::channel();
    /// let pool = poolbridge::Executor::threads().build()?;
    /// let mut task = pool.submit(|| 5);
    /// task.add_done_callback(move |outcome| tell.send(outcome.clone().unwrap()).unwrap());
    /// assert_eq!(task.wait().unwrap(), 5);
    /// assert_eq!(told.try_recv().unwrap(), 5); // before the waiter
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    pub fn add_done_callback(
        &mut self,
        f: impl FnOnce(&Result<T, TaskError>) + Send + 'static,
    ) -> CallbackId {
        self.refuse_second_taking();
        let callback = Box::new(move |outcome: &dyn Any| match outcome.downcast_ref() {
            Some(outcome) => f(outcome),
            None => unreachable!("a cell shows the outcome of its own type"),
        });
        let (id, now) = self.cell().add_callback(callback);
        if let Some(callback) = now {
            let _frame = self.cell().enter();
            self.handle.show(callback);
        }
        id
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.refuse_second_taking();
        if self.handle.poll_released(cx.waker()) {
            return Poll::Ready(self.take_released());
        }
        Poll::Pending
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        if !self.handle.is_done() {
            let waker = self.handle.give_up();
            let _ = self.cell().cancel();
            // User code, which finds the task as its drop leaves it.
            contain(|| drop(waker));
        }
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Task {{ id: {}, ", self.id())?;
        match self.status() {
            Status::Finished => write!(f, "returned {} }}", std::any::type_name::<T>()),
            status => write!(f, "{status:?} }}"),
        }
    }
}
