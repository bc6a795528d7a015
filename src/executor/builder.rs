//! Options of an executor over somebody else's threads.

use std::fmt;

use super::Executor;
use super::backend::Backend;
use super::config::{BuildError, Config, OnFull, common_options};
use crate::task::context::Context;
use crate::task::id::next_pool;

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

    common_options!();

    /// The executor.
    ///
    /// # Errors
    /// [`BuildError`] says which options don't go together.
    pub fn build(self) -> Result<Executor, BuildError> {
        self.config.check()?;
        Ok(Executor::assemble(next_pool(), self.backend, self.config))
    }
}

impl fmt::Debug for ExecutorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecutorBuilder")
            .field("max_workers", &self.config.max_workers)
            .finish_non_exhaustive()
    }
}
