//! Jobs on the threads that submit them.

use loom_tests::{Canary, Entry, Model, models, thread};
use poolbridge::{Executor, Shutdown, Task};

use crate::stub::{Log, ending};

pub(crate) const MODELS: &[Entry] =
    models![no_end_is_missed_by_an_inline_job, no_turn_too_deep_inside_is_left];

/// A job on its submitter, and somebody who shuts the executor down and waits. It has run when the end
/// comes, or was refused, and the end comes. Outcome: how it ended. L22, S08.
fn no_end_is_missed_by_an_inline_job() {
    Model::bound(3).deep(4).sees_exactly(&["(value, 1)", "(rejected, 0)"]).check(|| {
        let (executor, place) = (Executor::inline(), Canary::new());
        // Kept: the last handle would close once more, and tell.
        let (other, written) = (executor.clone(), place.clone());
        let submitter =
            thread::spawn(move || ending(&other.submit(move || written.write(1)).wait()));
        executor.shutdown(Shutdown::run_queued()).wait().unwrap();
        let seen = place.read();
        let how = submitter.join().unwrap();
        drop(executor);
        (how, seen)
    });
}

/// Jobs inside one another as deep as workers may be, the innermost of which submits to a view: its turn
/// has no worker then that comes for it later, and is seen to by who submitted. Outcome: how it ended.
fn no_turn_too_deep_inside_is_left() {
    fn nest(depth: usize, executor: Executor, view: Executor, slot: Log<Task<()>>) {
        if depth == 0 {
            return slot.push(view.submit(|| ()));
        }
        let inner = executor.clone();
        executor.submit(move || nest(depth - 1, inner, view, slot)).detach();
    }
    Model::bound(3).sees_exactly(&["value"]).expect_single().check(|| {
        let (executor, slot) = (Executor::inline(), Log::new());
        let view = executor.limited(1);
        // In models no more than three workers may be inside one another on a thread.
        nest(3, executor, view, slot.clone());
        ending(&slot.pop().unwrap().wait())
    });
}
