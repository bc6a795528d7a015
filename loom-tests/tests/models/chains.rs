//! Tasks and promises that hang together: a cancel travels, whoever is attached and whenever.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use loom_tests::{Drops, Entry, Model, block_on, models, thread};
use poolbridge::__verify::{Arc, Mutex};
use poolbridge::{Cancel, Job, promise};

use crate::stub::{Count, Word, ending, job_and_task};

pub(crate) const MODELS: &[Entry] = models![
    no_callback_runs_for_two_cancellers,
    no_cancel_is_lost_in_a_chain_that_is_being_made,
    no_chain_of_both_directions_hangs,
    no_waiter_wants_the_lock_of_its_completer,
    no_task_of_two_is_missed_by_who_selects,
    no_outcome_is_told_before_it_is_whole,
];

/// Two cancellers of a promise with a callback. Both say `Prevented`, one of them runs the callback, and
/// the one that did has run it when its call returns. Outcome: both answers. F03.
fn no_callback_runs_for_two_cancellers() {
    Model::bound(3).deep(4).sees_exactly(&["(Prevented, Prevented)"]).check(|| {
        let told = Count::new();
        let (promise, mut task) = promise::<u8>();
        let tell = told.clone();
        task.add_done_callback(move |_| tell.add());
        let canceller = task.canceller();
        let other = thread::spawn(move || canceller.cancel());
        let answer = task.cancel();
        let answers = (answer, other.join().unwrap());
        assert_eq!(told.get(), 1);
        drop((promise, task));
        answers
    });
}

/// A chain of three promises, each of which cancels the one before it: somebody attaches the middle one,
/// somebody cancels the last. The first is cancelled, whoever comes first. Outcome: how it ended. L64.
fn no_cancel_is_lost_in_a_chain_that_is_being_made() {
    Model::bound(2).deep(3).sees_exactly(&["cancelled"]).check(|| {
        let (first, source) = promise::<u8>();
        let (middle, between) = promise::<u8>();
        let (last, end) = promise::<u8>();
        let between = between.canceller();
        last.on_cancel(move || _ = between.cancel());
        let upstream = source.canceller();
        let attacher = thread::spawn(move || {
            middle.on_cancel(move || _ = upstream.cancel());
            middle
        });
        assert_eq!(end.cancel(), Cancel::Prevented);
        let middle = attacher.join().unwrap();
        let outcome = source.wait();
        drop((first, middle, last));
        ending(&outcome)
    });
}

/// Two promises, begun or not, each of which cancels the other, and a canceller of each. None waits for
/// the other's hook. Outcome: both answers. L67.
fn no_chain_of_both_directions_hangs() {
    let cases =
        [("waiting", false, "[Prevented, Prevented]"), ("running", true, "[Requested, Requested]")];
    for (case, begun, sees) in cases {
        Model::bound(2).deep(3).case(case).sees_exactly(&[sees]).check(move || {
            let ((one, first), (other, second)) = (promise::<u8>(), promise::<u8>());
            if begun {
                assert!(one.set_running() && other.set_running());
            }
            let (to_first, to_second) = (first.canceller(), second.canceller());
            one.on_cancel(move || _ = to_second.cancel());
            other.on_cancel(move || _ = to_first.cancel());
            let cancelling = thread::spawn(move || {
                let answer = first.cancel();
                (answer, first)
            });
            let answer = second.cancel();
            let (theirs, first) = cancelling.join().unwrap();
            drop((one, other, first, second));
            [answer, theirs]
        });
    }
}

/// A completer that holds a lock, and a waiter that takes it once it has the value, blocked or awaiting.
/// The waiter goes on on its own thread. Outcome: the value. L63.
fn no_waiter_wants_the_lock_of_its_completer() {
    for (case, awaits) in [("await", true), ("wait", false)] {
        Model::bound(3).deep(4).case(case).sees_exactly(&["7"]).check(move || {
            let shared = Arc::new(Mutex::new(()));
            let held = Arc::clone(&shared);
            let (promise, task) = promise::<u8>();
            let completer = thread::spawn(move || {
                let guard = held.lock();
                promise.set_result(7).unwrap();
                drop(guard);
            });
            let value = if awaits { block_on(task) } else { task.wait() }.unwrap();
            drop(shared.lock());
            completer.join().unwrap();
            value
        });
    }
}

/// A worker with two jobs, and somebody who awaits both with one waker and leaves with the first value. The other is given up with its value, run or not. Outcome: whose value it was. a02.
fn no_task_of_two_is_missed_by_who_selects() {
    Model::bound(1).deep(1).sees_exactly(&["0", "1"]).check(|| {
        let drops = Drops::new();
        let [one, other] = [0, 1].map(|which| {
            let value = drops.clone();
            job_and_task(move || (which, value.probe()))
        });
        let (jobs, mut tasks) = ([one.0, other.0], [one.1, other.1]);
        let worker = thread::spawn(move || jobs.into_iter().for_each(Job::run));
        let (first, value) = block_on(std::future::poll_fn(|cx| {
            for task in &mut tasks {
                if let Poll::Ready(outcome) = pin!(task).poll(cx) {
                    return Poll::Ready(outcome.unwrap());
                }
            }
            Poll::Pending
        }));
        value.touch();
        drop((tasks, value));
        worker.join().unwrap();
        assert!((1..=2).contains(&drops.count()));
        first
    });
}

/// Completer, and an onlooker who takes the outcome at a moment of its choice. What it sees is one state:
/// pending, or the whole value. Outcome: which. L07, R10.
fn no_outcome_is_told_before_it_is_whole() {
    Model::bound(3).deep(4).sees_exactly(&["not yet", "value"]).check(|| {
        let drops = Drops::new();
        let (promise, mut task) = promise();
        let value = drops.probe();
        let completer = thread::spawn(move || promise.set_result(value).map_err(drop).unwrap());
        let seen = task.result(std::time::Duration::ZERO);
        let how = seen.map_or(Word("not yet"), |outcome| {
            outcome.as_ref().unwrap().touch();
            ending(&outcome)
        });
        completer.join().unwrap();
        drop(task);
        assert_eq!(drops.count(), 1);
        how
    });
}
