//! Three kinds of time running out, by the crate's own clock.

use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::task::{Poll, RawWaker, RawWakerVTable, Waker};
use std::time::Duration;

use poolbridge::{Cancel, Executor, Expired, Status, TaskError, promise};

use crate::support::{
    Counter, CountingWaker, FAR, Gate, HANG, Log, drive, eventually, occupy, one_worker, outcome,
    poll_once, poll_with, value, within, workers,
};

const SHORT: Duration = Duration::from_millis(2);

fn timed_out<T>(outcome: Result<T, TaskError>) -> Expired {
    match outcome {
        Err(TaskError::TimedOut(why)) => why,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("not timed out"),
    }
}

/// D11: a wait that runs out, a queue deadline, a run deadline, an awaited limit: four errors.
#[test]
fn the_kinds_of_timeouts_are_told_apart() {
    let pool = one_worker();
    let gate = Gate::new();
    let at_gate = gate.clone();
    let run = pool.job(move || at_gate.pass()).run_timeout(SHORT).submit();
    let mut queued = pool.job(|| ()).queue_timeout(SHORT).submit();
    let awaited = pool.submit(|| ());
    assert!(awaited.canceller().status() == Status::Pending);
    assert_eq!(timed_out(drive(awaited.timeout(SHORT))), Expired::Await);
    assert_eq!(timed_out(queued.result(HANG).unwrap()), Expired::Queue);
    assert_eq!(timed_out(outcome(run)), Expired::Run);
    let mut waiting = pool.submit(|| ());
    assert!(waiting.result(SHORT).is_err());
    assert_eq!(waiting.status(), Status::Pending);
    gate.open();
    value(waiting);
}

/// A queued job whose awaited limit passed never runs.
#[test]
fn an_awaited_limit_prevents_a_queued_job() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let dropped = Counter::new();
    let capture = dropped.on_drop();
    let task = pool.submit(move || {
        drop(capture);
        unreachable!("timed out in the queue")
    });
    assert_eq!(timed_out::<()>(drive(task.timeout(SHORT))), Expired::Await);
    assert_eq!((dropped.get(), pool.snapshot().queued.len()), (1, 0));
    busy.finish();
}

/// A running one is asked to stop and abandoned: owned, counted, listed until its thread is back.
#[test]
fn abandoned_work_stays_in_the_snapshot_until_its_thread_returns() {
    let pool = one_worker();
    let (gate, begun) = (Gate::new(), Gate::new());
    let (at_gate, at_begun) = (gate.clone(), begun.clone());
    let (tell, told) = mpsc::channel();
    let task = pool.submit_with(move |cx| {
        at_begun.open();
        at_gate.pass();
        tell.send(cx.is_cancelled()).unwrap();
    });
    begun.pass();
    let (id, mut stopped) = (task.id(), task.stopped());
    assert_eq!(timed_out(drive(task.timeout(SHORT))), Expired::Await);
    let seen = pool.snapshot();
    assert_eq!((seen.running[0].id, seen.running[0].status), (id, Status::Failed));
    assert_eq!((seen.workers, seen.idle), (1, 0));
    assert!(seen.abandoned().map(|info| info.id).eq([id]));
    let next = pool.submit(|| ());
    assert_eq!(next.status(), Status::Pending);
    assert!(poll_once(&mut stopped).is_pending());
    gate.open();
    assert!(told.recv_timeout(HANG).unwrap());
    drive(stopped);
    value(next);
    let seen = pool.snapshot();
    assert!(seen.running.is_empty() && seen.abandoned().next().is_none());
}

/// The same for a run deadline: the task is over at once, the thread later.
#[test]
fn a_run_deadline_ends_the_task_and_asks_the_closure_to_stop() {
    let pool = one_worker();
    let gate = Gate::new();
    let at_gate = gate.clone();
    let hooks = Counter::new();
    let count = hooks.clone();
    let job = pool.job(move || {
        let cx = poolbridge::context::current().unwrap();
        cx.on_cancel(move || {
            count.add();
        });
        at_gate.pass();
        cx.check()
    });
    let mut task = job.run_timeout(SHORT).submit();
    let stopped = task.stopped();
    assert_eq!(timed_out(task.result(HANG).unwrap()), Expired::Run);
    assert_eq!((task.status(), task.cancel()), (Status::Failed, Cancel::TooLate));
    assert_eq!(hooks.get(), 1);
    gate.open();
    drive(stopped);
}

