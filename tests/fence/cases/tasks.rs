// A task: one owner, one outcome, seen by what may cross threads.
use poolbridge::{Executor, Flatten, Task, TaskError, wrap_future};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender};
use std::time::Duration;

struct NotClone;

/// E0382: use of moved value: `task`
fn a_task_is_waited_for_once(task: Task<u8>) {
    drop(task.wait());
    drop(task.wait()); //-
}

/// E0382: borrow of moved value: `task`
fn a_detached_task_is_gone(task: Task<u8>) {
    task.detach();
    drop(task.status()); //-
}

/// E0382: borrow of moved value: `task`
fn a_task_with_a_limit_is_reached_by_its_canceller(task: Task<u8>) {
    let canceller = task.canceller();
    let limited = task.timeout(Duration::ZERO);
    drop(task.cancel()); //-
    drop(canceller.cancel()); //+
    drop(limited);
}

/// E0382: use of moved value: `task`
fn a_task_has_one_limit(task: Task<u8>) {
    drop(task.timeout(Duration::ZERO));
    drop(task.timeout_or(Duration::ZERO, 1)); //-
}

/// E0382: use of moved value: `task`
fn a_shielded_task_is_in_its_shield(task: Task<u8>) {
    let shielded = task.shield();
    task.detach(); //-
    shielded.into_inner().detach(); //+
}

/// E0382: use of moved value: `task`
fn a_wrapped_task_is_moved(task: Task<u8>) {
    wrap_future(task).detach();
    task.detach(); //-
}

/// E0382: use of moved value: `shielded`
fn a_shield_is_opened_once(task: Task<u8>) {
    let shielded = task.shield();
    shielded.into_inner().detach();
    shielded.into_inner().detach(); //-
}

/// E0382: use of moved value: `limited`
fn a_limit_gives_its_task_back_once(task: Task<u8>) {
    let limited = task.timeout(Duration::ZERO);
    limited.into_inner().detach();
    limited.into_inner().detach(); //-
}

/// E0382: use of moved value: `flat`
fn a_flat_task_is_waited_for_once(task: Task<Result<u8, TaskError>>) {
    let flat = task.flatten();
    drop(flat.wait());
    drop(flat.wait()); //-
}

/// E0599: no method named `clone` found for struct `Task<T>`
fn a_task_is_not_cloned(task: Task<u8>) {
    drop(task.clone()); //-
    drop(task.canceller().clone()); //+
}

/// E0277: `&Task<u8>` is not a future
async fn a_shared_task_is_not_awaited(
    task: &Task<u8>, //-
    task: &mut Task<u8>, //+
) {
    drop(task.await);
}

/// E0596: cannot borrow `*task` as mutable
fn a_shared_task_gives_no_result(
    task: &Task<u8>, //-
    task: &mut Task<u8>, //+
) {
    drop(task.result(Duration::ZERO));
}

// It is run at once if the outcome is there: two threads would look at a `Cell` together.
/// E0596: cannot borrow `*task` as mutable
fn a_shared_task_takes_no_callback(
    task: &Task<Cell<u8>>, //-
    task: &mut Task<Cell<u8>>, //+
) {
    task.add_done_callback(|_| ());
}

/// E0277: Rc<u8> + cannot be sent between threads
fn a_callback_is_send(mut task: Task<u8>) {
    let shared = Rc::new(1_u8); //-
    let shared = Arc::new(1_u8); //+
    task.add_done_callback(move |_| drop(shared));
}

/// E0373: may outlive the current function + `text`
fn a_callback_does_not_borrow(mut task: Task<u8>) {
    let text = String::from("text");
    task.add_done_callback(|_| drop(text.len())); //-
    task.add_done_callback(move |_| drop(text.len())); //+
}

/// E0521: borrowed data escapes outside of
fn a_callback_does_not_keep_the_outcome(
    mut task: Task<u8>,
    keep: SyncSender<&'static Result<u8, TaskError>>, //-
    keep: SyncSender<Result<u8, TaskError>>, //+
) {
    task.add_done_callback(move |outcome| {
        keep.send(outcome).unwrap(); //-
        keep.send(outcome.clone()).unwrap(); //+
    });
}

/// E0507: cannot move out of `*outcome` which is behind a shared reference
fn a_callback_does_not_take_the_outcome(mut task: Task<String>) {
    task.add_done_callback(|outcome| {
        drop(*outcome); //-
        drop(outcome.clone()); //+
    });
}

/// E0599: `add_done_callback` exists for struct `Task<T>`, but its trait bounds were not satisfied
fn a_task_of_what_stays_here_takes_no_callback<
    T: 'static, //-
    T: Send + 'static, //+
>(
    mut task: Task<T>,
) {
    task.add_done_callback(|_| ());
}

/// E0599: `add_done_callback_on` exists for struct `Task<NotClone>`, but its trait bounds were not satisfied
fn an_outcome_that_travels_to_a_callback_is_cloned(
    pool: &Executor,
    mut task: Task<NotClone>, //-
    mut task: Task<u8>, //+
) {
    task.add_done_callback_on(pool, drop);
}

/// E0277: Rc<u8> + cannot be sent between threads
fn a_callback_on_an_executor_is_send(mut task: Task<u8>, pool: &Executor) {
    let shared = Rc::new(1_u8); //-
    let shared = Arc::new(1_u8); //+
    task.add_done_callback_on(pool, move |_| drop(shared));
}

/// E0373: may outlive the current function + `text`
fn a_callback_on_an_executor_does_not_borrow(mut task: Task<u8>, pool: &Executor) {
    let text = String::from("text");
    task.add_done_callback_on(pool, |_| drop(text.len())); //-
    task.add_done_callback_on(pool, move |_| drop(text.len())); //+
}

/// E0308: mismatched types + CallbackId
fn a_callback_is_removed_by_its_own_name(mut task: Task<u8>) {
    let id = 1; //-
    let id = task.add_done_callback(|_| ()); //+
    task.remove_done_callback(id);
}

/// E0599: Task<u8>
fn only_a_task_of_a_result_is_flat(
    task: Task<u8>, //-
    task: Task<Result<u8, TaskError>>, //+
) {
    drop(task.flatten());
}

/// E0599: `wait` exists for struct `Flatten<u8, String>`, but its trait bounds were not satisfied
fn a_flat_error_has_room_for_the_tasks_own(
    flat: Flatten<u8, String>, //-
    flat: Flatten<u8, std::io::Error>, //+
) {
    drop(flat.wait());
}

/// E0277: From<TaskError> + String
async fn an_awaited_flat_error_has_room_for_the_tasks_own(
    flat: Flatten<u8, String>, //-
    flat: Flatten<u8, std::io::Error>, //+
) {
    drop(flat.await);
}

/// E0308: mismatched types
fn the_value_of_a_limit_has_the_type_of_the_task(task: Task<u8>) {
    drop(task.timeout_or(Duration::ZERO, "none")); //-
    drop(task.timeout_or(Duration::ZERO, 0)); //+
}

// Types that differ in a lifetime only are two by their `TypeId`: the callbacks would be lost.
/// E0308: one type is more general than the other
fn a_task_keeps_the_very_type_it_was_made_with(task: Task<fn(&u8)>) {
    let task: Task<fn(&'static u8)> = task; //-
    let task: Task<fn(&u8)> = task; //+
}
