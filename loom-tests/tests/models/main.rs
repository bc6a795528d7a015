//! The models; run by `cargo loom`, and in other forms by `cargo shuttle` and `cargo stress`.
// Models start loom's threads and keep books with std's counters.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

#[cfg(modelled)]
mod beds;
#[cfg(modelled)]
mod callbacks;
#[cfg(modelled)]
mod chains;
#[cfg(modelled)]
mod children;
#[cfg(modelled)]
mod claims;
#[cfg(modelled)]
mod clock;
#[cfg(all(modelled, not(poolbridge_loom)))]
mod crowds;
#[cfg(modelled)]
mod deadlines;
#[cfg(modelled)]
mod door;
#[cfg(modelled)]
mod hooks;
#[cfg(modelled)]
mod inline;
#[cfg(modelled)]
mod lanes;
#[cfg(poolbridge_loom)]
mod litmus;
#[cfg(modelled)]
mod nested;
#[cfg(modelled)]
mod parker;
#[cfg(modelled)]
mod pool;
#[cfg(modelled)]
mod promises;
#[cfg(modelled)]
mod room;
#[cfg(modelled)]
mod shares;
#[cfg(modelled)]
mod shutdown;
#[cfg(modelled)]
mod stub;
#[cfg(modelled)]
mod task;
#[cfg(modelled)]
mod unlink;
#[cfg(modelled)]
mod waits;

#[cfg(modelled)]
const ALL: &[&[loom_tests::Entry]] = &[
    clock::MODELS,
    #[cfg(poolbridge_loom)]
    litmus::MODELS,
    parker::MODELS,
    task::MODELS,
    promises::MODELS,
    callbacks::MODELS,
    chains::MODELS,
    hooks::MODELS,
    deadlines::MODELS,
    unlink::MODELS,
    room::MODELS,
    pool::MODELS,
    beds::MODELS,
    nested::MODELS,
    door::MODELS,
    shutdown::MODELS,
    children::MODELS,
    lanes::MODELS,
    claims::MODELS,
    waits::MODELS,
    shares::MODELS,
    inline::MODELS,
    #[cfg(not(poolbridge_loom))]
    crowds::MODELS,
];
#[cfg(not(modelled))]
const ALL: &[&[loom_tests::Entry]] = &[];

fn main() -> std::process::ExitCode {
    loom_tests::main(ALL)
}
