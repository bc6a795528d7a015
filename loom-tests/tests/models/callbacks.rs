//! Callbacks: exactly once, in order, before the waiters, and whatever they do inside.

use std::time::Duration;

use loom_tests::{Canary, Drops, Entry, Model, Probe, block_on, models, planned_panic, thread};
use poolbridge::__verify::{Arc, Mutex, Parker, fire_due, plan};
use poolbridge::{Status, Task, promise};

use crate::stub::{Count, Log, Stub, Word, ending, job_and_task};

pub(crate) const MODELS: &[Entry] = models![
    no_callback_is_lost_or_run_twice,
    no_late_callback_overtakes,
    no_callback_is_lost_to_a_detach,
    no_removed_callback_runs,
    no_callback_waits_for_its_own_task,
    no_panicking_callback_costs_a_worker,
    no_callback_sees_a_value_that_was_taken,
    no_callback_is_lost_to_an_expiry,
];

/// Worker and somebody who adds a callback. It runs once, by the worker if it came in time, else
/// by the adder; and before the waiter returns. Outcome: who ran it. t10, L10, F01.
fn no_callback_is_lost_or_run_twice() {
    Model::bound(3).deep(3).sees_exactly(&["worker", "adder"]).check(|| {
        let (told, place) = (Log::new(), Canary::new());
        let written = place.clone();
        let (job, mut task) = job_and_task(move || written.write(1));
        let worker = thread::spawn(move || job.run());
        let (tell, seen, me) = (told.clone(), place.clone(), thread::current().id());
        task.add_done_callback(move |outcome| {
            outcome.as_ref().unwrap();
            assert_eq!(seen.read(), 1);
            seen.write(2);
            tell.push(Word(if thread::current().id() == me { "adder" } else { "worker" }));
        });
        task.wait().unwrap();
        assert_eq!((place.read(), told.len()), (2, 1));
        worker.join().unwrap();
        told.pop().unwrap()
    });
}

