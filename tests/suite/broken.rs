//! For each fault of a backend: the promises hold all the same, or the suite names the fault.
//!
//! A short patience is for checks that have to fail; one that has to pass gets all the time it
//! wants.

use std::thread;
use std::time::Duration;

use poolbridge::conformance::{Outcome, Suite, Verdict, check, checks};
use poolbridge::{Executor, TaskError};

use crate::faults::{Fault, Faulty};

/// For what waits for something that never comes.
const SHORT: Duration = Duration::from_secs(1);
/// For what has to be slower than a busy machine, and waits all the same.
const LONG: Duration = Duration::from_secs(4);

/// Promises that no backend can break: nothing has to run for them.
const UNBREAKABLE: [&str; 2] =
    ["a_submission_after_a_shutdown_is_refused", "an_unused_executor_ends_at_once"];
/// Promises that hold over every backend which gives up turns by dropping them.
const KEPT: [&str; 4] = [
    "an_idle_executor_holds_nothing",
    "every_task_ends",
    "a_job_that_is_not_taken_comes_back",
    "an_executor_comes_to_its_end_whatever_happens",
];
/// Checks that start many turns on one worker, one after the other.
const IN_TURN: [&str; 8] = [
    "await_then_submit_goes_on_for_ever",
    "wait_then_submit_goes_on_for_ever",
    "a_panicking_closure_fails_its_task_only",
    "hooks_that_panic_harm_nobody",
    "captures_are_gone_before_a_waiter_hears",
    "callbacks_run_in_order_before_waiters_hear",
    "the_worker_is_free_before_a_waiter_hears",
    "job_hooks_run_around_each_job",
];

/// Checks that hold a job while they go on.
const NEED_THREADS: [&str; 33] = [
    "jobs_that_wait_for_each_other_run_at_once",
    "a_cancel_prevents_a_queued_job",
    "a_cancel_asks_a_running_job_to_stop",
    "a_dropped_task_is_cancelled",
    "a_cancel_hook_runs_once",
    "captures_that_panic_at_a_cancel_harm_nobody",
    "a_waker_that_panics_harms_nobody",
    "an_ending_has_one_order",
    "a_queue_deadline_withdraws_the_job",
    "a_run_deadline_ends_the_task_at_once",
    "an_awaited_limit_ends_the_task_at_once",
    "an_outcome_that_comes_too_late_is_given_back",
    "a_full_queue_hands_the_closure_back",
    "room_is_given_in_line",
    "a_blocked_submitter_goes_on_when_there_is_room",
    "the_oldest_job_makes_room",
    "the_caller_runs_what_has_no_room",
    "a_cancelled_job_frees_its_place",
    "a_cancelled_jobs_destructor_may_submit",
    "a_waker_may_submit",
    "a_place_is_held_until_the_closure_ends",
    "a_busy_view_lets_others_run",
    "a_shutdown_reaches_views",
    "a_dropped_view_runs_what_is_queued",
    "a_wait_in_a_circle_is_refused",
    "urgent_jobs_start_first_and_none_starves",
    "a_shutdown_cancels_what_is_queued",
    "a_shutdown_hands_back_what_is_queued",
    "a_dropped_executor_runs_what_is_queued",
    "a_job_may_drop_the_last_handle",
    "a_shutdown_waits_for_what_runs",
    "a_second_shutdown_may_be_harsher",
    "a_snapshot_tells_what_waits_and_what_runs",
];

/// Every check but these.
fn all_but(names: &[&str]) -> Vec<&'static str> {
    checks().iter().map(|check| check.name()).filter(|name| !names.contains(name)).collect()
}

/// The verdicts of some checks, which run all at once: most of their time is waiting.
fn verdicts(fault: Fault, names: &[&'static str], patience: Option<Duration>) -> Vec<Verdict> {
    let begin = |name: &'static str| {
        thread::spawn(move || {
            let suite = Suite::new(move || Faulty::new(fault)).only([name]);
            match patience {
                Some(patience) => suite.patience(patience).run(),
                None => suite.run(),
            }
        })
    };
    let runs: Vec<_> = names.iter().copied().map(begin).collect();
    runs.into_iter().flat_map(|run| run.join().unwrap().verdicts().to_vec()).collect()
}

