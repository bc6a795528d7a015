//! A task that is completed by hand.

use std::fmt;

use super::Task;
use super::body::{self, Never, Owner};
use super::cell::CellRef;
use super::context::OnCancel;
use super::error::TaskError;
use super::hooks;
use super::id::TaskId;
use super::state::{Stage, Verdict};
use crate::sync::Mutex;

/// The producing half of a [`Task`], for APIs that call back when they are done.
///
/// Dropping it uncompleted ends the task with [`TaskError::Lost`]; no task waits for ever.
///
/// Completing consumes it, so a second outcome (CPython's `InvalidStateError`) does not compile.
///
/// # Examples
/// ```
/// use poolbridge::{Promise, TaskError};
/// use std::collections::HashMap;
///
/// // What a reader thread of a connection keeps: who waits for which answer.
/// let mut waiting: HashMap<u32, Promise<&str>> = HashMap::new();
/// let (promise, first) = poolbridge::promise();
/// waiting.insert(1, promise);
/// let (promise, second) = poolbridge::promise();
/// waiting.insert(2, promise);
///
/// if let Some(promise) = waiting.remove(&1) {
///     let _ = promise.set_result("200 OK"); // whoever asked may have given up
/// }
/// assert_eq!(first.wait().unwrap(), "200 OK");
/// drop(waiting); // the connection is gone
/// assert!(matches!(second.wait(), Err(TaskError::Lost)));
/// ```
pub struct Promise<T: Send + 'static> {
    cell: CellRef,
    /// Once it is running.
    owner: Mutex<Option<Owner>>,
    completed: bool,
    /// Invariant: a supertype of `T` is another type by its `TypeId` (C5).
    _type: std::marker::PhantomData<fn(T) -> T>,
}

/// A promise and the task that it completes.
///
/// # Examples
/// ```
/// let (promise, task) = poolbridge::promise();
/// std::thread::spawn(move || promise.set_result("from a C callback"));
/// assert_eq!(task.wait().unwrap(), "from a C callback");
/// ```
pub fn promise<T: Send + 'static>() -> (Promise<T>, Task<T>) {
    let id = TaskId::homeless();
    let (job, handle) = body::new::<Never, T, Never>(Never, id, std::ptr::null(), false);
    let promise = Promise {
        cell: job,
        owner: Mutex::new(None),
        completed: false,
        _type: std::marker::PhantomData,
    };
    (promise, Task::new(handle))
}

impl<T: Send + 'static> Promise<T> {
    /// Says that the work has begun: from here on `cancel` asks it to stop instead of preventing
    /// it. False if the task is over already; then don't begin.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::Cancel;
    /// let (promise, task) = poolbridge::promise();
    /// assert!(promise.set_running());
    /// assert_eq!(task.cancel(), Cancel::Requested);
    /// assert!(promise.is_cancelled()); // so stop early, or go on
    /// promise.set_result("half of it").unwrap();
    /// assert_eq!(task.wait().unwrap(), "half of it");
    /// ```
    pub fn set_running(&self) -> bool {
        let mut owner = self.owner.lock();
        if owner.is_none() {
            *owner = self.cell.clone().start().ok();
        }
        owner.is_some() && self.cell.state().stage() == Stage::Open
    }

    /// Completes the task with a value.
    ///
    /// # Errors
    /// The value comes back if the task is over: cancelled, or timed out.
    ///
    /// # Examples
    /// ```
    /// let (promise, task) = poolbridge::promise();
    /// assert_eq!(promise.task_id(), task.id());
    /// drop(task);
    /// assert_eq!(promise.set_result("for nobody"), Err("for nobody"));
    /// ```
    pub fn set_result(self, value: T) -> Result<(), T> {
        // The outcome that comes back is the one that went in.
        self.complete(Ok(value)).map_err(|outcome| match outcome {
            Ok(value) => value,
            Err(_) => unreachable!("complete gives back what it was given"),
        })
    }

    /// Completes the task with an error.
    ///
    /// # Errors
    /// The error comes back if the task is over.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::{Expired, TaskError};
    /// let (promise, task) = poolbridge::promise::<u8>();
    /// promise.set_error(TaskError::TimedOut(Expired::Run)).unwrap(); // the library gave up
    /// assert!(matches!(task.wait(), Err(TaskError::TimedOut(Expired::Run))));
    /// ```
    pub fn set_error(self, error: TaskError) -> Result<(), TaskError> {
        self.complete(Err(error)).map_err(|outcome| match outcome {
            Err(error) => error,
            Ok(_) => unreachable!("complete gives back what it was given"),
        })
    }

    /// Completes the task: runs its callbacks on this thread, then wakes who waits.
    /// `Err(TaskError::Cancelled)` ends it as cancelled.
    ///
    /// # Errors
    /// The outcome comes back if the task is over: cancelled, or timed out.
    ///
    /// # Examples
    /// ```
    /// let (promise, task) = poolbridge::promise();
    /// let pool = poolbridge::Executor::threads().build()?;
    /// let mut source = pool.submit(|| 7);
    /// // One task's outcome, whatever it is, for another one.
    /// source.add_done_callback(move |outcome| drop(promise.complete(outcome.clone())));
    /// assert_eq!(task.wait().unwrap(), 7);
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    pub fn complete(mut self, outcome: Result<T, TaskError>) -> Result<(), Result<T, TaskError>> {
        self.finish(outcome)
    }

    /// Whether nobody wants the outcome any more: the task was cancelled, dropped, or has timed
    /// out.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cell.state().is_stop_asked()
    }

    /// Runs `f` when the task is cancelled, dropped or timed out, on the thread that does it and
    /// before that call returns; at once if that has happened. At most once, and never after the
    /// promise was completed.
    ///
    /// # Examples
    /// ```
    /// use std::sync::atomic::{AtomicBool, Ordering};
    /// use std::sync::Arc;
    /// let aborted = Arc::new(AtomicBool::new(false));
    /// let (promise, task) = poolbridge::promise::<u8>();
    /// let flag = Arc::clone(&aborted);
    /// promise.on_cancel(move || flag.store(true, Ordering::Relaxed));
    /// drop(task);
    /// assert!(aborted.load(Ordering::Relaxed));
    /// ```
    pub fn on_cancel(&self, f: impl FnOnce() + Send + 'static) -> OnCancel {
        OnCancel::new(self.cell.clone(), hooks::add(&self.cell, Box::new(f)))
    }

    /// The task's name.
    #[must_use]
    pub fn task_id(&self) -> TaskId {
        self.cell.id()
    }

    fn finish(&mut self, outcome: Result<T, TaskError>) -> Result<(), Result<T, TaskError>> {
        self.completed = true;
        let running = self.owner.get_mut().take();
        match running.or_else(|| self.cell.withdraw(Verdict::of(&outcome))) {
            Some(owner) => owner.complete(outcome),
            None => Err(outcome),
        }
    }
}

impl<T: Send + 'static> Drop for Promise<T> {
    fn drop(&mut self) {
        if !self.completed {
            // Over already: nobody waits for this.
            let _ = self.finish(Err(TaskError::Lost));
        }
    }
}

impl<T: Send + 'static> fmt::Debug for Promise<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Promise")
            .field("task", &self.cell.id())
            .field("status", &self.cell.state().status())
            .finish()
    }
}
