//! Turns that nobody takes: what was queued hears why, if anybody knows.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use poolbridge::{Backend, Executor, StartError, Task, TaskError, Worker};

use crate::support::{Counter, Gate, outcome, value};

/// A backend by what it does with a turn.
struct By<F>(F);

impl<F> Backend for By<F>
where
    F: Fn(Worker) -> Result<(), StartError> + Send + Sync + 'static,
{
    fn start(&self, worker: Worker) -> Result<(), StartError> {
        (self.0)(worker)
    }

    fn parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::new(2).unwrap()
    }
}

/// Has no threads.
fn empty() -> Executor {
    let start = |_| Err(StartError::new("out of threads"));
    Executor::on(By(start)).build().unwrap()
}

/// The words in which a task is told that nobody can run it.
fn told(task: Task<()>) -> String {
    match outcome(task) {
        Err(TaskError::Broken(broken)) => broken.to_string(),
        other => panic!("{other:?}"),
    }
}

/// It was passed on to where no thread is to be had, which told it why before the call for a thread
/// had returned.
#[test]
fn a_turn_that_is_handed_over_to_nobody_says_why() {
    let (turns, below) = (Counter::new(), empty());
    let start = move |worker: Worker| {
        if turns.add() > 0 {
            // What became of it is heard from the turn as well.
            let _ = Backend::start(&below, worker);
        } else {
            std::thread::spawn(move || worker.run());
        }
        Ok(())
    };
    let pool = Executor::on(By(start)).max_workers(1).fair_share(1).build().unwrap();
    let gate = Gate::new();
    let at_gate = gate.clone();
    let (first, second) = (pool.submit(move || at_gate.pass()), pool.submit(|| ()));
    gate.open();
    value(first);
    let told = told(second);
    assert!(told.contains("out of threads"), "{told}");
}

/// A turn that was passed on and given back long after the call for its thread: why is told to what was
/// queued then, and is no reason of the next call.
#[test]
fn an_old_reason_is_not_given_for_a_new_lack_of_threads() {
    let shelf = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&shelf);
    let keep = move |worker| {
        *keep.lock().unwrap() = Some(worker);
        Ok(())
    };
    let (turns, below) = (Counter::new(), Executor::on(By(keep)).build().unwrap());
    let start = move |worker| match turns.add() {
        0 => Backend::start(&below, worker),
        _ => Err(StartError::new("no threads today")),
    };
    let pool = Executor::on(By(start)).build().unwrap();
    let first = pool.submit(|| ());
    let kept: Option<Worker> = shelf.lock().unwrap().take();
    drop(kept.unwrap());
    let then = told(first);
    assert!(then.contains("un-run"), "{then}");
    let now = told(pool.submit(|| ()));
    assert!(now.contains("no threads today"), "{now}");
}

/// Two turns are lost in one call for a thread, the first with a reason: that one is told.
#[test]
fn a_turn_that_is_dropped_without_a_word_hides_no_reason() {
    let (kept, below) = (Mutex::new(None), empty());
    let start = move |worker| {
        let mut kept = kept.lock().unwrap();
        match kept.take() {
            None => *kept = Some(worker),
            Some(first) => {
                let _ = Backend::start(&below, worker);
                drop::<Worker>(first);
            }
        }
        Ok(())
    };
    let pool = Executor::on(By(start)).build().unwrap();
    for task in [pool.submit(|| ()), pool.submit(|| ())] {
        let told = told(task);
        assert!(told.contains("out of threads"), "{told}");
    }
}
