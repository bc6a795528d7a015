//! A job that waits for a queued one of a view: it takes the view's turn over, if nobody has it.

use loom_tests::{Canary, Entry, Model, block_on, models, thread};
use poolbridge::__verify::Parker;
use poolbridge::{Executor, Shutdown, Task};

use crate::stub::{Answer, Count, Log, Stub, Word, ending};

pub(crate) const MODELS: &[Entry] = models![
    no_claimed_turn_is_served_twice,
    no_job_of_a_claimed_turn_is_run_and_cancelled,
    no_claimed_lane_is_run_out_of_order,
    no_job_is_left_by_a_claimed_turn,
    no_lane_stands_still_behind_a_claimed_job,
    no_waiter_for_room_is_left_by_a_claim,
];

/// Two workers: a job that waits for one of a view, and the other worker that comes for the view's
/// turn. One of them runs the job. Outcome: who.
fn no_claimed_turn_is_served_twice() {
    Model::bound(1).deep(2).sees_exactly(&["the waiting worker", "the other"]).check(|| {
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
    for (case, in_order) in [("limited", false), ("serial", true)] {
        let exact = ["(value, 1)", "(cancelled, 0)"];
        Model::bound(1).deep(2).case(case).sees_exactly(&exact).check(move || {
            let (stub, slot, ran) = (Stub::keeping(), Log::new(), Count::new());
            let executor = stub.executor(1);
            let view = if in_order { executor.serial() } else { executor.limited(1) };
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
}

/// Two workers: a job that waits for the second one of a serial view, and the other worker that comes
/// for the view's turn, which waits behind that job or before it. The first one comes first, never both
/// at once. Outcome: who ran the two.
fn no_claimed_lane_is_run_out_of_order() {
    for (case, behind) in [("turn behind", true), ("turn before", false)] {
        let exact = ["[waiting, waiting]", "[other, other]"];
        Model::bound(1).deep(1).case(case).sees_exactly(&exact).check(move || {
            let (stub, slot, place, by) = (Stub::keeping(), Log::new(), Canary::new(), Log::new());
            let executor = stub.executor(2);
            let lane = executor.serial();
            let submit_waiting = || {
                let slot = slot.clone();
                executor.submit(move || {
                    let awaited: Task<()> = slot.pop().unwrap();
                    awaited.wait().unwrap();
                    thread::current().id()
                })
            };
            let submit_lane = || {
                let tasks = [0, 1].map(|which| {
                    let (place, by) = (place.clone(), by.clone());
                    lane.submit(move || {
                        assert_eq!(place.read(), which);
                        place.write(which + 1);
                        by.push(thread::current().id());
                    })
                });
                let [first, second] = tasks;
                first.detach();
                slot.push(second);
            };
            let waiting = if behind {
                let waiting = submit_waiting();
                submit_lane();
                waiting
            } else {
                submit_lane();
                submit_waiting()
            };
            drop((lane, executor));
            let (turn, own) = (stub.turn(), stub.turn());
            let worker = thread::spawn(move || turn.run());
            own.run();
            worker.join().unwrap();
            let waiting = waiting.wait().unwrap();
            let name = |id| Word(if id == waiting { "waiting" } else { "other" });
            by.take().into_iter().map(name).collect::<Vec<_>>()
        });
    }
}

/// One worker whose job waits for one of a view, and somebody who submits to the view and drops its last
/// handle. The turn that was taken over goes on with what came meanwhile, and nothing is left. Outcome:
/// what the waiting job saw, and how the other ended. L13, p05.
fn no_job_is_left_by_a_claimed_turn() {
    Model::bound(2).deep(3).sees_exactly(&["(value, value)"]).check(|| {
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
        let second = view.submit(|| ());
        drop(view);
        worker.join().unwrap();
        stub.run_kept();
        let both = (first.wait().unwrap(), ending(&second.wait()));
        executor.shutdown(Shutdown::run_queued()).wait().unwrap();
        both
    });
}

/// Two workers of a keyed executor: a job that runs the first one of another lane in place, and then
/// needs the second one of it; the other worker, which may have found that lane busy and gone. Whoever
/// ends the claim calls for the second. Outcome: threads asked for.
fn no_lane_stands_still_behind_a_claimed_job() {
    for (case, by_turn) in [("job", false), ("turn", true)] {
        Model::bound(1).deep(1).case(case).sees_exactly(&["2", "3"]).check(move || {
            let stub = Stub::new(|start| if start < 2 { Answer::Keep } else { Answer::Spawn });
            let (slot, needed) = (Log::new(), Parker::new());
            let executor = stub.executor(2);
            let lanes = executor.keyed::<u8>();
            let (place, bed) = (slot.clone(), needed.clone());
            let waiting = lanes.submit(1, move || {
                let awaited: Task<()> = place.pop().unwrap();
                awaited.wait().unwrap();
                bed.park();
            });
            // In an executor of the lane, or in the lane itself.
            let lane = lanes.lane(2);
            let first = || thread::yield_now();
            slot.push(if by_turn { lane.submit(first) } else { lanes.submit(2, first) });
            lanes.submit(2, move || needed.unpark()).detach();
            drop((lane, lanes, executor));
            let (turn, own) = (stub.turn(), stub.turn());
            let worker = thread::spawn(move || turn.run());
            own.run();
            waiting.wait().unwrap();
            worker.join().unwrap();
            stub.join();
            stub.starts()
        });
    }
}

/// A worker whose job runs one of a bounded view in place, and somebody who waits for room there. The
/// room that it makes is given. Outcome: how the two jobs of the view ended. L39.
fn no_waiter_for_room_is_left_by_a_claim() {
    Model::bound(2).deep(3).sees_exactly(&["(value, value)"]).check(|| {
        let (stub, slot) = (Stub::keeping(), Log::new());
        let executor = stub.executor(1);
        let view = Executor::on(executor.clone()).max_workers(1).queue_capacity(1).build().unwrap();
        let place = slot.clone();
        let waiting = executor.submit(move || {
            let awaited: Task<()> = place.pop().unwrap();
            ending(&awaited.wait())
        });
        slot.push(view.submit(|| ()));
        let turn = stub.turn();
        let worker = thread::spawn(move || turn.run());
        let second = block_on(view.submit_when_ready(|| ()));
        drop((view, executor));
        worker.join().unwrap();
        stub.run_kept();
        let second = second.map_err(|rejected| rejected.reason().clone()).unwrap();
        (waiting.wait().unwrap(), ending(&second.wait()))
    });
}
