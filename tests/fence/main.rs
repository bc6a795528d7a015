//! The soundness fence: what must not compile does not, every public type has the auto traits that
//! it should have and no others, and unsafe code stands where ARCHITECTURE.md says.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

mod auto_traits;
mod cases;
mod compiler;
mod exports;
mod refused;
#[path = "../it/sources.rs"]
mod sources;
mod unsafe_index;
