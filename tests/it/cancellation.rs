//! Asking running jobs to stop: the token, the hooks, and whom they never hit.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;

use poolbridge::{Cancel, Cancelled, OnCancel, Status};

use crate::support::{Counter, Gate, HANG, Log, drive, occupy, one_worker, value, workers};

/// D6, F10
#[test]
fn a_running_job_is_asked_to_stop_and_its_outcome_ends_the_task() {
    let pool = one_worker();
    let (begun, at_begun) = (Gate::new(), Gate::new());
    let begin = begun.clone();
    let go = at_begun.clone();
    let task = pool.submit_with(move |cx| {
        assert!(!cx.is_cancelled() && cx.check().is_ok());
        begin.open();
        go.pass();
        (cx.is_cancelled(), cx.check())
    });
    begun.pass();
    assert_eq!(task.cancel(), Cancel::Requested);
    assert_eq!(task.status(), Status::Running);
    assert_eq!(task.cancel(), Cancel::Requested);
    at_begun.open();
    assert_eq!(value(task), (true, Err(Cancelled)));
}

/// `check` goes through `?` into an `io::Error`.
#[test]
fn a_check_stops_a_loop() {
    let pool = one_worker();
    let (tell, told) = mpsc::channel();
    let task = pool.submit_with(move |cx| -> std::io::Result<()> {
        tell.send(()).unwrap();
        loop {
            cx.check()?;
            thread::yield_now();
        }
    });
    told.recv_timeout(HANG).unwrap();
    let _ = task.cancel();
    let error = value(task).unwrap_err();
    assert!(error.get_ref().unwrap().is::<Cancelled>());
}

/// A request is for one job: the next one on that worker does not see it.
#[test]
fn a_request_never_reaches_the_next_job_of_the_worker() {
    let pool = one_worker();
    for _ in 0..300 {
        let busy = occupy(&pool);
        let first = pool.submit_with(|cx| cx.is_cancelled());
        let second = pool.submit_with(|cx| {
            let (hit, cancelled) = (Arc::new(Counter::new()), cx.is_cancelled());
            let count = Arc::clone(&hit);
            cx.on_cancel(move || {
                count.add();
            });
            (cancelled, hit.get())
        });
        let canceller = first.canceller();
        let thread = thread::spawn(move || canceller.cancel());
        busy.finish();
        assert_eq!(value(second), (false, 0));
        let _ = thread.join().unwrap();
        drop(first);
    }
}

/// A job that spins until a hook of its context is called.
fn hooked(
    pool: &poolbridge::Executor,
    hook: impl FnOnce() + Send + 'static,
) -> (poolbridge::Task<bool>, Gate) {
    let (begun, go) = (Gate::new(), Gate::new());
    let (at_begun, at_go) = (begun.clone(), go.clone());
    let task = pool.submit_with(move |cx| {
        cx.on_cancel(hook);
        at_begun.open();
        at_go.pass();
        cx.is_cancelled()
    });
    begun.pass();
    (task, go)
}

#[test]
fn cancel_hooks_run_on_the_cancelling_thread_before_cancel_returns() {
    let pool = one_worker();
    let (tell, told) = mpsc::channel();
    let (task, go) = hooked(&pool, move || tell.send(thread::current().id()).unwrap());
    assert_eq!(task.cancel(), Cancel::Requested);
    assert_eq!(told.try_recv().unwrap(), thread::current().id());
    assert_eq!(task.cancel(), Cancel::Requested);
    assert!(told.try_recv().is_err(), "a hook runs once");
    go.open();
    assert!(value(task));
}

#[test]
fn cancel_hooks_run_in_the_order_of_adding() {
    let pool = one_worker();
    let log = Log::new();
    let (begun, go) = (Gate::new(), Gate::new());
    let (at_begun, at_go, note) = (begun.clone(), go.clone(), log.clone());
    let task = pool.submit_with(move |cx| {
        for n in 0..5 {
            let note = note.clone();
            cx.on_cancel(move || note.note(n.to_string()));
        }
        at_begun.open();
        at_go.pass();
    });
    begun.pass();
    let _ = task.cancel();
    assert_eq!(log.lines(), ["0", "1", "2", "3", "4"]);
    go.open();
    value(task);
}

#[test]
fn a_cancel_hook_that_was_not_needed_is_dropped_with_the_job() {
    let pool = one_worker();
    let (ran, dropped) = (Counter::new(), Counter::new());
    let (count, capture) = (ran.clone(), dropped.on_drop());
    let task = pool.submit_with(move |cx| {
        cx.on_cancel(move || {
            let _capture = capture;
            count.add();
        });
    });
    value(task);
    assert_eq!((ran.get(), dropped.get()), (0, 1));
}

#[test]
fn a_cancel_hook_added_after_the_request_runs_at_once_in_the_job() {
    let pool = one_worker();
    let (begun, go) = (Gate::new(), Gate::new());
    let (at_begun, at_go) = (begun.clone(), go.clone());
    let task = pool.submit_with(move |cx| {
        at_begun.open();
        at_go.pass();
        let (tell, told) = mpsc::channel();
        let registration = cx.on_cancel(move || tell.send(thread::current().id()).unwrap());
        (told.try_recv() == Ok(thread::current().id()), registration.remove())
    });
    begun.pass();
    let _ = task.cancel();
    go.open();
    assert_eq!(value(task), (true, false));
}

#[test]
fn a_removed_cancel_hook_never_runs() {
    let pool = one_worker();
    let (begun, go) = (Gate::new(), Gate::new());
    let (at_begun, at_go) = (begun.clone(), go.clone());
    let ran = Counter::new();
    let count = ran.clone();
    let task = pool.submit_with(move |cx| {
        let removed = cx
            .on_cancel(move || {
                count.add();
            })
            .remove();
        at_begun.open();
        at_go.pass();
        removed
    });
    begun.pass();
    let _ = task.cancel();
    go.open();
    assert!(value(task));
    assert_eq!(ran.get(), 0);
}

