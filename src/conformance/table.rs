//! The checks, each once: its room, its name, the rules it stands for, its promise.

use std::fmt;

use super::lab::{Checked, Lab};

/// One promise that the suite holds a backend to.
///
/// # Examples
/// ```
/// use poolbridge::conformance::checks;
/// let about_cancels = checks().iter().filter(|check| check.theme() == "cancelling");
/// assert!(about_cancels.count() > 1);
/// ```
#[derive(Clone, Copy)]
pub struct Check {
    name: &'static str,
    theme: &'static str,
    rules: &'static str,
    promise: &'static str,
    body: fn(&Lab) -> Checked,
}

impl Check {
    /// Its name, a sentence in snake case; the name of its test as well.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What it is about.
    #[must_use]
    pub fn theme(&self) -> &'static str {
        self.theme
    }

    /// The historic rules that it stands for, as poolbridge's `tests/conformance.md` lists them.
    #[must_use]
    pub fn rules(&self) -> &'static str {
        self.rules
    }

    /// What is promised, in one sentence.
    #[must_use]
    pub fn promise(&self) -> &'static str {
        self.promise
    }

    pub(super) fn run(&self, lab: &Lab) -> Checked {
        (self.body)(lab)
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("name", &self.name)
            .field("theme", &self.theme)
            .field("rules", &self.rules)
            .field("promise", &self.promise)
            .finish()
    }
}

/// All checks, in the order in which a [`Suite`](super::Suite) runs them.
///
/// # Examples
/// ```
/// for check in poolbridge::conformance::checks() {
///     println!("{} ({}): {}", check.name(), check.rules(), check.promise());
/// }
/// ```
#[must_use]
pub fn checks() -> &'static [Check] {
    CHECKS
}

