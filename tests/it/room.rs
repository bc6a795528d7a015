//! `submit_when_ready`: waiting for room, in line.

use std::task::Poll;

use poolbridge::{Cancel, Executor, OnFull, Reason, Shutdown, Status};

use crate::support::{
    Counter, CountingWaker, drive, occupy, outcome, poll_once, poll_with, value, workers,
};

fn bounded(capacity: usize) -> Executor {
    Executor::threads().max_workers(1).queue_capacity(capacity).build().unwrap()
}

#[test]
fn a_submission_with_room_is_ready_at_once() {
    let pool = workers(1);
    let Poll::Ready(task) = poll_once(&mut pool.submit_when_ready(|| 1)) else { panic!("waits") };
    assert_eq!(value(task.unwrap()), 1);
}

/// Nothing is queued before the first poll.
#[test]
fn an_unpolled_submission_takes_no_room() {
    let pool = bounded(1);
    let busy = occupy(&pool);
    let lazy = pool.submit_when_ready(|| 1);
    let queued = pool.try_submit(|| 2).unwrap();
    busy.finish();
    assert_eq!((value(drive(lazy).unwrap()), value(queued)), (1, 2));
}

#[test]
fn places_are_given_in_the_order_of_the_first_polls() {
    let pool = bounded(1);
    let busy = occupy(&pool);
    let place = pool.submit(|| 0);
    let (mut late, mut early) = (pool.submit_when_ready(|| 2), pool.submit_when_ready(|| 1));
    assert!(poll_once(&mut early).is_pending());
    assert!(poll_once(&mut late).is_pending());
    assert!(poll_once(&mut early).is_pending());
    assert_eq!(place.cancel(), Cancel::Prevented);
    assert!(poll_once(&mut late).is_pending(), "the place is not for who comes later");
    let Poll::Ready(Ok(first)) = poll_once(&mut early) else { panic!("not given the place") };
    assert!(poll_once(&mut late).is_pending());
    busy.finish();
    assert_eq!(value(first), 1);
    assert_eq!(value(drive(late).unwrap()), 2);
}

/// A place that was given counts as taken: nobody snatches it.
#[test]
fn a_place_that_was_given_cannot_be_snatched() {
    let pool = bounded(1);
    let busy = occupy(&pool);
    let place = pool.submit(|| 0);
    let mut waits = pool.submit_when_ready(|| 1);
    let (count, waker) = CountingWaker::new();
    assert!(poll_with(&mut waits, &waker).is_pending());
    assert_eq!(place.cancel(), Cancel::Prevented);
    assert_eq!(count.wakes(), 1);
    assert!(pool.try_submit(|| 3).is_err());
    assert!(poll_once(&mut pool.submit_when_ready(|| 4)).is_pending());
    let Poll::Ready(Ok(task)) = poll_once(&mut waits) else { panic!("not given the place") };
    busy.finish();
    assert_eq!(value(task), 1);
}

/// Who leaves the line before its turn changes nothing for the others.
#[test]
fn a_waiter_that_gives_up_leaves_the_line() {
    let pool = bounded(1);
    let busy = occupy(&pool);
    let place = pool.submit(|| 0);
    let dropped = Counter::new();
    let capture = dropped.on_drop();
    let mut first = pool.submit_when_ready(move || drop(capture));
    let mut second = pool.submit_when_ready(|| 2);
    assert!(poll_once(&mut first).is_pending());
    assert!(poll_once(&mut second).is_pending());
    drop(first);
    assert_eq!(dropped.get(), 1);
    assert_eq!(place.cancel(), Cancel::Prevented);
    let Poll::Ready(Ok(task)) = poll_once(&mut second) else { panic!("not given the place") };
    busy.finish();
    assert_eq!(value(task), 2);
}

/// Who gives up after the hand-over passes the place on, once.
#[test]
fn a_waiter_that_gives_up_after_the_hand_over_passes_the_place_on_once() {
    let pool = bounded(1);
    let busy = occupy(&pool);
    let place = pool.submit(|| 0);
    let mut line: Vec<_> = (1..=3).map(|n| pool.submit_when_ready(move || n)).collect();
    let wakers: Vec<_> = line
        .iter_mut()
        .map(|waits| {
            let (count, waker) = CountingWaker::new();
            assert!(poll_with(waits, &waker).is_pending());
            count
        })
        .collect();
    let wakes = || wakers.iter().map(|count| count.wakes()).collect::<Vec<_>>();
    assert_eq!(place.cancel(), Cancel::Prevented);
    assert_eq!(wakes(), [1, 0, 0]);
    drop(line.remove(0));
    assert_eq!(wakes(), [1, 1, 0]);
    let Poll::Ready(Ok(second)) = poll_once(&mut line[0]) else { panic!("not passed on") };
    assert!(poll_once(&mut line[1]).is_pending());
    busy.finish();
    assert_eq!(value(second), 2);
    assert_eq!(value(drive(line.remove(1)).unwrap()), 3);
    drop(line);
    assert_eq!(value(pool.try_submit(|| 9).unwrap()), 9);
}

