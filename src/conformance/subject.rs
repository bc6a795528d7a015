//! Whose executors are checked, and how each of them has to be built.

use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use crate::{Backend, BuildError, Context, Executor, ExecutorBuilder, OnFull, ThreadPoolBuilder};

/// Makes the executors that the checks use: one for each, sometimes many.
///
/// Every `Fn() -> impl Backend` is one: it makes a fresh backend at each call, and the executors
/// are built with [`Executor::on`]. Implement it yourself for executors that come about in another
/// way.
///
/// # Examples
/// ```
/// use poolbridge::Executor;
/// use poolbridge::conformance::{NotApplicable, Setup, Subject, check};
/// use std::num::NonZeroUsize;
///
/// struct SmallStacks;
///
/// impl Subject for SmallStacks {
///     fn executor(&self, setup: Setup) -> Result<Executor, NotApplicable> {
///         Ok(setup.build_threads(Executor::threads().stack_size(256 * 1024)))
///     }
///     fn parallelism(&self) -> NonZeroUsize {
///         NonZeroUsize::MAX
///     }
/// }
///
/// let report = check(SmallStacks);
/// assert!(report.is_ok(), "{report}");
/// ```
pub trait Subject: Send + Sync + 'static {
    /// A new executor, as `setup` wants it.
    ///
    /// # Errors
    /// [`NotApplicable`] if there is none like that; the check is then left out.
    fn executor(&self, setup: Setup) -> Result<Executor, NotApplicable>;

    /// How many jobs of one executor can run at once if its limit allows it.
    fn parallelism(&self) -> NonZeroUsize;
}

impl<F, B> Subject for F
where
    F: Fn() -> B + Send + Sync + 'static,
    B: Backend,
{
    fn executor(&self, setup: Setup) -> Result<Executor, NotApplicable> {
        let built = setup.try_build(Executor::on(self()));
        built.map_err(|error| NotApplicable::new(error.to_string()))
    }

    fn parallelism(&self) -> NonZeroUsize {
        self().parallelism()
    }
}

/// The subject with threads of its own: [`Executor::threads`]. They stay for ever when idle, so that
/// what has to end them is seen to do so.
///
/// # Examples
/// ```
/// use poolbridge::conformance::{OwnThreads, check};
/// let report = check(OwnThreads);
/// assert!(report.is_ok(), "{report}");
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct OwnThreads;

impl Subject for OwnThreads {
    fn executor(&self, setup: Setup) -> Result<Executor, NotApplicable> {
        Ok(setup.build_threads(Executor::threads().keep_alive(Duration::MAX)))
    }

    fn parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::MAX
    }
}

/// Why a check does not apply to a subject, in words.
///
/// # Examples
/// A subject that has no bounded queues:
/// ```
/// use poolbridge::Executor;
/// use poolbridge::conformance::{NotApplicable, Setup, Subject, Suite};
/// use std::num::NonZeroUsize;
/// struct Unbounded;
/// impl Subject for Unbounded {
///     fn executor(&self, setup: Setup) -> Result<Executor, NotApplicable> {
///         if setup.queue_capacity().is_some() {
///             return Err(NotApplicable::new("its queue has no bound"));
///         }
///         Ok(setup.build_threads(Executor::threads()))
///     }
///     fn parallelism(&self) -> NonZeroUsize {
///         NonZeroUsize::MAX
///     }
/// }
/// let report = Suite::new(Unbounded).run();
/// assert!(report.is_ok(), "{report}");
/// assert!(report.not_applicable().all(|(_, reason)| reason == "its queue has no bound"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotApplicable(String);

impl NotApplicable {
    /// Because of `reason`.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }

    pub(super) fn into_reason(self) -> String {
        self.0
    }
}

impl fmt::Display for NotApplicable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotApplicable {}

type Hook = Box<dyn Fn(&Context) + Send + Sync>;

/// What a check wants of its executor; [`build`](Self::build) and
/// [`build_threads`](Self::build_threads) put it into a builder.
///
/// # Examples
/// See [`Subject`], whose implementors are given one for each check.
#[must_use = "a setup does nothing until it is built"]
pub struct Setup {
    max_workers: usize,
    queue_capacity: Option<usize>,
    on_full: OnFull,
    before_job: Option<Hook>,
    after_job: Option<Hook>,
}

macro_rules! apply {
    ($setup:ident, $builder:ident) => {{
        let mut builder = $builder.max_workers($setup.max_workers).on_full($setup.on_full);
        if let Some(max) = $setup.queue_capacity {
            builder = builder.queue_capacity(max);
        }
        if let Some(hook) = $setup.before_job {
            builder = builder.before_job(hook);
        }
        if let Some(hook) = $setup.after_job {
            builder = builder.after_job(hook);
        }
        builder.build()
    }};
}

impl Setup {
    pub(super) fn workers(max: usize) -> Self {
        let on_full = OnFull::Reject;
        Self { max_workers: max, queue_capacity: None, on_full, before_job: None, after_job: None }
    }

    pub(super) fn bounded(mut self, capacity: usize, on_full: OnFull) -> Self {
        self.queue_capacity = Some(capacity);
        self.on_full = on_full;
        self
    }

    pub(super) fn hooks(
        mut self,
        before: impl Fn(&Context) + Send + Sync + 'static,
        after: impl Fn(&Context) + Send + Sync + 'static,
    ) -> Self {
        self.before_job = Some(Box::new(before));
        self.after_job = Some(Box::new(after));
        self
    }

    /// At most this many workers at once.
    #[must_use]
    pub fn max_workers(&self) -> usize {
        self.max_workers
    }

    /// At most this many jobs wait; `None`: no bound.
    #[must_use]
    pub fn queue_capacity(&self) -> Option<usize> {
        self.queue_capacity
    }

    /// What a full queue does.
    #[must_use]
    pub fn on_full(&self) -> OnFull {
        self.on_full
    }

    /// Whether there are hooks around the jobs.
    #[must_use]
    pub fn has_hooks(&self) -> bool {
        self.before_job.is_some() || self.after_job.is_some()
    }

    /// The executor, over somebody else's threads.
    ///
    /// # Panics
    /// If `builder` has options that do not go with those of the check.
    #[must_use]
    pub fn build(self, builder: ExecutorBuilder) -> Executor {
        expect(self.try_build(builder))
    }

    /// As [`build`](Self::build).
    ///
    /// # Errors
    /// [`BuildError`] if `builder` has options that do not go with those of the check.
    pub fn try_build(self, builder: ExecutorBuilder) -> Result<Executor, BuildError> {
        apply!(self, builder)
    }

    /// The executor, over threads of its own.
    ///
    /// # Panics
    /// If `builder` has options that do not go with those of the check, an initializer say.
    #[must_use]
    pub fn build_threads(self, builder: ThreadPoolBuilder) -> Executor {
        expect(apply!(self, builder))
    }
}

fn expect(built: Result<Executor, BuildError>) -> Executor {
    match built {
        Ok(executor) => executor,
        Err(error) => panic!("a check's executor cannot be built: {error}"),
    }
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup")
            .field("max_workers", &self.max_workers)
            .field("queue_capacity", &self.queue_capacity)
            .field("on_full", &self.on_full)
            .field("has_hooks", &self.has_hooks())
            .finish()
    }
}
