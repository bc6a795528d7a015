//! The only door to threads, locks, atomics and the clock.
//!
//! `std.rs` is what ships; `loom.rs` stands in for it under `--cfg poolbridge_loom`, so that the
//! model checker explores the very code that users run. Nothing outside this folder may name
//! `std::sync`, `std::thread` or `loom` (held by clippy's disallowed types and methods).
//!
//! House rules for its users: no `SeqCst` access (fences only), reference counts are `AcqRel`,
//! no `try_lock`, parking goes through [`Parker`], retry loops call [`spin_loop`].

pub(crate) mod fork;
#[cfg(poolbridge_loom)]
pub(crate) mod loom;
pub(crate) mod parker;
#[cfg(not(poolbridge_loom))]
mod std;

#[cfg(poolbridge_loom)]
pub(crate) use self::loom::*;
pub(crate) use self::parker::Parker;
#[cfg(not(poolbridge_loom))]
pub(crate) use self::std::*;
