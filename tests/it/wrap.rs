//! Foreign handles as tasks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;

use poolbridge::{
    Blocking, Cancel, ConcurrentFuture, Promise, Status, Task, TaskError, TaskId, default_executor,
    promise, wrap_future, wrapped_sources,
};

use crate::support::{
    Counter, Gate, HANG, Log, drive, eventually, one_worker, outcome, thread_name, value,
};

/// Whether a thread waits for this wrapped source.
fn is_waited_for(id: TaskId) -> bool {
    wrapped_sources().running.iter().any(|info| info.id == id)
}

/// B01, B23
#[test]
fn a_wrapped_task_is_the_task_itself() {
    let (side, task) = promise();
    let id = task.id();
    let wrapped = wrap_future(wrap_future(task));
    assert_eq!(wrapped.id(), id);
    side.set_result(1).unwrap();
    assert_eq!(value(wrapped), 1);
}

/// B22
#[test]
fn a_wrapped_thread_ends_with_its_value() {
    let thread = thread::spawn(|| (thread::current().id(), 6 * 7));
    let id = thread.thread().id();
    assert_eq!(drive(wrap_future(thread)).unwrap(), (id, 42));
}

/// B24, B25: outside a runtime and inside.
#[test]
fn a_source_is_wrapped_with_a_runtime_or_without() {
    assert_eq!(value(wrap_future(thread::spawn(|| 1))), 1);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let two = runtime.block_on(async { wrap_future(thread::spawn(|| 2)).await.unwrap() });
    assert_eq!(two, 2);
    assert_eq!(smol::block_on(wrap_future(thread::spawn(|| 3))).unwrap(), 3);
}

#[test]
fn the_panic_of_a_wrapped_thread_comes_with_its_payload() {
    let thread = thread::spawn(|| -> u8 { std::panic::panic_any(17_u16) });
    let Err(TaskError::Panicked(panic)) = outcome(wrap_future(thread)) else { panic!("no panic") };
    let payload = catch_unwind(AssertUnwindSafe(|| panic.resume())).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&17_u16));
}

#[test]
fn a_wrapped_receiver_ends_with_the_first_message() {
    let (sender, receiver) = mpsc::channel();
    let task = wrap_future(receiver);
    sender.send("first").unwrap();
    assert_eq!(value(task), "first");
}

/// R31: a source that goes away ends the task.
#[test]
fn a_wrapped_receiver_without_senders_is_lost() {
    let (sender, receiver) = mpsc::channel::<u8>();
    let task = wrap_future(receiver);
    drop(sender);
    assert!(matches!(outcome(task), Err(TaskError::Lost)));
}

/// A C library's request: it calls back once, and can be aborted.
struct Request(Arc<Mutex<Option<Promise<u32>>>>, Counter);

impl ConcurrentFuture for Request {
    type Output = u32;

    fn into_task(self) -> Task<u32> {
        let (side, task) = promise();
        let aborted = self.1;
        side.on_cancel(move || {
            aborted.add();
        });
        *self.0.lock().unwrap() = Some(side);
        task
    }
}

fn request() -> (Request, Arc<Mutex<Option<Promise<u32>>>>, Counter) {
    let (slot, aborted) = (Arc::default(), Counter::new());
    (Request(Arc::clone(&slot), aborted.clone()), slot, aborted)
}

/// B26, R29, G10, D7: the cancel is at the source before `cancel` returns.
#[test]
fn cancelling_a_wrapper_reaches_the_source_before_cancel_returns() {
    let (request, slot, aborted) = request();
    let task = wrap_future(request);
    assert_eq!(task.cancel(), Cancel::Prevented);
    assert_eq!(aborted.get(), 1);
    assert_eq!(task.status(), Status::Cancelled);
    assert!(slot.lock().unwrap().as_ref().unwrap().is_cancelled());
}

/// B27, R26, R27: the source completes against the cancel: nobody errs, the late value is the
/// source's.
#[test]
fn a_late_value_of_a_cancelled_source_is_dropped_silently() {
    let (request, slot, _) = request();
    let task = wrap_future(request);
    let _ = task.cancel();
    assert_eq!(slot.lock().unwrap().take().unwrap().set_result(42), Err(42));
    assert!(matches!(outcome(task), Err(TaskError::Cancelled)));
    for _ in 0..300 {
        let (request, slot, aborted) = self::request();
        let task = wrap_future(request);
        let side = slot.lock().unwrap().take().unwrap();
        let setter = thread::spawn(move || side.set_result(42));
        let answer = task.cancel();
        match (answer, setter.join().unwrap(), outcome(task)) {
            (Cancel::Prevented, Err(42), Err(TaskError::Cancelled)) => assert_eq!(aborted.get(), 1),
            (Cancel::TooLate, Ok(()), Ok(42)) => assert_eq!(aborted.get(), 0),
            other => panic!("{other:?}"),
        }
    }
}

