//! A job that waits for a queued one of a view: it takes the view's turn over, if nobody has it.

use loom::thread;
use loom_tests::{Canary, Entry, Model, models};
use poolbridge::Task;

use crate::stub::{Count, Log, Stub, Word, ending};

pub(crate) const MODELS: &[Entry] = models![
    no_claimed_turn_is_served_twice,
    no_job_of_a_claimed_turn_is_run_and_cancelled,
    no_claimed_lane_is_run_out_of_order,
    no_claimed_turn_outlives_its_view,
];

/// Two workers: a job that waits for one of a view, and the other worker that comes for the view's
/// turn. One of them runs the job. Outcome: who.
fn no_claimed_turn_is_served_twice() {
    Model::bound(1).sees_exactly(&["the waiting worker", "the other"]).check(|| {
        let (stub, slot, ran) = (Stub::keeping(), Log::new(), Count::new());
        let executor = stub.executor(2);
        let view = executor.limited(1);
        let place = slot.clone();
        let first = executor.submit(move || {
            let awaited: Task<thread::ThreadId> = place.pop().unwrap();
            awaited.wait().unwrap() == thread::current().id()
        });
        let runs = ran.clone();
        slot.push(view.submit(move || {
            runs.add();
            thread::current().id()
        }));
        drop((view, executor));
        let (turn, own) = (stub.turn(), stub.turn());
        let worker = thread::spawn(move || turn.run());
        own.run();
        worker.join().unwrap();
        assert_eq!(ran.get(), 1);
        Word(if first.wait().unwrap() { "the waiting worker" } else { "the other" })
    });
}

/// One worker whose job waits for one of a view, and a canceller of that one; no handle is left. It
/// runs or it was cancelled, and the turn comes back. Outcome: what the waiting job saw, and how often
/// the other ran. Q4, R33.
fn no_job_of_a_claimed_turn_is_run_and_cancelled() {
    Model::bound(1).sees_exactly(&["(value, 1)", "(cancelled, 0)"]).check(|| {
        let (stub, slot, ran) = (Stub::keeping(), Log::new(), Count::new());
        let executor = stub.executor(1);
        let view = executor.limited(1);
        let place = slot.clone();
        let first = executor.submit(move || {
            let awaited: Task<()> = place.pop().unwrap();
            ending(&awaited.wait())
        });
        let runs = ran.clone();
        let second = view.submit(move || runs.add());
        let canceller = second.canceller();
        slot.push(second);
        drop((view, executor));
        let turn = stub.turn();
        drop(stub);
        let cancelling = thread::spawn(move || canceller.cancel());
        turn.run();
        let _ = cancelling.join().unwrap();
        (first.wait().unwrap(), ran.get())
    });
}

/// Two workers: a job that waits for the second one of a serial view, and the other worker that comes
/// for the view's turn. The first one comes first, never both at once. Outcome: who ran the two.
fn no_claimed_lane_is_run_out_of_order() {
    Model::bound(1).sees_exactly(&["[waiting, waiting]", "[other, other]"]).check(|| {
        let (stub, slot, place, by) = (Stub::keeping(), Log::new(), Canary::new(), Log::new());
        let executor = stub.executor(2);
        let lane = executor.serial();
        let awaited = slot.clone();
        let first = executor.submit(move || {
            let awaited: Task<()> = awaited.pop().unwrap();
            awaited.wait().unwrap();
            thread::current().id()
        });
        for turn in 0..2 {
            let (place, by) = (place.clone(), by.clone());
            slot.push(lane.submit(move || {
                assert_eq!(place.read(), turn);
                place.write(turn + 1);
                by.push(thread::current().id());
            }));
        }
        let waited_for = slot.pop().unwrap();
        slot.pop().unwrap().detach();
        slot.push(waited_for);
        drop((lane, executor));
        let (turn, own) = (stub.turn(), stub.turn());
        let worker = thread::spawn(move || turn.run());
        own.run();
        worker.join().unwrap();
        let waiting = first.wait().unwrap();
        let name = |id| Word(if id == waiting { "waiting" } else { "other" });
        by.take().into_iter().map(name).collect::<Vec<_>>()
    });
}

/// One worker whose job waits for one of a view, and the drop of the view's last handle. What was
/// queued runs, and nothing is left. Outcome: what the waiting job saw. L13.
fn no_claimed_turn_outlives_its_view() {
    Model::bound(2).sees_exactly(&["value"]).check(|| {
        let (stub, slot) = (Stub::keeping(), Log::new());
        let executor = stub.executor(1);
        let view = executor.limited(1);
        let place = slot.clone();
        let first = executor.submit(move || {
            let awaited: Task<()> = place.pop().unwrap();
            ending(&awaited.wait())
        });
        slot.push(view.submit(|| ()));
        let turn = stub.turn();
        let worker = thread::spawn(move || turn.run());
        drop(view);
        let outcome = first.wait().unwrap();
        worker.join().unwrap();
        executor.shutdown(poolbridge::Shutdown::run_queued()).wait().unwrap();
        outcome
    });
}
