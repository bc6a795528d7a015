//! Two errors as one: the closure's own, and that of its task.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::Task;
use super::error::TaskError;
use super::shield::Shielded;

impl<T, E> Task<Result<T, E>> {
    /// For a closure that can fail itself: one `Result` instead of two. What the task ends with is
    /// turned into the closure's own error, by `E: From<TaskError>`.
    ///
    /// [`std::io::Error`], `Box<dyn Error + Send + Sync>` and [`TaskError`] have that conversion; for
    /// an error type of yours it is one `impl`, or a variant with `thiserror`'s `#[from]`.
    ///
    /// A limit goes before it: `task.timeout(limit).flatten()`.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::run_in_executor;
    /// # futures::executor::block_on(async {
    /// let text = run_in_executor(None, || std::fs::read_to_string("Cargo.toml")).flatten().await?;
    /// assert!(text.contains("poolbridge"));
    /// # Ok::<(), std::io::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn flatten(self) -> Flatten<T, E> {
        Flatten::new(self)
    }
}

impl<T, E> Shielded<Result<T, E>> {
    /// As [`Task::flatten`].
    ///
    /// # Examples
    /// ```
    /// # futures::executor::block_on(async {
    /// let pool = poolbridge::Executor::threads().build()?;
    /// let look = pool.submit(|| std::fs::metadata("Cargo.toml"));
    /// // Given up by a `select!`, it goes on.
    /// assert!(look.shield().flatten().await?.is_file());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn flatten(self) -> Flatten<T, E, Self> {
        Flatten::new(self)
    }
}

/// An awaitable whose two errors are one; made by [`Task::flatten`], and by the methods of the same
/// name on what else awaits a task, which is the third parameter then.
///
/// # Errors
/// The closure's own error, or what the task ended with, turned into one.
///
/// # Cancel safety
/// That of what it holds: dropping it drops the task, which cancels.
/// [`into_inner`](Self::into_inner) gives the task back.
///
/// # Panics
/// Polling it after it has resolved panics.
///
/// # Examples
/// ```
/// use poolbridge::{Executor, Flatten};
/// use std::io;
///
/// fn length(pool: &Executor, path: &'static str) -> Flatten<u64, io::Error> {
///     pool.submit(move || std::fs::metadata(path).map(|data| data.len())).flatten()
/// }
///
/// # futures::executor::block_on(async {
/// let pool = Executor::threads().build().map_err(io::Error::other)?;
/// assert!(length(&pool, "Cargo.toml").await? > 0);
/// let error = length(&pool, "no such file").await.unwrap_err();
/// assert_eq!(error.kind(), io::ErrorKind::NotFound);
/// let task = length(&pool, "Cargo.toml").into_inner(); // two results again
/// assert!(task.await.is_ok_and(|length| length.is_ok()));
/// # Ok::<(), io::Error>(())
/// # }).unwrap();
/// ```
#[must_use = "dropping it drops the task, which cancels"]
pub struct Flatten<T, E, A = Task<Result<T, E>>> {
    awaited: A,
    _types: PhantomData<fn() -> Result<T, E>>,
}

impl<T, E, A> Flatten<T, E, A> {
    pub(crate) fn new(awaited: A) -> Self {
        Self { awaited, _types: PhantomData }
    }

    /// The task, or what else was flattened.
    pub fn into_inner(self) -> A {
        self.awaited
    }
}

impl<T, E: From<TaskError>> Flatten<T, E> {
    /// Blocks this thread until the task is over, as [`Task::wait`] does.
    ///
    /// # Errors
    /// The closure's own error, or what the task ended with, turned into one.
    ///
    /// # Panics
    /// If the outcome was taken before, by polling.
    ///
    /// # Examples
    /// ```
    /// let pool = poolbridge::Executor::threads().build()?;
    /// let parsed = pool.submit(|| "42".parse::<u8>().map_err(std::io::Error::other));
    /// assert_eq!(parsed.flatten().wait()?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait(self) -> Result<T, E> {
        self.awaited.wait()?
    }
}

impl<T, E, A> Future for Flatten<T, E, A>
where
    E: From<TaskError>,
    A: Future<Output = Result<Result<T, E>, TaskError>> + Unpin,
{
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.awaited).poll(cx).map(|outcome| outcome?)
    }
}

impl<T, E, A: fmt::Debug> fmt::Debug for Flatten<T, E, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Flatten").field(&self.awaited).finish()
    }
}
