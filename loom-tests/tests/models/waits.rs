//! Workers that wait for one another: a wait that closes a circle is refused, no other is.

use std::num::NonZeroUsize;

use loom_tests::{Entry, Model, models, thread};
use poolbridge::{Backend, Executor, OnFull, Shutdown, StartError, Task, Worker};

use crate::stub::{Log, Stub, Word, ending};

pub(crate) const MODELS: &[Entry] = models![
    no_two_crossing_waits_hang,
    no_crossing_wait_is_missed_while_a_thread_is_started,
    no_two_running_jobs_wait_for_each_other,
    no_two_ends_wait_for_each_other,
    no_wait_is_refused_whose_room_was_given,
    no_wait_is_refused_that_a_sleeper_could_end,
];

/// A job that waits for the task in `slot` and says how that went.
fn waiter(executor: &Executor, slot: &Log<Task<()>>) -> Task<Word> {
    let slot = slot.clone();
    executor.submit(move || ending(&slot.pop().unwrap().wait()))
}

/// Two workers of two executors, each with a job that waits for the one queued behind the other.
/// Whoever comes second is told, and its end lets the first go on. Outcome: what both were told.
/// L21.
fn no_two_crossing_waits_hang() {
    let exact = ["(would deadlock, value)", "(value, would deadlock)"];
    Model::bound(2).deep(2).sees_exactly(&exact).check(|| {
        let (left, right) = (Stub::keeping(), Stub::keeping());
        let (one, other) = (left.executor(1), right.executor(1));
        let slots = [Log::new(), Log::new()];
        let (first, second) = (waiter(&one, &slots[0]), waiter(&other, &slots[1]));
        slots[0].push(other.submit(|| ()));
        slots[1].push(one.submit(|| ()));
        drop((one, other));
        let (turn, own) = (left.turn(), right.turn());
        let worker = thread::spawn(move || turn.run());
        own.run();
        worker.join().unwrap();
        (first.wait().unwrap(), second.wait().unwrap())
    });
}

/// Starts a thread, and before it says so does other work.
struct Helping {
    work: Log<Worker>,
    threads: Log<thread::JoinHandle<()>>,
}

impl Backend for Helping {
    fn start(&self, worker: Worker) -> Result<(), StartError> {
        self.threads.push(thread::spawn(move || worker.run()));
        self.work.take().into_iter().for_each(Worker::run);
        Ok(())
    }

    fn parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }
}

/// As above, where the start of one of the threads has not come back when that thread waits already.
/// Outcome: what both were told.
fn no_crossing_wait_is_missed_while_a_thread_is_started() {
    let exact = ["(would deadlock, value)", "(value, would deadlock)"];
    Model::bound(2).deep(2).sees_exactly(&exact).check(|| {
        let (stub, work, threads) = (Stub::keeping(), Log::new(), Log::new());
        let backend = Helping { work: work.clone(), threads: threads.clone() };
        let one = stub.executor(1);
        let other = Executor::on(backend).build().unwrap();
        let (slot, third) = (Log::new(), other.clone());
        let first = one.submit(move || ending(&third.submit(|| ()).wait()));
        slot.push(one.submit(|| ()));
        work.push(stub.turn());
        let second = waiter(&other, &slot);
        drop((one, other));
        threads.pop().unwrap().join().unwrap();
        (first.wait().unwrap(), second.wait().unwrap())
    });
}

