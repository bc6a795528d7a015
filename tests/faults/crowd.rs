//! Two hundred threads that submit to one executor, cancel, wait, drop and time out: every task ends,
//! and the numbers add up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use poolbridge::backends::{Inline, Rayon};
use poolbridge::{Cancel, Executor, Manual, OnFull, Reason, Shutdown, TaskError};

use crate::kind::settle;
use crate::support::{FAR, Gate, drive, outcome, workers};
use crate::tally::Tally;

const THREADS: usize = 200;
const EACH: usize = 20;

/// What became of the submissions, as their submitters saw it.
#[derive(Default)]
struct Sums {
    submitted: AtomicUsize,
    ran: AtomicUsize,
    ended: AtomicUsize,
    prevented: AtomicUsize,
    refused: AtomicUsize,
    let_go: AtomicUsize,
}

fn add(to: &AtomicUsize) {
    to.fetch_add(1, Ordering::SeqCst);
}

/// One submitter's work.
fn submit_all(pool: &Executor, seed: usize, sums: &Arc<Sums>, tally: &Tally) {
    for n in 0..EACH {
        let (count, capture) = (Arc::clone(sums), tally.value());
        add(&sums.submitted);
        let job = move || {
            let _capture = &capture;
            add(&count.ran);
            seed
        };
        let task = match n % 5 {
            0 => pool.job(job).queue_timeout(FAR).run_timeout(FAR).submit(),
            1 => match pool.try_submit(job) {
                Ok(task) => task,
                Err(rejected) => {
                    assert!(matches!(rejected.reason(), Reason::Full));
                    add(&sums.refused);
                    continue;
                }
            },
            _ => pool.submit(job),
        };
        match (seed + n) % 4 {
            0 => {
                // Dropped: cancelled, or run already.
                add(&sums.let_go);
                drop(task);
                continue;
            }
            1 if task.cancel() == Cancel::Prevented => {
                add(&sums.prevented);
                assert!(matches!(outcome(task), Err(TaskError::Cancelled)));
                continue;
            }
            _ => {}
        }
        match outcome(task) {
            Ok(seen) => {
                assert_eq!(seen, seed);
                add(&sums.ended);
            }
            Err(TaskError::Rejected(Reason::Full | Reason::Displaced)) => add(&sums.refused),
            Err(other) => panic!("{other}"),
        }
    }
}

fn crowd(pool: Executor, manual: Option<Manual>) {
    let (sums, tally, start) = (Arc::new(Sums::default()), Tally::default(), Gate::new());
    let threads: Vec<_> = (0..THREADS)
        .map(|seed| {
            let (pool, sums, tally, start) =
                (pool.clone(), Arc::clone(&sums), tally.clone(), start.clone());
            let name = thread::Builder::new().name(format!("submitter-{seed}"));
            let submit = move || {
                start.pass();
                submit_all(&pool, seed, &sums, &tally);
            };
            name.stack_size(256 << 10).spawn(submit).unwrap()
        })
        .collect();
    start.open();
    settle(manual.as_ref(), || threads.iter().all(thread::JoinHandle::is_finished));
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let mut end = pool.shutdown(Shutdown::run_queued());
    if let Some(manual) = &manual {
        manual.run_all();
    }
    let report = drive(&mut end).unwrap();
    assert_eq!(report.still_running, 0);
    let [submitted, ran, ended, prevented, refused, let_go] =
        [&sums.submitted, &sums.ran, &sums.ended, &sums.prevented, &sums.refused, &sums.let_go]
            .map(|sum| sum.load(Ordering::SeqCst));
    assert_eq!(submitted, THREADS * EACH);
    assert_eq!(ended + prevented + refused + let_go, submitted, "some submission was lost");
    assert!(ended <= ran && ran <= ended + let_go, "{ran} ran, {ended} ended, {let_go} let go");
    let seen = pool.snapshot();
    assert_eq!((seen.workers, seen.queued.len(), seen.running.len()), (0, 0, 0));
    let [made, dropped] = tally.counts();
    assert_eq!((made, dropped), (submitted, submitted));
}

#[test]
fn two_hundred_threads_submit_to_own_threads() {
    crowd(workers(1), None);
    crowd(workers(4), None);
    let fleeting = Executor::threads().max_workers(8).keep_alive(Duration::ZERO);
    crowd(fleeting.build().unwrap(), None);
}

#[test]
fn two_hundred_threads_submit_to_a_bounded_queue() {
    let policies = [OnFull::Reject, OnFull::Block, OnFull::RunOnCaller, OnFull::DropOldest];
    for policy in policies {
        let pool = Executor::threads().max_workers(2).queue_capacity(10).on_full(policy);
        crowd(pool.build().unwrap(), None);
    }
}

#[test]
fn two_hundred_threads_submit_to_views() {
    let pool = workers(4);
    crowd(pool.limited(2), None);
    crowd(pool.serial(), None);
    crowd(pool.keyed().lane("key"), None);
    crowd(pool.limited(3).serial(), None);
}

#[test]
fn two_hundred_threads_submit_to_threads_of_others() {
    let rayon = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    crowd(Executor::on(Rayon::pool(Arc::new(rayon))).build().unwrap(), None);
    let futures = futures::executor::ThreadPoolBuilder::new().pool_size(2).create().unwrap();
    crowd(Executor::futures(futures), None);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    crowd(Executor::tokio(runtime.handle().clone()), None);
}

#[test]
fn two_hundred_threads_submit_to_no_threads() {
    crowd(Executor::on(Inline).build().unwrap(), None);
    let (pool, manual) = Executor::manual();
    crowd(pool, Some(manual));
}
