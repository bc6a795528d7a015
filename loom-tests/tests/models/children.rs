//! Executors over executors: a child's jobs and its end, against those of its parent.

use loom_tests::{Entry, Model, models, thread};
use poolbridge::Shutdown;

use crate::stub::{Answer, Count, Stub, Threads, ending};

pub(crate) const MODELS: &[Entry] = models![
    no_child_outlives_its_last_handle,
    no_job_of_a_child_is_lost_in_its_parents_shutdown,
    no_child_is_missed_by_its_parents_shutdown,
    no_second_worker_for_a_waiter_who_submits_to_a_view_again,
    no_job_of_a_child_is_left_by_a_worker_that_leaves,
    no_turn_is_stranded_by_a_failed_start,
];

/// Parent's worker inside the child's turn, and the end of the child: its last handle is dropped, or
/// it is shut down and what is queued cancelled. Both jobs end, the parent is left alone and comes to
/// its own end, nothing of the child is left. Outcome: how the jobs ended. L13, L18, S10.
fn no_child_outlives_its_last_handle() {
    type Case = (&'static str, Option<Shutdown>, &'static [&'static str]);
    let cases: [Case; 2] = [
        ("dropped", None, &["(value, value)"]),
        (
            "cancelled",
            Some(Shutdown::cancel_queued()),
            // Between the two withdrawals a worker may come for the second.
            &[
                "(cancelled, cancelled)",
                "(value, cancelled)",
                "(cancelled, value)",
                "(value, value)",
            ],
        ),
    ];
    for (case, mode, sees) in cases {
        Model::bound(2).deep(2).case(case).sees_exactly(sees).check(move || {
            let stub = Stub::keeping();
            let parent = stub.executor(1);
            let view = parent.limited(1);
            let (first, second) = (view.submit(|| ()), view.submit(|| ()));
            let turn = stub.turn();
            let worker = thread::spawn(move || turn.run());
            let end = mode.map(|mode| view.shutdown(mode));
            drop(view);
            if let Some(end) = end {
                assert_eq!(end.wait().unwrap().still_running, 0);
            }
            let both = (ending(&first.wait()), ending(&second.wait()));
            let own = parent.submit(|| ());
            worker.join().unwrap();
            stub.run_kept();
            own.wait().unwrap();
            parent.shutdown(Shutdown::run_queued()).wait().unwrap();
            both
        });
    }
}

/// Submitter to a child, and the shutdown of the parent. The job ends or was refused, and the
/// parent's end comes after it. Outcome: how it ended. L13, L53, p02.
fn no_job_of_a_child_is_lost_in_its_parents_shutdown() {
    type Case = (&'static str, Shutdown, &'static [&'static str]);
    let cases: [Case; 2] = [
        ("run", Shutdown::run_queued(), &["rejected", "value"]),
        ("cancel", Shutdown::cancel_queued(), &["rejected", "cancelled", "value"]),
    ];
    for (case, mode, sees) in cases {
        Model::bound(2).deep(2).case(case).sees_exactly(sees).check(move || {
            let (stub, ran) = (Stub::new(|_| Answer::Spawn), Count::new());
            let parent = stub.executor(1);
            let (view, runs) = (parent.limited(1), ran.clone());
            let submitter = thread::spawn(move || ending(&view.submit(move || runs.add()).wait()));
            parent.shutdown(mode).wait().unwrap();
            let by_then = ran.get();
            let outcome = submitter.join().unwrap();
            drop(parent);
            stub.join();
            assert_eq!(by_then, ran.get(), "the end comes after the job");
            outcome
        });
    }
}

/// Somebody who makes a child, and the shutdown of its parent. The child is reached or was closed from
/// the first. Outcome: how its job ended. L13, L53.
fn no_child_is_missed_by_its_parents_shutdown() {
    Model::bound(2).deep(3).sees_exactly(&["rejected", "value"]).check(|| {
        let (stub, ran) = (Stub::new(|_| Answer::Spawn), Count::new());
        let parent = stub.executor(1);
        let (other, runs) = (parent.clone(), ran.clone());
        let maker = thread::spawn(move || {
            let view = other.limited(1);
            drop(other);
            ending(&view.submit(move || runs.add()).wait())
        });
        parent.shutdown(Shutdown::run_queued()).wait().unwrap();
        let by_then = ran.get();
        let outcome = maker.join().unwrap();
        drop(parent);
        stub.join();
        assert_eq!(by_then, ran.get(), "the end comes after the job");
        outcome
    });
}

/// Two threads allowed, one caller that submits to a view, waits and submits again. The first thread
/// counts as idle, and the view's place as free, before the caller hears. Outcome: threads started.
/// L12, T04, gh-117344.
fn no_second_worker_for_a_waiter_who_submits_to_a_view_again() {
    Model::bound(2).deep(2).sees_exactly(&["1"]).check(|| {
        let threads = Threads::new();
        let executor = threads.executor(2);
        let view = executor.limited(2);
        view.submit(|| ()).wait().unwrap();
        view.submit(|| ()).detach();
        drop((view, executor));
        threads.join();
        threads.starts()
    });
}

/// Parent's worker that is about to leave, and a submitter to the child of a child. It takes the
/// job too, or there is a new turn. Outcome: turns of the parent. p05, L30.
fn no_job_of_a_child_is_left_by_a_worker_that_leaves() {
    Model::bound(2).deep(3).sees_exactly(&["1", "2"]).check(|| {
        let (stub, ran) = (Stub::keeping(), Count::new());
        let parent = stub.executor(1);
        let view = parent.limited(1).serial();
        view.submit(|| ()).detach();
        let turn = stub.turn();
        let worker = thread::spawn(move || turn.run());
        let runs = ran.clone();
        view.submit(move || runs.add()).detach();
        drop((view, parent));
        worker.join().unwrap();
        stub.run_kept();
        assert_eq!(ran.get(), 1);
        stub.starts()
    });
}

/// Parent's worker that leaves, or its turn that is dropped, and a submission to a child for which
/// the backend has no thread. The job runs or ends as broken. Outcome: how it ended. L17, p07.
fn no_turn_is_stranded_by_a_failed_start() {
    let cases: [(&str, bool, &[&str]); 2] =
        [("worker leaves", true, &["value", "broken"]), ("turn dropped", false, &["broken"])];
    for (case, runs, sees) in cases {
        Model::bound(2).deep(3).case(case).sees_exactly(sees).check(move || {
            let stub = Stub::new(|start| if start == 0 { Answer::Keep } else { Answer::Refuse });
            let parent = stub.executor(2);
            let view = parent.limited(1);
            parent.submit(|| ()).detach();
            let turn = stub.turn();
            let worker = thread::spawn(move || if runs { turn.run() } else { drop(turn) });
            let outcome = view.submit(|| ()).wait();
            worker.join().unwrap();
            drop((view, parent));
            ending(&outcome)
        });
    }
}
