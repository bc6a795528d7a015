//! Bytes as sequences of operations, each beside its model: the worlds of `tests/sequences`, found by
//! coverage instead of chance. Needs `cargo-fuzz` and a nightly compiler:
//!
//! ```sh
//! cargo +nightly fuzz run sequences -- -max_len=600
//! ```
//!
//! A failure names the operation after which something was wrong, and `cargo fuzz tmin` makes it
//! short; `cargo fuzz fmt sequences FILE` shows a file as operations.
#![no_main]
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

#[path = "../../tests/sequences/world/mod.rs"]
mod world;

use libfuzzer_sys::arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use world::op::{Finale, Op};

/// Any bytes are a sequence.
#[derive(Debug)]
struct Sequence {
    ops: Vec<Op>,
    finale: Finale,
}

impl Arbitrary<'_> for Sequence {
    fn arbitrary(bytes: &mut Unstructured<'_>) -> Result<Self> {
        let all = bytes.bytes(bytes.len())?;
        let (ops, finale) = world::decode::decode(all);
        Ok(Self { ops, finale })
    }
}

fuzz_target!(|sequence: Sequence| world::live(&sequence.ops, sequence.finale));
