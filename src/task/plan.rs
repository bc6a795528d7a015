//! What is said about a task beside its closure.

use std::any::Any;
use std::time::{Duration, Instant};

use crate::sync::SharedArc;

/// What was said about a task when it was submitted.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) name: Option<SharedArc<str>>,
    pub(crate) label: Option<SharedArc<str>>,
    pub(crate) run_timeout: Option<Duration>,
    pub(crate) run_deadline: Option<Instant>,
    /// The clock that ruled at the submission, where it was not ours.
    pub(crate) clock: Option<Box<dyn Any + Send>>,
}
