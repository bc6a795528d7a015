// What is not to be dropped by mistake. A warning for users, an error here.
#![deny(unused_must_use)]
use poolbridge::conformance::{self, OwnThreads, Suite};
use poolbridge::{
    Blocking, Canceller, Executor, Keyed, Shutdown, Task, TaskError, Termination, context,
    run_in_executor, wrap_future,
};
use std::time::Duration;

/// error: Task` that must be used + detach
fn a_submitted_task(pool: &Executor) {
    pool.submit(|| 1); //-
    pool.submit(|| 1).detach(); //+
}

/// error: Task` that must be used
fn a_task_of_run_in_executor() {
    run_in_executor(None, || 1); //-
    run_in_executor(None, || 1).detach(); //+
}

/// error: Task` that must be used
fn a_keyed_task(pool: &Keyed<u8>) {
    pool.submit(1, || 1); //-
    pool.submit(1, || 1).detach(); //+
}

/// error: Task` that must be used
fn a_wrapped_future() {
    wrap_future(Blocking::new(|| 1)); //-
    wrap_future(Blocking::new(|| 1)).detach(); //+
}

/// error: Result` that must be used
fn what_try_submit_says(pool: &Executor) {
    pool.try_submit(|| 1); //-
    drop(pool.try_submit(|| 1)); //+
}

/// error: SubmitWhenReady` that must be used
fn who_waits_for_room(pool: &Executor) {
    pool.submit_when_ready(|| 1); //-
    drop(pool.submit_when_ready(|| 1)); //+
}

/// error: Submission` that must be used
fn a_job_that_is_not_submitted(pool: &Executor) {
    pool.job(|| 1).name("name"); //-
    drop(pool.job(|| 1).name("name")); //+
}

/// error: Cancel` that must be used
fn what_a_cancel_says(task: &Task<u8>) {
    task.cancel(); //-
    drop(task.cancel()); //+
}

/// error: unused return value of `Canceller::prevent`
fn whether_a_task_was_prevented(canceller: &Canceller) {
    canceller.prevent(); //-
    drop(canceller.prevent()); //+
}

/// error: unused return value of + canceller
fn a_canceller(task: &Task<u8>) {
    task.canceller(); //-
    drop(task.canceller()); //+
}

/// error: Result` that must be used
fn an_outcome(task: Task<u8>) {
    task.wait(); //-
    drop(task.wait()); //+
}

/// error: Timeout` that must be used
fn a_limit(task: Task<u8>) {
    task.timeout(Duration::ZERO); //-
    drop(task.timeout(Duration::ZERO)); //+
}

/// error: TimeoutOr` that must be used
fn a_limit_with_a_value(task: Task<u8>) {
    task.timeout_or(Duration::ZERO, 1); //-
    drop(task.timeout_or(Duration::ZERO, 1)); //+
}

/// error: Shielded` that must be used
fn a_shield(task: Task<u8>) {
    task.shield(); //-
    drop(task.shield()); //+
}

/// error: Flatten` that must be used
fn a_flat_task(task: Task<Result<u8, TaskError>>) {
    task.flatten(); //-
    drop(task.flatten()); //+
}

/// error: Stopped` that must be used
fn the_end_of_a_job(task: &Task<u8>) {
    task.stopped(); //-
    drop(task.stopped()); //+
}

/// error: Termination` that must be used
fn a_shutdown(pool: &Executor) {
    pool.shutdown(Shutdown::run_queued()); //-
    drop(pool.shutdown(Shutdown::run_queued())); //+
}

/// error: Termination` that must be used
fn a_keyed_shutdown(pool: &Keyed<u8>) {
    pool.shutdown(Shutdown::run_queued()); //-
    drop(pool.shutdown(Shutdown::run_queued())); //+
}

/// error: TerminationTimeout` that must be used
fn a_shutdown_with_a_limit(end: Termination) {
    end.timeout(Duration::ZERO); //-
    drop(end.timeout(Duration::ZERO)); //+
}

/// error: Result` that must be used
fn the_report_of_a_shutdown(end: Termination) {
    end.wait(); //-
    drop(end.wait()); //+
}

/// error: ExitGuard` that must be used
fn an_exit_guard(pool: &Executor) {
    pool.exit_guard(Duration::ZERO); //-
    let _guard = pool.exit_guard(Duration::ZERO); //+
}

/// error: Manual` in tuple element 1 that must be used
fn the_hand_that_runs_jobs() {
    Executor::manual(); //-
    drop(Executor::manual()); //+
}

/// error: ThreadPoolBuilder` that must be used
fn a_pool_that_is_not_built() {
    Executor::threads().max_workers(1); //-
    drop(Executor::threads().max_workers(1)); //+
}

/// error: ExecutorBuilder` that must be used
fn an_executor_that_is_not_built(pool: Executor) {
    Executor::on(pool).max_workers(1); //-
    drop(Executor::on(pool).max_workers(1)); //+
}

/// error: Result` that must be used
fn a_limit_that_may_not_be_set(pool: &Executor) {
    pool.set_max_workers(0); //-
    drop(pool.set_max_workers(0)); //+
}

/// error: unused return value of + limited
fn a_view(pool: &Executor) {
    pool.limited(1); //-
    drop(pool.limited(1)); //+
}

/// error: unused return value of + lane
fn a_lane(pool: &Keyed<u8>) {
    pool.lane(1); //-
    drop(pool.lane(1)); //+
}

/// error: Blocking` that must be used
fn a_source_that_is_not_wrapped() {
    Blocking::new(|| 1); //-
    drop(Blocking::new(|| 1)); //+
}

/// error: unused return value of + current
fn the_context_of_a_job() {
    context::current(); //-
    drop(context::current()); //+
}

/// error: Suite` that must be used
fn a_suite_that_is_not_run() {
    Suite::new(OwnThreads).only(["one"]); //-
    drop(Suite::new(OwnThreads).only(["one"])); //+
}

/// error: Report` that must be used
fn the_report_of_a_suite() {
    conformance::check(OwnThreads); //-
    drop(conformance::check(OwnThreads)); //+
}
