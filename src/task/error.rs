//! What can go wrong with a task, each kind once.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::panic::resume_unwind;

use super::contain::{contain, drop_payload};
use super::deadlock::WouldDeadlock;
use super::id::TaskId;
use super::state::{Expired, Status};
use crate::sync::{Mutex, SharedArc};

/// Why a [`Task`](crate::Task) has no value.
///
/// Cloning is cheap. Every clone of one error describes the same event.
///
/// # Examples
/// ```
/// use poolbridge::{Executor, TaskError};
/// let pool = Executor::threads().build()?;
/// let error = pool.submit(|| -> u8 { panic!("no luck") }).wait().unwrap_err();
/// assert!(matches!(error, TaskError::Panicked(_)));
/// assert!(error.to_string().contains("no luck"));
/// # Ok::<(), poolbridge::BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TaskError {
    /// It was cancelled.
    Cancelled,
    /// A deadline passed.
    TimedOut(Expired),
    /// The closure panicked; the payload is kept. (A destructor that panics while its closure
    /// unwinds aborts the process, by Rust's own rule.)
    Panicked(Panic),
    /// The executor did not take it.
    Rejected(Reason),
    /// The executor took it and then lost the means to run it.
    Broken(Broken),
    /// Waiting for it here could never end.
    WouldDeadlock(WouldDeadlock),
    /// Its producer went away without completing it.
    Lost,
}

impl TaskError {
    /// The status of a task that ended with this error: [`Status::Cancelled`] for
    /// [`TaskError::Cancelled`], [`Status::Failed`] for every other.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::{Expired, Status, TaskError};
    /// assert_eq!(TaskError::Cancelled.status(), Status::Cancelled);
    /// assert_eq!(TaskError::TimedOut(Expired::Queue).status(), Status::Failed);
    /// ```
    #[must_use]
    pub fn status(&self) -> Status {
        match self {
            TaskError::Cancelled => Status::Cancelled,
            _ => Status::Failed,
        }
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TaskError::Cancelled => f.write_str("the task was cancelled"),
            TaskError::TimedOut(Expired::Queue) => f.write_str(
                "the task's queue deadline passed before a thread came free: it never ran",
            ),
            TaskError::TimedOut(Expired::Run) => f.write_str(
                "the task's run deadline passed: its closure was asked to stop and runs on abandoned",
            ),
            TaskError::TimedOut(Expired::Await) => f.write_str(
                "the time to wait for the task passed: it was cancelled, or asked to stop if it ran",
            ),
            TaskError::Panicked(panic) => panic.fmt(f),
            TaskError::Rejected(reason) => write!(f, "the executor did not take the task: {reason}"),
            TaskError::Broken(broken) => broken.fmt(f),
            TaskError::WouldDeadlock(error) => error.fmt(f),
            TaskError::Lost => {
                f.write_str("the task's producer was dropped without completing it")
            }
        }
    }
}

impl Error for TaskError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            TaskError::Panicked(panic) => Some(panic),
            TaskError::Rejected(reason) => Some(reason),
            TaskError::Broken(broken) => Some(broken),
            TaskError::WouldDeadlock(error) => Some(error),
            _ => None,
        }
    }
}

/// For [`Task::flatten`](crate::Task::flatten) on tasks whose closures give an `io::Result`. The
/// [`TaskError`] is the source.
///
/// The kind is `TimedOut` for a deadline, `Deadlock` for a wait that could never end, `ResourceBusy`
/// for want of room, and `Other` for the rest: never `Interrupted` (not for a cancel either) or
/// `WouldBlock`, upon which callers repeat a call.
impl From<TaskError> for std::io::Error {
    fn from(error: TaskError) -> Self {
        use std::io::ErrorKind;
        let kind = match &error {
            TaskError::TimedOut(_) => ErrorKind::TimedOut,
            TaskError::WouldDeadlock(_) | TaskError::Rejected(Reason::WouldDeadlock) => {
                ErrorKind::Deadlock
            }
            TaskError::Rejected(Reason::Full | Reason::Displaced) => ErrorKind::ResourceBusy,
            _ => ErrorKind::Other,
        };
        std::io::Error::new(kind, error)
    }
}

