//! Panics stay inside: each test ends with a pool of one worker that still works.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc;
use std::task::{RawWaker, RawWakerVTable, Wake, Waker};
use std::time::Duration;

use poolbridge::{Cancel, Executor, Shutdown, Status, TaskError, promise};

use crate::support::{
    Counter, Gate, HANG, Log, PanicOnDrop, drive, eventually, occupy, one_worker, outcome,
    poll_with, value,
};

/// The one worker lives: a job runs, no thread was added.
#[track_caller]
fn assert_works(pool: &Executor) {
    assert_eq!(value(pool.submit(|| 1)), 1);
    assert_eq!(pool.snapshot().workers, 1);
}

fn panicked<T>(outcome: Result<T, TaskError>) -> String {
    match outcome {
        Err(TaskError::Panicked(panic)) => panic.message().to_owned(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("no panic"),
    }
}

/// D3, E21
#[test]
fn a_panicking_closure_fails_its_task_only() {
    let pool = one_worker();
    for _ in 0..100 {
        assert_eq!(panicked::<()>(outcome(pool.submit(|| panic!("closure")))), "closure");
    }
    assert_works(&pool);
}

/// D3: captures that panic when the closure's end drops them.
#[test]
fn a_capture_that_panics_after_the_run_fails_the_task() {
    let pool = one_worker();
    let capture = PanicOnDrop;
    let task = pool.submit(move || {
        let _capture = &capture;
        5
    });
    assert_eq!(panicked(outcome(task)), "a destructor panics");
    assert_works(&pool);
}

/// D3: captures that panic when a cancel drops them: the canceller goes on.
#[test]
fn a_capture_that_panics_at_a_cancel_reaches_nobody() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let (capture, told) = (PanicOnDrop, Counter::new());
    let count = told.clone();
    let mut task = pool.submit(move || drop(capture));
    task.add_done_callback(move |_| {
        count.add();
    });
    assert_eq!(task.cancel(), Cancel::Prevented);
    assert_eq!(told.get(), 1);
    assert!(matches!(outcome(task), Err(TaskError::Cancelled)));
    busy.finish();
    assert_works(&pool);
}

/// D3: a boxed large one too, on a refusal.
#[test]
fn a_large_capture_that_panics_at_a_refusal_reaches_nobody() {
    let pool = one_worker();
    drop(pool.shutdown(Shutdown::run_queued()));
    let capture = (PanicOnDrop, [0_u8; 1000]);
    let task = pool.submit(move || drop(capture));
    assert!(matches!(outcome(task), Err(TaskError::Rejected(_))));
}

/// D3: an outcome that nobody takes.
#[test]
fn an_outcome_that_panics_when_dropped_harms_nobody() {
    let pool = one_worker();
    let busy = occupy(&pool);
    pool.submit(|| PanicOnDrop).detach();
    busy.finish();
    assert_works(&pool);
    let task = pool.submit(|| PanicOnDrop);
    eventually(|| task.status() == Status::Finished);
    drop(task);
    let (gate, at_gate) = (Gate::new(), Gate::new());
    let (go, begin) = (at_gate.clone(), gate.clone());
    let task = pool.submit(move || {
        begin.open();
        go.pass();
        PanicOnDrop
    });
    gate.pass();
    assert!(drive(task.timeout(Duration::from_millis(1))).is_err());
    at_gate.open();
    assert_works(&pool);
}

/// D3: a payload that panics when it is dropped.
#[test]
fn a_payload_that_panics_when_dropped_harms_nobody() {
    let pool = one_worker();
    for _ in 0..3 {
        drop(outcome(pool.submit(|| std::panic::panic_any(PanicOnDrop))));
        pool.submit(|| std::panic::panic_any(PanicOnDrop)).detach();
    }
    assert_works(&pool);
    let mut task = pool.submit(|| -> u8 { panic!("with a callback") });
    task.add_done_callback(|_| std::panic::panic_any(PanicOnDrop));
    assert!(outcome(task).is_err());
    assert_works(&pool);
}

