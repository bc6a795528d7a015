// What only this crate can make, name or know in full.
use poolbridge::{
    BuildError, CallbackId, Canceller, Executor, Expired, Job, Manual, OnCancel, OnFull, Panic,
    Promise, Reason, Rejected, Status, StartError, Task, TaskError, TaskId, WaitTimeout, Worker,
};

/// E0004: non-exhaustive patterns: `_` not covered
fn a_status_may_come(status: Status) {
    match status {
        Status::Pending | Status::Running => {}
        Status::Finished | Status::Failed | Status::Cancelled => {}
        _ => {} //+
    }
}

/// E0004: non-exhaustive patterns: `_` not covered
fn a_kind_of_deadline_may_come(expired: Expired) {
    match expired {
        Expired::Queue | Expired::Run | Expired::Await => {}
        _ => {} //+
    }
}

/// E0004: non-exhaustive patterns: `_` not covered
fn a_policy_may_come(policy: OnFull) {
    match policy {
        OnFull::Reject | OnFull::Block | OnFull::RunOnCaller | OnFull::DropOldest => {}
        _ => {} //+
    }
}

/// E0004: non-exhaustive patterns: `_` not covered
fn an_error_of_building_may_come(error: BuildError) {
    match error {
        BuildError::NoWorkers | BuildError::NoCapacity | BuildError::NoShare => {}
        BuildError::CallerHasNoState | BuildError::CallerHasNoThread | BuildError::Serial => {}
        _ => {} //+
    }
}

/// E0004: non-exhaustive patterns: `_` not covered
fn a_reason_to_refuse_may_come(reason: Reason) {
    match reason {
        Reason::Full | Reason::Closed | Reason::WouldDeadlock => {}
        Reason::Broken(_) => {}
        _ => {} //+
    }
}

/// E0004: non-exhaustive patterns: `_` not covered
fn an_error_of_a_task_may_come(error: TaskError) {
    match error {
        TaskError::Cancelled | TaskError::TimedOut(_) | TaskError::Panicked(_) => {}
        TaskError::Rejected(_) | TaskError::Broken(_) | TaskError::WouldDeadlock(_) => {}
        TaskError::Lost => {}
        _ => {} //+
    }
}

/// E0423: private fields
fn the_name_of_a_task_is_not_made_up(task: &Task<u8>) {
    drop(TaskId(1)); //-
    drop(task.id()); //+
}

/// E0423: private fields
fn the_name_of_a_callback_is_not_made_up(mut task: Task<u8>) {
    drop(CallbackId(1)); //-
    drop(task.add_done_callback(|_| ())); //+
}

/// E0423: private fields
fn a_panic_is_not_made_up(panic: Panic) {
    drop(Panic(panic)); //-
    drop(panic); //+
}

/// E0616: field `cell` of struct `Job` is private
fn the_inside_of_a_job_is_not_seen(job: &Job) {
    drop(&job.cell); //-
    drop(job.task_id()); //+
}

/// E0616: field `cell` of struct `Canceller` is private
fn the_inside_of_a_canceller_is_not_seen(canceller: &Canceller) {
    drop(&canceller.cell); //-
    drop(canceller.id()); //+
}

/// E0616: field `cell` of struct `OnCancel` is private
fn the_inside_of_a_hook_is_not_seen(hook: OnCancel) {
    drop(&hook.cell); //-
    hook.remove(); //+
}

/// E0616: field `handle` of struct `Task` is private
fn the_inside_of_a_task_is_not_seen(task: &Task<u8>) {
    drop(&task.handle); //-
    drop(task.status()); //+
}

/// E0616: field `owner` of struct `Promise` is private
fn the_inside_of_a_promise_is_not_seen(promise: &Promise<u8>) {
    drop(&promise.owner); //-
    drop(promise.task_id()); //+
}

/// E0616: field `core` of struct `Worker` is private
fn the_inside_of_a_turn_is_not_seen(worker: Worker) {
    drop(&worker.core); //-
    worker.run(); //+
}

/// E0616: field `turns` of struct `Manual` is private
fn the_turns_of_a_hand_are_not_seen(manual: &Manual) {
    drop(&manual.turns); //-
    manual.run_one(); //+
}

/// E0616: field `f` of struct `Rejected` is private
fn a_rejected_closure_is_taken_out(rejected: Rejected<fn()>) {
    drop(rejected.f); //-
    drop(rejected.into_inner()); //+
}

/// E0624: method `core` is private
fn the_core_of_an_executor_is_not_reached(pool: &Executor) {
    drop(pool.core()); //-
    drop(pool.snapshot()); //+
}

/// E0624: method `into_cause` is private
fn the_cause_of_a_failed_start_is_borrowed(error: StartError) {
    drop(error.into_cause()); //-
    drop(std::error::Error::source(&error)); //+
}

/// E0603: module `task` is private
fn the_rooms_have_no_doors() {
    use poolbridge::task::Task; //-
    use poolbridge::Task; //+
}

/// E0433: __verify
fn the_inside_of_the_models_is_not_there() {
    drop(poolbridge::__verify::default_executor()); //-
    drop(poolbridge::default_executor()); //+
}
