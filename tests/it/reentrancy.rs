//! User code that uses the crate from wherever the crate calls it.

use std::any::Any;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use poolbridge::{Cancel, Executor, Promise, Shutdown, Status, Task, TaskError, promise};

use crate::support::{
    Counter, HANG, OnDrop, drive, eventually, occupy, one_worker, outcome, value, within,
};

const LINKS: usize = 100_000;

/// R11, D2
#[test]
fn a_callback_may_submit_to_its_own_executor() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let (tell, told) = mpsc::channel();
    let clone = pool.clone();
    let mut task = pool.submit(|| 1);
    task.add_done_callback(move |_| tell.send(clone.submit(|| 2)).unwrap());
    busy.finish();
    assert_eq!(value(task), 1);
    assert_eq!(value(told.recv_timeout(HANG).unwrap()), 2);
}

/// R11, R6: a re-entrant canceller gets its answer at once.
#[test]
fn a_callback_may_cancel_its_own_task_and_others() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let (tell, told) = mpsc::channel();
    let other = pool.submit(|| ());
    let mut task = pool.submit(|| ());
    let (me, them) = (task.canceller(), other.canceller());
    task.add_done_callback(move |_| tell.send([me.cancel(), them.cancel()]).unwrap());
    assert_eq!(task.cancel(), Cancel::Prevented);
    assert_eq!(told.try_recv().unwrap(), [Cancel::Prevented, Cancel::Prevented]);
    assert_eq!(other.status(), Status::Cancelled);
    busy.finish();
}

/// R11
#[test]
fn a_callback_may_shut_its_executor_down_and_drop_the_last_handle() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let mut task = pool.submit(|| 1);
    let queued = pool.submit(|| 2);
    let handle = pool.clone();
    task.add_done_callback(move |_| {
        drop(handle.shutdown(Shutdown::cancel_queued()));
        drop(handle);
    });
    drop(pool);
    busy.finish();
    assert_eq!(value(task), 1);
    assert!(matches!(outcome(queued), Err(TaskError::Cancelled)));
}

/// R11, bpo-32576: destructors of captures run under no lock either.
#[test]
fn captures_may_submit_cancel_and_shut_down_when_they_are_dropped() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let (tell, told) = mpsc::channel();
    let other = pool.submit(|| ());
    let (clone, canceller) = (pool.clone(), other.canceller());
    let capture = OnDrop::new(move || {
        let task = clone.submit(|| 3);
        let answer = canceller.cancel();
        let seen = clone.snapshot().queued.len();
        drop(clone.shutdown(Shutdown::run_queued()));
        tell.send((task, answer, seen)).unwrap();
    });
    let task = pool.submit(move || drop(capture));
    within(move || assert_eq!(task.cancel(), Cancel::Prevented));
    let (task, answer, seen) = told.try_recv().unwrap();
    assert_eq!((answer, seen), (Cancel::Prevented, 1));
    busy.finish();
    assert_eq!(value(task), 3);
}

/// R11: an outcome nobody takes may use its executor when the worker drops it.
#[test]
fn an_outcome_may_submit_when_it_is_dropped() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let (tell, told) = mpsc::channel();
    let clone = pool.clone();
    let result = OnDrop::new(move || tell.send(clone.submit(|| 4)).unwrap());
    pool.submit(move || result).detach();
    busy.finish();
    assert_eq!(value(told.recv_timeout(HANG).unwrap()), 4);
}

/// R11: wakers run under no lock.
#[test]
fn a_waker_may_use_the_executor_and_the_task() {
    struct Submits(Executor, poolbridge::Canceller, Mutex<Vec<Task<u8>>>);
    impl std::task::Wake for Submits {
        fn wake(self: Arc<Self>) {
            let _ = self.1.cancel();
            self.2.lock().unwrap().push(self.0.submit(|| 7));
        }
    }
    let pool = one_worker();
    let busy = occupy(&pool);
    let mut task = pool.submit(|| ());
    let wake = Arc::new(Submits(pool.clone(), task.canceller(), Mutex::default()));
    assert!(crate::support::poll_with(&mut task, &Arc::clone(&wake).into()).is_pending());
    within(move || assert_eq!(task.cancel(), Cancel::Prevented));
    busy.finish();
    let woken = wake.2.lock().unwrap().pop().unwrap();
    assert_eq!(value(woken), 7);
}

/// R11: a cancel hook may use its executor.
#[test]
fn a_cancel_hook_may_submit_and_cancel() {
    let pool = crate::support::workers(2);
    let (ready, is_ready) = mpsc::channel();
    let (tell, told) = mpsc::channel();
    let clone = pool.clone();
    let task = pool.submit_with(move |cx| {
        let me = poolbridge::context::current().unwrap();
        let (stop, stopped) = mpsc::channel();
        cx.on_cancel(move || {
            tell.send((clone.submit(|| 1), me.is_cancelled())).unwrap();
            stop.send(()).unwrap();
        });
        ready.send(()).unwrap();
        stopped.recv_timeout(HANG).unwrap();
    });
    is_ready.recv_timeout(HANG).unwrap();
    assert_eq!(task.cancel(), Cancel::Requested);
    value(task);
    let (submitted, cancelled) = told.try_recv().unwrap();
    assert!(cancelled);
    assert_eq!(value(submitted), 1);
}