/// Each of these checks fails and gives one of the reasons.
#[track_caller]
fn assert_fail(fault: Fault, names: &[&'static str], patience: Option<Duration>, why: &[&str]) {
    for verdict in verdicts(fault, names, patience) {
        let Outcome::Failed(text) = &verdict.outcome else { panic!("{fault:?}: {verdict}") };
        assert!(why.iter().any(|why| text.contains(why)), "{fault:?}: {verdict}");
    }
}

/// Each of these checks fails for one of the reasons, or was lucky: a worker that lingers is not
/// started again.
#[track_caller]
fn assert_fail_or_luck(fault: Fault, names: &[&'static str], why: &[&str]) {
    for verdict in verdicts(fault, names, None) {
        let named = match &verdict.outcome {
            Outcome::Failed(text) => why.iter().any(|why| text.contains(why)),
            outcome => *outcome == Outcome::Passed,
        };
        assert!(named, "{fault:?}: {verdict}");
    }
}

#[track_caller]
fn assert_pass(fault: Fault, names: &[&'static str]) {
    for verdict in verdicts(fault, names, None) {
        assert_eq!(verdict.outcome, Outcome::Passed, "{fault:?}: {verdict}");
    }
}

/// A turn that was started counts, whatever `start` says then.
#[test]
fn a_backend_that_errs_after_it_has_started_the_turn_keeps_every_promise() {
    for fault in [Fault::PanicsAfter, Fault::StartsAndRefuses] {
        let report = check(move || Faulty::new(fault));
        assert!(report.is_ok(), "{fault:?}: {report}");
        assert_eq!(report.not_applicable().count(), 0, "{fault:?}: {report}");
    }
}

#[test]
fn a_backend_that_runs_turns_inline_is_recognised() {
    let report = check(|| Faulty::new(Fault::RunsInline));
    assert!(report.is_ok(), "{report}");
    assert!(report.not_applicable().all(|(_, reason)| reason.contains("inline")), "{report}");
    let left_out: Vec<_> = report.not_applicable().map(|(name, _)| name).collect();
    assert_eq!(left_out, NEED_THREADS, "{report}");
}

/// Nothing hangs: every task ends at once with the reason, and so does every check.
#[test]
fn a_backend_that_starts_nothing_fails_all_that_has_to_run_with_its_own_words() {
    let spared = [&UNBREAKABLE[..], &KEPT[..]].concat();
    let fail = all_but(&spared);
    for (fault, why) in [
        (Fault::DropsAll, "the backend dropped the last turn un-run"),
        (Fault::RefusesAll, "no threads today"),
        (Fault::PanicsBefore, "the backend panicked while it started a worker"),
    ] {
        assert_fail(fault, &fail, None, &[why]);
        assert_pass(fault, &spared);
    }
}

/// The same where turns are dropped behind the submitter's back. A cancelling shutdown may be
/// faster than the drop.
#[test]
fn a_backend_that_drops_turns_elsewhere_fails_all_that_has_to_run() {
    let spared = [&UNBREAKABLE[..], &KEPT[..]].concat();
    let either = "a_shutdown_right_after_a_submission_ends_the_task";
    let fail = all_but(&[&spared[..], &[either]].concat());
    assert_fail(Fault::DropsElsewhere, &fail, None, &["the backend dropped the last turn un-run"]);
    assert_pass(Fault::DropsElsewhere, &spared);
}

/// Every task ends; those that were lucky with their value. Where many turns are needed at once, luck
/// does not help.
#[test]
fn a_backend_that_fails_now_and_then_is_found_out_where_many_turns_are_needed() {
    for (fault, why) in [
        (Fault::DropsSome, "the backend dropped the last turn un-run"),
        (Fault::RefusesSome, "no third thread"),
    ] {
        assert_fail_or_luck(fault, &IN_TURN, &[why]);
        assert_pass(fault, &[&UNBREAKABLE[..], &KEPT[..]].concat());
        let few = ["jobs_that_wait_for_each_other_run_at_once"];
        assert_fail(fault, &few, Some(LONG), &["only 3 of 4 jobs ran at once"]);
    }
}

/// A failed start costs the jobs that wait, and none that comes later.
#[test]
fn an_executor_is_none_the_worse_for_starts_that_failed() {
    for fault in [Fault::DropsSome, Fault::RefusesSome] {
        let pool = Executor::on(Faulty::new(fault)).max_workers(1).build().unwrap();
        for n in 0..300 {
            match pool.submit(move || n).wait() {
                Ok(seen) => assert!(seen == n && n % 3 != 2, "{fault:?}: {n} gave {seen}"),
                Err(TaskError::Broken(_)) => assert_eq!(n % 3, 2, "{fault:?}"),
                Err(error) => panic!("{fault:?}: {n} ended with {error}"),
            }
            // A worker that lingers would take the next job without a start.
            while pool.snapshot().workers > 0 {
                thread::yield_now();
            }
        }
    }
}

/// What a check says of something that never comes.
const KEEPS: [&str; 2] = ["does the backend keep a turn", "hangs while"];

#[test]
fn a_backend_that_keeps_turns_fails_all_that_has_to_run_and_none_hangs() {
    assert_fail(Fault::HoldsAll, &all_but(&UNBREAKABLE), Some(SHORT), &KEEPS);
    assert_pass(Fault::HoldsAll, &UNBREAKABLE);
}

/// Whoever submits without pause, and waits for the first only, does not notice.
#[test]
fn a_backend_that_needs_the_next_start_for_the_last_fails_whatever_waits_for_one_job() {
    let names = [
        &IN_TURN[..7],
        &["a_submitted_value_arrives", "a_job_runs_before_anybody_awaits"],
        &["one_worker_starts_jobs_in_order", "a_cancel_prevents_a_queued_job"],
        &["room_is_given_in_line", "a_destructor_may_submit", "a_shutdown_runs_what_is_queued"],
        &["many_executors_come_and_go", "every_task_ends"],
    ]
    .concat();
    for fault in [Fault::HoldsOne, Fault::RunsLate] {
        assert_fail(fault, &names, Some(SHORT), &KEEPS);
        assert_pass(fault, &UNBREAKABLE);
    }
}

#[test]
fn a_backend_with_fewer_threads_than_it_says_is_found_out() {
    let few = ["jobs_that_wait_for_each_other_run_at_once"];
    assert_fail(Fault::Boasts, &few, Some(LONG), &["only 1 of 4 jobs ran at once"]);
    assert_pass(Fault::Boasts, &all_but(&few));
}

#[test]
fn a_backend_whose_start_waits_for_a_turn_cannot_be_used_from_inside() {
    let fault = "no word came from inside a job";
    let inside = ["a_job_may_submit_to_its_own_executor"];
    assert_fail(Fault::HoldsLock, &inside, Some(LONG), &[fault]);
    assert_fail_or_luck(Fault::HoldsLock, &["a_waker_may_submit"], &[fault]);
}

/// The guard: nobody comes back from `start`, so the check's own thread is lost.
#[test]
fn a_backend_whose_start_does_not_return_is_a_failed_check_and_not_a_hang() {
    let names = all_but(&[
        "a_submission_after_a_shutdown_is_refused",
        "an_unused_executor_ends_at_once",
        "jobs_of_several_threads_run_once_each",
        "a_storm_of_submissions_loses_nothing_to_a_shutdown",
    ]);
    assert_fail(Fault::Blocks, &names, Some(SHORT), &["hangs while"]);
    assert_pass(Fault::Blocks, &UNBREAKABLE);
}