/// After `remove` the hook is not running any more: it waits for one that is.
#[test]
fn removing_a_running_cancel_hook_waits_for_its_end() {
    let pool = one_worker();
    let log = Log::new();
    let (inside, go) = (Gate::new(), Gate::new());
    let (at_inside, at_go, note) = (inside.clone(), go.clone(), log.clone());
    let (begun, removing, at_removed) = (Gate::new(), Gate::new(), log.clone());
    let (at_begun, at_removing) = (begun.clone(), removing.clone());
    let slot: Arc<Mutex<Option<OnCancel>>> = Arc::default();
    let task = pool.submit_with(move |cx| {
        *slot.lock().unwrap() = Some(cx.on_cancel(move || {
            at_inside.open();
            at_go.pass();
            note.note("hook ends");
        }));
        at_begun.open();
        at_removing.pass();
        let removed = slot.lock().unwrap().take().unwrap().remove();
        at_removed.note("removed");
        removed
    });
    begun.pass();
    let canceller = task.canceller();
    let thread = thread::spawn(move || canceller.cancel());
    inside.pass();
    removing.open();
    for _ in 0..100 {
        thread::yield_now();
    }
    assert!(log.lines().is_empty());
    go.open();
    assert!(!value(task));
    assert_eq!(log.lines(), ["hook ends", "removed"]);
    let _ = thread.join().unwrap();
}

/// From inside itself, `remove` does not wait.
#[test]
fn a_cancel_hook_may_remove_itself() {
    let pool = one_worker();
    let slot: Arc<Mutex<Option<OnCancel>>> = Arc::default();
    let (begun, go) = (Gate::new(), Gate::new());
    let (at_begun, at_go) = (begun.clone(), go.clone());
    let (tell, told) = mpsc::channel();
    let task = pool.submit_with(move |cx| {
        let me = Arc::clone(&slot);
        let registration = cx.on_cancel(move || {
            let registration = me.lock().unwrap().take().unwrap();
            tell.send(registration.remove()).unwrap();
        });
        *slot.lock().unwrap() = Some(registration);
        at_begun.open();
        at_go.pass();
    });
    begun.pass();
    assert_eq!(task.cancel(), Cancel::Requested);
    assert!(!told.recv_timeout(HANG).unwrap());
    go.open();
    value(task);
}

/// The end of a job waits for a hook that runs elsewhere: what belongs to the job stays valid.
#[test]
fn a_job_does_not_end_while_its_cancel_hook_runs() {
    let pool = one_worker();
    let log = Log::new();
    let (inside, leave) = (Gate::new(), Gate::new());
    let (at_inside, at_leave, note) = (inside.clone(), leave.clone(), log.clone());
    let (task, go) = hooked(&pool, move || {
        at_inside.open();
        at_leave.pass();
        note.note("hook ends");
    });
    let canceller = task.canceller();
    let thread = thread::spawn(move || canceller.cancel());
    inside.pass();
    go.open();
    for _ in 0..100 {
        thread::yield_now();
    }
    assert_eq!(task.status(), Status::Running);
    leave.open();
    assert!(value(task));
    assert_eq!(log.lines(), ["hook ends"]);
    assert_eq!(thread.join().unwrap(), Cancel::Requested);
}

/// 300 rounds of a request against the end of the job: the hook runs once or never, and never
/// after the job is heard to be over.
#[test]
fn a_cancel_hook_never_runs_after_its_job() {
    let pool = workers(2);
    for _ in 0..300 {
        let over = Gate::new();
        let (ran, late) = (Counter::new(), Counter::new());
        let (seen, count, too_late) = (over.clone(), ran.clone(), late.clone());
        let (task, go) = hooked(&pool, move || {
            count.add();
            if seen.is_open() {
                too_late.add();
            }
        });
        let canceller = task.canceller();
        let thread = thread::spawn(move || canceller.cancel());
        go.open();
        value(task);
        over.open();
        let answer = thread.join().unwrap();
        assert!(ran.get() <= usize::from(answer == Cancel::Requested), "{answer:?}");
        assert_eq!(late.get(), 0);
    }
}

/// A job that was prevented calls no hook: it never had a context.
#[test]
fn a_request_by_drop_runs_the_hooks() {
    let pool = one_worker();
    let (tell, told) = mpsc::channel();
    let (task, go) = hooked(&pool, move || tell.send(()).unwrap());
    let stopped = task.stopped();
    drop(task);
    told.try_recv().unwrap();
    go.open();
    drive(stopped);
}

/// `prevent` takes back what has not begun and leaves what runs alone.
#[test]
fn preventing_stops_only_what_has_not_started() {
    let pool = one_worker();
    let (begun, go) = (Gate::new(), Gate::new());
    let (at_begun, at_go) = (begun.clone(), go.clone());
    let running = pool.submit_with(move |cx| {
        at_begun.open();
        at_go.pass();
        cx.is_cancelled()
    });
    begun.pass();
    let (dropped, told) = (Counter::new(), Counter::new());
    let (capture, count) = (dropped.on_drop(), told.clone());
    let mut queued = pool.submit(move || drop(capture));
    queued.add_done_callback(move |_| {
        count.add();
    });
    assert!(!running.canceller().prevent());
    assert!(queued.canceller().prevent());
    assert_eq!((dropped.get(), told.get()), (1, 1));
    assert_eq!((queued.status(), pool.snapshot().queued.len()), (Status::Cancelled, 0));
    go.open();
    assert!(!value(running));
}
