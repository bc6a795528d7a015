//! Remote controls of a task, without its type.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::cell::CellRef;
use super::id::TaskId;
use super::state::{Cancel, Status};

/// A clonable remote control of one task: cancel it, ask how it stands, wait for its thread.
///
/// It keeps no outcome alive and does not keep the task from being dropped.
///
/// # Examples
/// ```
/// use poolbridge::{Cancel, Status};
/// let (promise, task) = poolbridge::promise::<u8>();
/// let canceller = task.canceller();
/// assert_eq!(canceller.id(), task.id());
/// assert_eq!(canceller.clone().cancel(), Cancel::Prevented);
/// assert_eq!(canceller.status(), Status::Cancelled);
/// assert!(promise.is_cancelled());
/// ```
#[derive(Clone)]
pub struct Canceller {
    cell: CellRef,
}

impl Canceller {
    pub(crate) fn new(cell: CellRef) -> Self {
        Self { cell }
    }

    /// As [`Task::cancel`](crate::Task::cancel).
    pub fn cancel(&self) -> Cancel {
        self.cell.cancel()
    }

    /// Cancels the task only if it has not started: true if it never will run. A running closure is
    /// not asked to stop; for ends that let what runs finish.
    ///
    /// # Examples
    /// ```
    /// let (promise, task) = poolbridge::promise::<u8>();
    /// promise.set_running();
    /// assert!(!task.canceller().prevent());
    /// assert!(!promise.is_cancelled());
    /// ```
    #[must_use = "false: it runs, or is over"]
    pub fn prevent(&self) -> bool {
        self.cell.prevent()
    }

    /// As [`Task::status`](crate::Task::status).
    #[must_use]
    pub fn status(&self) -> Status {
        self.cell.state().status()
    }

    /// The task's name.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.cell.id()
    }

    /// As [`Task::stopped`](crate::Task::stopped).
    pub fn stopped(&self) -> Stopped {
        Stopped { cell: self.cell.clone(), key: None }
    }
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceller").field("id", &self.id()).field("status", &self.status()).finish()
    }
}

/// Resolves when the job's thread has really let go: the closure has returned, its captures are
/// dropped and its worker is free. Made by [`Task::stopped`](crate::Task::stopped) and
/// [`Canceller::stopped`].
///
/// # Cancel safety
/// It may be dropped and made anew at any time; nothing is lost.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// # futures::executor::block_on(async {
/// let pool = poolbridge::Executor::threads().build()?;
/// let buffer = Arc::new([0_u8; 16]);
/// let lent = Arc::clone(&buffer);
/// let task = pool.submit(move || lent.len());
/// let canceller = task.canceller();
/// drop(task); // the job may be in the midst of it
/// canceller.stopped().await;
/// assert!(Arc::into_inner(buffer).is_some()); // ours alone again
/// # Ok::<(), poolbridge::BuildError>(())
/// # }).unwrap();
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct Stopped {
    cell: CellRef,
    key: Option<u64>,
}

impl Future for Stopped {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if this.cell.poll_stopped(&mut this.key, cx.waker()) {
            this.key = None;
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.cell.forget_stopped(key);
        }
    }
}

impl fmt::Debug for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stopped").field("task", &self.cell.id()).finish()
    }
}
