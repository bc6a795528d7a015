//! Cancel hooks: at most once, never after the job, never while being taken back.

use loom_tests::{Canary, Drops, Entry, Model, models, thread};
use poolbridge::__verify::{Arc, Mutex, Parker};
use poolbridge::{Cancel, Context, OnCancel, promise};

use crate::stub::{Count, Log, Stub, job_of};

pub(crate) const MODELS: &[Entry] = models![
    no_hook_fires_into_the_next_job,
    no_hook_fires_after_its_job,
    no_hook_is_missed_by_a_late_registration,
    no_hook_runs_once_taken_back,
    no_hook_deadlocks_who_takes_it_back,
    no_hook_waits_for_itself,
    no_hook_fires_for_two_cancellers,
    no_hook_fires_after_the_promise_is_completed,
    no_hook_outlives_its_job,
    no_hook_is_kept_by_a_job_that_is_over,
    no_hook_is_late_for_a_job_that_waits_for_it,
    no_hook_left_by_its_job_runs_once_taken_back,
    no_hook_of_a_cancelled_promise_runs_once_taken_back,
];

/// One worker with two jobs, and a canceller of the first. The first job's hook, which writes to
/// what the second uses, is over before the second begins, wherever it fires. Outcome: how often
/// it fired. L59, L08.
fn no_hook_fires_into_the_next_job() {
    Model::bound(3).deep(4).sees_exactly(&["0", "1"]).check(|| {
        let (stub, socket, fired) = (Stub::keeping(), Canary::new(), Count::new());
        let executor = stub.executor(1);
        let (shut, fires) = (socket.clone(), fired.clone());
        let first = executor.submit_with(move |cx: &Context| {
            cx.on_cancel(move || {
                fires.add();
                shut.write(1);
            });
        });
        let canceller = first.canceller();
        first.detach();
        let used = socket.clone();
        executor.submit(move || used.write(2)).detach();
        drop(executor);
        let turn = stub.turn();
        let worker = thread::spawn(move || turn.run());
        let _ = canceller.cancel();
        worker.join().unwrap();
        assert_eq!(socket.read(), 2);
        fired.get()
    });
}

/// As above, and the waiter: once it has the outcome the hook is over. Outcome: how often it
/// fired. L59, L58.
fn no_hook_fires_after_its_job() {
    Model::bound(2).deep(3).sees_exactly(&["0", "1"]).check(|| {
        let (socket, fired) = (Canary::new(), Count::new());
        let (shut, fires) = (socket.clone(), fired.clone());
        let (job, task) = job_of(move |executor| {
            executor.submit_with(move |cx: &Context| {
                cx.on_cancel(move || {
                    fires.add();
                    shut.write(1);
                });
            })
        });
        let canceller = task.canceller();
        let cancelling = thread::spawn(move || canceller.cancel());
        job.run();
        socket.write(2);
        task.wait().unwrap_or(());
        let _ = cancelling.join().unwrap();
        assert_eq!(socket.read(), 2);
        fired.get()
    });
}

/// Closure that registers a hook, and a canceller. If the request came first, the hook runs at
/// once; else the canceller runs it, or the end of the job does. Outcome: the answer, and how often
/// it fired. L45.
fn no_hook_is_missed_by_a_late_registration() {
    let exact = ["(Prevented, 0)", "(Requested, 1)", "(TooLate, 0)"];
    Model::bound(2).deep(3).sees_exactly(&exact).check(|| {
        let fired = Count::new();
        let fires = fired.clone();
        let (job, task) = job_of(move |executor| {
            executor.submit_with(move |cx: &Context| {
                let asked = cx.is_cancelled();
                cx.on_cancel(move || fires.add());
                asked
            })
        });
        let canceller = task.canceller();
        let cancelling = thread::spawn(move || canceller.cancel());
        job.run();
        let asked = task.wait();
        let answer = cancelling.join().unwrap();
        if let Ok(true) = asked {
            assert_eq!(fired.get(), 1, "the request came first");
        }
        (answer, fired.get())
    });
}

