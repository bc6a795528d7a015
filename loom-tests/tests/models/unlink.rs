//! A cancelled job's way out of the queue, while workers pop and the executor goes away: rule Q4.

use loom_tests::{Drops, Entry, Model, block_on, models, thread};
use poolbridge::{Cancel, OnFull, Shutdown};

use crate::stub::{Answer, Count, Stub, ending};

pub(crate) const MODELS: &[Entry] = models![
    no_cancelled_job_waits_for_a_pop,
    no_canceller_finds_its_executor_gone,
    no_canceller_of_two_finds_its_executor_gone,
    no_canceller_is_left_by_a_dropped_turn,
    no_worker_is_lost_to_a_cancelled_job,
    no_neighbour_is_unlinked_by_a_canceller,
    no_displaced_job_starts,
    no_handed_back_job_is_looked_for_in_the_queue,
    no_canceller_finds_its_executor_gone_after_a_shutdown,
];

/// Canceller and waiter of a queued job that no worker will ever pop. Cancelled is done: the
/// waiter returns, the captures are gone and the place is free. Outcome: how it ended. L04, L01.
fn no_cancelled_job_waits_for_a_pop() {
    Model::bound(3).deep(3).with_spurious_wakes().sees_exactly(&["(cancelled, 0)"]).check(|| {
        let (stub, drops) = (Stub::keeping(), Drops::new());
        let executor = stub.executor(1);
        let capture = drops.probe();
        let task = executor.submit(move || capture.touch());
        let canceller = task.canceller();
        let cancelling = thread::spawn(move || canceller.cancel());
        let outcome = block_on(task);
        assert_eq!(drops.count(), 1);
        let queued = executor.snapshot().queued.len();
        assert_eq!(cancelling.join().unwrap(), Cancel::Prevented);
        drop(executor);
        drop(stub.turn());
        (ending(&outcome), queued)
    });
}

/// The last worker and a canceller; no handle is left. Whoever comes second finds the executor
/// still there, and both leave nothing behind. Outcome: the answer, and whether it ran. L66, Q4.
fn no_canceller_finds_its_executor_gone() {
    let exact = ["(Prevented, 0)", "(Requested, 1)", "(TooLate, 1)"];
    Model::bound(3).deep(3).sees_exactly(&exact).check(|| {
        let (stub, ran) = (Stub::keeping(), Count::new());
        let executor = stub.executor(1);
        let runs = ran.clone();
        let task = executor.submit(move || runs.add());
        drop(executor);
        let turn = stub.turn();
        drop(stub);
        let worker = thread::spawn(move || turn.run());
        let answer = task.cancel();
        drop(task);
        worker.join().unwrap();
        (answer, ran.get())
    });
}

/// Two jobs and their cancellers, and the last turn, which is run or dropped: one of them may be
/// lost to the worker, or both, or none. The last of the three takes the executor down. Outcome:
/// both answers, the stronger first. L66, Q4.
fn no_canceller_of_two_finds_its_executor_gone() {
    let sees = ["(Prevented, Prevented)", "(Prevented, TooLate)"];
    for (case, runs, bound) in [("run", true, 1), ("dropped", false, 1)] {
        Model::bound(bound).deep(bound).case(case).sees(&sees).check(move || {
            let stub = Stub::keeping();
            let executor = stub.executor(1);
            let tasks = [executor.submit(|| ()), executor.submit(|| ())];
            drop(executor);
            let turn = stub.turn();
            drop(stub);
            let cancellers = tasks.each_ref().map(|task| {
                let canceller = task.canceller();
                thread::spawn(move || canceller.cancel())
            });
            let last = thread::spawn(move || if runs { turn.run() } else { drop(turn) });
            let [first, second] = cancellers.map(|canceller| canceller.join().unwrap());
            last.join().unwrap();
            tasks.into_iter().for_each(|task| assert!(task.status().is_done()));
            if second == Cancel::Prevented { (second, first) } else { (first, second) }
        });
    }
}

/// As above where the last turn is not run but dropped: the canceller's job is taken off by who
/// clears up. Outcome: how the task ended. L17, L66, L20.
fn no_canceller_is_left_by_a_dropped_turn() {
    Model::bound(3).deep(4).sees_exactly(&["cancelled", "broken"]).check(|| {
        let stub = Stub::keeping();
        let executor = stub.executor(1);
        let task = executor.submit(|| ());
        drop(executor);
        let turn = stub.turn();
        drop(stub);
        let canceller = task.canceller();
        let backend = thread::spawn(move || drop(turn));
        let _ = canceller.cancel();
        let outcome = task.wait();
        backend.join().unwrap();
        ending(&outcome)
    });
}

