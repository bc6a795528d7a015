//! Three kinds of time-out, and who gets the late result: `cargo run --example deadlines`.

#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use std::sync::mpsc;
use std::time::Duration;

use poolbridge::{Executor, Expired, TaskError};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pool = Executor::threads().max_workers(1).build()?;
    let (open, gate) = mpsc::channel::<()>();
    let (late, is_late) = mpsc::channel();

    // Its thread stays counted as busy until it returns; the outcome is not lost.
    let stuck = pool
        .job(move || gate.recv().is_err())
        .name("stuck")
        .run_timeout(Duration::from_millis(20))
        .on_abandoned(move |outcome| late.send(outcome).unwrap())
        .submit();
    let behind = pool.job(|| ()).queue_timeout(Duration::from_millis(10)).submit();

    println!("behind it: {}", behind.wait().unwrap_err());
    let error = stuck.wait().unwrap_err();
    assert!(matches!(error, TaskError::TimedOut(Expired::Run)));
    println!("itself:    {error}");
    println!("running:   {:?}", pool.snapshot().running[0].name);

    drop(open);
    println!("late:      {:?}", is_late.recv()?);
    Ok(())
}