/// A panic that a closure ended with.
///
/// # Examples
/// ```
/// use poolbridge::{Executor, TaskError};
/// let pool = Executor::threads().build()?;
/// let task = pool.submit(|| -> u8 { panic!("no luck") });
/// let id = task.id();
/// let Err(TaskError::Panicked(panic)) = task.wait() else { unreachable!() };
/// assert_eq!((panic.task(), panic.message()), (id, "no luck"));
/// assert!(panic.clone().into_payload().unwrap().is::<&str>());
/// assert!(panic.into_payload().is_none()); // taken
/// # Ok::<(), poolbridge::BuildError>(())
/// ```
#[derive(Clone)]
pub struct Panic(SharedArc<PanicInner>);

struct PanicInner {
    task: TaskId,
    name: Option<Box<str>>,
    message: Box<str>,
    payload: Mutex<Option<Box<dyn Any + Send>>>,
}

impl Panic {
    pub(crate) fn new(task: TaskId, name: Option<&str>, payload: Box<dyn Any + Send>) -> Self {
        let message = if let Some(text) = payload.downcast_ref::<&'static str>() {
            (*text).into()
        } else if let Some(text) = payload.downcast_ref::<String>() {
            text.as_str().into()
        } else {
            "a payload that is not text".into()
        };
        let name = name.map(Into::into);
        Self(SharedArc::new(PanicInner { task, name, message, payload: Mutex::new(Some(payload)) }))
    }

    /// The task whose closure panicked.
    #[must_use]
    pub fn task(&self) -> TaskId {
        self.0.task
    }

    /// What the panic said, where it said it in text.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Takes the payload; `None` if another clone of this error has taken it.
    #[must_use]
    pub fn into_payload(self) -> Option<Box<dyn Any + Send>> {
        self.0.payload.lock().take()
    }

    /// Goes on with the panic in this thread.
    ///
    /// # Panics
    /// Always: with the closure's payload, or with its text where another clone of this error has
    /// taken the payload.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::{Executor, TaskError};
    /// let outcome = Executor::inline().submit(|| -> u8 { std::panic::panic_any(7_u8) }).wait();
    /// let Err(TaskError::Panicked(panic)) = outcome else { unreachable!() };
    /// let caught = std::panic::catch_unwind(|| panic.resume()).unwrap_err();
    /// assert_eq!(caught.downcast_ref(), Some(&7_u8)); // as if it had happened here
    /// ```
    pub fn resume(self) -> ! {
        let message = self.to_string();
        match self.into_payload() {
            Some(payload) => resume_unwind(payload),
            None => resume_unwind(Box::new(message)),
        }
    }
}

impl Drop for PanicInner {
    fn drop(&mut self) {
        if let Some(payload) = self.payload.get_mut().take() {
            drop_payload(payload);
        }
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.0.task)?;
        if let Some(name) = &self.0.name {
            write!(f, " ({name})")?;
        }
        write!(f, " panicked: {}", self.0.message)
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Panic")
            .field("task", &self.0.task)
            .field("message", &self.message())
            .finish()
    }
}

impl Error for Panic {}

