//! What a report says, and how it is asked for.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::panic::catch_unwind;

use poolbridge::Executor;
use poolbridge::conformance::{
    NotApplicable, Outcome, OwnThreads, Setup, Subject, Suite, check, checks,
};

/// Has no executors with a bound, and breaks where hooks are wanted.
struct Choosy;

impl Subject for Choosy {
    fn executor(&self, setup: Setup) -> Result<Executor, NotApplicable> {
        if setup.queue_capacity().is_some() {
            return Err(NotApplicable::new("its queue has no bound"));
        }
        assert!(!setup.has_hooks(), "no hooks here");
        OwnThreads.executor(setup)
    }

    fn parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }
}

#[test]
fn a_report_tells_passed_failed_and_not_applicable_apart() {
    let report = check(Choosy);
    assert_eq!(report.verdicts().len(), checks().len());
    let (failed, left_out): (Vec<_>, Vec<_>) =
        (report.failed().collect(), report.not_applicable().collect());
    let hooked = [
        "hooks_that_panic_harm_nobody",
        "an_ending_has_one_order",
        "a_dropped_executor_is_gone_when_its_work_is",
        "job_hooks_run_around_each_job",
    ];
    assert!(failed.iter().map(|(name, _)| *name).eq(hooked), "{report}");
    assert!(failed.iter().all(|(_, fault)| fault.contains("no hooks here")), "{report}");
    let bounded = checks().iter().filter(|check| check.theme() == "room").count();
    let unbounded = left_out.iter().filter(|(_, why)| why.contains("no bound")).count();
    assert_eq!(unbounded, bounded, "{report}");
    let alone = ("jobs_that_wait_for_each_other_run_at_once", "it has one thread");
    assert!(left_out.contains(&alone), "{report}");
    assert!(!report.is_ok());
    let text = report.to_string();
    let passed = checks().len() - failed.len() - left_out.len();
    let sum = format!("{passed} passed, 4 failed, {} not applicable", left_out.len());
    assert!(text.ends_with(&sum), "{text}");
    assert!(text.contains("job_hooks_run_around_each_job: FAILED: panicked: no hooks"), "{text}");
    assert!(text.contains("the promise: Hooks run around each job"), "{text}");
}

#[test]
fn only_the_named_checks_run_in_their_usual_order() {
    let names = ["every_task_ends", "a_submitted_value_arrives"];
    let report = Suite::new(OwnThreads).only(names).run();
    let seen: Vec<_> = report.verdicts().iter().map(|verdict| verdict.check.name()).collect();
    assert_eq!(seen, ["a_submitted_value_arrives", "every_task_ends"]);
    assert!(report.verdicts().iter().all(|verdict| verdict.outcome == Outcome::Passed));
}

#[test]
#[should_panic(expected = "there is no check called every_task_begins")]
fn a_misspelt_name_is_no_check_that_passes() {
    drop(Suite::new(OwnThreads).only(["every_task_begins"]));
}

/// What the tests of `conformance_tests!` do.
#[test]
fn a_failed_check_is_a_failed_test_that_says_the_fault() {
    let run = || poolbridge::conformance::assert_check("job_hooks_run_around_each_job", Choosy);
    let payload = catch_unwind(run).unwrap_err();
    let text = payload.downcast_ref::<String>().unwrap();
    assert!(text.contains("job_hooks_run_around_each_job: FAILED: panicked: no hooks"), "{text}");
}

#[test]
fn each_check_has_a_name_and_a_promise_of_its_own() {
    let names: BTreeSet<_> = checks().iter().map(|check| check.name()).collect();
    let promises: BTreeSet<_> = checks().iter().map(|check| check.promise()).collect();
    assert_eq!((names.len(), promises.len()), (checks().len(), checks().len()));
    assert!(promises.iter().all(|promise| promise.ends_with('.')));
}

/// The rules stand in the list of what the tests hold the crate to.
#[test]
fn each_check_stands_for_rules_of_the_list() {
    let list = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance.md");
    let list = std::fs::read_to_string(list).unwrap();
    for check in checks() {
        assert!(!check.rules().is_empty(), "{check:?}");
        for rule in check.rules().split(' ') {
            assert!(list.contains(&format!("\n| {rule} |")), "{rule} is in no list: {check:?}");
        }
    }
}
