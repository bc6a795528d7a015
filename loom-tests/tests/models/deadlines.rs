//! Deadlines of the queue, of a run, of an await; what becomes of an outcome that comes too late.
//!
//! The clock stands still; a model moves it and fires what is due on a thread of its own.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use loom_tests::{Drops, Entry, Model, block_on, models, planned_panic, thread};
use poolbridge::__verify::plan;
use poolbridge::__verify::{armed, fire_due};
use poolbridge::{Expired, Task, TaskError};

use crate::stub::{Count, Log, Stub, Word, ending};

pub(crate) const MODELS: &[Entry] = models![
    no_value_is_lost_or_doubled_by_an_awaited_timeout,
    no_deadline_outlives_its_task,
    no_expired_job_starts,
    no_abandoned_outcome_is_lost_or_doubled,
    no_late_outcome_is_lost_or_doubled,
    no_expired_task_hides_its_thread,
    no_run_deadline_is_replaced_by_a_queue_deadline,
    no_callback_hears_a_late_outcome,
    no_deadline_and_canceller_both_unlink,
    no_awaited_limit_passes_unheard,
];

const LIMIT: Duration = Duration::from_secs(1);

/// What keeps the time: the limit passes, and what is due fires.
fn pass() {
    plan::advance(LIMIT);
    fire_due();
}

/// Worker, and an await whose time is over. The value or `TimedOut`, never neither; a late value
/// is dropped once. Outcome: how it ended. t14, L16, L37.
fn no_value_is_lost_or_doubled_by_an_awaited_timeout() {
    Model::bound(2)
        .deep(2)
        .sees_exactly(&["(value, 1)", "(timed out, 0)", "(timed out, 1)"])
        .check(|| {
            let (stub, drops, ran) = (Stub::keeping(), Drops::new(), Count::new());
            let executor = stub.executor(1);
            let (value, runs) = (drops.clone(), ran.clone());
            let task = executor.submit(move || {
                runs.add();
                value.probe()
            });
            drop(executor);
            let turn = stub.turn();
            let worker = thread::spawn(move || turn.run());
            let outcome = block_on(task.timeout(Duration::ZERO));
            worker.join().unwrap();
            let how = ending(&outcome);
            drop(outcome);
            assert_eq!((drops.count(), armed()), (ran.get(), 0));
            (how, ran.get())
        });
}

