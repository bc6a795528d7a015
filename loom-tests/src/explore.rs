//! How executions are chosen: one file for each form that models are built in.

use std::time::Duration;

#[cfg(poolbridge_loom)]
mod loom;
#[cfg(poolbridge_shuttle)]
mod shuttle;
#[cfg(poolbridge_stress)]
mod stress;

#[cfg(poolbridge_loom)]
pub(crate) use self::loom::{explore, how, is_exhaustive, prepare};
#[cfg(poolbridge_shuttle)]
pub(crate) use self::shuttle::{explore, how, is_exhaustive, prepare};
#[cfg(poolbridge_stress)]
pub(crate) use self::stress::{explore, how, is_exhaustive, prepare};

/// What a model says of itself; each form looks at its own.
#[allow(dead_code)]
pub(crate) struct Limits {
    /// Preemptions of an execution, where all orders are tried.
    pub(crate) bound: Option<usize>,
    /// Whether threads run side by side in it.
    pub(crate) races: bool,
    /// After how long it stops, with orders left.
    pub(crate) time: Option<Duration>,
}

/// A number from the environment.
pub(crate) fn setting<T: std::str::FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    let Ok(number) = text.parse() else { panic!("{name} is a number, not {text:?}") };
    Some(number)
}
