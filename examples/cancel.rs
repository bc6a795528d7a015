//! The three answers of `cancel`: `cargo run --example cancel`.

#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use std::sync::mpsc;

use poolbridge::{Cancel, Executor};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pool = Executor::threads().max_workers(1).build()?;

    let (started, has_started) = mpsc::channel();
    let running = pool.submit_with(move |cx| {
        started.send(()).ok();
        let mut rounds = 0_u64;
        while cx.check().is_ok() {
            rounds += 1;
            std::thread::yield_now();
        }
        rounds
    });
    let queued = pool.submit(|| println!("never printed"));
    has_started.recv()?;

    assert_eq!(queued.cancel(), Cancel::Prevented);
    println!("the queued job was prevented: {:?}", queued.wait());

    assert_eq!(running.cancel(), Cancel::Requested);
    let canceller = running.canceller();
    println!("the running one was asked, and stopped after {} rounds", running.wait()?);

    assert_eq!(canceller.cancel(), Cancel::TooLate);
    println!("a third cancel is too late");
    Ok(())
}
