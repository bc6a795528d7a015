//! Blocking work from async code, on any runtime: `cargo run --example hello`.

#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use poolbridge::{Executor, run_in_executor};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    futures::executor::block_on(async {
        let pool = Executor::threads().max_workers(2).thread_name("disk").build()?;

        // Both are queued at once; the awaits only collect.
        let text = run_in_executor(&pool, || std::fs::read_to_string("Cargo.toml"));
        let sum = run_in_executor(&pool, || (1..=1_000_000_u64).sum::<u64>());

        println!("Cargo.toml has {} lines", text.await??.lines().count());
        println!("the sum is {}", sum.await?);
        Ok(())
    })
}
