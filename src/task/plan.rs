//! What is said about a task beside its closure.

use std::time::{Duration, Instant};

use super::ruling::RulingClock;
use crate::sync::SharedArc;

/// What was said about a task when it was submitted.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) name: Option<SharedArc<str>>,
    pub(crate) label: Option<SharedArc<str>>,
    pub(crate) run_timeout: Option<Duration>,
    /// By the clock that rules.
    pub(crate) run_deadline: Option<Instant>,
    /// The executor's own clock, or the one that ruled at the submission, where it is not ours.
    pub(crate) clock: Option<SharedArc<dyn RulingClock>>,
}