/// R9: what is over in time is not timed out, however short the limit.
#[test]
fn a_completion_wins_over_a_deadline_at_the_same_instant() {
    let (side, task) = promise();
    let mut timeout = task.timeout(Duration::ZERO);
    side.set_result(5).unwrap();
    assert!(matches!(poll_once(&mut timeout), Poll::Ready(Ok(5))));
    let (side, mut task) = promise();
    side.set_result(5).unwrap();
    assert_eq!(task.result(Duration::ZERO).unwrap().unwrap(), 5);
}

/// Zero looks once: an open task is over at the first poll.
#[test]
fn a_zero_limit_looks_once() {
    let (side, task) = promise::<u8>();
    let Poll::Ready(late) = poll_once(&mut task.timeout(Duration::ZERO)) else { panic!("waits") };
    assert_eq!(timed_out(late), Expired::Await);
    assert!(side.is_cancelled());
    let pool = one_worker();
    let busy = occupy(&pool);
    let queued = pool.job(|| ()).queue_timeout(Duration::ZERO).submit();
    assert_eq!(timed_out(outcome(queued)), Expired::Queue);
    busy.finish();
    let gate = Gate::new();
    let at_gate = gate.clone();
    let run = pool.job(move || at_gate.pass()).run_timeout(Duration::ZERO).submit();
    assert_eq!(timed_out(outcome(run)), Expired::Run);
    gate.open();
}

/// More than the clock can say is no limit.
#[test]
fn the_longest_limit_is_none() {
    let pool = one_worker();
    let mut described =
        pool.job(|| 1).queue_timeout(Duration::MAX).run_timeout(Duration::MAX).submit();
    assert_eq!(described.result(Duration::MAX).unwrap().unwrap(), 1);
    assert_eq!(drive(pool.submit(|| 2).timeout(Duration::MAX)).unwrap(), 2);
    assert_eq!(drive(pool.submit(|| 3).timeout_or(Duration::MAX, 9)).unwrap(), 3);
}

/// A value instead of the error, for this limit only.
#[test]
fn timeout_or_gives_the_value_when_the_time_is_over() {
    let (side, task) = promise();
    assert_eq!(drive(task.timeout_or(SHORT, 7)).unwrap(), 7);
    assert_eq!(side.set_result(1), Err(1));
    let (side, task) = promise::<u8>();
    drop(side);
    assert!(matches!(drive(task.timeout_or(FAR, 7)), Err(TaskError::Lost)));
    let pool = one_worker();
    let busy = occupy(&pool);
    let queued = pool.job(|| 1).queue_timeout(SHORT).submit();
    assert_eq!(timed_out(drive(queued.timeout_or(FAR, 7))), Expired::Queue);
    busy.finish();
}

/// A `Timeout` given up gives the task back; dropped, it cancels.
#[test]
fn a_timeout_gives_the_task_back() {
    let (side, task) = promise();
    let mut timeout = task.timeout(FAR);
    assert!(poll_once(&mut timeout).is_pending());
    let task = timeout.into_inner();
    side.set_result(3).unwrap();
    assert_eq!(value(task), 3);
    let (side, task) = promise::<u8>();
    drop(task.timeout(FAR));
    assert!(side.is_cancelled());
}

/// The clock starts at the call, not at the first poll.
#[test]
fn the_time_runs_from_the_call() {
    let (_side, task) = promise::<u8>();
    let mut early = task.timeout(SHORT);
    let (_other, task) = promise::<u8>();
    assert_eq!(timed_out(drive(task.timeout(SHORT * 2))), Expired::Await);
    assert!(poll_once(&mut early).is_ready());
}

/// A shielded task's limit leaves the work alone.
#[test]
fn a_limit_around_a_shield_leaves_the_work_alone() {
    let (side, task) = promise();
    let mut shielded = task.shield();
    drive(async {
        let (_never, limit) = promise::<()>();
        let limit = limit.timeout(SHORT);
        let first = futures::future::select(&mut shielded, limit).await;
        assert!(matches!(first, futures::future::Either::Right(_)));
    });
    assert!(!side.is_cancelled());
    side.set_result(1).unwrap();
    assert_eq!(drive(shielded).unwrap(), 1);
}

/// The waker of a limit goes with its future.
#[test]
fn a_dropped_timeout_leaves_no_waker_behind() {
    let (_side, task) = promise::<u8>();
    let (count, waker) = CountingWaker::new();
    let mut timeout = task.timeout(FAR);
    assert!(poll_with(&mut timeout, &waker).is_pending());
    drop((timeout, waker));
    assert_eq!(std::sync::Arc::strong_count(&count), 1);
}

