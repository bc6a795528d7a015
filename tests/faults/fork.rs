//! What a child made by `fork` finds: nothing of its parent's threads, and everything that belongs
//! to nobody made anew. Each test starts itself again, to fork from a process of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use poolbridge::{
    Blocking, Executor, Expired, Shutdown, TaskError, default_executor, promise, run_in_executor,
    set_default_executor, wrap_future, wrapped_sources,
};

use crate::process::{alone, in_child};
use crate::support::{FAR, Gate, drive, occupy, one_worker, poll_once, thread_name, value};

const SHORT: Duration = Duration::from_millis(1);

/// Everything that belongs to the process works.
fn assert_all_works() {
    assert_eq!(value(run_in_executor(None, || 6 * 7)), 42);
    let (_side, task) = promise::<u8>();
    let late = drive(task.timeout(SHORT));
    assert!(matches!(late, Err(TaskError::TimedOut(Expired::Await))));
    let pool = one_worker();
    let busy = occupy(&pool);
    let late = pool.job(|| ()).queue_timeout(SHORT).submit().wait();
    assert!(matches!(late, Err(TaskError::TimedOut(Expired::Queue))));
    busy.finish();
    assert_eq!(value(wrap_future(thread::spawn(|| 7))), 7);
    // Workers that block are written down in the graph of waits.
    refused_waits(2);
    let (inner, outer) = (pool.clone(), pool.clone());
    assert_eq!(value(outer.submit(move || inner.submit(|| 9).wait().unwrap())), 9);
}

#[test]
fn a_child_has_a_default_executor_of_its_own() {
    alone("fork::a_child_has_a_default_executor_of_its_own", || {
        assert_all_works();
        // All its workers are busy, one source is waited for, a deadline is set.
        let gate = Gate::new();
        let busy: Vec<_> = (0..40)
            .map(|_| {
                let gate = gate.clone();
                run_in_executor(None, move || gate.pass())
            })
            .collect();
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        let waits = wrap_future(receiver);
        let limit = default_executor().job(|| ()).queue_timeout(FAR).submit();
        in_child(|| {
            let seen = default_executor().snapshot();
            assert_eq!((seen.workers, seen.queued.len(), seen.running.len()), (0, 0, 0));
            assert!(wrapped_sources().running.is_empty());
            assert_eq!(value(run_in_executor(None, thread_name)), "poolbridge-0");
            assert_all_works();
            in_child(assert_all_works);
            assert_all_works();
        });
        gate.open();
        busy.into_iter().for_each(value);
        drop(sender);
        assert!(waits.wait().is_err());
        value(limit);
        assert_all_works();
    });
}

/// Two workers that want to wait for each other: whoever comes second is refused, `times`,
/// each by a look at the whole graph.
fn refused_waits(times: usize) {
    let (one, other) = (one_worker(), one_worker());
    let (gate, inner) = (Gate::new(), other.clone());
    let go = gate.clone();
    let first = one.submit(move || {
        go.pass();
        (0..times).for_each(|_| drop(inner.submit(|| ()).wait()));
    });
    let second = other.submit(move || {
        gate.open();
        (0..times).any(|_| one.shutdown(Shutdown::run_queued()).wait().is_ok());
    });
    value(second);
    value(first);
}

/// Two workers that wait for each other over and over: whoever comes second is refused.
fn crossing_waits(one: &Executor, other: &Executor) {
    let waits_for = |other: &Executor| {
        let other = other.clone();
        move || (0..1000).for_each(|_| drop(other.submit(|| ()).wait()))
    };
    let (first, second) = (one.submit(waits_for(other)), other.submit(waits_for(one)));
    value(first);
    value(second);
}

/// Each takes the locks of one thing that belongs to the process, over and over. None starts threads all
/// the time: std has a lock for that which a child never gets if somebody has it.
fn hammers() -> Vec<Box<dyn Fn() + Send>> {
    let (one, other, pool) = (one_worker(), one_worker(), one_worker());
    vec![
        Box::new(|| value(run_in_executor(None, || ()))),
        Box::new(|| {
            let (_side, task) = promise::<u8>();
            assert!(poll_once(&mut task.timeout(FAR)).is_pending());
        }),
        Box::new(|| assert_eq!(value(wrap_future(Blocking::new(|| 3))), 3)),
        Box::new(move || crossing_waits(&one, &other)),
        Box::new(move || {
            let (view, inner) = (pool.serial(), pool.clone());
            assert_eq!(value(view.submit(move || inner.submit(|| 9).wait().unwrap())), 9);
        }),
    ]
}

/// Whatever lock another thread held at that moment.
#[test]
fn a_child_works_whatever_the_other_threads_of_its_parent_were_at() {
    alone("fork::a_child_works_whatever_the_other_threads_of_its_parent_were_at", || {
        let stop = Arc::new(AtomicBool::new(false));
        let hammers = hammers();
        let warm = Arc::new(std::sync::Barrier::new(hammers.len() + 1));
        let busy: Vec<_> = hammers
            .into_iter()
            .map(|hammer| {
                let (stop, warm) = (Arc::clone(&stop), Arc::clone(&warm));
                thread::spawn(move || {
                    (0..10).for_each(|_| hammer());
                    warm.wait();
                    while !stop.load(Ordering::SeqCst) {
                        hammer();
                    }
                })
            })
            .collect();
        warm.wait();
        for round in 0..100 {
            in_child(|| {
                assert_all_works();
                if round % 10 == 0 {
                    in_child(assert_all_works);
                }
            });
        }
        stop.store(true, Ordering::SeqCst);
        busy.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// On a thread that was a worker of the parent.
#[test]
fn a_job_may_fork() {
    alone("fork::a_job_may_fork", || {
        for pool in [one_worker(), default_executor().clone(), default_executor().serial()] {
            value(pool.submit(|| in_child(assert_all_works)));
            value(pool.submit(|| in_child(|| assert_eq!(value(run_in_executor(None, || 1)), 1))));
        }
        assert_all_works();
    });
}

/// What the parent chose as the default is not the child's, which may choose anew.
#[test]
fn a_child_may_choose_a_default_executor() {
    alone("fork::a_child_may_choose_a_default_executor", || {
        let mine = Executor::threads().thread_name("parent").build().unwrap();
        assert!(set_default_executor(mine.clone()).is_ok());
        in_child(|| {
            assert_eq!(value(run_in_executor(None, thread_name)), "poolbridge-0");
            let refused = set_default_executor(Executor::threads().build().unwrap());
            assert!(refused.is_err(), "it was in use");
        });
        in_child(|| {
            let own = Executor::threads().thread_name("child").build().unwrap();
            assert!(set_default_executor(own).is_ok());
            assert_eq!(value(run_in_executor(None, thread_name)), "child-0");
        });
        assert_eq!(value(run_in_executor(None, thread_name)), "parent-0");
        assert!(set_default_executor(mine).is_err());
    });
}

/// A guard at the top of the parent's `main` does not make a child wait that comes to its end.
#[test]
fn an_exit_guard_does_nothing_in_a_child() {
    alone("fork::an_exit_guard_does_nothing_in_a_child", || {
        let pool = one_worker();
        let busy = occupy(&pool);
        let guard = pool.exit_guard(FAR);
        let mut guard = Some(guard);
        in_child(|| drop(guard.take()));
        busy.finish();
        drop(guard);
        assert!(pool.try_submit(|| ()).is_err(), "the parent's guard has done its work");
    });
}