/// Proves a [`Backend`](crate::Backend): one `#[test]` for each promise, in a module.
///
/// It takes an expression that makes a fresh backend at each call, or any other
/// [`Subject`](crate::conformance::Subject), and goes where a module may stand. The module is
/// called `conformance`, or as you say.
///
/// # Examples
/// ```
/// use poolbridge::conformance::OwnThreads;
/// poolbridge::conformance_tests!(OwnThreads);
/// poolbridge::conformance_tests!(once_more, OwnThreads);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! conformance_tests {
    ($subject:expr $(,)?) => {
        $crate::conformance_tests!(conformance, $subject);
    };
    ($module:ident, $subject:expr $(,)?) => {
        mod $module {
            #[allow(unused_imports)]
            use super::*;
            $crate::__conformance_checks!(__conformance_each($subject));
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_each {
    ($subject:tt $($theme:ident $name:ident $rules:literal $promise:literal;)*) => {
        $(
            #[test]
            fn $name() {
                $crate::conformance::assert_check(stringify!($name), $subject);
            }
        )*
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_table {
    (() $($theme:ident $name:ident $rules:literal $promise:literal;)*) => {
        static CHECKS: &[Check] = &[$(Check {
            name: stringify!($name),
            theme: stringify!($theme),
            rules: $rules,
            promise: $promise,
            body: super::$theme::$name,
        }),*];
    };
}

/// Gives the list to another macro.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_checks {
    ($then:ident $given:tt) => {
        $crate::$then! {
            $given
            running a_submitted_value_arrives "E01 X11"
                "The value of a closure arrives, awaited or waited for.";
            running a_job_runs_before_anybody_awaits "E01"
                "A submission is eager: the job runs although nobody looks at its task.";
            running a_closure_runs_exactly_once "X13 X14"
                "Each closure runs exactly once.";
            running a_large_closure_and_outcome_arrive_whole "E02"
                "A closure gets what it carries untouched, however large.";
            running jobs_of_several_threads_run_once_each "X14"
                "Several threads may submit at once; each of their jobs runs once.";
            running the_limit_is_never_exceeded "T03"
                "Never more jobs run at once than the limit says.";
            running jobs_that_wait_for_each_other_run_at_once "T03"
                "As many jobs run at once as the limit and the backend's parallelism allow.";
            running one_worker_starts_jobs_in_order "E01"
                "One worker starts its jobs in the order of submission.";
            running await_then_submit_goes_on_for_ever "T04 R23"
                "An async caller may submit again as soon as it has an outcome, for ever.";
            running wait_then_submit_goes_on_for_ever "T04 R23"
                "A blocking caller may submit again as soon as it has an outcome, for ever.";
            running a_job_finds_its_own_context "E02"
                "A job is given its own context and finds it around itself.";
            cancelling a_cancel_prevents_a_queued_job "R6 R7 G09"
                "A cancelled job leaves the queue at once, captures and all, and never runs.";
            cancelling a_cancel_asks_a_running_job_to_stop "F10 D6"
                "The cancel of a running job is a request that its closure sees.";
            cancelling a_cancel_after_the_end_is_too_late "F10"
                "The cancel of an ended task changes nothing and says so.";
            cancelling a_dropped_task_is_cancelled "R6"
                "Dropping a task cancels it.";
            cancelling a_detached_task_runs "E18"
                "A detached task runs although nobody waits.";
            cancelling a_cancel_against_the_start_has_one_winner "R7"
                "A job that is cancelled while it starts is either run or prevented.";
            cancelling a_cancel_hook_runs_once "F10"
                "A cancel hook runs exactly once, before `cancel` returns.";
            panicking a_panicking_closure_fails_its_task_only "D3 E21"
                "A panic of a closure is its task's error; the next job runs.";
            panicking captures_that_panic_harm_nobody "D3"
                "A panic of a capture's destructor is its task's error; the next job runs.";
            panicking captures_that_panic_at_a_cancel_harm_nobody "D3"
                "A panic of a capture's destructor does not reach who cancels.";
            panicking an_outcome_that_panics_when_dropped_harms_nobody "D3"
                "An outcome that nobody takes may panic when it is dropped.";
            panicking a_payload_that_panics_when_dropped_harms_nobody "D3"
                "A panic's payload may panic when it is dropped.";
            panicking a_callback_that_panics_harms_nobody "G01 R4"
                "A panic of a callback costs no worker and no other callback.";
            panicking hooks_that_panic_harm_nobody "D3"
                "A panic of a hook costs neither its job nor a worker.";
            panicking a_waker_that_panics_harms_nobody "R4"
                "A panic of a waker costs no other observer and no worker.";
            ending captures_are_gone_before_a_waiter_hears "R12"
                "When a waiter hears, the closure's captures are dropped.";
            ending callbacks_run_in_order_before_waiters_hear "R1 R3 G08"
                "Callbacks run in the order of adding, before any waiter hears.";
            ending an_ending_has_one_order "R1 R12 R23"
                "An ending has one order: closure, captures, callbacks, hook, waiters.";
            ending the_worker_is_free_before_a_waiter_hears "R23"
                "When a waiter hears, the job's worker is counted free.";
            ending a_late_callback_runs_at_once "F05"
                "A callback added to an ended task runs at once, on the adding thread.";
            ending a_callback_runs_on_the_executor_of_choice "R2"
                "A callback may be sent to an executor of one's choice.";
            ending an_idle_executor_holds_nothing "E18"
                "An idle executor keeps nothing of its last jobs.";
            timing a_queue_deadline_withdraws_the_job "D11"
                "A job past its queue deadline never runs and is freed at once.";
            timing a_run_deadline_ends_the_task_at_once "D11"
                "A task past its run deadline ends at once; its thread is counted until it returns.";
            timing an_awaited_limit_ends_the_task_at_once "D11"
                "A task past an awaited limit ends at once; its thread is counted until it returns.";
            timing a_far_deadline_changes_nothing "R9"
                "A deadline that does not pass changes nothing.";
            timing an_outcome_that_comes_too_late_is_given_back "D11"
                "An outcome that comes too late goes to `on_abandoned`.";
            room a_full_queue_hands_the_closure_back "S01"
                "A full queue refuses, and hands the closure back.";
            room room_is_given_in_line "R20"
                "Room is given in the order of asking; who leaves passes it on.";
            room a_stream_of_jobs_flows_through_a_small_queue "R20"
                "Who waits for room gets it, for ever.";
            room a_blocked_submitter_goes_on_when_there_is_room "R20"
                "A submitter that blocks at a full queue goes on when there is room.";
            room the_oldest_job_makes_room "D1"
                "Where the oldest job makes room, its task ends as displaced.";
            room the_caller_runs_what_has_no_room "E01"
                "Where the caller helps out, the job has run when `submit` returns.";
            room a_cancelled_job_frees_its_place "G09"
                "A cancelled job frees its place in a bounded queue.";
            nesting a_job_may_submit_to_its_own_executor "R11"
                "A job may submit to its own executor.";
            nesting a_chain_of_submissions_comes_to_its_end "T05"
                "A chain of jobs, each submitted by the one before, comes to its end.";
            nesting a_job_may_wait_for_another_of_its_one_worker "G19"
                "A job may wait for another one, on a single worker too.";
            nesting a_callback_may_submit_and_wait "G19 R11"
                "A callback may submit, and wait, on a single worker too.";
            nesting a_destructor_may_submit "R11"
                "A destructor of a capture or an outcome may submit.";
            nesting a_cancelled_jobs_destructor_may_submit "R11"
                "A destructor that a cancel runs may submit.";
            nesting a_waker_may_submit "R11"
                "A waker may submit.";
            views a_view_keeps_its_limit "T03"
                "Never more jobs of a view run at once than its limit says.";
            views a_place_is_held_until_the_closure_ends "T03"
                "A place in a view is taken until the closure has ended, also if its task was dropped.";
            views a_serial_view_keeps_the_order "E01"
                "A serial view runs its jobs one by one, in the order of submission.";
            views each_key_keeps_its_order "E01"
                "Jobs of one key run one by one, in the order of submission.";
            views views_of_views_work "T03"
                "A view is an executor: it has views of its own.";
            views a_busy_view_lets_others_run "T03"
                "A busy view gives its thread to others after a fair share.";
            views a_closed_view_leaves_its_pool_alone "S01"
                "The shutdown of a view leaves the executor below alone.";
            views a_shutdown_reaches_views "S05"
                "The shutdown of an executor reaches its views first.";
            views a_dropped_view_runs_what_is_queued "S10"
                "Dropping a view runs what is queued in it.";
            views one_worker_serves_jobs_that_wait_for_views "G19"
                "A job may wait for jobs of views of its one worker.";
            views a_wait_in_a_circle_is_refused "G19"
                "A wait that closes a circle over executors is refused, with the tasks named.";
            views urgent_jobs_start_first_and_none_starves "E01"
                "More urgent jobs start first; less urgent ones are delayed, not starved.";
            closing a_shutdown_runs_what_is_queued "S04 S09"
                "After a gentle shutdown every job has run.";
            closing a_shutdown_cancels_what_is_queued "S05 D1"
                "When a cancelling shutdown returns, no queued task is pending.";
            closing a_shutdown_hands_back_what_is_queued "R21"
                "Jobs that a shutdown hands back can be run elsewhere.";
            closing a_submission_after_a_shutdown_is_refused "S01"
                "A submission after a shutdown is refused, and the closure handed back.";
            closing a_worker_cannot_wait_for_its_own_shutdown "G04"
                "Waiting for a shutdown from an own worker is a typed error.";
            closing a_dropped_executor_runs_what_is_queued "S10"
                "Dropping the last handle runs what is queued.";
            closing a_dropped_executor_is_gone_when_its_work_is "S10"
                "An executor without handles and work is gone, hooks and threads and all.";
            closing a_job_may_drop_the_last_handle "R11"
                "A job may drop the last handle of its own executor.";
            closing many_executors_come_and_go "S10"
                "Executors may come and go by the dozen.";
            closing a_shutdown_waits_for_what_runs "X07"
                "A shutdown ends when the last job has; a limit says what still runs.";
            closing a_second_shutdown_may_be_harsher "G17"
                "A second shutdown may be harsher; one of an ended executor ends at once.";
            closing a_storm_of_submissions_loses_nothing_to_a_shutdown "R21"
                "A submission against a shutdown is run, cancelled or refused, never lost.";
            closing a_shutdown_right_after_a_submission_ends_the_task "S14"
                "A job that a shutdown meets at its start has run or was cancelled.";
            closing an_unused_executor_ends_at_once "G17"
                "The shutdown of an executor without jobs ends at once.";
            watching a_snapshot_tells_what_waits_and_what_runs "G09"
                "A snapshot tells what waits, in order, and what runs.";
            watching job_hooks_run_around_each_job "R1"
                "Hooks run around each job, on its thread, with its context.";
            failing every_task_ends "R22 D12"
                "Whatever the backend does, a task ends: with its value or an error that says why.";
            failing a_job_that_is_not_taken_comes_back "R22"
                "Whatever the backend does, a closure that is not taken is handed back.";
            failing an_executor_comes_to_its_end_whatever_happens "S04 D12"
                "Whatever the backend does, a shutdown ends and leaves no task pending.";
        }
    };
}

crate::__conformance_checks!(__conformance_table());