/// With nobody else in line the place is free again.
#[test]
fn a_place_that_nobody_wants_is_free_again() {
    let pool = bounded(1);
    let busy = occupy(&pool);
    let place = pool.submit(|| 0);
    let mut waits = pool.submit_when_ready(|| 1);
    assert!(poll_once(&mut waits).is_pending());
    assert_eq!(place.cancel(), Cancel::Prevented);
    drop(waits);
    let task = pool.try_submit(|| 2).unwrap();
    busy.finish();
    assert_eq!(value(task), 2);
}

/// R21: a shutdown hands the closure back to who waits.
#[test]
fn a_shutdown_hands_the_closure_back_to_who_waits() {
    let pool = bounded(1);
    let busy = occupy(&pool);
    let queued = pool.submit(|| 0);
    let (mut waits, mut granted) = (pool.submit_when_ready(|| 1), pool.submit_when_ready(|| 2));
    let (count, waker) = CountingWaker::new();
    assert!(poll_once(&mut granted).is_pending());
    assert!(poll_with(&mut waits, &waker).is_pending());
    assert_eq!(queued.cancel(), Cancel::Prevented);
    let termination = pool.shutdown(Shutdown::run_queued());
    assert_eq!(count.wakes(), 1);
    let rejected = drive(granted).unwrap_err();
    assert!(matches!(rejected.reason(), Reason::Closed));
    assert_eq!((rejected.into_inner())(), 2);
    let rejected = drive(waits).unwrap_err();
    assert_eq!((rejected.into_inner())(), 1);
    busy.finish();
    assert_eq!(drive(termination).unwrap().still_running, 0);
}

/// Options go along.
#[test]
fn a_described_job_can_wait_for_room() {
    let pool = bounded(1);
    let busy = occupy(&pool);
    let place = pool.submit(|| 0);
    let mut waits = pool.job(|| 1).name("patient").submit_when_ready();
    assert!(poll_once(&mut waits).is_pending());
    assert_eq!(place.cancel(), Cancel::Prevented);
    let task = drive(waits).unwrap();
    assert_eq!(pool.snapshot().queued[0].name.as_deref(), Some("patient"));
    assert_eq!(task.status(), Status::Pending);
    busy.finish();
    assert_eq!(value(task), 1);
}

/// The bound holds whatever is mixed: a place given to a waiter is not given twice.
#[test]
fn the_bound_holds_when_places_are_given_and_jobs_displaced() {
    let pool = Executor::threads()
        .max_workers(1)
        .queue_capacity(1)
        .on_full(OnFull::DropOldest)
        .build()
        .unwrap();
    let busy = occupy(&pool);
    let place = pool.submit(|| 0);
    let mut waits = pool.submit_when_ready(|| 1);
    assert!(poll_once(&mut waits).is_pending());
    assert_eq!(place.cancel(), Cancel::Prevented);
    let newest = pool.submit(|| 2);
    let first = poll_once(&mut waits);
    assert!(pool.snapshot().queued.len() <= 1, "two jobs in a queue of one");
    busy.finish();
    let _ = outcome(newest);
    drop(first);
}

/// A thousand closures through a queue of one, on one runtime thread.
#[test]
fn a_stream_of_jobs_flows_through_a_small_queue() {
    let pool = bounded(1);
    let sum: u64 = smol::block_on(async {
        let mut tasks = Vec::new();
        for n in 0..1000_u64 {
            tasks.push(pool.submit_when_ready(move || n).await.unwrap());
        }
        let mut sum = 0;
        for task in tasks {
            sum += task.await.unwrap();
        }
        sum
    });
    assert_eq!(sum, 499_500);
}

#[test]
#[should_panic(expected = "resolved")]
fn polling_a_resolved_submission_panics() {
    let pool = workers(1);
    let mut ready = pool.submit_when_ready(|| ());
    assert!(poll_once(&mut ready).is_ready());
    let _ = poll_once(&mut ready);
}
