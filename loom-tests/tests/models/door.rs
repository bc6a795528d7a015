//! The door: submissions that find all workers busy come in past the queue's lock.

use loom_tests::{Canary, Entry, Model, models, thread};
use poolbridge::{Executor, Shutdown, Task};

use crate::stub::{Count, Log, Stub, Threads, Word, ending};

pub(crate) const MODELS: &[Entry] = models![
    no_job_waits_behind_an_open_door,
    no_job_behind_the_door_waits_below_a_limit_that_rises,
    no_job_behind_the_door_is_lost_in_a_shutdown,
    no_job_behind_the_door_is_lost_with_the_last_turn,
    no_cancelled_job_behind_the_door_runs,
    no_job_is_lost_between_two_at_the_door,
];

/// One worker and a submitter whose second job finds it busy, which opens the door, and whose third
/// comes through that while the worker runs dry. All run. Outcome: threads started.
fn no_job_waits_behind_an_open_door() {
    Model::bound(2).deep(3).sees_exactly(&["1"]).check(|| {
        let (threads, ran) = (Threads::new(), Count::new());
        let executor = threads.executor(1);
        for _ in 0..2 {
            let runs = ran.clone();
            executor.submit(move || runs.add()).detach();
        }
        // The last handle goes with the last job: its drop would wake everybody.
        let (last, runs) = (executor.clone(), ran.clone());
        executor
            .submit(move || {
                runs.add();
                drop(last);
            })
            .detach();
        drop(executor);
        threads.join();
        assert_eq!(ran.get(), 3);
        threads.starts()
    });
}

/// An executor whose one turn is out and whose second job has opened the door: the next submission
/// comes through it.
fn open_door(stub: &Stub, ran: &Count) -> Executor {
    let executor = stub.executor(1);
    for _ in 0..2 {
        let runs = ran.clone();
        executor.submit(move || runs.add()).detach();
    }
    executor
}

/// A submission through the door, and somebody who allows a second worker. That one is started for
/// what waits, or by the submission, and both turns leave nothing behind. Outcome: turns.
fn no_job_behind_the_door_waits_below_a_limit_that_rises() {
    Model::bound(2).sees_exactly(&["2"]).check(|| {
        let (stub, ran) = (Stub::keeping(), Count::new());
        let executor = open_door(&stub, &ran);
        let raised = executor.clone();
        let other = thread::spawn(move || raised.set_max_workers(2).unwrap());
        let runs = ran.clone();
        executor.submit(move || runs.add()).detach();
        other.join().unwrap();
        let turns = stub.starts();
        stub.run_kept();
        assert_eq!(ran.get(), 3);
        turns
    });
}

/// A submission through the door, and a shutdown that cancels. The job is cancelled with the others
/// or refused; none is left pending. Outcome: its end.
fn no_job_behind_the_door_is_lost_in_a_shutdown() {
    Model::bound(2).sees_exactly(&["cancelled", "rejected"]).check(|| {
        let (stub, ran) = (Stub::keeping(), Count::new());
        let executor = open_door(&stub, &ran);
        let closing = executor.clone();
        let other = thread::spawn(move || closing.shutdown(Shutdown::cancel_queued()));
        let late: Task<()> = executor.submit(|| ());
        let termination = other.join().unwrap();
        stub.run_kept();
        let report = termination.wait().unwrap();
        assert_eq!((report.still_running, ran.get()), (0, 0));
        ending(&late.wait())
    });
}

/// A submission through the door, and a backend that drops the only turn. The job is broken with
/// the others, or finds the door shut and gets a turn. Outcome: its end.
fn no_job_behind_the_door_is_lost_with_the_last_turn() {
    Model::bound(2).sees_exactly(&["broken", "value"]).check(|| {
        let (stub, ran) = (Stub::keeping(), Count::new());
        let executor = open_door(&stub, &ran);
        let turn = stub.turn();
        let other = thread::spawn(move || drop(turn));
        let late = executor.submit(|| ());
        other.join().unwrap();
        stub.run_kept();
        drop(executor);
        ending(&late.wait())
    });
}

/// A worker, and somebody who comes through the door and cancels. Never both run and cancelled.
/// Outcome: how the cancel ended, and what ran.
fn no_cancelled_job_behind_the_door_runs() {
    Model::bound(2).deep(3).sees_exactly(&["(cancelled, 2)", "(value, 3)"]).check(|| {
        let (stub, ran) = (Stub::keeping(), Count::new());
        let executor = open_door(&stub, &ran);
        let turn = stub.turn();
        let worker = thread::spawn(move || turn.run());
        let runs = ran.clone();
        let late = executor.submit(move || runs.add());
        let _ = late.cancel();
        drop(executor);
        let end: Word = ending(&late.wait());
        worker.join().unwrap();
        stub.run_kept();
        (end, ran.get())
    });
}

/// Two submitters at the open door, and the worker that takes in what has come. Each job runs once, what
/// it captured is seen by its thread, and one submitter's jobs run in order. Outcome: the order in which
/// the two of one submitter and the one of the other ran.
fn no_job_is_lost_between_two_at_the_door() {
    let orders = ["[\"a\", \"b\", \"c\"]", "[\"a\", \"c\", \"b\"]", "[\"c\", \"a\", \"b\"]"];
    Model::bound(1).deep(2).sees_exactly(&orders).check(|| {
        let (stub, ran, order) = (Stub::keeping(), Count::new(), Log::new());
        let executor = open_door(&stub, &ran);
        let turn = stub.turn();
        let worker = thread::spawn(move || turn.run());
        let (other, note) = (executor.clone(), order.clone());
        let submitter = thread::spawn(move || {
            let captured = Canary::new();
            captured.write(7);
            let job = move || {
                assert_eq!(captured.read(), 7);
                note.push("c");
            };
            other.submit(job).detach();
        });
        for name in ["a", "b"] {
            let note = order.clone();
            executor.submit(move || note.push(name)).detach();
        }
        drop(executor);
        submitter.join().unwrap();
        worker.join().unwrap();
        stub.run_kept();
        assert_eq!(ran.get(), 2);
        order.take()
    });
}
