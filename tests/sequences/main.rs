//! Random sequences of operations on an executor by hand and views of it, beside a model of both.
//!
//! What it proves: whatever is submitted, cancelled, dropped, awaited, limited, watched, resized and
//! shut down in whatever order, the library says and does what a small sequential simulation
//! (`world/model/`) says it must: who runs when, how each task ends, who is told, which turns are given
//! out, who gets room, what a shutdown reports, and that everything is dropped when nothing wants it.
//!
//! Longer: `PROPTEST_CASES=1000000 cargo test --release --test sequences`. Without end, guided by
//! coverage: `cargo +nightly fuzz run sequences` (see `fuzz/`), which lives in the same worlds. A failure
//! prints the shortest sequence that was found; `world::live` takes it as it is.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

mod strategy;
mod world;

use proptest::prelude::*;
use proptest::test_runner::Config;

/// That many, unless `PROPTEST_CASES` says otherwise.
fn cases(cases: u32) -> Config {
    let told = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    Config { cases: told.unwrap_or(cases), failure_persistence: None, ..Config::default() }
}

proptest! {
    #![proptest_config(cases(1200))]

    #[test]
    fn any_sequence_goes_as_the_model_says(
        ops in prop::collection::vec(strategy::op(), 1..80),
        finale in strategy::finale(),
    ) {
        world::live(&ops, finale);
    }

}

proptest! {
    #![proptest_config(cases(350))]

    /// Long enough for shares to be used up and for levels to be passed over.
    #[test]
    fn a_busy_tree_is_served_in_the_order_of_the_model(
        views in prop::collection::vec(strategy::view(), 1..6),
        ops in prop::collection::vec(strategy::busy_op(), 60..200),
    ) {
        let ops: Vec<_> = views.into_iter().chain(ops).collect();
        world::live(&ops, world::op::Finale::Run);
    }

}

proptest! {
    #![proptest_config(cases(1500))]

    /// Small queues, and many who want in.
    #[test]
    fn room_goes_round_as_the_model_says(
        view in strategy::bounded(),
        ops in prop::collection::vec(strategy::room_op(), 1..80),
        finale in strategy::finale(),
    ) {
        let ops: Vec<_> = std::iter::once(view).chain(ops).collect();
        world::live(&ops, finale);
    }

    /// What the fuzzer does.
    #[test]
    fn any_bytes_are_a_sequence_that_goes_as_the_model_says(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let (ops, finale) = world::decode::decode(&bytes);
        world::live(&ops, finale);
    }
}