/// T05: a pool that resubmits for ever can be shut down.
#[test]
fn a_job_submits_the_next_for_ever_until_the_shutdown() {
    fn next(pool: Executor, ran: Counter) {
        ran.add();
        let clone = pool.clone();
        pool.submit(move || next(clone, ran)).detach();
    }
    let pool = one_worker();
    let ran = Counter::new();
    let (clone, count) = (pool.clone(), ran.clone());
    pool.submit(move || next(clone, count)).detach();
    eventually(|| ran.get() > 1000);
    assert_eq!(drive(pool.shutdown(Shutdown::cancel_queued())).unwrap().still_running, 0);
}

/// guava #2254: promises that complete each other from callbacks.
#[test]
fn a_long_chain_of_promises_does_not_overflow_the_stack() {
    within(|| {
        let (first, mut task) = promise::<usize>();
        for _ in 0..LINKS {
            let (side, next) = promise::<usize>();
            task.add_done_callback(move |outcome| {
                side.set_result(outcome.as_ref().unwrap() + 1).unwrap();
            });
            task.detach();
            task = next;
        }
        first.set_result(0).unwrap();
        assert_eq!(value(task), LINKS);
    });
}

/// The same, when a cancel starts it: each callback cancels the next task.
#[test]
fn a_long_chain_of_cancels_does_not_overflow_the_stack() {
    within(|| {
        let told = Counter::new();
        let mut sides: Vec<Promise<()>> = Vec::new();
        let (side, mut last) = promise::<()>();
        sides.push(side);
        for _ in 0..LINKS {
            let (side, mut task) = promise::<()>();
            sides.push(side);
            let count = told.clone();
            task.add_done_callback(move |_| {
                let _ = last.cancel();
                count.add();
            });
            last = task;
        }
        let _ = last.cancel();
        assert_eq!(told.get(), LINKS);
        assert!(sides.iter().all(Promise::is_cancelled));
    });
}

/// Deep inside, endings wait until the outermost one comes back. One of them that waits for the next has it
/// run first.
#[test]
fn an_ending_that_was_put_off_may_wait_for_the_next_one() {
    /// Two endings so deep inside; what the first hears of the second, if both were put off.
    fn at_depth(depth: usize) -> Option<u8> {
        let (are_set, heard) = (Counter::new(), Arc::new(Mutex::new(None)));
        let (first, mut task) = promise::<()>();
        let (second, other) = promise::<u8>();
        let (both, hear) = (are_set.clone(), Arc::clone(&heard));
        task.add_done_callback(move |_| {
            if both.get() == 1 {
                *hear.lock().unwrap() = Some(value(other));
            }
        });
        let mut end: Box<dyn FnOnce() + Send> = Box::new(move || {
            first.set_result(()).unwrap();
            // Not if its task is gone: the first was not put off.
            let _ = second.set_result(7);
            are_set.add();
        });
        let mut kept = vec![task];
        for _ in 0..depth {
            let (side, mut task) = promise::<()>();
            task.add_done_callback(move |_| end());
            kept.push(task);
            end = Box::new(move || side.set_result(()).unwrap());
        }
        end();
        heard.lock().unwrap().take()
    }
    let heard: Vec<_> = within(|| (0..40).filter_map(at_depth).collect());
    assert!(!heard.is_empty() && heard.iter().all(|value| *value == 7), "{heard:?}");
}

/// Errors go down a chain of dropped promises.
#[test]
fn a_long_chain_of_lost_promises_does_not_overflow_the_stack() {
    within(|| {
        let (first, mut task) = promise::<()>();
        for _ in 0..LINKS {
            let (side, next) = promise::<()>();
            task.add_done_callback(move |_| drop(side));
            task.detach();
            task = next;
        }
        drop(first);
        assert!(matches!(outcome(task), Err(TaskError::Lost)));
    });
}

/// Each queued job owns the next one's task: dropping the first cancels them all.
#[test]
fn a_long_cascade_of_captured_tasks_does_not_overflow_the_stack() {
    within(|| {
        let pool = one_worker();
        let busy = occupy(&pool);
        let dropped = Counter::new();
        let mut task = pool.submit(|| ());
        for _ in 0..LINKS {
            let (inner, capture) = (task, dropped.on_drop());
            task = pool.submit(move || drop((inner, capture)));
        }
        drop(task);
        assert_eq!(dropped.get(), LINKS);
        assert!(pool.snapshot().queued.is_empty());
        busy.finish();
    });
}

/// The same by promises: each cancel hook owns the next task.
#[test]
fn a_long_cascade_of_cancel_hooks_does_not_overflow_the_stack() {
    within(|| {
        let mut sides = Vec::new();
        let (side, mut task) = promise::<()>();
        sides.push(side);
        for _ in 0..LINKS {
            let (side, next) = promise::<()>();
            side.on_cancel(move || drop(task));
            sides.push(side);
            task = next;
        }
        drop(task);
        assert!(sides.iter().all(Promise::is_cancelled));
    });
}

/// The pool runs a cascade: each job drops the task of the next queued one.
#[test]
fn a_shutdown_of_a_long_cascade_does_not_overflow_the_stack() {
    within(|| {
        let pool = one_worker();
        let busy = occupy(&pool);
        let mut task: Task<Box<dyn Any + Send>> = pool.submit(|| Box::new(()) as _);
        for _ in 0..LINKS {
            let inner = task;
            task = pool.submit(move || Box::new(inner) as _);
        }
        let termination = pool.shutdown(Shutdown::cancel_queued());
        assert_eq!(task.status(), Status::Cancelled);
        busy.finish();
        drop(task);
        assert_eq!(drive(termination).unwrap().still_running, 0);
    });
}