/// Closure that registers a hook and takes it back, and a canceller. After the call the hook does
/// not run: taken back it never does, else it is over. Outcome: taken back, and fired. L65.
fn no_hook_runs_once_taken_back() {
    Model::bound(3).deep(4).sees_exactly(&["(true, 0)", "(false, 1)"]).check(|| {
        let (fired, buffer) = (Count::new(), Canary::new());
        let (fires, lent) = (fired.clone(), buffer.clone());
        let (job, task) = job_of(move |executor| {
            executor.submit_with(move |cx: &Context| {
                let hook = lent.clone();
                let registration = cx.on_cancel(move || {
                    fires.add();
                    hook.write(1);
                });
                let removed = registration.remove();
                // Not used any more: ours again.
                lent.write(2);
                removed
            })
        });
        let canceller = task.canceller();
        task.detach();
        let worker = thread::spawn(move || job.run());
        let answer = canceller.cancel();
        worker.join().unwrap();
        // Prevented: the closure never ran, and there was no hook.
        let removed = answer == poolbridge::Cancel::Prevented || fired.get() == 0;
        (removed, fired.get())
    });
}

/// As above with a hook that wants a lock which its owner holds before and after: it is the wait
/// that must not hold it. Nobody sleeps for ever. Outcome: how often it fired. L65, #1426.
fn no_hook_deadlocks_who_takes_it_back() {
    Model::bound(2).deep(3).sees_exactly(&["0", "1"]).check(|| {
        let fired = Count::new();
        let fires = fired.clone();
        let (job, task) = job_of(move |executor| {
            executor.submit_with(move |cx: &Context| {
                let shared = Arc::new(Mutex::new(0));
                let wanted = Arc::clone(&shared);
                let registration = cx.on_cancel(move || {
                    *wanted.lock() += 1;
                    fires.add();
                });
                *shared.lock() += 1;
                registration.remove();
                *shared.lock() += 1;
            })
        });
        let canceller = task.canceller();
        task.detach();
        let worker = thread::spawn(move || job.run());
        let _ = canceller.cancel();
        worker.join().unwrap();
        fired.get()
    });
}

/// A hook that takes itself back while it fires, and a worker that ends the job meanwhile. The one
/// does not wait for itself, the other does. Outcome: how often it fired. L65.
fn no_hook_waits_for_itself() {
    Model::bound(2).deep(3).sees_exactly(&["0", "1"]).check(|| {
        let fired = Count::new();
        let fires = fired.clone();
        let (job, task) = job_of(move |executor| {
            executor.submit_with(move |cx: &Context| {
                let own = Arc::new(Mutex::new(None::<poolbridge::OnCancel>));
                let place = Arc::clone(&own);
                let registration = cx.on_cancel(move || {
                    let registration = place.lock().take();
                    if let Some(registration) = registration {
                        assert!(!registration.remove(), "it runs");
                    }
                    fires.add();
                });
                *own.lock() = Some(registration);
            })
        });
        let canceller = task.canceller();
        task.detach();
        let worker = thread::spawn(move || job.run());
        let _ = canceller.cancel();
        worker.join().unwrap();
        fired.get()
    });
}

/// A promise that runs, and two cancellers. Its hook fires once. Outcome: both answers.
fn no_hook_fires_for_two_cancellers() {
    Model::bound(3).deep(4).sees_exactly(&["(Requested, Requested)"]).check(|| {
        let fired = Count::new();
        let fires = fired.clone();
        let (promise, task) = promise::<u8>();
        assert!(promise.set_running());
        promise.on_cancel(move || fires.add());
        let canceller = task.canceller();
        let other = thread::spawn(move || canceller.cancel());
        let answers = (task.cancel(), other.join().unwrap());
        assert_eq!(fired.get(), 1);
        promise.set_result(1).unwrap();
        drop(task);
        answers
    });
}

/// Completer of a promise, and canceller. Completing takes the hook away, or waits for it: what
/// the hook uses is free when `set_result` returns. Outcome: how often it fired. L58, L59.
fn no_hook_fires_after_the_promise_is_completed() {
    for (case, begun) in [("waiting", false), ("running", true)] {
        Model::bound(3).deep(3).case(case).sees_exactly(&["0", "1"]).check(move || {
            let (fired, buffer) = (Count::new(), Canary::new());
            let (fires, lent) = (fired.clone(), buffer.clone());
            let (promise, task) = promise();
            if begun {
                assert!(promise.set_running());
            }
            promise.on_cancel(move || {
                fires.add();
                lent.write(1);
            });
            let canceller = task.canceller();
            let cancelling = thread::spawn(move || canceller.cancel());
            let completed = promise.set_result(7);
            if begun || completed.is_ok() {
                buffer.write(2);
            }
            let _ = cancelling.join().unwrap();
            drop(task);
            fired.get()
        });
    }
}

