//! Beds of idle workers: listed once, and a token that was left is taken.

use std::time::Duration;

use loom_tests::{Entry, Model, models};
use poolbridge::__verify::Parker;
use poolbridge::__verify::plan::Plan;
use poolbridge::Executor;

use crate::stub::Threads;

pub(crate) const MODELS: &[Entry] = models![
    no_bed_is_listed_twice_by_who_rises,
    no_bed_is_listed_twice_by_who_was_claimed_in_time,
];

/// Two jobs, the first of which does not return before the second runs: whoever takes one worker for
/// two lets them wait for ever.
fn need_two(executor: &Executor) {
    let met = Parker::new();
    let meets = met.clone();
    executor.submit(move || met.park()).detach();
    executor.submit(move || meets.unpark()).detach();
}

/// Own thread that lies down after a job and rises for a late callback, and a submitter who claims it in
/// between. The token is taken: it does not lie down twice for one sleep, and of two jobs that need each
/// other the second gets a thread. Outcome: threads started. L48.
fn no_bed_is_listed_twice_by_who_rises() {
    Model::bound(1).deep(2).sees_exactly(&["2"]).check(|| {
        let threads = Threads::new();
        let executor = threads.executor(2);
        let ran = Parker::new();
        let runs = ran.clone();
        let mut first = executor.submit(move || runs.unpark());
        ran.park();
        first.add_done_callback(|_| ());
        executor.submit(|| ()).wait().unwrap();
        need_two(&executor);
        drop((first, executor));
        threads.join();
        threads.starts()
    });
}

/// Own thread whose time is over, and a submitter who claims it in the last moment. As above. Outcome:
/// threads started. L48, L30.
fn no_bed_is_listed_twice_by_who_was_claimed_in_time() {
    Model::bound(1).deep(1).plans([Plan::timeout(0)]).sees_exactly(&["2", "3"]).check(|| {
        let threads = Threads::new();
        let executor = threads.builder(2).keep_alive(Duration::from_secs(1)).build().unwrap();
        executor.submit(|| ()).wait().unwrap();
        executor.submit(|| ()).wait().unwrap();
        need_two(&executor);
        drop(executor);
        threads.join();
        threads.starts()
    });
}