/// Whoever polled last is woken, and nobody's waker is kept longer than that.
#[test]
fn a_limit_wakes_whoever_polled_last() {
    /// Not so if the time was over before all had polled.
    fn is_shown(limit: Duration) -> bool {
        let (_side, task) = promise::<u8>();
        let [(first, old), (second, new)] = [(); 2].map(|()| CountingWaker::new());
        let mut timeout = task.timeout(limit);
        let mut waits = |waker| poll_with(&mut timeout, waker).is_pending();
        // Twice: a waker that is set is not set anew.
        if !waits(&old) || !waits(&new) || !waits(&new) {
            return false;
        }
        drop(old);
        assert_eq!(std::sync::Arc::strong_count(&first), 1);
        eventually(|| second.wakes() == 1);
        assert_eq!(first.wakes(), 0);
        assert_eq!(timed_out(drive(timeout)), Expired::Await);
        drop(new);
        eventually(|| std::sync::Arc::strong_count(&second) == 1);
        true
    }
    assert!([20, 200, 2_000, 20_000].map(Duration::from_millis).into_iter().any(is_shown));
}

/// A waker that is set is not set anew: neither the task's place nor the clock's.
#[test]
fn a_limit_that_is_polled_again_clones_no_waker() {
    static VTABLE: RawWakerVTable = RawWakerVTable::new(cloned, |_| (), |_| (), |_| ());
    static CLONES: AtomicUsize = AtomicUsize::new(0);

    fn cloned(data: *const ()) -> RawWaker {
        CLONES.fetch_add(1, Ordering::SeqCst);
        RawWaker::new(data, &VTABLE)
    }

    // SAFETY: there is nothing behind the pointer, and nobody looks.
    let waker = unsafe { Waker::new(std::ptr::null(), &VTABLE) };
    let (pool, _manual) = Executor::manual();
    for mut limited in [pool.submit(|| 1).timeout(FAR), promise().1.timeout(FAR)] {
        assert!(poll_with(&mut limited, &waker).is_pending());
        let clones = CLONES.load(Ordering::SeqCst);
        assert!(poll_with(&mut limited, &waker).is_pending());
        assert_eq!(CLONES.load(Ordering::SeqCst), clones);
    }
}

/// The waker of whoever is in that place now. Its clones are of that one.
fn waker_of_a_place(place: &Mutex<Waker>) -> ManuallyDrop<Waker> {
    static VTABLE: RawWakerVTable = RawWakerVTable::new(cloned, woken, woken, dropped);

    fn cloned(place: *const ()) -> RawWaker {
        // SAFETY: the data is a borrowed place, and the waker is used while it is there.
        let place = unsafe { &*place.cast::<Mutex<Waker>>() };
        let waker = ManuallyDrop::new(place.lock().unwrap().clone());
        RawWaker::new(waker.data(), waker.vtable())
    }

    fn woken(_: *const ()) {
        panic!("only clones are woken");
    }

    fn dropped(_: *const ()) {}

    // SAFETY: a clone is another's, whose contract is held; this one has nothing to drop.
    let waker = unsafe { Waker::new(std::ptr::from_ref(place).cast(), &VTABLE) };
    ManuallyDrop::new(waker)
}

/// Some executors poll with a waker on their stack: the same place, another task.
#[test]
fn a_limit_is_not_deceived_by_wakers_in_the_same_place() {
    /// Polls as the one, then as the other; whether both have to wait.
    fn both_wait<F: Future + Unpin>(limited: &mut F, one: Waker, other: Waker) -> bool {
        let place = Mutex::new(one);
        let waker = waker_of_a_place(&place);
        let is_first = poll_with(limited, &waker).is_pending();
        *place.lock().unwrap() = other;
        is_first && poll_with(limited, &waker).is_pending()
    }

    let [(first, one), (second, other)] = [(); 2].map(|()| CountingWaker::new());
    let (pool, manual) = Executor::manual();
    let mut by_manual = pool.submit(|| 7).timeout(FAR);
    assert!(both_wait(&mut by_manual, one.clone(), other.clone()));
    manual.advance(FAR);
    assert_eq!((first.wakes(), second.wakes()), (0, 1));

    let by_ours = |limit| {
        let (_side, task) = promise::<u8>();
        let mut limited = task.timeout(limit);
        let is_shown = both_wait(&mut limited, one.clone(), other.clone());
        if is_shown {
            eventually(|| second.wakes() == 2);
        }
        is_shown
    };
    assert!([20, 200, 2_000, 20_000].map(Duration::from_millis).into_iter().any(by_ours));
}

