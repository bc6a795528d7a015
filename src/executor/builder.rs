//! Options of an executor over somebody else's threads.

use std::fmt;

use super::Executor;
use super::backend::Backend;
use super::config::{BuildError, Config, OnFull};
use crate::task::context::Context;

/// Describes an executor over a [`Backend`]; made by [`Executor::on`].
#[must_use = "a builder does nothing until `build`"]
pub struct ExecutorBuilder {
    backend: Box<dyn Backend>,
    config: Config,
}

impl ExecutorBuilder {
    pub(super) fn new(backend: Box<dyn Backend>) -> Self {
        let config = Config { max_workers: backend.parallelism().get(), ..Config::default() };
        Self { backend, config }
    }

    /// At most this many workers at once. Default: the backend's parallelism.
    pub fn max_workers(mut self, max: usize) -> Self {
        self.config.max_workers = max;
        self
    }

    /// At most this many jobs wait for a worker; default: no limit. Running jobs don't count.
    pub fn queue_capacity(mut self, max: usize) -> Self {
        self.config.capacity = Some(max);
        self
    }

    /// What a submission does when the queue is full; default: [`OnFull::Reject`].
    pub fn on_full(mut self, policy: OnFull) -> Self {
        self.config.on_full = policy;
        self
    }

    /// Runs before each job, on its thread. A panic is contained; the job runs.
    pub fn before_job(mut self, hook: impl Fn(&Context) + Send + Sync + 'static) -> Self {
        self.config.before_job = Some(Box::new(hook));
        self
    }

    /// Runs after each job and its callbacks, on its thread, before any waiter hears.
    pub fn after_job(mut self, hook: impl Fn(&Context) + Send + Sync + 'static) -> Self {
        self.config.after_job = Some(Box::new(hook));
        self
    }

    /// The executor.
    ///
    /// # Errors
    /// [`BuildError`] says which options don't go together.
    pub fn build(self) -> Result<Executor, BuildError> {
        self.config.check()?;
        Ok(Executor::assemble(self.backend, self.config))
    }
}

impl fmt::Debug for ExecutorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecutorBuilder")
            .field("max_workers", &self.config.max_workers)
            .finish_non_exhaustive()
    }
}
