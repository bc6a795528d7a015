// Shutdowns, their reports, and jobs that come back.
use poolbridge::{
    ExitGuard, Job, Manual, Report, Shutdown, Snapshot, TaskInfo, Termination, WouldDeadlock,
};
use std::rc::Rc;
use std::time::Duration;

/// E0382: use of moved value: `end`
fn an_end_is_waited_for_once(end: Termination) {
    drop(end.wait());
    drop(end.wait()); //-
}

/// E0382: use of moved value: `end`
fn an_end_has_one_limit(end: Termination) {
    drop(end.timeout(Duration::ZERO));
    drop(end.wait_timeout(Duration::ZERO)); //-
}

/// E0596: cannot borrow `*end` as mutable
fn jobs_are_taken_out_by_the_owner_of_the_end(
    end: &Termination, //-
    end: &mut Termination, //+
) {
    drop(end.take_handed_back());
}

/// E0382: use of moved value: `job`
fn a_job_that_came_back_runs_once(job: Job) {
    job.run();
    job.run(); //-
}

/// E0599: no method named `clone` found for struct `Job`
fn a_job_that_came_back_is_not_copied(job: Job) {
    job.clone().run(); //-
    job.run(); //+
}

/// E0507: cannot move out of + report
fn jobs_of_a_report_are_run_by_its_owner(
    report: &Report, //-
    report: Report, //+
) {
    report.handed_back.into_iter().for_each(Job::run);
}

/// E0382: use of moved value: `guard`
fn an_exit_guard_finishes_once(guard: ExitGuard) {
    drop(guard.finish());
    drop(guard.finish()); //-
}

/// E0599: no method named `clone` found for struct `Manual`
fn one_hand_runs_the_jobs(manual: Manual) {
    drop(manual.clone()); //-
    drop(manual); //+
}

/// E0639: cannot create non-exhaustive struct using struct expression
fn a_report_is_not_made_up() {
    drop(Report { finished: 0, cancelled: 0, still_running: 0, handed_back: Vec::new() }); //-
    drop(Report::default()); //+
}

/// E0638: `..` required with struct marked as non-exhaustive
fn a_report_may_grow(report: Report) {
    let Report { finished, cancelled, still_running, handed_back } = report; //-
    let Report { finished, cancelled, still_running, handed_back, .. } = report; //+
}

/// E0638: `..` required with struct marked as non-exhaustive
fn a_snapshot_may_grow(snapshot: Snapshot) {
    let Snapshot { queued, running, workers, idle, closed } = snapshot; //-
    let Snapshot { queued, running, workers, idle, closed, .. } = snapshot; //+
}

/// E0638: `..` required with struct marked as non-exhaustive
fn what_is_told_of_a_task_may_grow(task: TaskInfo) {
    let TaskInfo { id, name, label, awaited, asked_to_stop, status } = task; //-
    let TaskInfo { id, name, label, awaited, asked_to_stop, status, .. } = task; //+
}

/// E0596: cannot borrow + as mutable
fn a_refused_wait_cannot_be_rewritten(error: &WouldDeadlock) {
    error.tasks().reverse(); //-
    error.tasks().to_vec().reverse(); //+
}

/// E0308: mismatched types + Shutdown
fn a_shutdown_says_how(pool: &poolbridge::Executor) {
    drop(pool.shutdown(poolbridge::Queued::Run)); //-
    drop(pool.shutdown(Shutdown::run_queued())); //+
}