/// Callbacks of an expired task run, see the error, and may be added meanwhile.
#[test]
fn callbacks_see_an_expiry() {
    let (side, mut task) = promise::<u8>();
    assert!(side.set_running());
    let log = Log::new();
    let note = log.clone();
    task.add_done_callback(move |outcome| note.note(format!("{outcome:?}")));
    assert_eq!(timed_out(drive(task.timeout(Duration::ZERO))), Expired::Await);
    assert_eq!(log.lines(), ["Err(TimedOut(Await))"]);
}

/// The outcome is there, but not to be taken before its callbacks are over: the limit does not wait.
#[test]
fn a_limit_does_not_wait_for_callbacks_of_another_thread() {
    let (side, mut task) = promise::<u8>();
    let (gate, inside) = (Gate::new(), Gate::new());
    let (at_gate, at_inside) = (gate.clone(), inside.clone());
    task.add_done_callback(move |_| {
        at_inside.open();
        at_gate.pass();
    });
    let completing = std::thread::spawn(move || side.set_result(1));
    inside.pass();
    let late = within(move || drive(task.timeout(Duration::ZERO)));
    assert_eq!(timed_out(late), Expired::Await);
    gate.open();
    completing.join().unwrap().unwrap();
}

/// Nobody's timer runs user code: a callback that blocks stops no other deadline.
#[test]
fn a_blocking_callback_of_one_deadline_does_not_stop_the_others() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let (gate, inside) = (Gate::new(), Gate::new());
    let mut blocking: Vec<_> = (0..3)
        .map(|_| {
            let (at_gate, at_inside) = (gate.clone(), inside.clone());
            let mut task = pool.job(|| ()).queue_timeout(Duration::from_millis(20)).submit();
            task.add_done_callback(move |_| {
                at_inside.open();
                at_gate.pass();
            });
            task
        })
        .collect();
    inside.pass();
    for _ in 0..20 {
        let other = pool.job(|| ()).queue_timeout(SHORT).submit();
        assert_eq!(timed_out(outcome(other)), Expired::Queue);
    }
    assert!(blocking.iter().all(|task| task.status() == Status::Failed || !gate.is_open()));
    gate.open();
    for task in blocking.drain(..) {
        assert_eq!(timed_out(outcome(task)), Expired::Queue);
    }
    busy.finish();
}

/// The same while ever nearer deadlines are set, which wake whoever keeps the clock.
#[test]
fn a_blocking_callback_stops_no_deadline_while_others_are_set() {
    let pool = one_worker();
    let busy = occupy(&pool);
    for round in 0..100 {
        let gate = Gate::new();
        let blocking: Vec<_> = (0..3)
            .map(|n| {
                let at_gate = gate.clone();
                let limit = Duration::from_micros(200 + 50 * n);
                let mut task = pool.job(|| ()).queue_timeout(limit).submit();
                // A deadline that was faster than this line runs the callback here.
                let here = std::thread::current().id();
                task.add_done_callback(move |_| {
                    if std::thread::current().id() != here {
                        at_gate.pass();
                    }
                });
                task
            })
            .collect();
        let nearer: Vec<_> = (0..50_u64)
            .map(|n| pool.job(|| ()).queue_timeout(Duration::from_micros(2000 - 35 * n)).submit())
            .collect();
        for mut task in nearer {
            let ended = task.result(HANG / 6);
            assert!(ended.is_ok(), "round {round}: a deadline has not fired");
        }
        gate.open();
        blocking.into_iter().for_each(|task| assert!(outcome(task).is_err()));
    }
    busy.finish();
}

/// Many deadlines at once, in any order.
#[test]
fn a_thousand_deadlines_all_fire() {
    let pool = workers(1);
    let busy = occupy(&pool);
    let tasks: Vec<_> = (0..1000_u64)
        .map(|n| pool.job(|| ()).queue_timeout(Duration::from_micros(n * 37 % 5000)).submit())
        .collect();
    for task in tasks {
        assert_eq!(timed_out(outcome(task)), Expired::Queue);
    }
    eventually(|| pool.snapshot().queued.is_empty());
    busy.finish();
}

/// Jobs that end while a snapshot is taken are not abandoned: no task here ever times out.
#[test]
fn work_that_ends_by_itself_is_never_listed_as_abandoned() {
    let pool = workers(2);
    let mut wrong = Vec::new();
    for _ in 0..10 {
        let tasks: Vec<_> = (0..20_000).map(|n| pool.submit(move || n)).collect();
        while !pool.snapshot().queued.is_empty() {
            wrong.extend(pool.snapshot().abandoned().map(|info| (info.id, info.status)));
        }
        assert!(tasks.into_iter().map(value).eq(0..20_000));
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}
