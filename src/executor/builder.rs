//! Options of an executor over somebody else's threads.

use std::fmt;

use super::Executor;
use super::child::{self, Source};
use super::config::{BuildError, Config, OnFull, common_options};
use crate::task::context::Context;
use crate::task::id::next_pool;

/// Describes an executor over a [`Backend`](crate::Backend); made by [`Executor::on`].
///
/// # Examples
/// ```
/// use poolbridge::{Executor, OnFull};
/// let pool = Executor::threads().max_workers(8).build()?;
/// // Two of its threads at most, and no backlog without end.
/// let uploads = Executor::on(pool.clone())
///     .max_workers(2)
///     .queue_capacity(100)
///     .on_full(OnFull::DropOldest)
///     .build()?;
/// assert_eq!(uploads.submit(|| "sent").wait().unwrap(), "sent");
/// # Ok::<(), poolbridge::BuildError>(())
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct ExecutorBuilder {
    source: Source,
    config: Config,
}

/// How many jobs a worker on a thread that is not ours runs before it gives the thread back.
const FAIR_SHARE: usize = 64;

impl ExecutorBuilder {
    pub(super) fn new(source: Source) -> Self {
        let share = if source.parent().is_some() { child::FAIR_SHARE } else { FAIR_SHARE };
        let max_workers = source.parallelism().get();
        let clock = source.parent().and_then(|own| own.executor.core().config.clock.clone());
        let config = Config { max_workers, fair_share: Some(share), clock, ..Config::default() };
        Self { source, config }
    }

    /// At most this many workers at once. Default: the backend's parallelism.
    pub fn max_workers(mut self, max: usize) -> Self {
        self.config.max_workers = max;
        self
    }

    /// A worker that has run this many jobs gives its thread back, if more wait, and another turn is
    /// asked for: so a long queue does not keep a thread of a pool that others use too. Default: 64
    /// jobs; 16 over another executor, where the turn goes behind what waits there.
    ///
    /// A small number is fairer, a large one faster: each turn costs what the pool's own `spawn` costs.
    ///
    /// # Examples
    /// ```
    /// let (pool, manual) = poolbridge::Executor::manual();
    /// let batch = poolbridge::Executor::on(pool.clone()).fair_share(1).build()?;
    /// let (tell, told) = std::sync::mpsc::channel();
    /// for (executor, name) in [(&batch, "row 1"), (&batch, "row 2"), (&pool, "urgent")] {
    ///     let tell = tell.clone();
    ///     executor.submit(move || tell.send(name).unwrap()).detach();
    /// }
    /// manual.run_all();
    /// assert!(told.try_iter().eq(["row 1", "urgent", "row 2"]));
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    pub fn fair_share(mut self, jobs: usize) -> Self {
        self.config.fair_share = Some(jobs);
        self
    }

    common_options!();

    /// The executor.
    ///
    /// # Errors
    /// [`BuildError`] says which options don't go together.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::{BuildError, Executor, OnFull};
    /// let pool = Executor::threads().build()?;
    /// // The job would run on a thread that is none of the pool's.
    /// let view = Executor::on(pool).on_full(OnFull::RunOnCaller).build();
    /// assert_eq!(view.unwrap_err(), BuildError::CallerHasNoThread);
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    pub fn build(self) -> Result<Executor, BuildError> {
        self.config.check()?;
        if self.config.on_full == OnFull::RunOnCaller && self.source.parent().is_some() {
            return Err(BuildError::CallerHasNoThread);
        }
        let mut config = self.config;
        if let Source::Here = self.source {
            // Nothing waits there.
            config.capacity = None;
        }
        Ok(Executor::assemble(next_pool(), self.source, config))
    }
}

impl fmt::Debug for ExecutorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecutorBuilder")
            .field("max_workers", &self.config.max_workers)
            .finish_non_exhaustive()
    }
}
