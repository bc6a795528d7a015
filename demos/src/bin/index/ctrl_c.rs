//! Ctrl-C as a task.

use std::process;

use poolbridge::{Task, promise};

use crate::INTERRUPTED;

/// A task that ends with the first Ctrl-C; the second ends the process.
///
/// It is the textbook use of a promise: a library with a callback on a thread of its own on one
/// side, an async loop on the other. That thread also makes the second one work at once, whatever
/// the loop does: it may be writing to a pipe that nobody reads.
///
/// Where no handler can be set the task ends as lost at once, so that is said and nothing waits.
pub(crate) fn first() -> impl Future<Output = ()> {
    let (promise, task) = promise();
    let mut first = Some(promise);
    let set = ctrlc::set_handler(move || match first.take() {
        Some(promise) => drop(promise.set_result(())),
        None => process::exit(INTERRUPTED.into()),
    });
    if let Err(error) = &set {
        eprintln!("index: Ctrl-C will end it at once: {error}");
    }
    pressed(task)
}

async fn pressed(task: Task<()>) {
    if task.await.is_err() {
        std::future::pending().await
    }
}
