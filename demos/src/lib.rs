//! What the programs under `src/bin` are made of, apart from their terminals: one module for each
//! program, so that tests can drive it from inside.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

pub mod index;
