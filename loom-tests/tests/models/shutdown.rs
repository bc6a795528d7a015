//! The end of an executor: what was accepted resolves, what was not comes back, nobody waits for
//! ever.

use loom_tests::{Canary, Entry, Model, models, thread};
use poolbridge::__verify::plan::Plan;
use poolbridge::{Executor, OnFull, Running, Shutdown, Status};

use crate::stub::{Answer, Log, Stub, Threads, ending};

pub(crate) const MODELS: &[Entry] = models![
    no_accepted_job_is_lost_in_a_shutdown,
    no_end_is_missed_by_who_waits_for_it,
    no_end_waits_for_a_cancelled_job,
    no_idle_worker_sleeps_through_a_shutdown,
    no_shutdown_deadlocks_in_a_hook,
    no_shutdown_deadlocks_in_a_callback,
    no_submission_from_a_callback_is_lost_in_a_shutdown,
    no_cancelled_job_is_stranded_by_a_failed_initializer,
    no_worker_waits_for_its_own_shutdown,
    no_thread_that_cannot_start_strands_a_job,
    no_running_job_is_missed_by_a_request,
    no_two_shutdowns_cancel_one_job,
    no_end_comes_before_a_job_on_its_caller,
    no_end_is_missed_by_a_job_on_its_caller,
];

/// Submitter and shutdown, for each way to deal with what is queued. An accepted job ends; one
/// that was refused says so. Outcome: how it ended. L13, L53, S05, p02.
fn no_accepted_job_is_lost_in_a_shutdown() {
    let cases = [
        ("run", Shutdown::run_queued(), ["rejected", "value"]),
        ("cancel", Shutdown::cancel_queued(), ["rejected", "cancelled"]),
        ("hand back", Shutdown::hand_back(), ["rejected", "cancelled"]),
    ];
    for (case, mode, sees) in cases {
        Model::bound(2).deep(3).case(case).sees(&sees).check(move || {
            let stub = Stub::new(|_| Answer::Spawn);
            let executor = stub.executor(1);
            let other = executor.clone();
            let closer = thread::spawn(move || other.shutdown(mode).wait().unwrap());
            let task = executor.submit(|| ());
            // Handed-back jobs are dropped with the report.
            drop(closer.join().unwrap());
            let outcome = task.wait();
            drop(executor);
            stub.join();
            ending(&outcome)
        });
    }
}

/// Worker, and somebody who waits for the end. It comes after the last job, and after what the
/// job did. Outcome: closures that ended after the call. S08, p06.
fn no_end_is_missed_by_who_waits_for_it() {
    Model::bound(3).deep(4).with_spurious_wakes().sees_exactly(&["0", "1"]).check(|| {
        let (stub, place) = (Stub::keeping(), Canary::new());
        let executor = stub.executor(1);
        let written = place.clone();
        executor.submit(move || written.write(1)).detach();
        let turn = stub.turn();
        let worker = thread::spawn(move || turn.run());
        let report = executor.shutdown(Shutdown::run_queued()).wait().unwrap();
        assert_eq!((place.read(), report.still_running), (1, 0));
        worker.join().unwrap();
        report.finished
    });
}

/// Canceller of the only job, and somebody who shuts down and waits; the turn is never run.
/// Outcome: how the job ended. L22, S07, gh-94440.
fn no_end_waits_for_a_cancelled_job() {
    Model::bound(3).deep(4).sees_exactly(&["cancelled"]).check(|| {
        let stub = Stub::keeping();
        let executor = stub.executor(1);
        let mut task = executor.submit(|| ());
        let canceller = task.canceller();
        let turn = stub.turn();
        let cancelling = thread::spawn(move || {
            let _ = canceller.cancel();
            drop(turn);
        });
        let end = executor.shutdown(Shutdown::run_queued());
        end.wait().unwrap();
        let outcome = task.result(std::time::Duration::ZERO).unwrap();
        cancelling.join().unwrap();
        ending(&outcome)
    });
}

/// Own thread that is about to lie down, and a shutdown. It leaves, and the end comes. Outcome:
/// workers left. p06, tokio #7922.
fn no_idle_worker_sleeps_through_a_shutdown() {
    Model::bound(3)
        .deep(3)
        .plans([Plan::NONE, Plan::timeout(0), Plan::spurious(0)])
        .sees_exactly(&["0"])
        .check(|| {
            let threads = Threads::new();
            let executor = threads.executor(1);
            executor.submit(|| ()).detach();
            executor.shutdown(Shutdown::run_queued()).wait().unwrap();
            let workers = executor.snapshot().workers;
            drop(executor);
            threads.join();
            workers
        });
}

