//! The harness of the models; the README says how one is written.
// Part of the checker's machinery, never of what it checks.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

#[cfg(modelled)]
mod explore;
#[cfg(modelled)]
mod model;
#[cfg(modelled)]
mod props;
mod runner;

#[cfg(poolbridge_loom)]
pub use loom::thread;
#[cfg(poolbridge_shuttle)]
pub use shuttle::thread;
#[cfg(poolbridge_stress)]
pub mod thread;

#[cfg(modelled)]
pub use self::model::{Model, planned_panic};
#[cfg(modelled)]
pub use self::props::{Canary, CountingWaker, Drops, Probe, block_on};
pub use self::runner::{Entry, main};
