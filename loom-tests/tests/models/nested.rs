//! Jobs that submit and wait inside jobs, and workers beside one another.

use std::time::Duration;

use loom_tests::{Entry, Model, models, thread};
use poolbridge::__verify::Parker;
use poolbridge::__verify::plan::Plan;
use poolbridge::{Executor, Task};

use crate::stub::{Count, Log, Stub, Threads, Word, ending};

pub(crate) const MODELS: &[Entry] = models![
    no_job_from_a_job_is_lost,
    no_job_is_taken_by_two_workers,
    no_job_is_lost_between_two_sleepers,
    no_nested_wait_in_a_limited_view_hangs,
    no_wait_in_its_own_lane_hangs,
    no_leaving_worker_finds_its_executor_gone,
];

/// Own thread whose job submits another and drops the last handle inside it; a submitter who drops his.
/// Outcome: jobs run. p08, L14.
fn no_job_from_a_job_is_lost() {
    Model::bound(3).deep(4).sees_exactly(&["2"]).check(|| {
        let (threads, ran) = (Threads::new(), Count::new());
        let executor = threads.executor(1);
        let (own, runs) = (executor.clone(), ran.clone());
        let job = move || {
            let inner = runs.clone();
            own.submit(move || inner.add()).detach();
            runs.add();
        };
        executor.submit(job).detach();
        drop(executor);
        threads.join();
        ran.get()
    });
}

/// Two workers and two jobs. Each runs once, by one of them. Outcome: whether one worker ran both. q04.
fn no_job_is_taken_by_two_workers() {
    Model::bound(2).deep(3).sees_exactly(&["true", "false"]).check(|| {
        let (stub, by) = (Stub::keeping(), Log::new());
        let executor = stub.executor(2);
        for which in [0, 1] {
            let by = by.clone();
            executor.submit(move || by.push((which, thread::current().id()))).detach();
        }
        drop(executor);
        let (turn, own) = (stub.turn(), stub.turn());
        let worker = thread::spawn(move || turn.run());
        own.run();
        worker.join().unwrap();
        let mut all = by.take();
        all.sort_by_key(|(which, _)| *which);
        assert_eq!((all.len(), all[0].0, all[1].0), (2, 0, 1));
        all[0].1 == all[1].1
    });
}

/// Two own threads that have met and lie down, and a submitter. One of them runs the job, and the end
/// finds both. Outcome: jobs run. p10.
fn no_job_is_lost_between_two_sleepers() {
    Model::bound(1).deep(1).sees_exactly(&["1"]).check(|| {
        let (threads, ran) = (Threads::new(), Count::new());
        let executor = threads.executor(2);
        let met = Parker::new();
        let meets = met.clone();
        executor.submit(move || met.park()).detach();
        executor.submit(move || meets.unpark()).wait().unwrap();
        let (runs, last) = (ran.clone(), executor.clone());
        let job = move || {
            runs.add();
            drop(last);
        };
        executor.submit(job).detach();
        drop(executor);
        threads.join();
        assert_eq!(threads.starts(), 2);
        ran.get()
    });
}

/// A view that runs one at a time, whose job submits to it and waits; another worker of the pool. The
/// waiting job's own permit counts: it runs the other one itself. Outcome: by whom it was run. L50.
fn no_nested_wait_in_a_limited_view_hangs() {
    Model::bound(1).deep(1).sees_exactly(&["the waiting worker"]).check(|| {
        let stub = Stub::keeping();
        let executor = stub.executor(2);
        let view = executor.limited(1);
        let own = view.clone();
        let first = view.submit(move || {
            let inner = own.submit(|| thread::current().id());
            drop(own);
            inner.wait().unwrap() == thread::current().id()
        });
        executor.submit(|| ()).detach();
        drop((view, executor));
        let (turn, own) = (stub.turn(), stub.turn());
        let worker = thread::spawn(move || turn.run());
        own.run();
        worker.join().unwrap();
        Word(if first.wait().unwrap() { "the waiting worker" } else { "the other" })
    });
}

/// A serial view whose job waits for a later one of it, and a canceller of that one. The wait is refused,
/// or hears of the cancel; it never stays. Outcome: how it ended, and jobs of the view run. L51.
fn no_wait_in_its_own_lane_hangs() {
    let exact = ["(would deadlock, 1)", "(cancelled, 1)"];
    Model::bound(1).deep(1).sees_exactly(&exact).check(|| {
        let (stub, slot, ran) = (Stub::keeping(), Log::new(), Count::new());
        let executor = stub.executor(1);
        let view = executor.serial();
        let (place, runs) = (slot.clone(), ran.clone());
        let first = view.submit(move || {
            runs.add();
            let awaited: Task<()> = place.pop().unwrap();
            ending(&awaited.wait())
        });
        let runs = ran.clone();
        let second = view.submit(move || runs.add());
        let canceller = second.canceller();
        slot.push(second);
        drop((view, executor));
        let turn = stub.turn();
        let cancelling = thread::spawn(move || canceller.cancel());
        turn.run();
        let _ = cancelling.join().unwrap();
        (first.wait().unwrap(), ran.get())
    });
}

/// Own thread whose time is over, and the drop of the last handle, with what keeps the threads. Whoever is
/// last takes everything down, once. Outcome: threads started. L31.
fn no_leaving_worker_finds_its_executor_gone() {
    Model::bound(3).deep(4).plans([Plan::NONE, Plan::timeout(0)]).sees_exactly(&["1"]).check(
        || {
            let threads = Threads::new();
            let builder = threads.builder(1).keep_alive(Duration::from_secs(1));
            let executor: Executor = builder.build().unwrap();
            executor.submit(|| ()).detach();
            drop(executor);
            threads.join();
            threads.starts()
        },
    );
}
