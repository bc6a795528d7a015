//! Handles that can only be waited for by blocking, awaited: `cargo run --example wrap`.

#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use std::process::Command;
use std::time::Duration;

use poolbridge::{Expired, TaskError, wrap_future};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    futures::executor::block_on(async {
        let thread = std::thread::spawn(|| 6 * 7);
        println!("the thread says {}", wrap_future(thread).await?);

        // The time is over, so the process is killed and reaped.
        let child = Command::new("sleep").arg("60").spawn()?;
        let task = wrap_future(child);
        let stopped = task.stopped();
        let outcome = task.timeout(Duration::from_millis(50)).await;
        assert!(matches!(outcome, Err(TaskError::TimedOut(Expired::Await))));
        stopped.await;
        println!("the child did not answer in time and is gone");
        Ok(())
    })
}
