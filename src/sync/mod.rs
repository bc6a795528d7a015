//! The only door to threads, locks, atomics and the clock.
//!
//! `std.rs` is what ships. `model` stands in for it when the models are built, in one of three
//! forms: `--cfg poolbridge_loom` (every order within a bound), `--cfg poolbridge_shuttle` (random
//! orders of bigger scenarios), `--cfg poolbridge_stress` (real threads). So it is the very code
//! that users run which is checked. Nothing outside this folder may name `std::sync`,
//! `std::thread` or `loom` (held by clippy's disallowed types and methods).
//!
//! House rules for its users: no `SeqCst` access (fences only), reference counts are `AcqRel`,
//! no `try_lock`, parking goes through [`Parker`], retry loops call [`spin_loop`].

#[cfg(not(any(poolbridge_loom, poolbridge_shuttle, poolbridge_stress)))]
pub(crate) mod fork;
#[cfg(any(poolbridge_loom, poolbridge_shuttle, poolbridge_stress))]
pub(crate) mod model;
pub(crate) mod parker;
#[cfg(not(any(poolbridge_loom, poolbridge_shuttle, poolbridge_stress)))]
mod std;

#[cfg(any(poolbridge_loom, poolbridge_shuttle, poolbridge_stress))]
pub(crate) use self::model::*;
pub(crate) use self::parker::Parker;
#[cfg(not(any(poolbridge_loom, poolbridge_shuttle, poolbridge_stress)))]
pub(crate) use self::std::*;
