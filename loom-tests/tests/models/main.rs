//! The models; run by `cargo loom`.
// Models start loom's threads and keep books with std's counters.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

#[cfg(poolbridge_loom)]
mod litmus;
#[cfg(poolbridge_loom)]
mod parker;

#[cfg(poolbridge_loom)]
const ALL: &[&[loom_tests::Entry]] = &[litmus::MODELS, parker::MODELS];
#[cfg(not(poolbridge_loom))]
const ALL: &[&[loom_tests::Entry]] = &[];

fn main() -> std::process::ExitCode {
    loom_tests::main(ALL)
}