/// R31: a source that is cancelled on its own side ends the task.
#[test]
fn a_source_that_says_cancelled_cancels_the_task() {
    let (request, slot, aborted) = request();
    let task = wrap_future(request);
    let side = slot.lock().unwrap().take().unwrap();
    side.complete(Err(TaskError::Cancelled)).unwrap();
    assert_eq!((task.status(), aborted.get()), (Status::Cancelled, 0));
    assert!(matches!(outcome(task), Err(TaskError::Cancelled)));
}

/// G11, R29: a blocking source is interrupted; its own outcome ends the task.
#[test]
fn a_blocking_source_is_interrupted_by_its_cancel_action() {
    let (stop, stopped) = mpsc::channel();
    let (begun, log) = (Gate::new(), Log::new());
    let (at_begun, note) = (begun.clone(), log.clone());
    let source = Blocking::new(move || {
        at_begun.open();
        stopped.recv_timeout(HANG).unwrap();
        "interrupted"
    });
    let task = wrap_future(source.on_cancel(move || {
        note.note("cancel action");
        stop.send(()).unwrap();
    }));
    begun.pass();
    assert_eq!(task.cancel(), Cancel::Requested);
    assert_eq!(log.lines(), ["cancel action"]);
    assert_eq!(value(task), "interrupted");
}

/// R30: a cancel against the start: the action runs once if the source began, never if not.
#[test]
fn a_cancel_against_the_start_of_a_source_is_not_lost() {
    for _ in 0..300 {
        let (ran, acted) = (Counter::new(), Counter::new());
        let (count, act) = (ran.clone(), acted.clone());
        let (stop, stopped) = mpsc::channel();
        let source = Blocking::new(move || {
            count.add();
            stopped.recv_timeout(HANG).unwrap();
        });
        let task = wrap_future(source.on_cancel(move || {
            act.add();
            stop.send(()).unwrap();
        }));
        match task.cancel() {
            Cancel::Prevented => assert!(outcome(task).is_err() && ran.get() + acted.get() == 0),
            Cancel::Requested => {
                value(task);
                assert_eq!((ran.get(), acted.get()), (1, 1));
            }
            other => panic!("{other:?}"),
        }
    }
}

/// A cancel action that is not needed is not run.
#[test]
fn a_cancel_action_does_not_run_after_the_source_has_ended() {
    let acted = Counter::new();
    let act = acted.clone();
    let source = Blocking::new(|| 1).on_cancel(move || {
        act.add();
    });
    let task = wrap_future(source);
    eventually(|| task.status().is_done());
    assert_eq!(task.cancel(), Cancel::TooLate);
    assert_eq!((value(task), acted.get()), (1, 0));
}

/// D8, R28: a source whose task is gone waits on, is counted, and harms nobody when it ends.
#[test]
fn a_source_without_a_cancel_action_is_abandoned_and_counted() {
    let (sender, receiver) = mpsc::channel();
    let task = wrap_future(receiver);
    let id = task.id();
    eventually(|| is_waited_for(id));
    drop(task);
    assert!(is_waited_for(id));
    sender.send(5).unwrap();
    eventually(|| !is_waited_for(id));
}

/// Wrapped sources never stand in the way of the default executor's jobs.
#[test]
fn many_wrapped_sources_starve_nobody() {
    let (senders, tasks): (Vec<_>, Vec<_>) = (0..60)
        .map(|_| {
            let (sender, receiver) = mpsc::channel();
            (sender, wrap_future(receiver))
        })
        .unzip();
    eventually(|| tasks.iter().all(|task| is_waited_for(task.id())));
    assert_eq!(value(default_executor().submit(|| 1)), 1);
    let name = value(wrap_future(Blocking::new(thread_name)));
    assert!(name.starts_with("poolbridge-wait"), "{name}");
    for (n, sender) in senders.iter().enumerate() {
        sender.send(n).unwrap();
    }
    assert!(tasks.into_iter().map(value).eq(0..60));
}

/// A wrapped handle of a thread that submits: they don't wait for each other.
#[test]
fn a_wrapped_thread_may_use_executors() {
    let pool = one_worker();
    let thread = thread::spawn(move || value(pool.submit(|| 3)));
    assert_eq!(value(wrap_future(thread)), 3);
}
