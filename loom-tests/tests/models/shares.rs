//! How many there are: stand-ins, limits that change, turns that are handed over.

use loom_tests::{Canary, Entry, Model, models, thread};
use poolbridge::{Executor, context};

use crate::stub::{Answer, Count, Log, Stub, Threads, ending};

pub(crate) const MODELS: &[Entry] = models![
    no_limit_is_exceeded_by_more_than_the_stand_ins,
    no_stand_in_works_when_all_are_back,
    no_job_is_left_by_a_stand_in_that_leaves,
    no_job_waits_beside_a_worker_that_is_sent_away,
    no_job_waits_below_a_limit_that_rises,
    no_job_is_lost_with_a_turn_that_is_handed_over,
    no_turn_is_lost_behind_its_parents_queue,
    no_turn_waits_beside_a_worker_that_is_sent_away,
    no_turn_waits_beside_a_sleeper_for_a_thread_that_never_comes,
];

/// One worker allowed and one stand-in, two jobs that block elsewhere and one that does not. Never more
/// than two run. Outcome: threads started. L61.
fn no_limit_is_exceeded_by_more_than_the_stand_ins() {
    Model::bound(2).deep(2).sees_exactly(&["1", "2", "3"]).check(|| {
        let (threads, inside) = (Threads::new(), Log::new());
        let executor = threads.builder(1).stand_ins(1).build().unwrap();
        for blocks in [true, true, false] {
            let inside = inside.clone();
            let job = move || {
                inside.push(());
                assert!(inside.len() <= 2);
                if blocks {
                    context::blocking(|| ());
                }
                inside.pop();
            };
            executor.submit(job).detach();
        }
        drop(executor);
        threads.join();
        assert_eq!(inside.len(), 0);
        threads.starts()
    });
}

/// One worker allowed and one stand-in, two jobs that block elsewhere, and a submitter that waits for
/// both and goes on: one job at a time runs then, without a stand-in. Outcome: threads started. L61.
fn no_stand_in_works_when_all_are_back() {
    Model::bound(1).deep(1).sees_exactly(&["1", "2"]).check(|| {
        let (threads, place) = (Threads::new(), Canary::new());
        let executor = threads.builder(1).stand_ins(1).build().unwrap();
        let tasks = [0, 1].map(|_| executor.submit(|| context::blocking(|| ())));
        tasks.into_iter().for_each(|task| task.wait().unwrap());
        for _ in 0..2 {
            let place = place.clone();
            executor.submit(move || place.write(place.read() + 1)).detach();
        }
        drop(executor);
        threads.join();
        assert_eq!(place.read(), 2);
        threads.starts()
    });
}

/// One worker allowed and one stand-in, a job that comes back from blocking elsewhere, and a
/// submitter: the job behind is run by the stand-in, or by the other when the stand-in leaves.
/// Outcome: threads started. L61, p05.
fn no_job_is_left_by_a_stand_in_that_leaves() {
    Model::bound(2).deep(3).sees_exactly(&["1", "2"]).check(|| {
        let (threads, ran) = (Threads::new(), Count::new());
        let executor = threads.builder(1).stand_ins(1).build().unwrap();
        executor.submit(|| context::blocking(|| ())).detach();
        // The last handle goes with the job, for that wakes everybody.
        let (runs, last) = (ran.clone(), executor.clone());
        let job = move || {
            runs.add();
            drop(last);
        };
        executor.submit(job).detach();
        drop(executor);
        threads.join();
        assert_eq!(ran.get(), 1);
        threads.starts()
    });
}

/// Two own threads that lie down, a limit that is lowered to one, and a submitter. Whoever is woken,
/// the surplus one leaves and the other runs the job. Outcome: threads started. tokio #8056.
fn no_job_waits_beside_a_worker_that_is_sent_away() {
    Model::bound(2).deep(2).sees_exactly(&["1", "2"]).check(|| {
        let (threads, ran) = (Threads::new(), Count::new());
        let executor = threads.executor(2);
        executor.submit(|| ()).detach();
        executor.submit(|| ()).detach();
        executor.set_max_workers(1).unwrap();
        // The last handle goes with the job, for that wakes everybody.
        let (runs, last) = (ran.clone(), executor.clone());
        let job = move || {
            runs.add();
            drop(last);
        };
        executor.submit(job).detach();
        drop(executor);
        threads.join();
        assert_eq!(ran.get(), 1);
        threads.starts()
    });
}

/// A limit that rises, and a submitter; the only worker is busy. One of the two asks for a thread.
/// Outcome: turns asked for. tokio #8056.
fn no_job_waits_below_a_limit_that_rises() {
    Model::bound(3).sees_exactly(&["2"]).check(|| {
        let stub = Stub::keeping();
        let executor = stub.executor(1);
        executor.submit(|| ()).detach();
        let other = executor.clone();
        let submitter = thread::spawn(move || other.submit(|| ()).detach());
        executor.set_max_workers(2).unwrap();
        submitter.join().unwrap();
        drop(executor);
        let starts = stub.starts();
        stub.run_kept();
        starts
    });
}