/// G01, R4, D3
#[test]
fn a_panicking_callback_costs_no_worker_and_no_other_callback() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let mut task = pool.submit(|| 3);
    let log = Log::new();
    for n in 0..3 {
        let log = log.clone();
        task.add_done_callback(move |_| {
            log.note(n.to_string());
            panic!("callback {n}");
        });
    }
    busy.finish();
    assert_eq!(value(task), 3);
    assert_eq!(log.lines(), ["0", "1", "2"]);
    assert_works(&pool);
}

/// R4: a removed callback whose captures panic.
#[test]
fn a_removed_callback_whose_captures_panic_harms_nobody() {
    let (side, mut task) = promise();
    let capture = PanicOnDrop;
    let id = task.add_done_callback(move |_| {
        let _capture = &capture;
    });
    assert!(task.remove_done_callback(id));
    side.set_result(1).unwrap();
    assert_eq!(value(task), 1);
}

/// R4: on an executor of one's choice, with a clone that panics.
#[test]
fn an_outcome_whose_clone_panics_harms_nobody() {
    #[derive(Debug)]
    struct Uncloneable;
    impl Clone for Uncloneable {
        fn clone(&self) -> Self {
            panic!("no clones")
        }
    }
    let pool = one_worker();
    let busy = occupy(&pool);
    let mut task = pool.submit(|| Uncloneable);
    task.add_done_callback_on(&pool, |_| unreachable!("its clone panicked"));
    busy.finish();
    assert!(outcome(task).is_ok());
    assert_works(&pool);
}

#[test]
fn panicking_hooks_harm_nobody() {
    let stopped = Counter::new();
    let count = stopped.clone();
    let pool = Executor::threads()
        .max_workers(1)
        .before_job(|_| panic!("before_job"))
        .after_job(|_| panic!("after_job"))
        .on_thread_start(|| panic!("on_thread_start"))
        .on_thread_stop(move || {
            count.add();
            panic!("on_thread_stop")
        })
        .build()
        .unwrap();
    assert_works(&pool);
    assert_works(&pool);
    assert_eq!(drive(pool.shutdown(Shutdown::run_queued())).unwrap().still_running, 0);
    assert_eq!(stopped.get(), 1);
}

/// A worker's state that panics when it is dropped.
#[test]
fn worker_state_that_panics_when_dropped_harms_nobody() {
    let pool = Executor::threads().max_workers(1).initializer(|| Ok::<_, String>(PanicOnDrop));
    let pool = pool.build().unwrap();
    assert_works(&pool);
    assert_eq!(drive(pool.shutdown(Shutdown::run_queued())).unwrap().still_running, 0);
}

#[test]
fn a_panicking_on_abandoned_harms_nobody() {
    let pool = one_worker();
    let (gate, begun) = (Gate::new(), Gate::new());
    let (at_gate, at_begun) = (gate.clone(), begun.clone());
    let job = pool.job(move || {
        at_begun.open();
        at_gate.pass();
    });
    let task = job.on_abandoned(|_| panic!("on_abandoned")).submit();
    begun.pass();
    drop(task);
    gate.open();
    assert_works(&pool);
    let task = pool.job(|| 1).on_abandoned(|_| panic!("on_abandoned")).submit();
    eventually(|| task.status().is_done());
    drop(task);
    let unused = PanicOnDrop;
    let task = pool.job(|| 1).on_abandoned(move |_| drop(unused)).submit();
    assert_eq!(value(task), 1);
    assert_works(&pool);
}

#[test]
fn a_panicking_cancel_hook_harms_nobody() {
    let pool = one_worker();
    let (gate, begun) = (Gate::new(), Gate::new());
    let (at_gate, at_begun) = (gate.clone(), begun.clone());
    let (tell, told) = mpsc::channel();
    let task = pool.submit_with(move |cx| {
        cx.on_cancel(|| panic!("cancel hook"));
        cx.on_cancel(move || tell.send(()).unwrap());
        at_begun.open();
        at_gate.pass();
        cx.on_cancel(|| panic!("too late"));
        4
    });
    begun.pass();
    assert_eq!(task.cancel(), Cancel::Requested);
    told.recv_timeout(HANG).unwrap();
    gate.open();
    assert_eq!(value(task), 4);
    assert_works(&pool);
}