/// Worker and clock, a job with both deadlines, for each way to end. Nothing is armed once the
/// job is over, whoever was first. Outcome: how the task ended. L60.
fn no_deadline_outlives_its_task() {
    type Case = (&'static str, fn() -> u8, fn(&Task<u8>), &'static [&'static str]);
    let cases: [Case; 3] = [
        ("value", || 7, |_| (), &["value", "timed out"]),
        ("panic", || planned_panic(), |_| (), &["panicked", "timed out"]),
        ("cancel", || 7, |task| _ = task.cancel(), &["cancelled", "timed out"]),
    ];
    for (case, closure, meanwhile, exact) in cases {
        Model::bound(2).deep(2).case(case).sees_exactly(exact).check(move || {
            let stub = Stub::keeping();
            let executor = stub.executor(1);
            let task = executor.job(closure).queue_timeout(LIMIT).run_timeout(LIMIT).submit();
            drop(executor);
            assert_eq!(armed(), 1);
            let turn = stub.turn();
            let clock = thread::spawn(pass);
            meanwhile(&task);
            turn.run();
            let outcome = task.wait();
            clock.join().unwrap();
            assert_eq!(armed(), 0);
            ending(&outcome)
        });
    }
}

/// Worker and clock, a job with a queue deadline. Expired it never runs, and its captures are gone
/// at once; started it runs to its end. Outcome: how it ended, and whether it ran.
fn no_expired_job_starts() {
    Model::bound(3).deep(3).sees_exactly(&["(value, 1)", "(timed out, 0)"]).check(|| {
        let (stub, drops, ran) = (Stub::keeping(), Drops::new(), Count::new());
        let executor = stub.executor(1);
        let (capture, runs) = (drops.probe(), ran.clone());
        let closure = move || {
            capture.touch();
            runs.add();
        };
        let task = executor.job(closure).queue_timeout(LIMIT).submit();
        drop(executor);
        let turn = stub.turn();
        let worker = thread::spawn(move || turn.run());
        pass();
        if let Err(TaskError::TimedOut(Expired::Queue)) = task.wait() {
            assert_eq!((ran.get(), drops.count()), (0, 1));
        }
        worker.join().unwrap();
        assert_eq!((armed(), drops.count()), (0, 1));
        (Word(if ran.get() == 1 { "value" } else { "timed out" }), ran.get())
    });
}

/// Worker and somebody who drops the task, with `on_abandoned`. An outcome that was made goes to
/// it exactly once; one that never was, never. Outcome: closures run, outcomes received. L55.
fn no_abandoned_outcome_is_lost_or_doubled() {
    Model::bound(3).deep(3).sees_exactly(&["(0, 0)", "(1, 1)"]).check(|| {
        let (stub, drops, ran, late) = (Stub::keeping(), Drops::new(), Count::new(), Count::new());
        let executor = stub.executor(1);
        let (value, runs, lates) = (drops.clone(), ran.clone(), late.clone());
        let closure = move || {
            runs.add();
            value.probe()
        };
        let task = executor.job(closure).on_abandoned(move |outcome| {
            outcome.unwrap().touch();
            lates.add();
        });
        let task = task.submit();
        drop(executor);
        let turn = stub.turn();
        let worker = thread::spawn(move || turn.run());
        drop(task);
        worker.join().unwrap();
        assert_eq!(drops.count(), ran.get());
        (ran.get(), late.get())
    });
}

/// Worker and clock, with `on_abandoned` and a run deadline; the waiter has the outcome, or
/// `on_abandoned` has: exactly one. Outcome: how the task ended, outcomes received late. L55.
fn no_late_outcome_is_lost_or_doubled() {
    Model::bound(2).deep(3).sees_exactly(&["(value, 0)", "(timed out, 1)"]).check(|| {
        let (stub, drops, late) = (Stub::keeping(), Drops::new(), Count::new());
        let executor = stub.executor(1);
        let (value, lates) = (drops.clone(), late.clone());
        let job = executor.job(move || value.probe()).run_timeout(LIMIT);
        let task = job.on_abandoned(move |outcome| {
            outcome.unwrap().touch();
            lates.add();
        });
        let task = task.submit();
        drop(executor);
        let turn = stub.turn();
        let worker = thread::spawn(move || turn.run());
        // The run deadline is armed when the closure starts.
        pass();
        pass();
        let outcome = task.wait();
        worker.join().unwrap();
        let how = ending(&outcome);
        drop(outcome);
        assert_eq!((drops.count(), armed()), (1, 0));
        (how, late.get())
    });
}

/// Worker and clock, a running job that expires, and somebody who waits for the thread. `Stopped`
/// resolves when the closure is over, not before, in whichever order the two come. Outcome: how
/// the task ended. (Stopped against let-go.)
fn no_expired_task_hides_its_thread() {
    Model::bound(2).deep(3).sees_exactly(&["value", "timed out"]).check(|| {
        let (stub, captures) = (Stub::keeping(), Drops::new());
        let executor = stub.executor(1);
        let capture = captures.probe();
        let task = executor.job(move || capture.touch()).run_timeout(LIMIT).submit();
        drop(executor);
        let stopped = task.stopped();
        let turn = stub.turn();
        let worker = thread::spawn(move || turn.run());
        pass();
        pass();
        block_on(stopped);
        assert_eq!(captures.count(), 1, "the closure and its captures are gone");
        let outcome = task.wait();
        worker.join().unwrap();
        assert_eq!(armed(), 0);
        ending(&outcome)
    });
}

/// Submitter of a job with both deadlines, and a worker that is there already and starts it at
/// once. The run deadline stands, whenever the queue deadline comes. Outcome: whether the job had
/// its run deadline when it looked.
fn no_run_deadline_is_replaced_by_a_queue_deadline() {
    for (case, trying) in [("submit", false), ("try_submit", true)] {
        Model::bound(2).deep(2).case(case).sees_exactly(&["true"]).check(move || {
            let (stub, gate) = (Stub::keeping(), Log::new());
            let executor = stub.executor(1);
            // The turn: it will find the second job, if that comes in time.
            executor.submit(|| ()).detach();
            let turn = stub.turn();
            let worker = thread::spawn(move || turn.run());
            let log = gate.clone();
            let job = executor
                .job(move || {
                    plan::advance(LIMIT);
                    fire_due();
                    let asked = poolbridge::context::current().unwrap().is_cancelled();
                    log.push(asked);
                })
                .queue_timeout(2 * LIMIT)
                .run_timeout(LIMIT);
            let task = if trying { job.try_submit().unwrap() } else { job.submit() };
            task.detach();
            drop(executor);
            worker.join().unwrap();
            stub.run_kept();
            assert_eq!(armed(), 0);
            gate.pop().unwrap()
        });
    }
}

/// Worker and clock, a running job that expires, with a callback. It hears one outcome: the value,
/// or the expiry, and never the late value. Outcome: what it heard. L06.
fn no_callback_hears_a_late_outcome() {
    Model::bound(2).deep(2).sees_exactly(&["value", "timed out"]).check(|| {
        let (stub, told) = (Stub::keeping(), Log::new());
        let executor = stub.executor(1);
        let mut task = executor.job(|| ()).run_timeout(LIMIT).submit();
        drop(executor);
        let tell = told.clone();
        task.add_done_callback(move |outcome| tell.push(ending(outcome)));
        let turn = stub.turn();
        let worker = thread::spawn(move || turn.run());
        pass();
        pass();
        let outcome = task.wait();
        assert_eq!(told.len(), 1);
        assert_eq!(told.take()[0].0, ending(&outcome).0);
        worker.join().unwrap();
        ending(&outcome)
    });
}

/// Clock and canceller of a job that nobody pops, the last handle of the executor gone. One of
/// them wins and unlinks. Outcome: how it ended.
fn no_deadline_and_canceller_both_unlink() {
    Model::bound(3).deep(3).sees_exactly(&["cancelled", "timed out"]).check(|| {
        let stub = Stub::keeping();
        let executor = stub.executor(1);
        let task = executor.job(|| ()).queue_timeout(LIMIT).submit();
        drop(executor);
        let canceller = task.canceller();
        let clock = thread::spawn(pass);
        let _ = canceller.cancel();
        let outcome = task.wait();
        clock.join().unwrap();
        drop(stub.turn());
        assert_eq!(armed(), 0);
        ending(&outcome)
    });
}

/// Somebody who awaits a task with a limit, and the clock, which comes once the await is armed. The job
/// waits in a queue that nobody serves, so nobody else wakes him. Outcome: how it ended. B37, L37.
fn no_awaited_limit_passes_unheard() {
    Model::bound(3).sees_exactly(&["timed out"]).check(|| {
        let stub = Stub::keeping();
        let executor = stub.executor(1);
        let task = executor.submit(|| ());
        drop(executor);
        let (mut limited, mut clock) = (Box::pin(task.timeout(LIMIT)), None);
        let outcome = block_on(std::future::poll_fn(|cx| {
            let poll = pin!(&mut limited).poll(cx);
            clock.get_or_insert_with(|| thread::spawn(pass));
            poll
        }));
        clock.unwrap().join().unwrap();
        drop(limited);
        stub.run_kept();
        assert_eq!(armed(), 0);
        ending(&outcome)
    });
}
