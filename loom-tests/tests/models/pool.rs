//! Workers, turns and submissions: no job waits beside a sleeper, no turn is lost.

use std::time::Duration;

use loom_tests::{Entry, Model, block_on, models, thread};
use poolbridge::__verify::plan::Plan;
use poolbridge::{Shutdown, Task};

use crate::stub::{Answer, Count, Log, Stub, Threads, Word, ending};

pub(crate) const MODELS: &[Entry] = models![
    no_job_waits_beside_a_sleeper,
    no_claimed_worker_leaves,
    no_second_worker_for_a_waiter_who_submits_again,
    no_job_is_lost_between_two_submitters,
    no_job_is_left_by_a_worker_that_leaves,
    no_job_is_stranded_by_a_failed_start,
    no_job_is_stranded_by_a_failed_start_beside_a_worker,
    no_job_is_stranded_by_two_turns_that_come_to_nothing,
    no_closure_is_lost_in_a_failed_start,
    no_job_is_lost_with_the_last_handle,
    no_last_handle_deadlocks_in_a_job,
    no_spinning_worker_misses_its_job,
    no_claimed_job_runs_twice,
    no_claimed_job_is_run_by_who_waits_and_cancelled,
    no_worker_counts_as_idle_in_a_late_callback,
    no_second_worker_after_a_late_callback,
];

/// One own thread that has run a job, and a submitter. The second job is found, whether the thread
/// is about to lie down, lies, or still runs. Outcome: threads started. p01, p05, tokio #8056.
fn no_job_waits_beside_a_sleeper() {
    Model::bound(3).deep(3).sees_exactly(&["1"]).check(|| {
        let (threads, ran) = (Threads::new(), Count::new());
        let executor = threads.executor(1);
        let (first, second) = (ran.clone(), ran.clone());
        executor.submit(move || first.add()).detach();
        // The last handle goes with the job, for that wakes everybody.
        let last = executor.clone();
        let job = move || {
            second.add();
            drop(last);
        };
        executor.submit(job).detach();
        drop(executor);
        threads.join();
        assert_eq!(ran.get(), 2);
        threads.starts()
    });
}

/// One own thread whose time is over, and a submitter that claims it. It stays and runs the job,
/// or it has left and another is started. Outcome: threads started. L48, L30, p04, AN07.
fn no_claimed_worker_leaves() {
    Model::bound(2).deep(2).plans([Plan::timeout(0)]).sees_exactly(&["1", "2"]).check(|| {
        let threads = Threads::new();
        let executor = threads.builder(1).keep_alive(Duration::from_secs(1)).build().unwrap();
        executor.submit(|| ()).wait().unwrap();
        let second = executor.submit(|| 7);
        assert_eq!(second.wait().unwrap(), 7);
        drop(executor);
        threads.join();
        threads.starts()
    });
}

/// Two threads allowed, one caller that submits, waits and submits again. The first thread counts
/// as idle before the caller hears. Outcome: threads started. L12, T04, gh-117344.
fn no_second_worker_for_a_waiter_who_submits_again() {
    Model::bound(2).deep(2).sees_exactly(&["1"]).check(|| {
        let threads = Threads::new();
        let executor = threads.executor(2);
        executor.submit(|| ()).wait().unwrap();
        executor.submit(|| ()).wait().unwrap();
        drop(executor);
        threads.join();
        threads.starts()
    });
}

/// Two submitters and a backend with one thread a turn. Both jobs run. Outcome: turns. p03.
fn no_job_is_lost_between_two_submitters() {
    Model::bound(2).deep(2).sees_exactly(&["1", "2"]).check(|| {
        let (stub, ran) = (Stub::new(|_| Answer::Spawn), Count::new());
        let executor = stub.executor(1);
        let (other, runs) = (executor.clone(), ran.clone());
        let submitter = thread::spawn(move || other.submit(move || runs.add()).detach());
        let runs = ran.clone();
        executor.submit(move || runs.add()).detach();
        submitter.join().unwrap();
        drop(executor);
        stub.join();
        assert_eq!(ran.get(), 2);
        stub.starts()
    });
}

/// Worker that is about to give its turn back, and a submitter. It takes the job too, or there is
/// a new turn. Outcome: turns. p05, L30.
fn no_job_is_left_by_a_worker_that_leaves() {
    Model::bound(3).deep(4).sees_exactly(&["1", "2"]).check(|| {
        let (stub, ran) = (Stub::keeping(), Count::new());
        let executor = stub.executor(1);
        executor.submit(|| ()).detach();
        let turn = stub.turn();
        let worker = thread::spawn(move || turn.run());
        let runs = ran.clone();
        executor.submit(move || runs.add()).detach();
        worker.join().unwrap();
        drop(executor);
        stub.run_kept();
        assert_eq!(ran.get(), 1);
        stub.starts()
    });
}