/// Two workers of one executor, and two jobs that wait for each other. One is told. Outcome: what
/// both were told.
fn no_two_running_jobs_wait_for_each_other() {
    let exact = ["(would deadlock, value)", "(value, would deadlock)"];
    Model::bound(2).deep(2).sees_exactly(&exact).check(|| {
        let (stub, slots, told) = (Stub::keeping(), [Log::new(), Log::new()], Log::new());
        let executor = stub.executor(2);
        for which in 0..2 {
            let (slot, told) = (slots[which].clone(), told.clone());
            let task = executor.submit(move || {
                let awaited: Task<()> = slot.pop().unwrap();
                let outcome = ending(&awaited.wait());
                told.push((which, outcome));
            });
            slots[1 - which].push(task);
        }
        drop(executor);
        let (turn, own) = (stub.turn(), stub.turn());
        let worker = thread::spawn(move || turn.run());
        own.run();
        worker.join().unwrap();
        let mut told = told.take();
        told.sort_by_key(|(which, _)| *which);
        (told[0].1, told[1].1)
    });
}

/// Two workers of two executors, each with a job that waits for the end of the other. One is told, and
/// its own end lets the other go on. Outcome: whose wait was refused. L21, G04.
fn no_two_ends_wait_for_each_other() {
    Model::bound(2).deep(3).sees_exactly(&["[true, false]", "[false, true]"]).check(|| {
        let stubs = [Stub::keeping(), Stub::keeping()];
        let executors = stubs.each_ref().map(|stub| stub.executor(1));
        let tasks = [0, 1].map(|which| {
            let other = executors[1 - which].clone();
            executors[which].submit(move || {
                let end = other.shutdown(Shutdown::run_queued());
                drop(other);
                end.wait().is_err()
            })
        });
        drop(executors);
        let [turn, own] = stubs.map(|stub| stub.turn());
        let worker = thread::spawn(move || turn.run());
        own.run();
        worker.join().unwrap();
        tasks.map(|task| task.wait().unwrap())
    });
}

/// Two workers of two executors: a job that blocks until the other's queue has room, and the job that
/// makes room there by starting, and then waits for the first. Room that was given is no circle.
/// Outcome: how the submission ended, and the wait.
fn no_wait_is_refused_whose_room_was_given() {
    Model::bound(1).deep(2).sees_exactly(&["(value, value)"]).check(|| {
        let stubs = [Stub::keeping(), Stub::keeping()];
        let one = stubs[0].executor(1);
        let other = stubs[1].builder(1).queue_capacity(1).on_full(OnFull::Block).build().unwrap();
        let (slot, submitted) = (Log::new(), Log::new());
        let second = waiter(&other, &slot);
        let note = submitted.clone();
        slot.push(one.submit(move || {
            note.push(other.submit(|| ()));
        }));
        drop(one);
        let [turn, own] = stubs.each_ref().map(Stub::turn);
        let worker = thread::spawn(move || turn.run());
        own.run();
        worker.join().unwrap();
        stubs.iter().for_each(Stub::run_kept);
        (ending(&submitted.pop().unwrap().wait()), second.wait().unwrap())
    });
}

/// Two workers of one pool. A job of one waits for a job of a serial view, whose turn the other has in
/// its hands and puts back, to wait for the first job then. Whoever sleeps there could run the awaited
/// job itself by now: it is told, and nobody is refused. Outcome: how both waits ended.
fn no_wait_is_refused_that_a_sleeper_could_end() {
    Model::bound(1).deep(1).sees_exactly(&["(value, value)"]).check(|| {
        let stub = Stub::keeping();
        let pool = stub.executor(2);
        let view = Executor::on(pool.clone()).max_workers(1).fair_share(1).build().unwrap();
        let slot = Log::new();
        view.submit(|| ()).detach();
        let first = pool.submit(move || ending(&view.submit(|| ()).wait()));
        let told = Log::new();
        let (awaited, note) = (slot.clone(), told.clone());
        pool.submit(move || {
            let first: Task<Word> = awaited.pop().unwrap();
            note.push(first.wait());
        })
        .detach();
        slot.push(first);
        drop(pool);
        let (turn, own) = (stub.turn(), stub.turn());
        let worker = thread::spawn(move || turn.run());
        own.run();
        worker.join().unwrap();
        let outcome = told.pop().unwrap();
        (outcome.clone().unwrap_or(Word("?")), ending(&outcome))
    });
}
