//! One job, its task, and everybody who lays hands on them at once. No pool.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use loom_tests::{
    Canary, CountingWaker, Drops, Entry, Model, block_on, models, planned_panic, thread,
};
use poolbridge::__verify::plan::Plan;
use poolbridge::{Cancel, Status, TaskError};

use crate::stub::{Count, Word, WritesOnDrop, ending, job_and_task};

pub(crate) const MODELS: &[Entry] = models![
    no_awaiter_sleeps_through_the_end,
    no_look_finds_half_an_outcome,
    no_blocked_waiter_sleeps_through_the_end,
    no_outcome_is_lost_to_a_wait_that_ran_out,
    no_capture_outlives_the_wait,
    no_finished_status_without_what_the_closure_did,
    no_stopped_thread_is_still_inside,
    no_capture_outlives_the_end_of_its_thread,
    no_outcome_outlives_a_dropped_task,
    no_prevented_closure_runs,
    no_waker_outlives_its_task,
    no_replaced_waker_is_told_instead_of_the_new_one,
    no_waiter_is_left_by_a_dropped_job,
    no_panic_reaches_anybody_but_the_waiter,
    no_reference_is_dropped_twice_by_three,
    no_second_canceller_answers_otherwise,
];

/// Worker and awaiter, a value. Race: completion against the registration of the waker. The
/// awaiter always resolves, and the value is complete. Outcome: polls. t01, L01.
fn no_awaiter_sleeps_through_the_end() {
    Model::bound(3).deep(3).with_spurious_wakes().sees(&["1", "2"]).check(polls_of_an_await);
}

/// As above, where the awaiter looks for a moment before it waits: what it finds by that is complete, and
/// what it does not find it waits for. Outcome: polls.
fn no_look_finds_half_an_outcome() {
    Model::bound(3)
        .deep(3)
        .plans([Plan::NONE.spinning(1)])
        .sees_exactly(&["1", "2"])
        .check(polls_of_an_await);
}

fn polls_of_an_await() -> u32 {
    let drops = Drops::new();
    let probe = drops.probe();
    let (job, mut task) = job_and_task(move || probe);
    let worker = thread::spawn(move || job.run());
    let mut polls = 0;
    let value = block_on(std::future::poll_fn(|cx| {
        polls += 1;
        pin!(&mut task).poll(cx)
    }));
    value.unwrap().touch();
    worker.join().unwrap();
    assert_eq!(drops.count(), 1);
    polls
}

/// Worker and blocked waiter. As above, without a runtime; the outcome is whether the task was
/// over when it began to wait. t17.
fn no_blocked_waiter_sleeps_through_the_end() {
    Model::bound(3).deep(3).with_spurious_wakes().sees_exactly(&["false", "true"]).check(|| {
        let drops = Drops::new();
        let probe = drops.probe();
        let (job, task) = job_and_task(move || probe);
        let worker = thread::spawn(move || job.run());
        let over = task.status().is_done();
        task.wait().unwrap().touch();
        worker.join().unwrap();
        assert_eq!(drops.count(), 1);
        over
    });
}

/// Worker and a waiter whose time runs out. Nothing happens to the task: the next wait gets the
/// value. Outcome: what the first wait gave. t18, L16.
fn no_outcome_is_lost_to_a_wait_that_ran_out() {
    Model::bound(2)
        .deep(2)
        .plans([Plan::NONE, Plan::timeout(0)])
        .sees_exactly(&["in time", "too late"])
        .check(|| {
            let (job, mut task) = job_and_task(|| 7);
            let worker = thread::spawn(move || job.run());
            let first = task.result(Duration::from_secs(1));
            let in_time = first.is_ok();
            let value = first.unwrap_or_else(|_| task.wait()).unwrap();
            assert_eq!(value, 7);
            worker.join().unwrap();
            Word(if in_time { "in time" } else { "too late" })
        });
}

/// Worker and waiter. The captures' drop, and what the closure wrote, happen before the waiter's
/// return. Outcome: how the waiter waits. L08.
fn no_capture_outlives_the_wait() {
    for (case, awaits) in [("await", true), ("wait", false)] {
        Model::bound(3).deep(3).case(case).sees_exactly(&["2"]).check(move || {
            let place = Canary::new();
            let capture = WritesOnDrop(place.clone(), 2);
            let (job, task) = job_and_task(move || capture.0.write(1));
            let worker = thread::spawn(move || job.run());
            if awaits { block_on(task) } else { task.wait() }.unwrap();
            let seen = place.read();
            worker.join().unwrap();
            seen
        });
    }
}