/// Worker, and two callbacks: one added before, one while the first may be running. Each runs
/// once, and in the order of adding. Outcome: who ran the second. t11, L10, G07.
fn no_late_callback_overtakes() {
    Model::bound(2).deep(3).sees_exactly(&["worker", "adder"]).check(|| {
        let told = Log::new();
        let (job, mut task) = job_and_task(|| ());
        let me = thread::current().id();
        let (first, second) = (told.clone(), told.clone());
        let by = move || Word(if thread::current().id() == me { "adder" } else { "worker" });
        task.add_done_callback(move |_| first.push((1, by())));
        let worker = thread::spawn(move || job.run());
        task.add_done_callback(move |_| second.push((2, by())));
        task.wait().unwrap();
        let told = told.take();
        assert_eq!(told.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(told[0].1.0, "worker");
        worker.join().unwrap();
        told[1].1
    });
}

/// Worker and somebody who adds a callback and detaches. The callback runs once, and the value is
/// dropped after it. Outcome: who ran it. L10.
fn no_callback_is_lost_to_a_detach() {
    Model::bound(3).deep(3).sees_exactly(&["worker", "adder"]).check(|| {
        let (told, drops) = (Log::new(), Drops::new());
        let value = drops.probe();
        let (job, mut task) = job_and_task(move || value);
        let worker = thread::spawn(move || job.run());
        let (tell, me) = (told.clone(), thread::current().id());
        // A second one before: then the ending tells callbacks twice.
        task.add_done_callback(|_| ());
        task.add_done_callback(move |outcome| {
            outcome.as_ref().unwrap().touch();
            tell.push(Word(if thread::current().id() == me { "adder" } else { "worker" }));
        });
        task.detach();
        worker.join().unwrap();
        assert_eq!((told.len(), drops.count()), (1, 1));
        told.pop().unwrap()
    });
}

/// Worker and somebody who takes a callback back. Taken back, or run: never both, never neither;
/// what it holds is dropped once. Outcome: taken back. t12.
fn no_removed_callback_runs() {
    Model::bound(3).deep(4).sees_exactly(&["true", "false"]).check(|| {
        let (told, drops) = (Count::new(), Drops::new());
        let (job, mut task) = job_and_task(|| ());
        let (tell, held) = (told.clone(), drops.probe());
        let id = task.add_done_callback(move |_| {
            held.touch();
            tell.add();
        });
        let worker = thread::spawn(move || job.run());
        let removed = task.remove_done_callback(id);
        task.wait().unwrap();
        assert_eq!(told.get(), usize::from(!removed));
        worker.join().unwrap();
        assert_eq!(drops.count(), 1);
        removed
    });
}

/// Worker whose callback finds its own task in a shared place and waits for it, and a canceller.
/// The wait is refused, dropping the last handle there is harmless. Outcome: how the task ended,
/// as the callback saw it. t13.
fn no_callback_waits_for_its_own_task() {
    Model::bound(3).deep(4).sees_exactly(&["value", "cancelled"]).check(|| {
        let slot: Arc<Mutex<Option<Task<()>>>> = Arc::new(Mutex::new(None));
        let (job, mut task) = job_and_task(|| ());
        let canceller = task.canceller();
        let (place, log) = (Arc::clone(&slot), Log::new());
        let seen = log.clone();
        task.add_done_callback(move |outcome| {
            let mut own = place.lock().take().expect("put there before the start");
            let refused = own.result(Duration::ZERO).expect("an answer at once");
            assert_eq!(ending(&refused).0, "would deadlock");
            assert_eq!(ending(&own.wait()).0, "would deadlock");
            seen.push(ending(outcome));
        });
        *slot.lock() = Some(task);
        let worker = thread::spawn(move || job.run());
        let _ = canceller.cancel();
        worker.join().unwrap();
        assert_eq!(log.len(), 1);
        assert!(canceller.status().is_done());
        log.pop().unwrap()
    });
}

/// One worker, a task whose callback panics, another task. The worker lives on, the second
/// callback and the second task are served. Outcome: callbacks run, and how the second ended.
/// L09, G01, F04.
fn no_panicking_callback_costs_a_worker() {
    Model::bound(2).deep(2).sees_exactly(&["(1, value)"]).check(|| {
        let (stub, told) = (Stub::keeping(), Count::new());
        let executor = stub.executor(1);
        let mut first = executor.submit(|| ());
        let tell = told.clone();
        first.add_done_callback(|_| planned_panic());
        first.add_done_callback(move |_| tell.add());
        let second = executor.submit(|| ());
        let turn = stub.turn();
        let worker = thread::spawn(move || turn.run());
        first.wait().unwrap();
        let outcome = second.wait();
        worker.join().unwrap();
        assert_eq!(stub.starts(), 1);
        (told.get(), ending(&outcome))
    });
}

/// Completer and awaiter, with a callback. The callback has the outcome before the awaiter may
/// take it. Outcome: whether the status was final when it looked.
fn no_callback_sees_a_value_that_was_taken() {
    Model::bound(3).deep(4).sees_exactly(&["true", "false"]).check(|| {
        let (drops, told) = (Drops::new(), Count::new());
        let (promise, mut task) = promise::<Probe>();
        let (value, tell) = (drops.probe(), told.clone());
        task.add_done_callback(move |outcome| {
            outcome.as_ref().unwrap().touch();
            tell.add();
        });
        let completer = thread::spawn(move || promise.set_result(value).map_err(drop).unwrap());
        let over = task.status() == Status::Finished;
        let value = block_on(task).unwrap();
        assert_eq!(told.get(), 1);
        drop(value);
        completer.join().unwrap();
        assert_eq!(drops.count(), 1);
        over
    });
}

/// A running job that expires, and somebody who adds a callback meanwhile. It runs once, by the clock if
/// it came in time, else by the adder; and before the waiter returns. Outcome: who ran it. L10.
fn no_callback_is_lost_to_an_expiry() {
    const LIMIT: Duration = Duration::from_secs(1);
    Model::bound(1).deep(2).sees_exactly(&["clock", "adder"]).check(|| {
        let (stub, told) = (Stub::keeping(), Log::new());
        let executor = stub.executor(1);
        let runs = Parker::new();
        let tell_running = runs.clone();
        // The clock is kept by the job itself: it surely expires.
        let job = executor.job(move || {
            tell_running.unpark();
            plan::advance(LIMIT);
            fire_due();
        });
        let mut task = job.run_timeout(LIMIT).submit();
        drop(executor);
        let turn = stub.turn();
        let worker = thread::spawn(move || turn.run());
        runs.park();
        let (tell, me) = (told.clone(), thread::current().id());
        task.add_done_callback(move |outcome| {
            assert_eq!(ending(outcome).0, "timed out");
            tell.push(Word(if thread::current().id() == me { "adder" } else { "clock" }));
        });
        assert_eq!(ending(&task.wait()).0, "timed out");
        assert_eq!(told.len(), 1);
        worker.join().unwrap();
        told.pop().unwrap()
    });
}
