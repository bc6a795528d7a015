//! Endings that cause endings: run at once up to a depth, then one after another.
//!
//! A callback that completes the next promise, whose callback completes the next, or that submits the
//! next job to an inline executor: without this, a long chain of them overflows the stack (guava
//! #2254). Beyond [`DEPTH`] nested endings the rest
//! waits until the outermost one on this thread comes back, and runs before that returns.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use crate::sync::thread_local;

const DEPTH: usize = 16;

type Deferred = Box<dyn FnOnce()>;

thread_local! {
    static NESTED: Cell<usize> = Cell::new(0);
}

thread_local! {
    /// Whether something may wait.
    static WAITING: Cell<bool> = Cell::new(false);
}

thread_local! {
    static DEFERRED: RefCell<VecDeque<Deferred>> = RefCell::new(VecDeque::new());
}

/// Runs `ending` now, or after the endings that this thread is in the middle of. It must not
/// unwind: all user code in it is contained.
pub(crate) fn run(ending: impl FnOnce() + 'static) {
    let depth = NESTED.try_with(Cell::get).unwrap_or(0);
    if depth >= DEPTH {
        // A thread that is being torn down has no queue to put it in.
        let mut ending = Some(ending);
        let queued = DEFERRED.try_with(|queue| {
            if let Some(ending) = ending.take() {
                let _ = WAITING.try_with(|waiting| waiting.set(true));
                queue.borrow_mut().push_back(Box::new(ending));
            }
        });
        if let (Err(_), Some(ending)) = (queued, ending) {
            ending();
        }
        return;
    }
    let _ = NESTED.try_with(|nested| nested.set(depth + 1));
    ending();
    if depth == 0 {
        flush();
    }
    let _ = NESTED.try_with(|nested| nested.set(depth));
}

/// Runs what waits on this thread, now: the thread is about to block, perhaps for that very thing.
pub(crate) fn flush() {
    if !WAITING.try_with(Cell::get).unwrap_or(true) {
        return;
    }
    while let Some(next) = pop() {
        next();
    }
    let _ = WAITING.try_with(|waiting| waiting.set(false));
}

fn pop() -> Option<Deferred> {
    DEFERRED.try_with(|queue| queue.borrow_mut().pop_front()).ok().flatten()
}