/// One worker, a job that is cancelled between its queueing and its pop, a job behind it. The
/// worker goes on to the second. Outcome: the answer, and turns asked for. L47, anyio #1352.
fn no_worker_is_lost_to_a_cancelled_job() {
    let exact = ["(Prevented, 1)", "(Requested, 1)", "(TooLate, 1)"];
    Model::bound(3).deep(4).sees_exactly(&exact).check(|| {
        let (stub, ran) = (Stub::keeping(), Count::new());
        let executor = stub.executor(1);
        let runs = ran.clone();
        let (first, second) = (executor.submit(|| ()), executor.submit(move || runs.add()));
        drop(executor);
        second.detach();
        let turn = stub.turn();
        let worker = thread::spawn(move || turn.run());
        let answer = first.cancel();
        worker.join().unwrap();
        assert_eq!(ran.get(), 1);
        (answer, stub.starts())
    });
}

/// Two cancellers of neighbours in a queue of three. The third is left, and is run. Outcome: jobs
/// run afterwards.
fn no_neighbour_is_unlinked_by_a_canceller() {
    Model::bound(3).sees_exactly(&["1"]).check(|| {
        let (stub, ran) = (Stub::keeping(), Count::new());
        let executor = stub.executor(1);
        let tasks = [0; 3].map(|_| {
            let runs = ran.clone();
            executor.submit(move || runs.add())
        });
        let [first, second, third] = tasks;
        third.detach();
        let other = thread::spawn(move || drop(first));
        drop(second);
        other.join().unwrap();
        assert_eq!(executor.snapshot().queued.len(), 1);
        drop(executor);
        stub.run_kept();
        ran.get()
    });
}

/// Worker, and a submitter into a full queue that drops the oldest. The oldest runs or is
/// rejected, never both, and the new one runs. Outcome: how the oldest ended, and whether it ran.
fn no_displaced_job_starts() {
    Model::bound(3).deep(4).sees_exactly(&["(value, 1)", "(rejected, 0)"]).check(|| {
        let (stub, ran) = (Stub::keeping(), Count::new());
        let builder = stub.builder(1).queue_capacity(1).on_full(OnFull::DropOldest);
        let executor = builder.build().unwrap();
        let runs = ran.clone();
        let oldest = executor.submit(move || runs.add());
        let turn = stub.turn();
        let worker = thread::spawn(move || turn.run());
        let newest = executor.submit(|| 7);
        drop(executor);
        worker.join().unwrap();
        stub.run_kept();
        assert_eq!(newest.wait().unwrap(), 7);
        (ending(&oldest.wait()), ran.get())
    });
}

/// Canceller, and a shutdown that hands the job back to an owner who runs it: the link is cut
/// before or after the canceller has won. Outcome: how the task ended, and whether it ran.
fn no_handed_back_job_is_looked_for_in_the_queue() {
    Model::bound(3).deep(3).sees_exactly(&["(value, 1)", "(cancelled, 0)"]).check(|| {
        let (stub, ran) = (Stub::keeping(), Count::new());
        let executor = stub.executor(1);
        let runs = ran.clone();
        let task = executor.submit(move || runs.add());
        let turn = stub.turn();
        let canceller = task.canceller();
        let cancelling = thread::spawn(move || canceller.cancel());
        let mut end = executor.shutdown(Shutdown::hand_back());
        drop(executor);
        end.take_handed_back().into_iter().for_each(poolbridge::Job::run);
        drop((end, turn));
        let _ = cancelling.join().unwrap();
        (ending(&task.wait()), ran.get())
    });
}

/// Canceller, and a shutdown that cancels what is queued; the executor goes away at once. Both
/// think that they have to take the job off. Outcome: jobs that the shutdown cancelled. L19, Q4.
fn no_canceller_finds_its_executor_gone_after_a_shutdown() {
    Model::bound(3).deep(4).sees_exactly(&["0", "1"]).check(|| {
        let stub = Stub::new(|_| Answer::Keep);
        let executor = stub.executor(1);
        let task = executor.submit(|| ());
        let canceller = task.canceller();
        let turn = stub.turn();
        drop(stub);
        let cancelling = thread::spawn(move || canceller.cancel());
        let end = executor.shutdown(Shutdown::cancel_queued());
        drop(executor);
        drop(turn);
        let cancelled = end.wait().unwrap().cancelled;
        assert_eq!(cancelling.join().unwrap(), Cancel::Prevented);
        assert_eq!(ending(&task.wait()).0, "cancelled");
        cancelled
    });
}
