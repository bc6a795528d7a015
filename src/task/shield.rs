//! An awaitable that does not cancel.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::Task;
use super::error::TaskError;

/// A task whose drop leaves the work alone; made by [`Task::shield`].
///
/// So a `select!` or a timeout around it gives up waiting, not the work. Cancelling the task by a
/// [`Canceller`](crate::Canceller) still works.
///
/// # Errors
/// What the task ended with.
///
/// # Cancel safety
/// Dropping it detaches the task; [`into_inner`](Self::into_inner) gives the task back.
///
/// # Panics
/// Polling it after it has resolved panics.
///
/// # Examples
/// ```
/// use futures::future::{Either, ready, select};
/// use poolbridge::Executor;
/// # futures::executor::block_on(async {
/// let (pool, manual) = Executor::manual();
/// let upload = pool.submit(|| "sent").shield();
/// let Either::Left((_, upload)) = select(ready("enough"), upload).await else { panic!() };
/// let upload = upload.into_inner(); // dropping `upload` would have let it run, too
/// manual.run_all();
/// assert_eq!(upload.await.unwrap(), "sent");
/// # });
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct Shielded<T> {
    /// Gone once given back.
    task: Option<Task<T>>,
}

impl<T> Shielded<T> {
    pub(super) fn new(task: Task<T>) -> Self {
        Self { task: Some(task) }
    }

    /// The task, unshielded.
    pub fn into_inner(mut self) -> Task<T> {
        match self.task.take() {
            Some(task) => task,
            None => unreachable!("only this call and the drop take the task"),
        }
    }
}

impl<T> Future for Shielded<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.task {
            Some(task) => Pin::new(task).poll(cx),
            None => unreachable!("only `into_inner` and the drop take the task"),
        }
    }
}

impl<T> Drop for Shielded<T> {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.detach();
        }
    }
}

impl<T> fmt::Debug for Shielded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shielded").field(&self.task).finish()
    }
}
