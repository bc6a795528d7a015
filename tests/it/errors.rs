//! What errors say, carry and cost.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};

use poolbridge::{
    Broken, Executor, Expired, Reason, Shutdown, StartError, Status, TaskError, WouldDeadlock,
    promise,
};

use crate::support::{one_worker, outcome, value};

fn panicked() -> poolbridge::Panic {
    let pool = one_worker();
    match outcome(pool.job(|| -> u8 { panic!("no {}", "luck") }).name("report").submit()) {
        Err(TaskError::Panicked(panic)) => panic,
        other => panic!("{other:?}"),
    }
}

/// A panic is delivered with the name of its task and its text.
#[test]
fn a_panic_names_its_task_and_its_message() {
    let panic = panicked();
    assert_eq!(panic.message(), "no luck");
    let text = panic.to_string();
    assert!(text.contains("report") && text.contains(&panic.task().to_string()), "{text}");
    let error = TaskError::Panicked(panic);
    assert!(error.source().unwrap().to_string().contains("no luck"));
    assert_eq!(error.status(), Status::Failed);
}

/// G20: `resume` goes on with the very payload, whatever its type.
#[test]
fn a_panic_resumes_with_its_payload() {
    #[derive(Debug, PartialEq)]
    struct Odd(u8);
    let pool = one_worker();
    let task = pool.submit(|| std::panic::panic_any(Odd(3)));
    let Err(TaskError::Panicked(panic)) = outcome::<()>(task) else { panic!("it panicked") };
    assert_eq!(panic.message(), "a payload that is not text");
    let payload = catch_unwind(AssertUnwindSafe(|| panic.resume())).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&Odd(3)));
}

/// G18: an error can be cloned and shown again and again; the payload is taken once.
#[test]
fn clones_of_an_error_are_the_same_event_and_share_one_payload() {
    let first = panicked();
    let second = first.clone();
    assert_eq!(first.task(), second.task());
    assert!(first.into_payload().is_some());
    let payload = catch_unwind(AssertUnwindSafe(|| second.resume())).unwrap_err();
    assert!(payload.downcast_ref::<String>().unwrap().contains("no luck"));
}

/// G18
#[test]
fn each_callback_and_the_waiter_see_the_same_error() {
    let (tell, told) = std::sync::mpsc::channel();
    let (side, mut task) = promise::<u8>();
    for _ in 0..2 {
        let tell = tell.clone();
        task.add_done_callback(move |outcome| tell.send(outcome.clone()).unwrap());
    }
    side.set_error(TaskError::Lost).unwrap();
    let seen = [told.recv().unwrap(), told.recv().unwrap(), outcome(task)];
    assert!(seen.iter().all(|one| matches!(one, Err(TaskError::Lost))));
}

/// G20: every error can be delivered; all but `Cancelled` make a task `Failed`.
#[test]
fn each_error_has_the_status_of_its_task() {
    assert_eq!(TaskError::Cancelled.status(), Status::Cancelled);
    for error in [
        TaskError::Lost,
        TaskError::TimedOut(Expired::Queue),
        TaskError::TimedOut(Expired::Run),
        TaskError::TimedOut(Expired::Await),
        TaskError::Rejected(Reason::Full),
    ] {
        let (side, task) = promise::<u8>();
        side.set_error(error.clone()).unwrap();
        assert_eq!((task.status(), error.status()), (Status::Failed, Status::Failed), "{error}");
        assert_eq!(outcome(task).unwrap_err().to_string(), error.to_string());
    }
}

/// Errors say what to do about them, and lead to their cause.
#[test]
fn a_rejection_leads_to_its_cause() {
    let pool = Executor::threads().build().unwrap();
    drop(pool.shutdown(Shutdown::run_queued()));
    let error = outcome(pool.submit(|| ())).unwrap_err();
    assert!(error.to_string().contains("shut down"), "{error}");
    assert!(error.source().unwrap().to_string().contains("shut down"));
    let rejected = pool.try_submit(|| ()).unwrap_err();
    assert!(rejected.to_string().contains("shut down"));
    assert!(rejected.source().is_some());
    assert!(!format!("{rejected:?}").is_empty());
}

#[test]
fn a_broken_pool_and_a_refused_wait_lead_to_their_cause() {
    let broken =
        Executor::threads().initializer(|| Err::<(), _>(std::io::Error::other("no state")));
    let error = outcome(broken.build().unwrap().submit(|| ())).unwrap_err();
    assert!(error.source().unwrap().is::<Broken>(), "{error:?}");
    let pool = Executor::threads().build().unwrap();
    let lane = pool.serial();
    let inner = lane.clone();
    let error = value(lane.submit(move || inner.submit(|| ()).wait())).unwrap_err();
    assert!(error.source().unwrap().is::<WouldDeadlock>(), "{error:?}");
}

/// A producer that says "cancelled" ends the task as cancelled.
#[test]
fn a_cancelled_outcome_is_a_cancelled_task() {
    let (side, task) = promise::<u8>();
    side.complete(Err(TaskError::Cancelled)).unwrap();
    assert_eq!(task.status(), Status::Cancelled);
    assert!(matches!(outcome(task), Err(TaskError::Cancelled)));
}

/// A backend's own error is there for who wants to look at it.
#[test]
fn a_refused_start_leads_to_its_cause() {
    let error = StartError::new(std::io::Error::other("no memory for a stack"));
    assert!(error.to_string().contains("no memory for a stack"));
    let cause = error.source().unwrap().downcast_ref::<std::io::Error>();
    assert_eq!(cause.unwrap().kind(), std::io::ErrorKind::Other);
}
