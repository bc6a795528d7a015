//! The harness of the models; the README says how one is written.
// Part of the checker's machinery, never of what it checks.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

#[cfg(poolbridge_loom)]
mod model;
#[cfg(poolbridge_loom)]
mod props;
mod runner;

#[cfg(poolbridge_loom)]
pub use self::model::{Model, planned_panic};
#[cfg(poolbridge_loom)]
pub use self::props::{Canary, CountingWaker, Drops, Probe, block_on};
pub use self::runner::{Entry, main};