/// Own thread whose `before_job` shuts the executor down, and a submitter. Accepted means run,
/// refused says so, nobody deadlocks. Outcome: how the second job ended. L18, gh-121649.
fn no_shutdown_deadlocks_in_a_hook() {
    Model::bound(1).deep(1).sees_exactly(&["value", "rejected"]).check(|| {
        let (threads, own) = (Threads::new(), Log::<Executor>::new());
        let inside = own.clone();
        let executor = threads
            .builder(1)
            .before_job(move |_| {
                if let Some(executor) = inside.pop() {
                    drop(executor.shutdown(Shutdown::run_queued()));
                }
            })
            .build()
            .unwrap();
        own.push(executor.clone());
        let first = executor.submit(|| ());
        let second = executor.submit(|| ());
        drop(executor);
        first.wait().unwrap();
        let outcome = second.wait();
        threads.join();
        ending(&outcome)
    });
}

/// Worker whose job's callback shuts down and cancels what is queued, and a canceller of the
/// queued job. Outcome: how the queued job ended, and jobs that the shutdown cancelled. L18, L19.
fn no_shutdown_deadlocks_in_a_callback() {
    Model::bound(2).deep(3).sees_exactly(&["(cancelled, 0)", "(cancelled, 1)"]).check(|| {
        let (stub, cancelled) = (Stub::keeping(), Log::new());
        let executor = stub.executor(1);
        let mut first = executor.submit(|| ());
        let second = executor.submit(|| ());
        let (own, count) = (executor.clone(), cancelled.clone());
        first.add_done_callback(move |_| {
            let mut end = own.shutdown(Shutdown::cancel_queued());
            drop(end.take_handed_back());
            let queued = own.snapshot().queued.len();
            assert_eq!(queued, 0);
            count.push(end);
        });
        first.detach();
        let turn = stub.turn();
        let worker = thread::spawn(move || turn.run());
        let _ = second.cancel();
        worker.join().unwrap();
        drop(executor);
        let outcome = second.wait();
        let report = cancelled.pop().unwrap().wait().unwrap();
        (ending(&outcome), report.cancelled)
    });
}

/// Shutdown that cancels a job whose callback submits to the same executor, and another submitter.
/// No lock is held while the callback runs; its submission is refused. Outcome: how the callback's
/// own job ended. L19, G02.
fn no_submission_from_a_callback_is_lost_in_a_shutdown() {
    Model::bound(2).deep(3).sees_exactly(&["rejected"]).check(|| {
        let (stub, ended) = (Stub::keeping(), Log::new());
        let executor = stub.executor(1);
        let mut task = executor.submit(|| ());
        let (own, log) = (executor.clone(), ended.clone());
        task.add_done_callback(move |_| log.push(ending(&own.submit(|| ()).wait())));
        task.detach();
        let turn = stub.turn();
        let other = executor.clone();
        let submitter = thread::spawn(move || ending(&other.submit(|| ()).wait()));
        let end = executor.shutdown(Shutdown::cancel_queued());
        drop(executor);
        drop(turn);
        let ended_as = ended.pop().unwrap();
        let other = submitter.join().unwrap();
        assert!(["rejected", "cancelled"].contains(&other.0));
        end.wait().unwrap();
        ended_as
    });
}

/// Own thread whose initializer fails, two queued jobs, and a canceller of the first. Both end;
/// later ones are refused. Outcome: how the two ended. L20, G03, I02, L28.
fn no_cancelled_job_is_stranded_by_a_failed_initializer() {
    let exact = ["(broken, broken)", "(cancelled, broken)"];
    Model::bound(1).deep(1).sees(&exact).check(|| {
        let threads = Threads::new();
        let executor =
            threads.builder(1).initializer(|| Err::<(), _>("no connection")).build().unwrap();
        let (first, second) = (executor.submit(|| ()), executor.submit(|| ()));
        let _ = first.cancel();
        let outcomes = (ending(&first.wait()), ending(&second.wait()));
        threads.join();
        let late = executor.submit(|| ());
        assert_eq!(ending(&late.wait()).0, "rejected");
        outcomes
    });
}

/// Own thread whose job shuts its executor down and waits for that. It is told so, at once, and
/// the shutdown goes on. Outcome: whether the wait was refused. L21, G04.
fn no_worker_waits_for_its_own_shutdown() {
    Model::bound(2).deep(3).sees_exactly(&["(true, 0)"]).check(|| {
        let (threads, refused) = (Threads::new(), Log::new());
        let executor = threads.executor(1);
        let (own, log) = (executor.clone(), refused.clone());
        let task = executor.submit(move || {
            log.push(own.shutdown(Shutdown::run_queued()).wait().is_err());
        });
        let end = executor.shutdown(Shutdown::run_queued());
        drop(executor);
        let left = end.wait().unwrap().still_running;
        // The first to close is the submitter or the job; the job's own wait is refused.
        task.wait().unwrap();
        threads.join();
        (refused.pop().unwrap(), left)
    });
}