/// Why an executor did not take a job.
///
/// # Examples
/// ```
/// use poolbridge::{Executor, Reason, Shutdown};
/// let pool = Executor::inline();
/// drop(pool.shutdown(Shutdown::run_queued()));
/// let rejected = pool.try_submit(|| 1).unwrap_err();
/// // Room may come; an executor that was shut down does not come back.
/// assert!(!matches!(rejected.reason(), Reason::Full | Reason::Displaced));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Reason {
    /// It was shut down, or its last handle is gone.
    Closed,
    /// Its queue is full and its policy is to reject.
    Full,
    /// Its queue was full and a newer job took this one's place.
    Displaced,
    /// It cannot run anything.
    Broken(Broken),
    /// The policy is to wait for room, and only the submitting worker could make room.
    WouldDeadlock,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Closed => {
                f.write_str("it was shut down; submit before `shutdown`, or elsewhere")
            }
            Reason::Full => f.write_str("its queue is full; retry later or use submit_when_ready"),
            Reason::Displaced => f.write_str("its queue was full and a newer job took the place"),
            Reason::Broken(broken) => broken.fmt(f),
            Reason::WouldDeadlock => f.write_str(
                "its queue is full and the submitter is its own worker, which cannot wait",
            ),
        }
    }
}

impl Error for Reason {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Reason::Broken(broken) => Some(broken),
            _ => None,
        }
    }
}

/// An executor that cannot run what it was given, with the cause.
///
/// # Examples
/// ```
/// use poolbridge::{Executor, TaskError};
/// let pool = Executor::threads().initializer(|| Err::<(), _>("the database is down")).build()?;
/// let Err(TaskError::Broken(broken)) = pool.submit(|| 1).wait() else { unreachable!() };
/// assert_eq!(broken.cause().unwrap().to_string(), "the database is down");
/// # Ok::<(), poolbridge::BuildError>(())
/// ```
#[derive(Clone)]
pub struct Broken(SharedArc<BrokenInner>);

struct BrokenInner {
    what: &'static str,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Drop for BrokenInner {
    fn drop(&mut self) {
        let cause = self.cause.take();
        contain(|| drop(cause));
    }
}

impl Broken {
    pub(crate) fn new(what: &'static str, cause: Option<Box<dyn Error + Send + Sync>>) -> Self {
        Self(SharedArc::new(BrokenInner { what, cause }))
    }

    pub(crate) fn turn_dropped() -> Self {
        Self::new("no worker lives: the backend dropped the last turn un-run", None)
    }

    /// Nobody lives who could run what is queued, and a thread was refused.
    pub(crate) fn for_lack_of_threads(refused: Box<dyn Error + Send + Sync>) -> Self {
        Self::new("no worker lives and none could be started", Some(refused))
    }

    /// What the initializer, or the start of a thread, failed with.
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.0.cause.as_deref()
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.what)?;
        match &self.0.cause {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broken").field("what", &self.0.what).field("cause", &self.0.cause).finish()
    }
}

impl Error for Broken {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}

/// A blocking wait ran out of time. Nothing happened to the task: wait again, or cancel it.
///
/// # Examples
/// ```
/// use poolbridge::{Status, WaitTimeout};
/// let (promise, mut task) = poolbridge::promise();
/// let early: WaitTimeout = task.result(std::time::Duration::ZERO).unwrap_err();
/// assert!(early.to_string().contains("it goes on"));
/// assert_eq!(task.status(), Status::Pending); // nothing happened to it
/// promise.set_result(5).unwrap();
/// assert_eq!(task.wait().unwrap(), 5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeout {
    pub(crate) task: TaskId,
}

impl fmt::Display for WaitTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {} did not end within the time given; it goes on", self.task)
    }
}

impl Error for WaitTimeout {}

/// The answer of [`Context::check`](crate::Context::check) in a task that has been asked to stop.
///
/// # Examples
/// ```
/// fn copy(cx: &poolbridge::Context, rows: u32) -> std::io::Result<u32> {
///     for _row in 0..rows {
///         cx.check()?; // becomes an `io::Error`
///     }
///     Ok(rows)
/// }
/// let task = poolbridge::Executor::inline().submit_with(|cx| copy(cx, 1000));
/// assert_eq!(task.wait().unwrap().unwrap(), 1000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled;

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this task has been asked to stop")
    }
}

impl Error for Cancelled {}

impl From<Cancelled> for std::io::Error {
    fn from(error: Cancelled) -> Self {
        std::io::Error::other(error)
    }
}
