//! The states of a task, and what each operation does in each of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use poolbridge::{Cancel, Promise, Status, Task, TaskError, promise};

use crate::support::{FAR, HANG, OnDrop, occupy, one_worker, outcome, poll_once, value};

/// Not part of any task's number.
const ANSWER: i32 = -42_424_242;

/// One task in each state. The promises keep the open ones open.
struct States {
    pending: Task<i32>,
    running: Task<i32>,
    cancelled: Task<i32>,
    failed: Task<i32>,
    finished: Task<i32>,
    _open: [Promise<i32>; 3],
}

fn states() -> States {
    let (pending_side, pending) = promise();
    let (running_side, running) = promise();
    assert!(running_side.set_running());
    let (cancelled_side, cancelled) = promise();
    assert_eq!(cancelled.cancel(), Cancel::Prevented);
    let (failed_side, failed) = promise();
    failed_side.set_error(TaskError::Lost).unwrap();
    let (finished_side, finished) = promise();
    finished_side.set_result(ANSWER).unwrap();
    let _open = [pending_side, running_side, cancelled_side];
    States { pending, running, cancelled, failed, finished, _open }
}

/// F09
#[test]
fn debug_names_the_state_and_the_type_but_never_the_value() {
    let states = states();
    let text = format!("{:?}", states.pending);
    assert!(text.contains("Pending") && text.contains(&states.pending.id().to_string()), "{text}");
    assert!(format!("{:?}", states.running).contains("Running"));
    assert!(format!("{:?}", states.cancelled).contains("Cancelled"));
    assert!(format!("{:?}", states.failed).contains("Failed"));
    let text = format!("{:?}", states.finished);
    assert!(text.contains("returned i32") && !text.contains(&ANSWER.to_string()), "{text}");
}

/// F10, R8, D6
#[test]
fn cancel_says_what_it_did_in_each_state() {
    let states = states();
    assert_eq!(states.pending.cancel(), Cancel::Prevented);
    assert_eq!(states.pending.status(), Status::Cancelled);
    assert_eq!(states.running.cancel(), Cancel::Requested);
    assert_eq!(states.running.status(), Status::Running);
    assert_eq!(states.running.cancel(), Cancel::Requested);
    assert_eq!(states.cancelled.cancel(), Cancel::Prevented);
    assert_eq!(states.cancelled.status(), Status::Cancelled);
    assert_eq!(states.failed.cancel(), Cancel::TooLate);
    assert_eq!(states.failed.status(), Status::Failed);
    assert_eq!(states.finished.cancel(), Cancel::TooLate);
    assert_eq!(states.finished.status(), Status::Finished);
}

/// F11, F12, F13
#[test]
fn status_tells_pending_running_failed_finished_and_cancelled_apart() {
    let states = states();
    let seen =
        [&states.pending, &states.running, &states.cancelled, &states.failed].map(Task::status);
    assert_eq!(seen, [Status::Pending, Status::Running, Status::Cancelled, Status::Failed]);
    assert_eq!(states.finished.status(), Status::Finished);
    let done: Vec<bool> = seen.iter().map(|status| status.is_done()).collect();
    assert_eq!(done, [false, false, true, true]);
    assert!(Status::Finished.is_done());
}

/// F14, F17, R9
#[test]
fn a_result_with_no_time_looks_once_in_each_state() {
    let mut states = states();
    let pending = states.pending.result(Duration::ZERO).unwrap_err();
    assert!(pending.to_string().contains(&states.pending.id().to_string()));
    assert!(states.running.result(Duration::ZERO).is_err());
    assert!(matches!(states.cancelled.result(Duration::ZERO), Ok(Err(TaskError::Cancelled))));
    assert!(matches!(states.failed.result(Duration::ZERO), Ok(Err(TaskError::Lost))));
    assert!(matches!(states.finished.result(Duration::ZERO), Ok(Ok(ANSWER))));
}

