//! The program `index`, from outside and from inside.
#![cfg(unix)]
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

mod arguments;
mod failures;
mod hashes;
mod injected;
mod interrupts;
mod support;
