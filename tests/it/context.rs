//! The ambient context: whose it is, where it reaches, how it nests.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use poolbridge::{Cancel, Executor, OnFull, context, promise};

use crate::support::{Counter, FAR, Gate, occupy, one_worker, value};

fn ambient() -> Option<poolbridge::TaskId> {
    context::current().map(|cx| cx.task_id())
}

#[test]
fn a_plain_thread_has_no_context() {
    assert!(ambient().is_none());
}

#[test]
fn a_job_finds_its_own_context_and_leaves_none_behind() {
    let pool = one_worker();
    for _ in 0..3 {
        let task = pool.submit(ambient);
        let id = task.id();
        assert_eq!(value(task), Some(id));
    }
    let task = pool.submit_with(|cx| (cx.task_id(), ambient()));
    let id = task.id();
    assert_eq!(value(task), (id, Some(id)));
}

/// A panic does not leave a context behind.
#[test]
fn a_job_that_panics_leaves_no_context_behind() {
    let pool = one_worker();
    assert!(crate::support::outcome(pool.submit(|| -> () { panic!("job") })).is_err());
    let task = pool.submit(ambient);
    let id = task.id();
    assert_eq!(value(task), Some(id));
}

#[test]
fn a_callback_and_a_cancel_hook_run_in_their_tasks_context() {
    let (side, mut task) = promise::<()>();
    let (tell, told) = mpsc::channel();
    let hook = tell.clone();
    side.on_cancel(move || hook.send(ambient()).unwrap());
    task.add_done_callback(move |_| tell.send(ambient()).unwrap());
    let _ = task.cancel();
    assert_eq!(told.try_iter().collect::<Vec<_>>(), [Some(task.id()), Some(task.id())]);
    assert!(ambient().is_none());
}

/// A job that runs inside another one (on the caller) has its own context, and the outer one
/// comes back after it.
#[test]
fn contexts_nest() {
    let inner = Executor::threads().max_workers(1).queue_capacity(1);
    let inner = inner.on_full(OnFull::RunOnCaller).build().unwrap();
    let busy = occupy(&inner);
    let queued = inner.submit(|| ());
    let outer = one_worker();
    let clone = inner.clone();
    let task = outer.submit(move || {
        let before = ambient();
        let nested = clone.submit(ambient);
        let id = nested.id();
        (before, value(nested) == Some(id), ambient())
    });
    let id = task.id();
    assert_eq!(value(task), (Some(id), true, Some(id)));
    busy.finish();
    value(queued);
}

/// Clones may go to other threads, which have no ambient context of their own.
#[test]
fn a_context_can_be_taken_to_another_thread() {
    let pool = one_worker();
    let task = pool.submit_with(|cx| {
        let cx = cx.clone();
        thread::spawn(move || (cx.task_id(), cx.is_cancelled(), ambient())).join().unwrap()
    });
    let id = task.id();
    assert_eq!(value(task), (id, false, None));
}

/// A context kept beyond its job is harmless.
#[test]
fn a_context_may_outlive_its_job() {
    let pool = one_worker();
    let cx = value(pool.submit_with(Clone::clone));
    assert!(!cx.is_cancelled() && cx.deadline().is_none());
    let registration = cx.on_cancel(|| unreachable!("the job is over"));
    assert!(!registration.remove());
}

/// What was asked of the job concerned the job.
#[test]
fn a_cancel_hook_that_comes_after_the_job_never_fires() {
    let pool = one_worker();
    let (begun, gate) = (Gate::new(), Gate::new());
    let (at_begun, at_gate) = (begun.clone(), gate.clone());
    let task = pool.submit_with(move |cx| {
        at_begun.open();
        at_gate.pass();
        cx.clone()
    });
    begun.pass();
    assert_eq!(task.cancel(), Cancel::Requested);
    gate.open();
    let cx = value(task);
    let fired = Counter::new();
    let fires = fired.clone();
    let hook = move || {
        fires.add();
    };
    assert!(!cx.on_cancel(hook).remove());
    assert_eq!(fired.get(), 0);
}

#[test]
fn a_context_knows_the_run_deadline() {
    let pool = one_worker();
    let look = || {
        let cx = context::current().unwrap();
        (cx.deadline().is_some(), cx.remaining())
    };
    assert_eq!(value(pool.submit(look)), (false, None));
    let (deadline, remaining) = value(pool.job(look).run_timeout(FAR).submit());
    assert!(deadline && remaining.unwrap() <= FAR && remaining.unwrap() > Duration::ZERO);
    assert_eq!(value(pool.job(look).run_timeout(Duration::MAX).submit()), (false, None));
}

/// Past its deadline nothing remains.
#[test]
fn nothing_remains_after_the_deadline() {
    let pool = one_worker();
    let (tell, told) = mpsc::channel();
    let job = pool.job(move || {
        let cx = context::current().unwrap();
        crate::support::eventually(|| cx.is_cancelled());
        tell.send(cx.remaining()).unwrap();
    });
    let task = job.run_timeout(Duration::from_millis(1)).submit();
    assert_eq!(told.recv_timeout(crate::support::HANG).unwrap(), Some(Duration::ZERO));
    drop(task);
}

#[test]
fn debug_of_a_context_names_the_task() {
    let pool = one_worker();
    let task = pool.submit_with(|cx| format!("{cx:?}"));
    let id = task.id();
    assert!(value(task).contains(&id.to_string()));
}

/// A described job can have its context handed in.
#[test]
fn a_described_job_can_take_its_context() {
    let pool = one_worker();
    let task =
        pool.job_with(|cx| (cx.task_id(), cx.deadline().is_some())).run_timeout(FAR).submit();
    let id = task.id();
    assert_eq!(value(task), (id, true));
}
