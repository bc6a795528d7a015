//! Where threads come from.

use std::error::Error;
use std::fmt;
use std::num::NonZeroUsize;

pub use super::worker::Worker;

/// A source of threads for an [`Executor`](crate::Executor).
///
/// The executor keeps the jobs; a backend is only asked, now and then, for a thread that takes a
/// turn at the queue: [`Worker::run`] takes jobs until none is left. Feature `conformance` has the
/// tests that yours should pass.
///
/// # Examples
/// A backend that starts a thread for each turn:
/// ```
/// use poolbridge::{Backend, Executor, StartError, Worker};
/// use std::num::NonZeroUsize;
///
/// struct FreshThreads;
///
/// impl Backend for FreshThreads {
///     fn start(&self, worker: Worker) -> Result<(), StartError> {
///         std::thread::Builder::new().spawn(move || worker.run()).map_err(StartError::new)?;
///         Ok(())
///     }
///     fn parallelism(&self) -> NonZeroUsize {
///         NonZeroUsize::new(4).unwrap()
///     }
/// }
///
/// let pool = Executor::on(FreshThreads).build()?;
/// assert_eq!(pool.submit(|| 2 + 2).wait().unwrap(), 4);
/// # Ok::<(), poolbridge::BuildError>(())
/// ```
pub trait Backend: Send + Sync + 'static {
    /// Runs `worker` on some thread, soon. Called with no lock held; may run it right here.
    ///
    /// Dropping the worker un-run gives the turn back, at any time. If no other worker lives, the
    /// queued tasks end with [`TaskError::Broken`](crate::TaskError::Broken); the turn is not
    /// offered again in a loop, but the next submission tries anew.
    ///
    /// # Errors
    /// Why no thread can be had. A panic counts as such an error.
    fn start(&self, worker: Worker) -> Result<(), StartError>;

    /// How many turns may be taken at once.
    fn parallelism(&self) -> NonZeroUsize;
}

/// Why a backend could not start a worker.
///
/// # Examples
/// ```
/// use poolbridge::{Backend, Executor, StartError, TaskError, Worker};
/// use std::num::NonZeroUsize;
///
/// struct NoThreads;
///
/// impl Backend for NoThreads {
///     fn start(&self, _worker: Worker) -> Result<(), StartError> {
///         Err(StartError::new("all licences are in use")) // an error of yours does as well
///     }
///     fn parallelism(&self) -> NonZeroUsize {
///         NonZeroUsize::MIN
///     }
/// }
///
/// let pool = Executor::on(NoThreads).build()?;
/// let Err(TaskError::Broken(broken)) = pool.submit(|| 1).wait() else { panic!("who ran it?") };
/// assert!(broken.cause().unwrap().to_string().contains("all licences are in use"));
/// # Ok::<(), poolbridge::BuildError>(())
/// ```
#[derive(Debug)]
pub struct StartError(Box<dyn Error + Send + Sync>);

impl StartError {
    /// A start that failed because of `cause`, an error or a text.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }

    pub(super) fn into_cause(self) -> Box<dyn Error + Send + Sync> {
        self.0
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no thread could be started: {}", self.0)
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.0.as_ref())
    }
}