/// Two submitters and a backend that has no thread at first, or never. Each task ends, as broken
/// or with its value. Outcome: how both ended, sorted. L17, p07.
fn no_job_is_stranded_by_a_failed_start() {
    type Case = (&'static str, fn(usize) -> Answer, &'static [&'static str]);
    let cases: [Case; 3] = [
        ("none", |_| Answer::Refuse, &["[broken, broken]"]),
        ("dropped", |_| Answer::Drop, &["[broken, broken]"]),
        (
            "first",
            |start| if start == 0 { Answer::Refuse } else { Answer::Spawn },
            &["[broken, value]", "[value, value]"],
        ),
    ];
    for (case, script, sees) in cases {
        Model::bound(2).deep(2).case(case).sees(sees).check(move || {
            let stub = Stub::new(script);
            let executor = stub.executor(2);
            let other = executor.clone();
            let submitter = thread::spawn(move || ending(&other.submit(|| ()).wait()));
            let outcome = ending(&executor.submit(|| ()).wait());
            let mut both = [outcome, submitter.join().unwrap()];
            both.sort_by_key(|word| word.0);
            drop(executor);
            stub.join();
            both
        });
    }
}

/// A worker that lives, and a submission whose own start fails. The worker runs the job, or was
/// gone and the job ends as broken. Outcome: how it ended. L17.
fn no_job_is_stranded_by_a_failed_start_beside_a_worker() {
    Model::bound(3).deep(4).sees_exactly(&["value", "broken"]).check(|| {
        let stub = Stub::new(|start| if start == 0 { Answer::Keep } else { Answer::Refuse });
        let executor = stub.executor(2);
        executor.submit(|| ()).detach();
        let turn = stub.turn();
        let worker = thread::spawn(move || turn.run());
        let outcome = executor.submit(|| ()).wait();
        worker.join().unwrap();
        drop(executor);
        ending(&outcome)
    });
}

/// Backend that drops a turn late, and a submission whose start fails at the same time. The last
/// of the two clears up. Outcome: how both jobs ended. L17.
fn no_job_is_stranded_by_two_turns_that_come_to_nothing() {
    Model::bound(1).deep(1).sees_exactly(&["(broken, broken)"]).check(|| {
        let stub = Stub::new(|start| if start == 0 { Answer::Keep } else { Answer::Refuse });
        let executor = stub.executor(2);
        let first = executor.submit(|| ());
        let turn = stub.turn();
        let backend = thread::spawn(move || drop(turn));
        let second = executor.submit(|| ());
        let outcomes = (ending(&first.wait()), ending(&second.wait()));
        backend.join().unwrap();
        outcomes
    });
}

/// Two submitters, one of which wants its closure back, and a backend that never has a thread. It
/// gets it back, or a task that ends as broken; never neither. Outcome: which. L17, S01.
fn no_closure_is_lost_in_a_failed_start() {
    Model::bound(2).deep(3).sees(&["given back"]).check(|| {
        let (stub, drops) = (Stub::new(|_| Answer::Refuse), loom_tests::Drops::new());
        let executor = stub.executor(1);
        let other = executor.clone();
        let submitter = thread::spawn(move || ending(&other.submit(|| ()).wait()));
        let capture = drops.probe();
        let tried = executor.try_submit(move || capture.touch());
        let outcome = match tried {
            Err(rejected) => {
                rejected.into_inner()();
                Word("given back")
            }
            Ok(task) => ending(&task.wait()),
        };
        assert_eq!(drops.count(), 1);
        assert_ne!(outcome.0, "value");
        assert_eq!(submitter.join().unwrap().0, "broken");
        outcome
    });
}

/// Worker on its way, and the drop of the last handle. What is queued runs. Outcome: jobs run.
/// S10, L13.
fn no_job_is_lost_with_the_last_handle() {
    Model::bound(2).deep(3).sees_exactly(&["2"]).check(|| {
        let (stub, ran) = (Stub::new(|_| Answer::Spawn), Count::new());
        let executor = stub.executor(1);
        for _ in 0..2 {
            let runs = ran.clone();
            executor.submit(move || runs.add()).detach();
        }
        drop(executor);
        stub.join();
        ran.get()
    });
}

/// Own thread whose job holds a handle of its executor, and the drop of the other one. The last
/// drop, inside the job or not, locks nothing twice, and the thread leaves. Outcome: how the job
/// ended. L14, bpo-32576, p09.
fn no_last_handle_deadlocks_in_a_job() {
    Model::bound(2).deep(3).sees_exactly(&["value"]).check(move || {
        let (threads, ended) = (Threads::new(), Log::new());
        let executor = threads.executor(1);
        let (inside, told) = (executor.clone(), ended.clone());
        let mut task = executor.submit(move || drop(inside));
        task.add_done_callback(move |outcome| told.push(ending(outcome)));
        task.detach();
        drop(executor);
        threads.join();
        ended.pop().unwrap()
    });
}

/// Own thread that looks for work before it sleeps, and a submitter. Outcome: threads started.
fn no_spinning_worker_misses_its_job() {
    Model::bound(1).deep(1).plans([Plan::NONE.spinning(1)]).sees_exactly(&["1"]).check(|| {
        let threads = Threads::new();
        let executor = threads.executor(1);
        executor.submit(|| ()).wait().unwrap();
        executor.submit(|| ()).wait().unwrap();
        let end = executor.shutdown(Shutdown::run_queued());
        drop(executor);
        assert_eq!(end.wait().unwrap().still_running, 0);
        threads.join();
        threads.starts()
    });
}

/// Two workers, a job that waits for the job behind it. That one is run by the waiting worker or
/// by the other, once, and nobody waits for ever. Outcome: who ran it.
fn no_claimed_job_runs_twice() {
    Model::bound(1).deep(2).sees_exactly(&["the waiting worker", "the other"]).check(|| {
        let (stub, slot, ran) = (Stub::keeping(), Log::new(), Log::new());
        let executor = stub.executor(2);
        let place = slot.clone();
        let first = executor.submit(move || {
            let awaited: Task<thread::ThreadId> = place.pop().unwrap();
            awaited.wait().unwrap() == thread::current().id()
        });
        let by = ran.clone();
        slot.push(executor.submit(move || {
            by.push(());
            thread::current().id()
        }));
        drop(executor);
        let (turn, own) = (stub.turn(), stub.turn());
        let worker = thread::spawn(move || turn.run());
        own.run();
        worker.join().unwrap();
        assert_eq!(ran.len(), 1);
        Word(if first.wait().unwrap() { "the waiting worker" } else { "the other" })
    });
}

/// One worker whose job waits for the job behind it, and a canceller of that one; no handle of
/// the executor is left. It runs or it was cancelled, and the canceller finds its executor.
/// Outcome: what the waiting job saw, and how often the other ran. Q4, R33.
fn no_claimed_job_is_run_by_who_waits_and_cancelled() {
    Model::bound(1).deep(1).sees_exactly(&["(value, 1)", "(cancelled, 0)"]).check(|| {
        let (stub, slot, ran) = (Stub::keeping(), Log::new(), Count::new());
        let executor = stub.executor(1);
        let place = slot.clone();
        let first = executor.submit(move || {
            let awaited: Task<()> = place.pop().unwrap();
            ending(&awaited.wait())
        });
        let runs = ran.clone();
        let second = executor.submit(move || runs.add());
        let canceller = second.canceller();
        slot.push(second);
        drop(executor);
        let turn = stub.turn();
        drop(stub);
        let cancelling = thread::spawn(move || canceller.cancel());
        turn.run();
        let _ = cancelling.join().unwrap();
        (first.wait().unwrap(), ran.get())
    });
}

/// One own thread that has run a job and lies down, somebody who adds a callback in that moment,
/// then submits and closes. The thread is not claimed for the second job while it runs the
/// callback, or takes the claim along; both are served. Outcome: who ran the callback.
fn no_worker_counts_as_idle_in_a_late_callback() {
    Model::bound(2).deep(2).sees_exactly(&["worker", "adder"]).check(|| {
        let (threads, told, ran) = (Threads::new(), Log::new(), Count::new());
        let executor = threads.executor(1);
        let mut first = executor.submit(|| ());
        let (tell, me, runs) = (told.clone(), thread::current().id(), ran.clone());
        first.add_done_callback(move |_| {
            tell.push(Word(if thread::current().id() == me { "adder" } else { "worker" }));
        });
        executor.submit(move || runs.add()).detach();
        first.wait().unwrap();
        drop(executor);
        threads.join();
        assert_eq!((ran.get(), threads.starts(), told.len()), (1, 1, 1));
        told.pop().unwrap()
    });
}

/// Two threads allowed, a job whose callback is added after the others have run, and a caller that
/// waits for the thread and submits again. The first thread counts as idle before the caller
/// hears, late callback or not. Outcome: late callbacks run. L12.
fn no_second_worker_after_a_late_callback() {
    Model::bound(1).deep(2).sees(&["1"]).check(|| {
        let (threads, slot, kept, told) = (Threads::new(), Log::new(), Log::new(), Count::new());
        let (place, keep, tell) = (slot.clone(), kept.clone(), told.clone());
        let hook = move |_: &poolbridge::Context| {
            if let Some(task) = place.pop() {
                let (mut task, tell): (Task<()>, _) = (task, tell.clone());
                task.add_done_callback(move |_| tell.add());
                keep.push(task);
            }
        };
        let executor = threads.builder(2).after_job(hook).build().unwrap();
        let mut first = executor.submit(|| ());
        first.add_done_callback(|_| ());
        let stopped = first.stopped();
        slot.push(first);
        block_on(stopped);
        executor.submit(|| ()).detach();
        drop(executor);
        threads.join();
        drop((slot.take(), kept.take()));
        assert_eq!(threads.starts(), 1, "the first was free");
        told.get()
    });
}
