//! Tasks that are completed by hand: who wins, who is told, where the value goes.

use std::future::Future;
use std::pin::pin;
use std::task::Context;
use std::time::Duration;

use loom_tests::{CountingWaker, Drops, Entry, Model, block_on, models, thread};
use poolbridge::__verify::armed;
use poolbridge::{TaskError, promise};

use crate::stub::{Count, Word, ending};

pub(crate) const MODELS: &[Entry] = models![
    no_two_completers_win,
    no_two_completers_win_over_a_running_promise,
    no_three_completers_win,
    no_waiter_is_left_by_a_lost_promise,
    no_value_is_lost_in_a_dropped_task,
    no_completion_wakes_a_dropped_receiver,
    no_cancelled_source_leaves_its_chain_pending,
];

/// Completer, canceller, waiter: a promise that has not begun. One wins, callbacks run once, and
/// the value that lost comes back to its maker. Outcome: how it ended. L06, L33, L01.
fn no_two_completers_win() {
    Model::bound(2).deep(3).sees_exactly(&["value", "cancelled"]).check(|| {
        let (drops, told) = (Drops::new(), Count::new());
        let (promise, mut task) = promise();
        let (value, tell, canceller) = (drops.probe(), told.clone(), task.canceller());
        task.add_done_callback(move |_| tell.add());
        let completer = thread::spawn(move || promise.set_result(value).map_err(drop).is_ok());
        let prevented = canceller.cancel() == poolbridge::Cancel::Prevented;
        let outcome = task.wait();
        assert_eq!(told.get(), 1, "before the waiter");
        let completed = completer.join().unwrap();
        assert_ne!(completed, prevented, "one wins");
        let how = ending(&outcome);
        drop(outcome);
        assert_eq!(drops.count(), 1);
        how
    });
}

/// As above once the work has begun: the cancel asks, the completion decides, and one of them runs
/// the hook of a request that came in time. Outcome: the answer to the cancel, and how often the
/// hook ran.
fn no_two_completers_win_over_a_running_promise() {
    let exact = ["(Requested, 1)", "(TooLate, 0)"];
    Model::bound(2).deep(2).sees_exactly(&exact).check(|| {
        let (told, asked) = (Count::new(), Count::new());
        let (promise, mut task) = promise();
        let (tell, ask, canceller) = (told.clone(), asked.clone(), task.canceller());
        assert!(promise.set_running());
        promise.on_cancel(move || ask.add());
        task.add_done_callback(move |_| tell.add());
        let completer = thread::spawn(move || promise.set_result(7).unwrap());
        let answer = canceller.cancel();
        assert_eq!(task.wait().unwrap(), 7);
        completer.join().unwrap();
        assert_eq!(told.get(), 1);
        (answer, asked.get())
    });
}

/// Completer, canceller and an await whose time is over. One of the three wins, and a callback
/// hears it once. Outcome: how it ended. L06, L37.
fn no_three_completers_win() {
    Model::bound(1).deep(1).sees_exactly(&["value", "cancelled", "timed out"]).check(|| {
        let (drops, told) = (Drops::new(), Count::new());
        let (promise, mut task) = promise();
        let (value, tell, canceller) = (drops.probe(), told.clone(), task.canceller());
        task.add_done_callback(move |_| tell.add());
        let mut timeout = Box::pin(task.timeout(Duration::ZERO));
        let completer = thread::spawn(move || promise.set_result(value).map_err(drop).is_ok());
        let cancelling = thread::spawn(move || canceller.cancel());
        let outcome = block_on(timeout.as_mut());
        drop(timeout);
        let completed = completer.join().unwrap();
        let _ = cancelling.join().unwrap();
        assert_eq!(told.get(), 1);
        let how = ending(&outcome);
        if outcome.is_ok() {
            assert!(completed);
        }
        drop(outcome);
        assert_eq!((drops.count(), armed()), (1, 0));
        how
    });
}

/// Producer that goes away, and waiter; the work had begun or not. It never hangs. t16.
fn no_waiter_is_left_by_a_lost_promise() {
    for (case, begun) in [("waiting", false), ("running", true)] {
        Model::bound(3).deep(3).case(case).with_spurious_wakes().sees_exactly(&["lost"]).check(
            move || {
                let (promise, task) = promise::<u8>();
                if begun {
                    assert!(promise.set_running());
                }
                let producer = thread::spawn(move || drop(promise));
                let outcome = block_on(task);
                producer.join().unwrap();
                ending(&outcome)
            },
        );
    }
}

/// Completer and somebody who drops the task, while the work runs or before. Nobody fails, and
/// the value is dropped once: given back, or taken and dropped. Outcome: given back or not.
/// L33, L55.
fn no_value_is_lost_in_a_dropped_task() {
    for (case, begun, exact) in
        [("waiting", false, &["true", "false"][..]), ("running", true, &["true"][..])]
    {
        Model::bound(3).deep(3).case(case).sees_exactly(exact).check(move || {
            let drops = Drops::new();
            let (promise, task) = promise();
            let value = drops.probe();
            if begun {
                assert!(promise.set_running());
            }
            let completer = thread::spawn(move || match promise.set_result(value) {
                Ok(()) => true,
                Err(value) => {
                    value.touch();
                    false
                }
            });
            drop(task);
            let taken = completer.join().unwrap();
            assert_eq!(drops.count(), 1);
            taken
        });
    }
}

/// Completer and a receiver that has been polled and goes away, as a runtime does when it shuts
/// down. The completion finds its waker or does not, and keeps none. Outcome: whether the value
/// was taken, and wakes, by a completion before the drop. L34.
fn no_completion_wakes_a_dropped_receiver() {
    Model::bound(3).deep(4).sees_exactly(&["(true, 1)", "(true, 0)", "(false, 0)"]).check(|| {
        let drops = Drops::new();
        let (promise, mut task) = promise();
        let counting = CountingWaker::new();
        let waker = counting.waker();
        assert!(pin!(&mut task).poll(&mut Context::from_waker(&waker)).is_pending());
        let value = drops.probe();
        let completer = thread::spawn(move || promise.set_result(value).map_err(drop).is_ok());
        drop(task);
        let taken = completer.join().unwrap();
        assert_eq!((drops.count(), counting.held()), (1, 1), "nothing stays behind");
        (taken, counting.wakes())
    });
}

/// Source that is cancelled and a chain that is just being attached to it. The next link ends as
/// cancelled, once, and whoever waits at its end returns. Outcome: who ran the link. L44, L11.
fn no_cancelled_source_leaves_its_chain_pending() {
    Model::bound(1).deep(2).sees_exactly(&["source", "attacher"]).check(|| {
        let (source, mut task) = promise::<u8>();
        let (next, end) = promise::<u8>();
        let told = Count::new();
        let (tell, here) = (told.clone(), thread::current().id());
        let producer = thread::spawn(move || {
            source.complete(Err(TaskError::Cancelled)).unwrap();
        });
        let link = crate::stub::Log::new();
        let by = link.clone();
        task.add_done_callback(move |outcome| {
            tell.add();
            by.push(Word(if thread::current().id() == here { "attacher" } else { "source" }));
            next.complete(outcome.clone()).unwrap();
        });
        assert_eq!(ending(&end.wait()).0, "cancelled");
        assert_eq!(ending(&task.wait()).0, "cancelled");
        producer.join().unwrap();
        assert_eq!(told.get(), 1);
        link.pop().unwrap()
    });
}
