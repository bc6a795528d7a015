//! Wakers that panic whenever they are dropped, in every future of the crate.

use std::cell::Cell;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{RawWaker, RawWakerVTable, Waker};
use std::time::Duration;

use poolbridge::{Executor, Promise, Shutdown, Task, promise};

use crate::support::{FAR, occupy, one_worker, poll_once, poll_with, value};
use crate::watch::{Cases, silence_injected_panics, watch_all};

thread_local! {
    static DROPS: Cell<usize> = const { Cell::new(0) };
}

/// Its clones panic when they are dropped, and the panic names them.
fn bad() -> ManuallyDrop<Waker> {
    fn clone(_: *const ()) -> RawWaker {
        RawWaker::new(std::ptr::null(), &TABLE)
    }
    fn nothing(_: *const ()) {}
    fn drop_panics(_: *const ()) {
        DROPS.set(DROPS.get() + 1);
        if !std::thread::panicking() {
            panic!("injected");
        }
    }
    static TABLE: RawWakerVTable = RawWakerVTable::new(clone, nothing, nothing, drop_panics);
    // SAFETY: no function of the table looks at the pointer.
    ManuallyDrop::new(unsafe { Waker::from_raw(RawWaker::new(std::ptr::null(), &TABLE)) })
}

/// Whatever becomes of a future that such a waker waits for, its drop does not reach the caller.
fn stand<F: Future + Unpin>(make: &dyn Fn() -> F) {
    let before = DROPS.get();
    // Dropped while it waits.
    let mut future = make();
    assert!(poll_with(&mut future, &bad()).is_pending());
    drop(future);
    // Another one takes its place, and another.
    let mut future = make();
    for _ in 0..3 {
        assert!(poll_with(&mut future, &bad()).is_pending());
        assert!(poll_once(&mut future).is_pending());
    }
    drop(future);
    assert!(DROPS.get() > before, "nobody kept the waker");
}

/// Every kind of await, on tasks of `pool` that do not end.
fn stand_all(pool: &Executor) {
    let open = || pool.submit(|| Ok::<u8, std::io::Error>(1));
    stand(&|| open());
    stand(&|| open().timeout(FAR));
    stand(&|| open().timeout(FAR).flatten());
    stand(&|| open().flatten());
    stand(&|| open().timeout_or(FAR, Ok(2)));
    stand(&|| open().shield());
    let kept = open();
    stand(&|| kept.stopped());
    drop(kept);
    let view = pool.limited(1);
    let kept = view.submit(|| ());
    stand(&|| view.shutdown(Shutdown::run_queued()));
    stand(&|| view.shutdown(Shutdown::run_queued()).timeout(FAR));
    drop(kept);
}

fn in_tokio(f: impl FnOnce()) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().build().unwrap().block_on(async { f() });
}

#[test]
fn a_waker_that_panics_at_every_drop_reaches_nobody() {
    let mut cases: Cases = Vec::new();
    let own = || {
        let pool = one_worker();
        let busy = occupy(&pool);
        stand_all(&pool);
        busy.finish();
        assert_eq!(value(pool.submit(|| 1)), 1);
    };
    cases.push(("own threads".into(), Box::new(own)));
    cases.push(("own threads, tokio's clock".into(), Box::new(move || in_tokio(own))));
    let by_hand = || {
        let (pool, manual) = Executor::manual();
        stand_all(&pool);
        manual.run_all();
    };
    cases.push(("by hand".into(), Box::new(by_hand)));
    let bounded = || {
        let pool = Executor::threads().max_workers(1).queue_capacity(1).build().unwrap();
        let busy = occupy(&pool);
        let place = pool.submit(|| ());
        stand(&|| pool.submit_when_ready(|| ()));
        busy.finish();
        value(place);
        assert_eq!(value(pool.submit(|| 1)), 1);
    };
    cases.push(("a bounded queue".into(), Box::new(bounded)));
    watch_all(cases);
}

/// The time is over, the task ends, the runtime goes: with the waker still in there.
#[test]
fn a_waker_that_panics_at_its_drop_harms_no_ending() {
    silence_injected_panics();
    let open = || -> (Promise<u8>, Task<u8>) { promise() };
    // The end of the task finds it.
    let (side, task) = open();
    let mut limited = task.timeout(FAR);
    assert!(poll_with(&mut limited, &bad()).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| side.set_result(1))).is_ok());
    assert!(poll_once(&mut limited).is_ready());
    drop(limited);
    // The time is over at the second look, before its thread has found out.
    let (_side, task) = open();
    let mut limited = task.timeout(Duration::from_micros(50));
    while poll_with(&mut limited, &bad()).is_pending() {}
    drop(limited);
    // The runtime goes while its timer holds it.
    let (_side, task) = open();
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().build().unwrap();
    let inside = runtime.enter();
    let mut limited = task.timeout(FAR);
    drop(inside);
    assert!(poll_with(&mut limited, &bad()).is_pending());
    drop(limited);
    drop(runtime);
}