/// Worker that has had its share and hands its turn over, and a submitter; the backend keeps the
/// turn, refuses it, or drops it. Nobody waits for ever and never do two run at once. Outcome: how
/// the three jobs ended. L17, p03.
fn no_job_is_lost_with_a_turn_that_is_handed_over() {
    type Case = (&'static str, fn(usize) -> Answer, &'static [&'static str]);
    let cases: [Case; 3] = [
        ("kept", |_| Answer::Keep, &["[value, value, value]"]),
        (
            "refused",
            |start| if start == 0 { Answer::Keep } else { Answer::Refuse },
            // Or the worker was gone; or (with three preemptions) it has made way for a thread that was
            // not to be had: then the second ends as broken, too.
            &["[value, value, value]", "[value, value, broken]"],
        ),
        (
            "dropped",
            |start| if start == 0 { Answer::Keep } else { Answer::Drop },
            &["[value, broken, broken]"],
        ),
    ];
    for (case, script, sees) in cases {
        Model::bound(3).deep(4).case(case).sees(sees).check(move || {
            let (stub, place) = (Stub::new(script), Canary::new());
            let executor = stub.builder(1).fair_share(1).build().unwrap();
            let job = || {
                let place = place.clone();
                move || place.write(place.read() + 1)
            };
            let (first, second) = (executor.submit(job()), executor.submit(job()));
            let turn = stub.turn();
            let worker = thread::spawn(move || turn.run());
            let third = executor.submit(job());
            drop(executor);
            stub.run_kept();
            worker.join().unwrap();
            stub.run_kept();
            let all = [first, second, third].map(|task| ending(&task.wait()));
            let broken = all.iter().skip_while(|word| word.0 == "value");
            assert!(all[0].0 == "value" && broken.into_iter().all(|word| word.0 == "broken"));
            all
        });
    }
}

/// Child whose turn goes behind what waits after each job, its parent's worker, and a submitter to the
/// parent. The turn is not lost, and no thread is called for it twice. Outcome: turns of the parent.
fn no_turn_is_lost_behind_its_parents_queue() {
    Model::bound(2).deep(3).sees_exactly(&["1", "2"]).check(|| {
        let (stub, place) = (Stub::keeping(), Canary::new());
        let parent = stub.executor(1);
        let child = Executor::on(parent.clone()).max_workers(1).fair_share(1).build().unwrap();
        let job = || {
            let place = place.clone();
            move || place.write(place.read() + 1)
        };
        let both = [child.submit(job()), child.submit(job())];
        let turn = stub.turn();
        let worker = thread::spawn(move || turn.run());
        let own = parent.submit(job());
        drop((child, parent));
        stub.run_kept();
        worker.join().unwrap();
        both.into_iter().for_each(|task| task.wait().unwrap());
        own.wait().unwrap();
        assert_eq!(place.read(), 3);
        stub.starts()
    });
}

/// Two own threads, a child's turn that goes behind what waits, and a limit that is lowered to one:
/// whoever has put the turn back may be the one that leaves. The other comes for it. Outcome: threads
/// started.
fn no_turn_waits_beside_a_worker_that_is_sent_away() {
    Model::bound(2).deep(2).sees_exactly(&["1", "2"]).check(|| {
        let (threads, ran) = (Threads::new(), Count::new());
        let parent = threads.executor(2);
        let child = Executor::on(parent.clone()).max_workers(1).fair_share(1).build().unwrap();
        for executor in [&parent, &child, &child] {
            // The last handle goes with the jobs, for that wakes everybody.
            let (runs, last) = (ran.clone(), parent.clone());
            let job = move || {
                runs.add();
                drop(last);
            };
            executor.submit(job).detach();
        }
        parent.set_max_workers(1).unwrap();
        drop((child, parent));
        threads.join();
        assert_eq!(ran.get(), 3);
        threads.starts()
    });
}

/// A worker that puts a view's turn back and hands its own over, to a thread that never comes, and one
/// that is about to lie down or lies. Whoever lies there comes for the turn; without it, what is left
/// ends as broken. Outcome: how the view's last job ended. L17, p01.
fn no_turn_waits_beside_a_sleeper_for_a_thread_that_never_comes() {
    Model::bound(2).sees_exactly(&["value", "broken"]).check(|| {
        let stub = Stub::new(|start| if start < 2 { Answer::Keep } else { Answer::Drop });
        let pool = stub.builder(2).fair_share(2).build().unwrap();
        let view = pool.serial();
        view.submit(|| ()).detach();
        view.submit(|| ()).detach();
        let third = view.submit(|| ());
        pool.submit(|| ()).detach();
        let (turn, own) = (stub.turn(), stub.turn());
        let worker = thread::spawn(move || turn.run());
        own.run();
        worker.join().unwrap();
        let outcome = third.wait();
        drop((view, pool));
        ending(&outcome)
    });
}
