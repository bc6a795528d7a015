//! Faults of others, put in everywhere in turn: threads that do not start, user code that panics or
//! comes back in, time that jumps, many submitters, a `fork`. Whatever happens, every task ends, the
//! books add up, and the executor works on.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

mod acts;
mod config;
mod crowd;
mod deed;
#[cfg(unix)]
mod fork;
mod jumps;
mod kind;
mod matrix;
#[cfg(unix)]
mod memory;
mod place;
#[cfg(unix)]
mod process;
mod scene;
mod starts;
#[path = "../it/support.rs"]
#[allow(dead_code, reason = "what the other binary uses")]
mod support;
mod tally;
mod waker;
mod wakers;
mod watch;