/// Worker and onlooker who never waits. `Finished` shows only with all that the closure wrote,
/// and the captures gone. Outcome: the status seen. t07, L07.
fn no_finished_status_without_what_the_closure_did() {
    Model::bound(3).sees_exactly(&["Pending", "Running", "Finished"]).check(|| {
        let place = Canary::new();
        let capture = WritesOnDrop(place.clone(), 2);
        let (job, mut task) = job_and_task(move || capture.0.write(1));
        let worker = thread::spawn(move || job.run());
        let status = task.status();
        if status == Status::Finished {
            assert_eq!(place.read(), 2);
            task.result(Duration::ZERO).expect("finished means released").unwrap();
        }
        worker.join().unwrap();
        status
    });
}

/// Worker and somebody with a canceller who waits for the thread. When that resolves the
/// captures are gone, whatever became of the task. Outcome: the status then.
fn no_stopped_thread_is_still_inside() {
    Model::bound(3).deep(3).sees_exactly(&["Cancelled", "Finished"]).check(|| {
        let place = Canary::new();
        let capture = WritesOnDrop(place.clone(), 2);
        let (job, task) = job_and_task(move || drop(capture));
        let stopped = task.stopped();
        let worker = thread::spawn(move || job.run());
        let canceller = task.canceller();
        let _ = canceller.cancel();
        block_on(stopped);
        assert_eq!(place.read(), 2);
        worker.join().unwrap();
        canceller.status()
    });
}

/// Worker and somebody who only waits for the thread, not for the outcome. What he sees is over,
/// also if the job ended between his look and his registration. Outcome: what he reads. L08.
fn no_capture_outlives_the_end_of_its_thread() {
    Model::bound(3).deep(3).sees_exactly(&["2"]).check(|| {
        let place = Canary::new();
        let capture = WritesOnDrop(place.clone(), 2);
        let (job, task) = job_and_task(move || drop(capture));
        let worker = thread::spawn(move || job.run());
        // Dropped later: counting down would order the read as well.
        let mut stopped = task.stopped();
        block_on(&mut stopped);
        let seen = place.read();
        worker.join().unwrap();
        drop((task, stopped));
        seen
    });
}

/// Worker and somebody who drops the task. The value is dropped once, by whoever comes last, or
/// never made. Outcome: values dropped, and whether the closure ran. t02, t15.
fn no_outcome_outlives_a_dropped_task() {
    Model::bound(3).deep(3).sees_exactly(&["(0, 0)", "(1, 1)"]).check(|| {
        let (drops, captures, ran) = (Drops::new(), Drops::new(), Count::new());
        let (capture, value, runs) = (captures.probe(), drops.clone(), ran.clone());
        let (job, task) = job_and_task(move || {
            capture.touch();
            runs.add();
            value.probe()
        });
        let worker = thread::spawn(move || job.run());
        drop(task);
        worker.join().unwrap();
        assert_eq!(captures.count(), 1);
        (drops.count(), ran.get())
    });
}

/// Worker and canceller. Exactly one of started and prevented: `Prevented` means that it never
/// ran and that the captures are gone when the call returns. Outcome: the answer. t03.
fn no_prevented_closure_runs() {
    let exact = ["(Prevented, 0)", "(Requested, 1)", "(TooLate, 1)"];
    Model::bound(3).deep(3).sees_exactly(&exact).check(|| {
        let (place, ran) = (Canary::new(), Count::new());
        let (capture, runs) = (WritesOnDrop(place.clone(), 2), ran.clone());
        let (job, task) = job_and_task(move || {
            drop(capture);
            runs.add();
        });
        let worker = thread::spawn(move || job.run());
        let answer = task.cancel();
        if answer == Cancel::Prevented {
            assert_eq!(place.read(), 2, "the captures are gone");
            assert_eq!(task.status(), Status::Cancelled);
        }
        worker.join().unwrap();
        let outcome = task.wait();
        assert_eq!(ending(&outcome).0, if ran.get() == 0 { "cancelled" } else { "value" });
        (answer, ran.get())
    });
}

/// Worker and a future that is polled once and dropped. Whatever the completion does meanwhile,
/// no clone of the waker stays behind; a pending one is told at most once, by a completion that
/// comes before the drop. Outcome: whether the poll was pending, and wakes.
/// t04, L34.
fn no_waker_outlives_its_task() {
    Model::bound(3).deep(3).sees_exactly(&["(true, 1)", "(true, 0)", "(false, 0)"]).check(|| {
        let (job, mut task) = job_and_task(|| ());
        let worker = thread::spawn(move || job.run());
        let counting = CountingWaker::new();
        let waker = counting.waker();
        let poll = pin!(&mut task).poll(&mut Context::from_waker(&waker));
        drop(task);
        worker.join().unwrap();
        assert_eq!(counting.held(), 1, "ours");
        (poll.is_pending(), counting.wakes())
    });
}