/// Own threads of which one cannot be started, and a shutdown that waits. Outcome: how the job
/// ended. p07, tokio #8406, gh-109047.
fn no_thread_that_cannot_start_strands_a_job() {
    let plans = [Plan::NONE, Plan::spawn_fails(0), Plan::spawn_fails(1)];
    Model::bound(2)
        .deep(3)
        .plans(plans)
        .sees_exactly(&["[value, value]", "[broken, value]"])
        .check(|| {
            let executor = Executor::threads().max_workers(2).thread_name("model").build().unwrap();
            let first = executor.submit(|| ());
            let second = executor.submit(|| ());
            executor.shutdown(Shutdown::run_queued()).wait().unwrap();
            let mut both = [ending(&first.wait()), ending(&second.wait())];
            both.sort_by_key(|word| word.0);
            both
        });
}

/// Worker that starts a job, and a shutdown that asks what runs to stop. The job that it finds
/// running knows; the one that it finds queued runs, and the end waits for both. Outcome: whether
/// the closure knew at its end. JDK-8200520.
fn no_running_job_is_missed_by_a_request() {
    Model::bound(2).deep(3).sees_exactly(&["true", "false"]).check(|| {
        let (stub, asked) = (Stub::keeping(), Log::new());
        let executor = stub.executor(1);
        let log = asked.clone();
        let task = executor.submit_with(move |cx| log.push(cx.is_cancelled()));
        let turn = stub.turn();
        let worker = thread::spawn(move || turn.run());
        let mode = Shutdown::run_queued().running(Running::Request);
        let report = executor.shutdown(mode).wait().unwrap();
        assert_eq!(report.still_running, 0);
        task.wait().unwrap();
        worker.join().unwrap();
        asked.pop().unwrap()
    });
}

/// Two shutdowns that cancel what is queued, and one job. One of them counts it. Outcome: by which.
fn no_two_shutdowns_cancel_one_job() {
    Model::bound(3).sees_exactly(&["(0, 1)", "(1, 0)"]).check(|| {
        let stub = Stub::keeping();
        let executor = stub.executor(1);
        let task = executor.submit(|| ());
        let other = executor.clone();
        let turn = stub.turn();
        let closer = thread::spawn(move || other.shutdown(Shutdown::cancel_queued()));
        let mine = executor.shutdown(Shutdown::cancel_queued());
        let theirs = closer.join().unwrap();
        drop(turn);
        assert_eq!(task.status(), Status::Cancelled);
        (mine.wait().unwrap().cancelled, theirs.wait().unwrap().cancelled)
    });
}

/// Submitter into a full queue who runs the job itself, and somebody who waits for the end. What
/// was accepted has run when the end comes. Outcome: how it ended.
fn no_end_comes_before_a_job_on_its_caller() {
    Model::bound(3).deep(4).sees_exactly(&["(value, 1)", "(rejected, 0)"]).check(|| {
        let (stub, place) = (Stub::keeping(), Canary::new());
        let builder = stub.builder(1).queue_capacity(1).on_full(OnFull::RunOnCaller);
        let executor = builder.build().unwrap();
        executor.submit(|| ()).detach();
        stub.turn().run();
        executor.submit(|| ()).detach();
        let turn = stub.turn();
        let (other, written) = (executor.clone(), place.clone());
        let submitter =
            thread::spawn(move || ending(&other.submit(move || written.write(1)).wait()));
        let end = executor.shutdown(Shutdown::cancel_queued());
        drop((executor, turn));
        end.wait().unwrap();
        let seen = place.read();
        (submitter.join().unwrap(), seen)
    });
}

/// As above, where nothing but the job on its caller is left to come to the end: who waits hears of it.
/// Outcome: how it ended.
fn no_end_is_missed_by_a_job_on_its_caller() {
    Model::bound(2).sees_exactly(&["value", "rejected"]).check(|| {
        let stub = Stub::keeping();
        let builder = stub.builder(1).queue_capacity(1).on_full(OnFull::RunOnCaller);
        let executor = builder.build().unwrap();
        executor.submit(|| ()).detach();
        // Kept: the last handle would close once more, and tell.
        let other = executor.clone();
        let submitter = thread::spawn(move || ending(&other.submit(|| ()).wait()));
        let end = executor.shutdown(Shutdown::cancel_queued());
        drop(stub.turn());
        end.wait().unwrap();
        let how = submitter.join().unwrap();
        drop(executor);
        how
    });
}
