//! std's threads, each in the execution of whoever started it.

pub use std::thread::{JoinHandle, Thread, ThreadId, current, yield_now};

use poolbridge::__verify::plan::Heir;

/// As std's.
pub fn spawn<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let heir = Heir::new();
    std::thread::spawn(move || {
        heir.enter();
        f()
    })
}
