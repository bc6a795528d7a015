//! One error instead of two.

use std::error::Error;
use std::io;
use std::time::Duration;

use poolbridge::{
    Cancel, Executor, Expired, OnFull, Reason, Shutdown, Status, TaskError, promise,
    run_in_executor,
};

use crate::support::{FAR, drive, occupy, one_worker, poll_once, within};

/// An error of a user's own.
#[derive(Debug)]
enum Mine {
    Own(u8),
    Task(TaskError),
}

impl From<TaskError> for Mine {
    fn from(error: TaskError) -> Self {
        Mine::Task(error)
    }
}

/// The task's error inside of an `io::Error`.
fn inside(error: &io::Error) -> &TaskError {
    error.get_ref().unwrap().downcast_ref().unwrap()
}

fn missing() -> io::Result<String> {
    std::fs::read_to_string("no such file")
}

#[test]
fn a_value_comes_through() {
    let length = drive(async {
        let text = run_in_executor(None, || std::fs::read_to_string("Cargo.toml"));
        Ok::<_, io::Error>(text.flatten().await?.len())
    });
    assert!(length.unwrap() > 0);
}

#[test]
fn the_closures_own_error_comes_through_as_it_is() {
    let error = drive(run_in_executor(None, missing).flatten()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    let own = run_in_executor(None, || Err::<(), _>(Mine::Own(3)));
    assert!(matches!(own.flatten().wait(), Err(Mine::Own(3))));
}

#[test]
fn the_tasks_error_becomes_the_closures() {
    let panics = one_worker().submit(|| -> Result<u8, Mine> { panic!("no luck") });
    match drive(panics.flatten()) {
        Err(Mine::Task(TaskError::Panicked(panic))) => assert_eq!(panic.message(), "no luck"),
        other => panic!("{other:?}"),
    }
}

/// An executor's errors need no conversion, and a box takes any.
#[test]
fn task_errors_and_boxed_errors_need_no_conversion_of_ones_own() {
    let (side, task) = promise::<Result<u8, TaskError>>();
    drop(side);
    assert!(matches!(task.flatten().wait(), Err(TaskError::Lost)));
    let (side, task) = promise::<Result<u8, Box<dyn Error + Send + Sync>>>();
    drop(side);
    let error = task.flatten().wait().unwrap_err();
    assert!(error.downcast_ref::<TaskError>().is_some());
}

#[test]
fn a_plain_thread_waits_for_one_result() {
    within(|| {
        let pool = one_worker();
        assert_eq!(pool.submit(|| Ok::<_, Mine>(5)).flatten().wait().unwrap(), 5);
        assert_eq!(
            pool.submit(missing).flatten().wait().unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
    });
}

#[test]
fn dropping_it_cancels_and_the_inner_task_can_be_had_back() {
    let (_side, task) = promise::<io::Result<()>>();
    let canceller = task.canceller();
    let mut flat = task.flatten();
    assert!(poll_once(&mut flat).is_pending());
    let task = flat.into_inner();
    assert_eq!(task.status(), Status::Pending);
    drop(task.flatten());
    assert_eq!(canceller.status(), Status::Cancelled);
}

#[test]
fn a_shielded_one_leaves_the_work_alone_when_dropped() {
    let (side, task) = promise::<io::Result<u8>>();
    let canceller = task.canceller();
    drop(task.shield().flatten());
    assert_eq!(canceller.status(), Status::Pending);
    assert!(side.set_result(Ok(1)).is_ok());
    let (side, task) = promise::<io::Result<u8>>();
    assert!(side.set_result(Ok(2)).is_ok());
    assert_eq!(drive(task.shield().flatten()).unwrap(), 2);
}

#[test]
fn a_limit_that_passes_is_the_closures_error_too() {
    let (_side, task) = promise::<io::Result<()>>();
    let error = drive(task.timeout(Duration::from_millis(1)).flatten()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert!(matches!(inside(&error), TaskError::TimedOut(Expired::Await)));
    let pool = one_worker();
    assert_eq!(drive(pool.submit(|| Ok::<_, Mine>(5)).timeout(FAR).flatten()).unwrap(), 5);
}

#[test]
fn a_limit_with_a_value_gives_that_value() {
    let (_side, task) = promise::<Result<u8, Mine>>();
    assert_eq!(drive(task.timeout_or(Duration::ZERO, Ok(7)).flatten()).unwrap(), 7);
}

/// Kinds that std or non-blocking code takes for "call again" would turn an end into a loop.
#[test]
fn an_io_error_keeps_the_tasks_error_and_its_kind_makes_nobody_try_again() {
    let closed = one_worker();
    drop(closed.shutdown(Shutdown::run_queued()));
    let full = Executor::threads().max_workers(1).queue_capacity(1).on_full(OnFull::Reject);
    let full = full.build().unwrap();
    let busy = occupy(&full);
    full.submit(|| ()).detach();

    let (side, cancelled) = promise::<io::Result<()>>();
    assert_eq!(cancelled.cancel(), Cancel::Prevented);
    let (lost_side, lost) = promise::<io::Result<()>>();
    drop(lost_side);
    let (queued, panics) = (one_worker(), one_worker());
    let queue_busy = occupy(&queued);
    let late = queued.job(|| Ok(())).queue_timeout(Duration::ZERO).submit();
    let cases = [
        (cancelled, io::ErrorKind::Other),
        (lost, io::ErrorKind::Other),
        (late, io::ErrorKind::TimedOut),
        (panics.submit(|| panic!("no luck")), io::ErrorKind::Other),
        (closed.submit(|| Ok(())), io::ErrorKind::Other),
        (full.submit(|| Ok(())), io::ErrorKind::ResourceBusy),
    ];
    for (task, kind) in cases {
        let error = drive(task.flatten()).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(error.to_string(), inside(&error).to_string());
    }
    let error = io::Error::from(TaskError::Rejected(Reason::WouldDeadlock));
    assert_eq!(error.kind(), io::ErrorKind::Deadlock);
    drop(side);
    queue_busy.finish();
    busy.finish();
}

#[test]
fn debug_names_what_it_holds() {
    let (_side, task) = promise::<io::Result<()>>();
    let text = format!("{:?}", task.flatten());
    assert!(text.starts_with("Flatten(Task { id: "), "{text}");
}