/// Worker and a future polled with one waker, then with another. If the second poll is pending,
/// the second waker is woken; one that was taken back in vain is not. Outcome: both polls pending,
/// and the wakes. t05.
fn no_replaced_waker_is_told_instead_of_the_new_one() {
    let sees = [
        "(true, true, 0, 1)",
        "(true, false, 1, 0)",
        "(true, false, 0, 0)",
        "(false, false, 0, 0)",
    ];
    Model::bound(3).deep(4).sees_exactly(&sees).check(|| {
        let (job, mut task) = job_and_task(|| ());
        let worker = thread::spawn(move || job.run());
        let wakers = [CountingWaker::new(), CountingWaker::new()];
        let mut pending = [false; 2];
        for (counting, pending) in wakers.iter().zip(&mut pending) {
            let waker = counting.waker();
            if let Poll::Ready(outcome) = pin!(&mut task).poll(&mut Context::from_waker(&waker)) {
                outcome.unwrap();
                break;
            }
            *pending = true;
        }
        worker.join().unwrap();
        drop(task);
        let [first, second] = &wakers;
        assert_eq!((first.held(), second.held()), (0, 0));
        if pending[1] {
            assert_eq!(second.wakes(), 1, "pending means woken later");
        }
        (pending[0], pending[1], first.wakes(), second.wakes())
    });
}

/// Owner of a job that drops it, and waiter. It never hangs, and the captures are gone. t06.
fn no_waiter_is_left_by_a_dropped_job() {
    Model::bound(3).deep(3).with_spurious_wakes().sees_exactly(&["(cancelled, 2)"]).check(|| {
        let place = Canary::new();
        let capture = WritesOnDrop(place.clone(), 2);
        let (job, task) = job_and_task(move || drop(capture));
        let owner = thread::spawn(move || drop(job));
        let outcome = block_on(task);
        let seen = place.read();
        owner.join().unwrap();
        (ending(&outcome), seen)
    });
}

/// Worker whose closure panics, and waiter. The payload comes once, to the waiter, and nothing
/// leaks; the worker lives on. Outcome: the payload. t08.
fn no_panic_reaches_anybody_but_the_waiter() {
    Model::bound(3).deep(4).sees_exactly(&["Some(\"planned\")"]).check(|| {
        let captures = Drops::new();
        let capture = captures.probe();
        let (job, task) = job_and_task(move || {
            capture.touch();
            planned_panic()
        });
        let worker = thread::spawn(move || job.run());
        let Err::<(), _>(TaskError::Panicked(panic)) = task.wait() else { unreachable!() };
        assert_eq!(captures.count(), 1);
        worker.join().unwrap();
        panic.into_payload().and_then(|payload| payload.downcast::<&str>().ok()).map(|text| *text)
    });
}

/// Worker, canceller and somebody who drops the task: three references, one cell. It is freed
/// once, by whoever is last. Outcome: the canceller's answer, and whether the closure ran. t09.
fn no_reference_is_dropped_twice_by_three() {
    Model::bound(1).deep(1).sees(&["(Prevented, 0)", "(TooLate, 1)"]).check(|| {
        let (drops, ran) = (Drops::new(), Count::new());
        let (value, runs) = (drops.clone(), ran.clone());
        let (job, task) = job_and_task(move || {
            runs.add();
            value.probe()
        });
        let canceller = task.canceller();
        let worker = thread::spawn(move || job.run());
        let cancelling = thread::spawn(move || canceller.cancel());
        drop(task);
        worker.join().unwrap();
        let answer = cancelling.join().unwrap();
        assert_eq!(drops.count(), ran.get());
        (answer, ran.get())
    });
}

/// Two cancellers and a worker. Both get the same answer about the same task, as far as time
/// allows: never `Prevented` beside `Requested`. Outcome: both answers, the stronger first.
fn no_second_canceller_answers_otherwise() {
    let exact = [
        "(Prevented, Prevented)",
        "(Requested, Requested)",
        "(Requested, TooLate)",
        "(TooLate, TooLate)",
    ];
    Model::bound(2).deep(2).sees_exactly(&exact).check(|| {
        let (job, task) = job_and_task(|| ());
        let canceller = task.canceller();
        let worker = thread::spawn(move || job.run());
        let other = thread::spawn(move || canceller.cancel());
        let answer = task.cancel();
        let other = other.join().unwrap();
        worker.join().unwrap();
        if answer == Cancel::TooLate { (other, answer) } else { (answer, other) }
    });
}
