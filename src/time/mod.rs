//! Deadlines: of a queued job, of a running one, of an await.
//!
//! Reading order: [`schedule`] (the deadlines that are set), [`clock`] (who keeps them), `tokio` (its
//! clock, where it rules), [`manual`] (one that a test moves), [`sleep`] (an await that ends),
//! [`deadline`] (a job's limits), [`timeout`] (the faces).

pub(crate) mod clock;
pub(crate) mod deadline;
pub(crate) mod manual;
mod schedule;
pub(crate) mod sleep;
pub(crate) mod timeout;
#[cfg(all(feature = "tokio", not(poolbridge_loom)))]
mod tokio;
