//! Bounded queues: a free place goes to the head of the line, exactly once, whoever gives up.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use loom_tests::{CountingWaker, Entry, Model, block_on, models, thread};
use poolbridge::{Executor, OnFull, Reason, Rejected, Shutdown, SubmitWhenReady, Task};

use crate::stub::{Answer, Count, Stub, Threads, Word, ending};

pub(crate) const MODELS: &[Entry] = models![
    no_room_is_missed_by_who_waits,
    no_room_is_lost_with_who_gives_up,
    no_room_is_lost_to_a_cancelled_job,
    no_waiter_for_room_is_left_by_a_shutdown,
    no_blocked_submitter_is_left_behind,
    no_waiter_for_room_is_left_by_a_dropped_turn,
    no_waiter_for_room_is_left_by_a_failed_start,
    no_place_is_given_twice,
    no_sleeper_is_left_by_who_gives_up,
    no_waiter_for_room_is_left_by_a_failed_initializer,
];

/// An executor over `stub` with room for one job, and that job.
fn full(stub: &Stub, on_full: OnFull) -> (Executor, Task<()>) {
    let executor = stub.builder(1).queue_capacity(1).on_full(on_full).build().unwrap();
    let first = executor.submit(|| ());
    (executor, first)
}

fn poll<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(waker))
}

fn place<F: FnOnce() + Send + 'static>(executor: &Executor, f: F) -> SubmitWhenReady<(), F> {
    executor.submit_when_ready(f)
}

fn submitted<F>(outcome: Result<Task<()>, Rejected<F>>) -> Task<()> {
    outcome.map_err(|rejected| rejected.reason().clone()).unwrap()
}

/// Worker that makes room, and somebody who is about to wait for it. The job is queued and run.
/// Outcome: polls, and turns asked for.
fn no_room_is_missed_by_who_waits() {
    Model::bound(3).deep(4).with_spurious_wakes().sees(&["(1, 1)", "(2, 1)", "(1, 2)"]).check(
        || {
            let stub = Stub::keeping();
            let (executor, first) = full(&stub, OnFull::Reject);
            let turn = stub.turn();
            let worker = thread::spawn(move || turn.run());
            let mut waiting = place(&executor, || ());
            let mut polls = 0;
            let second = submitted(block_on(std::future::poll_fn(|cx| {
                polls += 1;
                pin!(&mut waiting).poll(cx)
            })));
            drop((waiting, executor));
            worker.join().unwrap();
            stub.run_kept();
            first.wait().unwrap();
            second.wait().unwrap();
            (polls, stub.starts())
        },
    );
}

/// Worker that makes room while the head of the line gives up, and the next in line. Granted or
/// not, the place goes to the next, once. Outcome: whether the first had been told. (Rule of
/// `room.rs`; LK05, anyio #947.)
fn no_room_is_lost_with_who_gives_up() {
    Model::bound(3).deep(4).sees_exactly(&["0", "1"]).check(|| {
        let stub = Stub::keeping();
        let (executor, first) = full(&stub, OnFull::Reject);
        let told = CountingWaker::new();
        let mut head = place(&executor, || unreachable!("given up"));
        let mut next = place(&executor, || ());
        assert!(poll(&mut head, &told.waker()).is_pending());
        assert!(poll(&mut next, Waker::noop()).is_pending());
        let turn = stub.turn();
        let worker = thread::spawn(move || turn.run());
        // A look at the queue: the worker may have been there.
        let _ = executor.snapshot();
        let granted = told.wakes();
        drop(head);
        let second = submitted(block_on(&mut next));
        drop((next, executor));
        worker.join().unwrap();
        stub.run_kept();
        first.wait().unwrap();
        second.wait().unwrap();
        granted
    });
}

/// Canceller of the job that fills the queue, and somebody who waits for room. Outcome: polls.
fn no_room_is_lost_to_a_cancelled_job() {
    Model::bound(3).sees_exactly(&["1", "2"]).check(|| {
        let stub = Stub::keeping();
        let (executor, first) = full(&stub, OnFull::Reject);
        let canceller = thread::spawn(move || drop(first));
        let mut waiting = place(&executor, || ());
        let mut polls = 0;
        let second = submitted(block_on(std::future::poll_fn(|cx| {
            polls += 1;
            pin!(&mut waiting).poll(cx)
        })));
        canceller.join().unwrap();
        drop((waiting, executor));
        stub.run_kept();
        second.wait().unwrap();
        polls
    });
}

/// Shutdown, and somebody who waits for room. The closure comes back. L53.
fn no_waiter_for_room_is_left_by_a_shutdown() {
    Model::bound(3).deep(4).with_spurious_wakes().sees_exactly(&["Closed"]).check(|| {
        let stub = Stub::keeping();
        let (executor, first) = full(&stub, OnFull::Reject);
        let other = executor.clone();
        let closer = thread::spawn(move || drop(other.shutdown(Shutdown::run_queued())));
        let Err(rejected) = block_on(place(&executor, || ())) else { unreachable!("no room") };
        closer.join().unwrap();
        drop(executor);
        stub.run_kept();
        first.wait().unwrap();
        assert!(matches!(rejected.reason(), Reason::Closed));
        Word("Closed")
    });
}

