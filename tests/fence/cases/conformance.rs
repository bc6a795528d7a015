// The suite takes what makes backends, from any thread, again and again.
use poolbridge::conformance::{self, Check, NotApplicable, OwnThreads, Setup, Suite, Verdict};
use poolbridge::{Executor, conformance_tests};
use std::cell::Cell;
use std::sync::{Mutex, MutexGuard};

fn pool() -> Executor {
    Executor::threads().build().unwrap()
}

/// E0277: u8 + Subject
fn a_number_is_no_subject() {
    const SUBJECT: u8 = 1; //-
    const SUBJECT: fn() -> Executor = pool; //+
    conformance::check(SUBJECT);
}

/// E0277: u8 + Backend
fn a_subject_makes_backends() {
    drop(conformance::check(|| 1_u8)); //-
    drop(conformance::check(pool)); //+
}

/// E0277: Cell<u8> + cannot be shared between threads
fn a_subject_is_sync() {
    let count = Cell::new(1_u8); //-
    let count = Mutex::new(1_u8); //+
    drop(Suite::new(move || (drop(&count), pool()).1));
}

/// E0277: MutexGuard + cannot be sent between threads
fn a_subject_is_send(lock: &'static Mutex<u8>) {
    let guard = lock.lock(); //-
    let guard = lock; //+
    drop(Suite::new(move || (drop(&guard), pool()).1));
}

/// E0373: may outlive the current function + `made`
fn a_subject_does_not_borrow() {
    let made = pool();
    drop(Suite::new(|| made.limited(1))); //-
    drop(Suite::new(move || made.limited(1))); //+
}

/// E0525: FnOnce + Fn
fn a_subject_makes_one_each_time() {
    let made = pool();
    drop(Suite::new(move || made)); //-
    drop(Suite::new(move || made.clone())); //+
}

/// E0382: use of moved value: `suite`
fn a_suite_runs_once() {
    let suite = Suite::new(OwnThreads);
    drop(suite.run());
    drop(suite.run()); //-
}

/// E0382: use of moved value: `setup`
fn a_setup_builds_once(setup: Setup) {
    drop(setup.build_threads(Executor::threads()));
    drop(setup.build_threads(Executor::threads())); //-
}

/// E0308: mismatched types + ExecutorBuilder
fn a_setup_knows_what_it_builds(setup: Setup) {
    drop(setup.build(Executor::threads())); //-
    drop(setup.build(Executor::on(pool()))); //+
}

/// E0616: field `body` of struct `Check` is private
fn a_check_is_run_by_the_suite(check: &Check) {
    drop(check.body); //-
    drop(check.name()); //+
}

/// E0423: private fields
fn what_is_not_applicable_says_why() {
    drop(NotApplicable(String::new())); //-
    drop(NotApplicable::new("")); //+
}

/// E0638: `..` required with struct marked as non-exhaustive
fn a_verdict_may_grow(verdict: Verdict) {
    let Verdict { check, outcome } = verdict; //-
    let Verdict { check, outcome, .. } = verdict; //+
}

/// E0277: &str + Backend
fn the_tests_are_of_something_that_makes_backends() {
    conformance_tests!(given, || "a name"); //-
    conformance_tests!(given, poolbridge::conformance::OwnThreads); //+
}

/// E0277: Executor + Subject
fn the_tests_take_a_subject_and_not_a_backend() {
    conformance_tests!(given, pool_of(1)); //-
    conformance_tests!(given, || pool_of(1)); //+
}

fn pool_of(max: usize) -> Executor {
    Executor::threads().max_workers(max).build().unwrap()
}