/// Panics when it is woken.
struct PanicOnWake;

impl Wake for PanicOnWake {
    fn wake(self: Arc<Self>) {
        panic!("wake");
    }
}

/// R4: the waker of one observer harms no other.
#[test]
fn a_waker_that_panics_when_woken_harms_nobody() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let mut task = pool.submit(|| 5);
    let mut stopped = task.stopped();
    let (count, waker) = crate::support::CountingWaker::new();
    assert!(poll_with(&mut task, &Waker::from(Arc::new(PanicOnWake))).is_pending());
    assert!(poll_with(&mut stopped, &waker).is_pending());
    busy.finish();
    assert_eq!(value(task), 5);
    eventually(|| count.wakes() == 1);
    assert_works(&pool);
}

/// A waker that panics when it is cloned or dropped.
fn panicking_waker(at_clone: bool) -> Waker {
    fn clone_panics(_: *const ()) -> RawWaker {
        panic!("clone")
    }
    fn clone(_: *const ()) -> RawWaker {
        RawWaker::new(std::ptr::null(), &DROP)
    }
    fn nothing(_: *const ()) {}
    fn drop_panics(_: *const ()) {
        panic!("drop")
    }
    static CLONE: RawWakerVTable = RawWakerVTable::new(clone_panics, nothing, nothing, nothing);
    static DROP: RawWakerVTable = RawWakerVTable::new(clone, nothing, nothing, drop_panics);
    let vtable = if at_clone { &CLONE } else { &DROP };
    // SAFETY: no function of the two tables looks at the pointer.
    unsafe { Waker::from_raw(RawWaker::new(std::ptr::null(), vtable)) }
}

/// The clone is made in the poller's own call, which panics; the task is none the worse.
#[test]
fn a_waker_that_panics_when_cloned_harms_only_its_poll() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let mut task = pool.submit(|| 5);
    let waker = panicking_waker(true);
    let polled = catch_unwind(AssertUnwindSafe(|| poll_with(&mut task, &waker)));
    assert!(polled.is_err());
    busy.finish();
    assert_eq!(value(task), 5);
    assert_works(&pool);
}

#[test]
fn a_waker_that_panics_when_dropped_harms_nobody() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let mut task = pool.submit(|| 5);
    let mut stopped = task.stopped();
    let waker = std::mem::ManuallyDrop::new(panicking_waker(false));
    assert!(poll_with(&mut task, &waker).is_pending());
    assert!(poll_with(&mut stopped, &waker).is_pending());
    // Another one takes its place: the first is dropped.
    assert!(poll_with(&mut task, Waker::noop()).is_pending());
    assert!(poll_with(&mut task, &waker).is_pending());
    drop(stopped);
    busy.finish();
    assert_eq!(value(task), 5);
    let (side, mut task) = promise::<u8>();
    assert!(poll_with(&mut task, &waker).is_pending());
    drop(task);
    drop(side);
    assert_works(&pool);
}

/// The same for who waits for a shutdown, and for who waits for room.
#[test]
fn panicking_wakers_harm_neither_a_shutdown_nor_a_queue() {
    let pool = Executor::threads().max_workers(1).queue_capacity(1).build().unwrap();
    let busy = occupy(&pool);
    let place = pool.submit(|| 1);
    let mut waits = pool.submit_when_ready(|| 2);
    let bad = Waker::from(Arc::new(PanicOnWake));
    assert!(poll_with(&mut waits, &bad).is_pending());
    assert_eq!(place.cancel(), Cancel::Prevented);
    busy.finish();
    assert_eq!(value(drive(waits).unwrap()), 2);
    assert_works(&pool);
    let busy = occupy(&pool);
    let mut first = pool.shutdown(Shutdown::run_queued());
    assert!(poll_with(&mut first, &bad).is_pending());
    let second = pool.shutdown(Shutdown::run_queued());
    busy.finish();
    assert_eq!(drive(second).unwrap().still_running, 0);
}