/// Worker that makes room, and a thread that blocks until there is some. Outcome: turns.
fn no_blocked_submitter_is_left_behind() {
    Model::bound(3).deep(4).with_spurious_wakes().sees_exactly(&["1", "2"]).check(|| {
        let stub = Stub::keeping();
        let (executor, first) = full(&stub, OnFull::Block);
        let turn = stub.turn();
        let worker = thread::spawn(move || turn.run());
        let second = executor.submit(|| ());
        drop(executor);
        worker.join().unwrap();
        stub.run_kept();
        first.wait().unwrap();
        second.wait().unwrap();
        stub.starts()
    });
}

/// Backend that drops the only turn, and somebody who waits for room. What is queued ends as
/// broken; that is room too. Outcome: how the two ended. L17.
fn no_waiter_for_room_is_left_by_a_dropped_turn() {
    Model::bound(3).sees_exactly(&["(broken, value)"]).check(|| {
        let stub = Stub::keeping();
        let (executor, first) = full(&stub, OnFull::Reject);
        let turn = stub.turn();
        let backend = thread::spawn(move || drop(turn));
        let second = submitted(block_on(place(&executor, || ())));
        backend.join().unwrap();
        drop(executor);
        stub.run_kept();
        (ending(&first.wait()), ending(&second.wait()))
    });
}

/// Submitter whose start fails and who takes its job back, and somebody who waits for room.
/// Outcome: how the waiter's job ended, if it was taken at all. L17.
fn no_waiter_for_room_is_left_by_a_failed_start() {
    Model::bound(2).sees(&["value"]).check(|| {
        let stub = Stub::new(|start| if start == 0 { Answer::Refuse } else { Answer::Keep });
        let executor = stub.builder(1).queue_capacity(1).build().unwrap();
        let other = executor.clone();
        let submitter =
            thread::spawn(move || other.try_submit(|| ()).map_err(|_| ()).map(Task::detach));
        let second = block_on(place(&executor, || ()));
        let _ = submitter.join().unwrap();
        drop(executor);
        stub.run_kept();
        match second {
            Ok(task) => ending(&task.wait()),
            Err(_) => Word("rejected"),
        }
    });
}

/// Worker that makes room for one, and two who want it: one in line, one who just comes. The
/// place goes to the line, also while it is on its way; the queue never holds more than it may.
/// Outcome: what the other got.
/// anyio 4.14.2, L43.
fn no_place_is_given_twice() {
    Model::bound(3).deep(3).sees_exactly(&["rejected"]).check(|| {
        let (stub, ran) = (Stub::keeping(), Count::new());
        let (executor, first) = full(&stub, OnFull::Reject);
        let runs = ran.clone();
        let mut line = place(&executor, move || runs.add());
        assert!(poll(&mut line, Waker::noop()).is_pending());
        let turn = stub.turn();
        let worker = thread::spawn(move || turn.run());
        let barging = executor.submit(|| ());
        assert!(executor.snapshot().queued.len() <= 1);
        let second = submitted(block_on(&mut line));
        assert!(executor.snapshot().queued.len() <= 1);
        drop((line, executor));
        worker.join().unwrap();
        stub.run_kept();
        first.wait().unwrap();
        second.wait().unwrap();
        assert_eq!(ran.get(), 1);
        ending(&barging.wait())
    });
}

/// The head of the line gives up the room that it was given, while the next one comes or sleeps already;
/// the worker that made the room is gone. The next is told. Outcome: how often the head had been. LK05.
fn no_sleeper_is_left_by_who_gives_up() {
    Model::bound(2).sees_exactly(&["1"]).check(|| {
        let stub = Stub::keeping();
        let (executor, first) = full(&stub, OnFull::Reject);
        let told = CountingWaker::new();
        let mut head = place(&executor, || unreachable!("given up"));
        assert!(poll(&mut head, &told.waker()).is_pending());
        let other = executor.clone();
        let next = thread::spawn(move || submitted(block_on(place(&other, || ()))));
        // Makes the room, before the next one has come or after.
        stub.turn().run();
        let granted = told.wakes();
        drop(head);
        let second = next.join().unwrap();
        drop(executor);
        stub.run_kept();
        first.wait().unwrap();
        second.wait().unwrap();
        granted
    });
}

/// Own thread whose initializer fails, and somebody who waits for room. The executor is broken for ever,
/// and says so. Outcome: what became of the waiter's job. I02, L20.
fn no_waiter_for_room_is_left_by_a_failed_initializer() {
    Model::bound(2).deep(3).sees_exactly(&["rejected"]).check(|| {
        let threads = Threads::new();
        let builder = threads.builder(1).queue_capacity(1);
        let executor = builder.initializer(|| Err::<(), _>("no connection")).build().unwrap();
        let first = executor.submit(|| ());
        let second = block_on(place(&executor, || ()));
        drop(executor);
        let how = second.map_or(Word("rejected"), |task| ending(&task.wait()));
        assert_eq!(ending(&first.wait()).0, "broken");
        threads.join();
        how
    });
}