/// Worker and somebody who drops the task. A hook that is not needed is dropped with its job,
/// once, whether it fired or not. Outcome: how often it fired.
fn no_hook_outlives_its_job() {
    Model::bound(2).deep(3).sees_exactly(&["0", "1"]).check(|| {
        let (fired, drops) = (Count::new(), Drops::new());
        let (fires, held) = (fired.clone(), drops.probe());
        let (job, task) = job_of(move |executor| {
            executor.submit_with(move |cx: &Context| {
                cx.on_cancel(move || {
                    held.touch();
                    fires.add();
                });
            })
        });
        let worker = thread::spawn(move || job.run());
        drop(task);
        worker.join().unwrap();
        assert_eq!(drops.count(), 1);
        fired.get()
    });
}

/// Somebody whom the job has given its context, and the end of the job. A hook that comes too late is
/// dropped there and then, and not kept until the task goes; one that came in time goes with the job.
/// Outcome: whether it was given a place. L58.
fn no_hook_is_kept_by_a_job_that_is_over() {
    Model::bound(3).deep(4).sees_exactly(&["true", "false"]).check(|| {
        let (lent, told, drops) = (Log::new(), Parker::new(), Drops::new());
        let (contexts, tell) = (lent.clone(), told.clone());
        let (job, task) = job_of(move |executor| {
            executor.submit_with(move |cx: &Context| {
                contexts.push(cx.clone());
                tell.unpark();
            })
        });
        let worker = thread::spawn(move || job.run());
        told.park();
        let cx: Context = lent.pop().unwrap();
        let held = drops.probe();
        let hook = cx.on_cancel(move || held.touch());
        let in_time = drops.count() == 0;
        worker.join().unwrap();
        assert_eq!(drops.count(), 1, "while the task is still there");
        drop((hook, cx, task));
        in_time
    });
}

/// Closure that registers a hook and does not return before it fires, and a canceller. Whoever comes
/// first, it fires while the closure runs. Outcome: the answer. L45.
fn no_hook_is_late_for_a_job_that_waits_for_it() {
    Model::bound(2).deep(3).sees_exactly(&["Prevented", "Requested"]).check(|| {
        let (job, task) = job_of(move |executor| {
            executor.submit_with(move |cx: &Context| {
                let fired = Parker::new();
                let fires = fired.clone();
                cx.on_cancel(move || fires.unpark());
                fired.park();
            })
        });
        let worker = thread::spawn(move || job.run());
        let answer = task.cancel();
        worker.join().unwrap();
        answer
    });
}

/// The end of a job that has left a hook, and somebody who cancels and takes it back. A request that
/// crosses the end has the hook run on the job's thread: then who takes it back waits for that. Outcome:
/// the answer, taken back, and fired. L65.
fn no_hook_left_by_its_job_runs_once_taken_back() {
    let exact = ["(Requested, false, 1)", "(TooLate, true, 0)", "(TooLate, false, 0)"];
    Model::bound(2).deep(3).sees_exactly(&exact).check(|| {
        let (left, told) = (Log::<OnCancel>::new(), Parker::new());
        let (fired, buffer) = (Count::new(), Canary::new());
        let (hooks, tell) = (left.clone(), told.clone());
        let (fires, lent) = (fired.clone(), buffer.clone());
        let (job, task) = job_of(move |executor| {
            executor.submit_with(move |cx: &Context| {
                hooks.push(cx.on_cancel(move || {
                    fires.add();
                    lent.write(1);
                }));
                tell.unpark();
            })
        });
        let worker = thread::spawn(move || job.run());
        told.park();
        let answer = task.cancel();
        let removed = left.pop().unwrap().remove();
        // Not used any more: ours again.
        buffer.write(2);
        let by_then = fired.get();
        worker.join().unwrap();
        assert_eq!((fired.get(), by_then > 0), (by_then, answer == Cancel::Requested));
        drop(task);
        (answer, removed, by_then)
    });
}

/// A promise that nobody works on, with two hooks; a canceller, and its producer who takes the hooks
/// back. Each is taken back or over, and the second may be taken back while the first fires. Outcome:
/// which were taken back. L65.
fn no_hook_of_a_cancelled_promise_runs_once_taken_back() {
    let exact = ["[true, true]", "[false, false]", "[false, true]"];
    Model::bound(2).deep(3).sees(&exact).check(|| {
        let (promise, task) = promise::<()>();
        let buffers = [Canary::new(), Canary::new()];
        let hooks = buffers.each_ref().map(|buffer| {
            let lent = buffer.clone();
            promise.on_cancel(move || lent.write(1))
        });
        let canceller = thread::spawn(move || task.cancel());
        let taken: [bool; 2] = hooks.map(OnCancel::remove);
        buffers.iter().for_each(|buffer| buffer.write(2));
        let _ = canceller.join().unwrap();
        drop(promise);
        taken
    });
}
