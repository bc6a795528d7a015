//! Blocking, concurrent-style handles as tasks.
//!
//! What can only be waited for by blocking is waited for on a private cache of threads, one each:
//! never on the default executor, whose jobs must not stand behind forty joins.

#![allow(clippy::disallowed_types, reason = "the handles that are wrapped are std's")]

#[cfg(any(unix, windows))]
mod child;

use std::fmt;
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;

use crate::executor::Executor;
use crate::executor::snapshot::Snapshot;
use crate::executor::submission::submit_outcome;
use crate::sync::fork::per_process;
use crate::task::Task;
use crate::task::error::TaskError;

/// Something that ends once, elsewhere, and can be turned into a [`Task`].
///
/// Implement it for handles of your own: with [`promise`](crate::promise) where the other side
/// calls back, with [`Blocking`] where it can only be waited for.
///
/// # Examples
/// ```
/// use poolbridge::{ConcurrentFuture, Task, promise, wrap_future};
///
/// /// A C library's request, which calls back once.
/// struct Request;
/// impl Request {
///     fn send(self, done: impl FnOnce(u32) + Send + 'static) {
///         std::thread::spawn(move || done(200));
///     }
/// }
///
/// impl ConcurrentFuture for Request {
///     type Output = u32;
///     fn into_task(self) -> Task<u32> {
///         let (promise, task) = promise();
///         // Cancelled meanwhile: nobody wants the answer.
///         self.send(move |status| drop(promise.set_result(status)));
///         task
///     }
/// }
///
/// assert_eq!(wrap_future(Request).wait().unwrap(), 200);
/// ```
pub trait ConcurrentFuture {
    /// What it ends with.
    type Output: Send + 'static;

    /// The task that ends with it.
    fn into_task(self) -> Task<Self::Output>;
}

/// Makes a blocking, concurrent-style handle awaitable. A [`Task`] comes back unchanged.
///
/// The names are those of `asyncio.wrap_future`; it needs no runtime here.
///
/// Cancelling the task, or dropping it, runs the source's cancel action if it has one (a child
/// process is killed and reaped). A source without one can't be interrupted: its thread waits on,
/// abandoned, and shows in [`wrapped_sources`].
///
/// # Examples
/// ```
/// use poolbridge::wrap_future;
/// # futures::executor::block_on(async {
/// let thread = std::thread::spawn(|| 6 * 7);
/// assert_eq!(wrap_future(thread).await?, 42);
///
/// let (sender, receiver) = std::sync::mpsc::channel();
/// sender.send("news")?;
/// assert_eq!(wrap_future(receiver).await?, "news");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub fn wrap_future<W: ConcurrentFuture>(source: W) -> Task<W::Output> {
    source.into_task()
}

/// The wrapped sources that a thread waits for right now, abandoned ones included.
///
/// # Examples
/// ```
/// let (sender, receiver) = std::sync::mpsc::channel::<()>();
/// let task = poolbridge::wrap_future(receiver);
/// while poolbridge::wrapped_sources().running.is_empty() {
///     std::thread::yield_now();
/// }
/// drop(sender);
/// # let _ = task.wait();
/// ```
#[must_use]
pub fn wrapped_sources() -> Snapshot {
    cache().snapshot()
}

per_process! {
    /// One thread for each source that is waited for, kept for the next one for a while.
    fn cache() -> Executor =
        match Executor::threads().max_workers(usize::MAX).thread_name("poolbridge-wait").build() {
            Ok(executor) => executor,
            Err(_) => unreachable!("these options go together"),
        };
}

impl<T: Send + 'static> ConcurrentFuture for Task<T> {
    type Output = T;

    /// The task itself: nothing is allocated and nothing waits.
    fn into_task(self) -> Task<T> {
        self
    }
}

impl<T: Send + 'static> ConcurrentFuture for JoinHandle<T> {
    type Output = T;

    /// Ends with the thread's value; a panic of the thread becomes
    /// [`TaskError::Panicked`] with its payload.
    fn into_task(self) -> Task<T> {
        // Resuming keeps the payload, and does not report the panic a second time.
        cache().submit(move || {
            self.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload))
        })
    }
}

impl<T: Send + 'static> ConcurrentFuture for Receiver<T> {
    type Output = T;

    /// Ends with the first message; [`TaskError::Lost`] if all senders are gone before.
    fn into_task(self) -> Task<T> {
        submit_outcome(cache(), move |_| self.recv().map_err(|_| TaskError::Lost))
    }
}

/// A blocking closure of your own as a source for [`wrap_future`], with a way to interrupt it.
///
/// # Examples
/// ```
/// use poolbridge::{Blocking, wrap_future};
/// use std::io::Read;
/// use std::net::{Shutdown, TcpListener, TcpStream};
///
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let mut stream = TcpStream::connect(listener.local_addr()?)?;
/// let handle = stream.try_clone()?;
/// let read = Blocking::new(move || stream.read(&mut [0; 16]))
///     .on_cancel(move || drop(handle.shutdown(Shutdown::Both)));
/// let mut task = wrap_future(read);
/// let _ = task.cancel(); // the read returns, or never begins
/// assert!(matches!(task.wait(), Ok(Ok(0)) | Err(_)));
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "nothing runs until `wrap_future`"]
pub struct Blocking<F> {
    f: F,
    cancel: Option<Box<dyn FnOnce() + Send>>,
}

impl<F> Blocking<F> {
    /// A source that ends when `f` returns.
    pub fn new(f: F) -> Self {
        Self { f, cancel: None }
    }

    /// What makes a running `f` return early. Runs on the cancelling thread, at most once, and only
    /// if `f` has begun; where the cancel comes as `f` returns, right after it on its thread.
    pub fn on_cancel(mut self, cancel: impl FnOnce() + Send + 'static) -> Self {
        self.cancel = Some(Box::new(cancel));
        self
    }
}

impl<T, F> ConcurrentFuture for Blocking<F>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    type Output = T;

    fn into_task(self) -> Task<T> {
        let Self { f, cancel } = self;
        cache().submit_with(move |cx| {
            if let Some(cancel) = cancel {
                cx.on_cancel(cancel);
            }
            f()
        })
    }
}

impl<F> fmt::Debug for Blocking<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocking").field("can_cancel", &self.cancel.is_some()).finish()
    }
}
