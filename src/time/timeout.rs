//! Awaits with a limit.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::sleep::Sleep;
use crate::task::Task;
use crate::task::error::TaskError;
use crate::task::flatten::Flatten;
use crate::task::state::Expired;

impl<T> Task<T> {
    /// Awaits the task for at most `limit`, counted from this call; then cancels it: a queued job
    /// never runs, a running closure is asked to stop and runs on abandoned. Completion at the same
    /// instant wins. Zero looks once; [`Duration::MAX`] is no limit.
    ///
    /// The time is tokio's inside a tokio runtime (feature `tokio`), else the crate's own timer
    /// thread's; no runtime is needed. Tasks of [`Executor::manual`](crate::Executor::manual) go by
    /// the clock of that.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::{Executor, Expired, TaskError};
    /// use std::time::Duration;
    /// # futures::executor::block_on(async {
    /// let pool = Executor::threads().build()?;
    /// let task = pool.submit_with(|cx| while cx.check().is_ok() { std::thread::yield_now() });
    /// let outcome = task.timeout(Duration::from_millis(5)).await;
    /// assert!(matches!(outcome, Err(TaskError::TimedOut(Expired::Await))));
    /// # Ok::<(), poolbridge::BuildError>(())
    /// # }).unwrap();
    /// ```
    pub fn timeout(self, limit: Duration) -> Timeout<T> {
        Timeout { sleep: Sleep::over(self.cell(), limit), task: Some(self) }
    }

    /// As [`timeout`](Self::timeout), but gives `value` when the time is over.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// # futures::executor::block_on(async {
    /// let (_promise, task) = poolbridge::promise();
    /// assert_eq!(task.timeout_or(Duration::ZERO, 7).await.unwrap(), 7);
    /// # });
    /// ```
    pub fn timeout_or(self, limit: Duration, value: T) -> TimeoutOr<T> {
        TimeoutOr { timeout: self.timeout(limit), value: Some(value) }
    }
}

/// A task awaited with a limit; made by [`Task::timeout`].
///
/// # Errors
/// What the task ended with; [`TaskError::TimedOut`] with [`Expired::Await`] if the time was over.
///
/// # Cancel safety
/// Dropping it drops the task, which cancels. [`into_inner`](Self::into_inner) gives it back.
///
/// # Panics
/// Polling it after it has resolved panics.
///
/// # Examples
/// ```
/// use poolbridge::{Executor, Expired, TaskError};
/// use std::time::Duration;
/// # futures::executor::block_on(async {
/// let (pool, manual) = Executor::manual();
/// let minute = Duration::from_secs(60);
/// let limited = pool.submit(|| 1).timeout(minute);
/// let kept = pool.submit(|| 2).timeout(minute).into_inner(); // without the limit again
/// manual.advance(minute);
/// assert!(matches!(limited.await, Err(TaskError::TimedOut(Expired::Await))));
/// manual.run_all();
/// assert_eq!(kept.await.unwrap(), 2);
/// # });
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct Timeout<T> {
    /// Gone once timed out.
    task: Option<Task<T>>,
    sleep: Sleep,
}

impl<T> Timeout<T> {
    /// The task, without the limit.
    ///
    /// # Panics
    /// If it has timed out.
    pub fn into_inner(mut self) -> Task<T> {
        match self.task.take() {
            Some(task) => task,
            None => panic!("the task is gone: the time was over"),
        }
    }
}

impl<T, E> Timeout<Result<T, E>> {
    /// As [`Task::flatten`]: the limit's error becomes the closure's own, too.
    ///
    /// # Examples
    /// ```
    /// use std::{io, time::Duration};
    /// # futures::executor::block_on(async {
    /// let (_promise, task) = poolbridge::promise::<io::Result<()>>();
    /// let error = task.timeout(Duration::ZERO).flatten().await.unwrap_err();
    /// assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    /// # });
    /// ```
    pub fn flatten(self) -> Flatten<T, E, Self> {
        Flatten::new(self)
    }
}

impl<T> Future for Timeout<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let Some(task) = &mut this.task else { panic!("polled after it has timed out") };
        // The task first: completion at the same instant wins.
        if let Poll::Ready(outcome) = Pin::new(&mut *task).poll(cx) {
            return Poll::Ready(outcome);
        }
        if this.sleep.poll(cx).is_pending() {
            return Poll::Pending;
        }
        task.cell().expire(Expired::Await);
        if task.poll_done(cx) {
            return Pin::new(task).poll(cx);
        }
        // Its callbacks run right now, elsewhere or further out on this thread; the wait is over.
        this.task = None;
        Poll::Ready(Err(TaskError::TimedOut(Expired::Await)))
    }
}

impl<T> fmt::Debug for Timeout<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timeout").field(&self.task).finish()
    }
}

/// A task awaited with a limit and a value for when the time is over; made by
/// [`Task::timeout_or`].
///
/// # Errors
/// What the task ended with, except for this limit.
///
/// # Cancel safety
/// As [`Timeout`].
///
/// # Panics
/// Polling it after it has resolved panics.
///
/// # Examples
/// ```
/// use poolbridge::{Executor, TaskError};
/// use std::time::Duration;
/// # futures::executor::block_on(async {
/// let (pool, manual) = Executor::manual();
/// let second = Duration::from_secs(1);
/// let price = pool.submit(|| 12).timeout_or(second, 10); // 10 is yesterday's
/// manual.advance(second);
/// assert_eq!(price.await.unwrap(), 10);
/// let failed = pool.submit(|| -> u8 { panic!("no luck") }).timeout_or(second, 10);
/// manual.run_all();
/// assert!(matches!(failed.await, Err(TaskError::Panicked(_)))); // other errors stay errors
/// # });
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct TimeoutOr<T> {
    timeout: Timeout<T>,
    value: Option<T>,
}

// The value is never pinned.
impl<T> Unpin for TimeoutOr<T> {}

impl<T, E> TimeoutOr<Result<T, E>> {
    /// As [`Task::flatten`].
    ///
    /// # Examples
    /// ```
    /// use std::{io, time::Duration};
    /// # futures::executor::block_on(async {
    /// let (_promise, task) = poolbridge::promise::<io::Result<u8>>();
    /// let length = task.timeout_or(Duration::ZERO, Ok(0)).flatten();
    /// assert_eq!(length.await?, 0);
    /// # Ok::<(), io::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn flatten(self) -> Flatten<T, E, Self> {
        Flatten::new(self)
    }
}

impl<T> Future for TimeoutOr<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        Pin::new(&mut this.timeout).poll(cx).map(|outcome| match (outcome, this.value.take()) {
            (Err(TaskError::TimedOut(Expired::Await)), Some(value)) => Ok(value),
            (outcome, _) => outcome,
        })
    }
}

impl<T> fmt::Debug for TimeoutOr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TimeoutOr").field(&self.timeout).finish()
    }
}
