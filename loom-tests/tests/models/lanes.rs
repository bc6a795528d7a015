//! Lanes and permits: in order within a key, one at a time, and nothing is left when keys go.

use loom_tests::{Canary, Entry, Model, models, thread};

use crate::stub::{Count, Log, Stub};

pub(crate) const MODELS: &[Entry] = models![
    no_lane_is_forgotten_with_a_job_on_its_way,
    no_two_jobs_of_a_key_run_at_once,
    no_executor_of_a_lane_runs_beside_it,
    no_lane_is_lost_to_a_cancelled_job,
    no_permit_is_lost_to_a_cancelled_job,
];

/// Worker at the end of a lane's last job, and a submitter of the same key: the lane goes on, or is
/// made anew. Order is kept, each runs once, never two at once. Outcome: turns asked for. R24.
fn no_lane_is_forgotten_with_a_job_on_its_way() {
    Model::bound(2).deep(3).sees_exactly(&["1", "2"]).check(|| {
        let (stub, place) = (Stub::keeping(), Canary::new());
        let executor = stub.executor(2);
        let lanes = executor.keyed::<u8>();
        let written = place.clone();
        lanes.submit(7, move || written.write(1)).detach();
        let turn = stub.turn();
        let worker = thread::spawn(move || turn.run());
        let seen = place.clone();
        let second = lanes.submit(7, move || {
            assert_eq!(seen.read(), 1);
            seen.write(2);
        });
        drop((lanes, executor));
        stub.run_kept();
        worker.join().unwrap();
        second.wait().unwrap();
        assert_eq!(place.read(), 2);
        stub.starts()
    });
}

/// Two workers, two jobs of one key and one of another. Outcome: whether one worker ran both of the
/// key.
fn no_two_jobs_of_a_key_run_at_once() {
    Model::bound(2).deep(3).sees_exactly(&["true", "false"]).check(|| {
        let (stub, place, by) = (Stub::keeping(), Canary::new(), Log::new());
        let executor = stub.executor(2);
        let lanes = executor.keyed::<u8>();
        for key in [1, 2, 1] {
            let (place, by) = (place.clone(), by.clone());
            let job = move || {
                if key == 1 {
                    place.write(place.read() + 1);
                    by.push(thread::current().id());
                }
            };
            lanes.submit(key, job).detach();
        }
        drop((lanes, executor));
        let (turn, own) = (stub.turn(), stub.turn());
        let worker = thread::spawn(move || turn.run());
        own.run();
        worker.join().unwrap();
        assert_eq!(place.read(), 2);
        by.pop() == by.pop()
    });
}

/// Two workers, a job of a key, and one of an executor made for that key's lane. Outcome: whether
/// one worker ran both.
fn no_executor_of_a_lane_runs_beside_it() {
    Model::bound(2).deep(3).sees_exactly(&["true", "false"]).check(|| {
        let (stub, place, by) = (Stub::keeping(), Canary::new(), Log::new());
        let executor = stub.executor(2);
        let lanes = executor.keyed::<u8>();
        let lane = lanes.lane(1);
        let job = || {
            let (place, by) = (place.clone(), by.clone());
            move || {
                place.write(place.read() + 1);
                by.push(thread::current().id());
            }
        };
        lanes.submit(1, job()).detach();
        let turn = stub.turn();
        let worker = thread::spawn(move || turn.run());
        lane.submit(job()).detach();
        drop((lane, lanes, executor));
        stub.run_kept();
        worker.join().unwrap();
        assert_eq!(place.read(), 2);
        by.pop() == by.pop()
    });
}

/// Worker that ends the first job of a lane while the second is cancelled, then a third comes. It runs,
/// whatever became of the lane. Outcome: the answer, and jobs run. anyio #1352, L47.
fn no_lane_is_lost_to_a_cancelled_job() {
    let exact = ["(Prevented, 2)", "(Requested, 3)", "(TooLate, 3)"];
    Model::bound(2).deep(3).sees_exactly(&exact).check(|| {
        let (stub, place) = (Stub::keeping(), Canary::new());
        let executor = stub.executor(2);
        let lanes = executor.keyed::<u8>();
        let job = || {
            let place = place.clone();
            move || place.write(place.read() + 1)
        };
        lanes.submit(7, job()).detach();
        let second = lanes.submit(7, job());
        let turn = stub.turn();
        let worker = thread::spawn(move || turn.run());
        let answer = second.cancel();
        let third = lanes.submit(7, job());
        drop((lanes, executor));
        stub.run_kept();
        worker.join().unwrap();
        third.wait().unwrap();
        (answer, place.read())
    });
}

/// As above for the permit of a view that runs one at a time. Outcome: the answer, and jobs run.
/// anyio #1352, L47.
fn no_permit_is_lost_to_a_cancelled_job() {
    let exact = ["(Prevented, 2)", "(Requested, 3)", "(TooLate, 3)"];
    Model::bound(2).deep(3).sees_exactly(&exact).check(|| {
        let (stub, place, ran) = (Stub::keeping(), Canary::new(), Count::new());
        let executor = stub.executor(2);
        let view = executor.limited(1);
        let job = || {
            let (place, ran) = (place.clone(), ran.clone());
            move || {
                ran.add();
                place.write(place.read() + 1);
            }
        };
        view.submit(job()).detach();
        let second = view.submit(job());
        let turn = stub.turn();
        let worker = thread::spawn(move || turn.run());
        let answer = second.cancel();
        let third = view.submit(job());
        drop((view, executor));
        stub.run_kept();
        worker.join().unwrap();
        third.wait().unwrap();
        assert_eq!(place.read(), ran.get());
        (answer, ran.get())
    });
}