/// F14: a wait that ran out changes nothing.
#[test]
fn a_task_outlives_a_wait_that_ran_out() {
    let (promise, mut task) = promise();
    assert!(task.result(Duration::from_millis(1)).is_err());
    assert!(!promise.is_cancelled());
    assert_eq!(task.status(), Status::Pending);
    promise.set_result(1).unwrap();
    assert_eq!(value(task), 1);
}

/// F15
#[test]
fn a_blocked_result_gets_the_value_from_another_thread() {
    let (promise, mut task) = promise();
    let setter = thread::spawn(move || promise.set_result(42));
    assert_eq!(task.result(FAR).unwrap().unwrap(), 42);
    setter.join().unwrap().unwrap();
}

/// F16
#[test]
fn a_blocked_result_hears_of_a_cancel_from_another_thread() {
    let (_promise, mut task) = promise::<i32>();
    let canceller = task.canceller();
    let thread = thread::spawn(move || canceller.cancel());
    assert!(matches!(task.result(FAR).unwrap(), Err(TaskError::Cancelled)));
    assert_eq!(thread.join().unwrap(), Cancel::Prevented);
}

/// F18
#[test]
fn a_blocked_result_gets_the_error_from_another_thread() {
    let (promise, mut task) = promise::<i32>();
    let setter = thread::spawn(move || promise.set_error(TaskError::Lost));
    assert!(matches!(task.result(FAR).unwrap(), Err(TaskError::Lost)));
    setter.join().unwrap().unwrap();
}

/// F19, F20: completing consumes the promise; what can still come second is a completion after a
/// cancel, and that changes nothing.
#[test]
fn a_second_completion_comes_back_and_the_first_outcome_stays() {
    let (first, task) = promise();
    let _ = task.cancel();
    assert_eq!(first.set_result(2), Err(2));
    assert!(matches!(outcome(task), Err(TaskError::Cancelled)));
    let (first, task) = promise::<i32>();
    let _ = task.cancel();
    assert!(matches!(first.set_error(TaskError::Lost), Err(TaskError::Lost)));
    assert!(matches!(outcome(task), Err(TaskError::Cancelled)));
}

/// F21
#[test]
fn status_of_an_ended_task_is_the_same_from_all_threads() {
    let (side, task) = promise();
    side.set_result(7).unwrap();
    let task = Arc::new(task);
    let start = Arc::new(Barrier::new(4));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (task, start) = (Arc::clone(&task), Arc::clone(&start));
            thread::spawn(move || {
                start.wait();
                (0..1000).all(|_| task.status() == Status::Finished)
            })
        })
        .collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
    assert_eq!(value(Arc::into_inner(task).unwrap()), 7);
}

/// E21, R10: what ended a task is a tag, never a look at the payload.
#[test]
fn a_value_that_looks_like_an_error_is_a_value() {
    let pool = one_worker();
    let mut task = pool.submit(|| Err::<(), String>(String::new()));
    assert_eq!(task.result(HANG).unwrap().unwrap(), Err(String::new()));
    assert_eq!(task.status(), Status::Finished);
}

/// F10, R6: a cancelled job's closure is dropped un-run before `cancel` returns.
#[test]
fn cancel_of_a_queued_job_drops_its_captures_at_once_and_it_never_runs() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let (told, tell) = std::sync::mpsc::channel();
    let capture = OnDrop::new(move || told.send(()).unwrap());
    let task = pool.submit(move || {
        drop(capture);
        unreachable!("cancelled before its start")
    });
    assert_eq!(task.cancel(), Cancel::Prevented);
    tell.try_recv().expect("captures are gone when cancel returns");
    assert_eq!(task.status(), Status::Cancelled);
    busy.finish();
    assert!(matches!(outcome::<()>(task), Err(TaskError::Cancelled)));
}