/// The timer's thread lives too.
#[test]
fn a_waker_that_panics_at_a_deadline_stops_no_other_deadline() {
    for _ in 0..3 {
        let (_side, task) = promise::<u8>();
        let mut limit = task.timeout(Duration::from_millis(1));
        let _ = poll_with(&mut limit, &Waker::from(Arc::new(PanicOnWake)));
        let (_other, task) = promise::<u8>();
        let late = drive(task.timeout(Duration::from_millis(5)));
        assert!(matches!(late, Err(TaskError::TimedOut(_))));
    }
}

/// A callback that panics at a deadline.
#[test]
fn a_callback_that_panics_at_a_deadline_stops_no_other_deadline() {
    let pool = one_worker();
    let busy = occupy(&pool);
    for _ in 0..3 {
        let mut task = pool.job(|| ()).queue_timeout(Duration::from_millis(1)).submit();
        task.add_done_callback(|_| panic!("callback at a deadline"));
        assert!(matches!(outcome(task), Err(TaskError::TimedOut(_))));
    }
    busy.finish();
    assert_works(&pool);
}

/// Who drops the last handle of an executor that never had a thread drops its hooks.
#[test]
fn a_hook_whose_destructor_panics_harms_nobody() {
    let (on_start, before) = (PanicOnDrop, PanicOnDrop);
    let pool = poolbridge::Executor::threads()
        .on_thread_start(move || {
            let _ = &on_start;
        })
        .before_job(move |_| {
            let _ = &before;
        })
        .build()
        .unwrap();
    drop(pool);
}

/// The cause of a broken executor is a value of its user's, and may be dropped by anybody.
#[test]
fn a_cause_whose_destructor_panics_harms_nobody() {
    #[derive(Debug)]
    struct Cause(PanicOnDrop);
    impl std::fmt::Display for Cause {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("no state")
        }
    }
    impl std::error::Error for Cause {}
    let pool = poolbridge::Executor::threads()
        .max_workers(1)
        .initializer(|| Err::<(), _>(Cause(PanicOnDrop)))
        .build()
        .unwrap();
    let broken = outcome(pool.limited(1).submit(|| ()));
    assert!(matches!(broken, Err(TaskError::Broken(_))));
    drop((broken, pool));

    /// Here it is this thread alone that has it.
    struct Refusing;
    impl poolbridge::Backend for Refusing {
        fn start(&self, _: poolbridge::Worker) -> Result<(), poolbridge::StartError> {
            Err(poolbridge::StartError::new(Cause(PanicOnDrop)))
        }

        fn parallelism(&self) -> std::num::NonZeroUsize {
            std::num::NonZeroUsize::MIN
        }
    }
    let pool = Executor::on(Refusing).build().unwrap();
    let broken = outcome(pool.submit(|| ()));
    assert!(matches!(broken, Err(TaskError::Broken(_))));
    drop((broken, pool));

    /// Here nobody needs it: there is a thread, and no second one.
    struct OnlyOne(Counter);
    impl poolbridge::Backend for OnlyOne {
        fn start(&self, worker: poolbridge::Worker) -> Result<(), poolbridge::StartError> {
            if self.0.add() > 0 {
                return Err(poolbridge::StartError::new(Cause(PanicOnDrop)));
            }
            std::thread::spawn(move || worker.run());
            Ok(())
        }

        fn parallelism(&self) -> std::num::NonZeroUsize {
            std::num::NonZeroUsize::new(2).unwrap()
        }
    }
    let pool = Executor::on(OnlyOne(Counter::new())).build().unwrap();
    let busy = occupy(&pool);
    let task = pool.submit(|| 1);
    busy.finish();
    assert_eq!(value(task), 1);
}
