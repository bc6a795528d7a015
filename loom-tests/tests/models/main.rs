//! The models; run by `cargo loom`.
// Models start loom's threads and keep books with std's counters.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

#[cfg(poolbridge_loom)]
mod callbacks;
#[cfg(poolbridge_loom)]
mod children;
#[cfg(poolbridge_loom)]
mod claims;
#[cfg(poolbridge_loom)]
mod clock;
#[cfg(poolbridge_loom)]
mod deadlines;
#[cfg(poolbridge_loom)]
mod door;
#[cfg(poolbridge_loom)]
mod hooks;
#[cfg(poolbridge_loom)]
mod lanes;
#[cfg(poolbridge_loom)]
mod litmus;
#[cfg(poolbridge_loom)]
mod parker;
#[cfg(poolbridge_loom)]
mod pool;
#[cfg(poolbridge_loom)]
mod promises;
#[cfg(poolbridge_loom)]
mod room;
#[cfg(poolbridge_loom)]
mod shares;
#[cfg(poolbridge_loom)]
mod shutdown;
#[cfg(poolbridge_loom)]
mod stub;
#[cfg(poolbridge_loom)]
mod task;
#[cfg(poolbridge_loom)]
mod unlink;
#[cfg(poolbridge_loom)]
mod waits;

#[cfg(poolbridge_loom)]
const ALL: &[&[loom_tests::Entry]] = &[
    clock::MODELS,
    litmus::MODELS,
    parker::MODELS,
    task::MODELS,
    promises::MODELS,
    callbacks::MODELS,
    hooks::MODELS,
    deadlines::MODELS,
    unlink::MODELS,
    room::MODELS,
    pool::MODELS,
    door::MODELS,
    shutdown::MODELS,
    children::MODELS,
    lanes::MODELS,
    claims::MODELS,
    waits::MODELS,
    shares::MODELS,
];
#[cfg(not(poolbridge_loom))]
const ALL: &[&[loom_tests::Entry]] = &[];

fn main() -> std::process::ExitCode {
    loom_tests::main(ALL)
}