/// Dropping the handle of queued work cancels it, dropping that of running work asks it to stop.
#[test]
fn dropping_a_task_cancels() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let queued = pool.submit(|| unreachable!("its handle is dropped"));
    let canceller = queued.canceller();
    drop(queued);
    assert_eq!(canceller.status(), Status::Cancelled);
    busy.finish();
    let (tell, told) = std::sync::mpsc::channel();
    let running = pool.submit_with(move |cx| {
        tell.send(false).unwrap();
        while !cx.is_cancelled() {
            thread::yield_now();
        }
        tell.send(true).unwrap();
    });
    assert!(!told.recv_timeout(HANG).unwrap());
    drop(running);
    assert!(told.recv_timeout(HANG).unwrap());
}

/// A detached job runs though nobody waits.
#[test]
fn a_detached_task_runs() {
    let pool = one_worker();
    let (tell, told) = std::sync::mpsc::channel();
    pool.submit(move || tell.send(5).unwrap()).detach();
    assert_eq!(told.recv_timeout(HANG).unwrap(), 5);
}

/// A shielded task's drop leaves the work alone; `into_inner` gives it back unshielded.
#[test]
fn dropping_a_shielded_task_leaves_the_work_alone() {
    let (side, task) = promise::<i32>();
    let canceller = task.canceller();
    drop(task.shield());
    assert_eq!(canceller.status(), Status::Pending);
    assert!(!side.is_cancelled());
    let (side, task) = promise::<i32>();
    drop(task.shield().into_inner());
    assert!(side.is_cancelled());
}

/// Ids are unique and printed as pool and number.
#[test]
fn tasks_have_ids_of_their_own() {
    let pool = one_worker();
    let tasks: Vec<_> = (0..10).map(|_| pool.submit(|| ())).collect();
    let mut ids: Vec<_> = tasks.iter().map(Task::id).collect();
    assert!(tasks.iter().all(|task| task.canceller().id() == task.id()));
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 10);
    let pool_of = |id: &poolbridge::TaskId| id.to_string().split('.').next().unwrap().to_owned();
    assert!(ids.iter().all(|id| pool_of(id) == pool_of(&ids[0]) && pool_of(id) != "0"));
    tasks.into_iter().for_each(value);
}

/// As a future that has finished: the outcome is given out once.
#[test]
fn an_outcome_that_was_taken_is_not_waited_for() {
    let taken = || {
        let (side, mut task) = promise::<u8>();
        side.set_result(1).unwrap();
        assert!(poll_once(&mut task).is_ready());
        task
    };
    let text = |again: &mut dyn FnMut()| {
        let payload = catch_unwind(AssertUnwindSafe(again)).unwrap_err();
        *payload.downcast::<String>().unwrap()
    };
    let (mut polled, mut asked, mut waited) = (taken(), taken(), Some(taken()));
    for text in [
        text(&mut || drop(poll_once(&mut polled))),
        text(&mut || drop(asked.result(Duration::ZERO))),
        text(&mut || drop(waited.take().unwrap().wait())),
    ] {
        assert!(text.contains("the outcome was taken before"), "{text}");
    }
}

/// A handle may be used where a panic is caught: none of its changes is ever seen half done.
#[test]
fn handles_cross_a_caught_panic() {
    let pool = one_worker();
    let task = pool.submit(|| 7);
    let caught = catch_unwind(|| {
        drop(pool.submit(|| ()));
        panic!("on the way");
    });
    assert!(caught.is_err());
    assert_eq!(catch_unwind(|| value(task)).unwrap(), 7);
}

/// Tasks of one executor are numbered in the order of their submission.
#[test]
fn a_name_says_the_executor_and_the_number_there() {
    let pool = one_worker();
    let names = [(); 70].map(|()| pool.submit(|| ()).id().to_string());
    let parts = names.iter().map(|name| name.split_once('.').unwrap());
    let numbers = parts.clone().map(|(_, number)| number.parse::<u64>().unwrap());
    assert!(numbers.eq(1..=70), "{names:?}");
    assert!(parts.clone().all(|(pool, _)| pool == parts.clone().next().unwrap().0), "{names:?}");
}
