//! No memory to be had: the n-th allocation of a workload fails, for every n. The process aborts, as
//! everywhere in std; it neither hangs nor goes on with something broken.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use poolbridge::{Executor, Shutdown, promise, run_in_executor};

use crate::process::{Exit, alone, child};
use crate::support::value;

/// The allocations that still succeed; 0: all do.
static LEFT: AtomicUsize = AtomicUsize::new(0);

/// The work came to its end before the allocation that was to fail.
const ALL_SUCCEEDED: i32 = 7;

struct Failing;

// SAFETY: the system's allocator, or a refusal, which is a null pointer.
unsafe impl GlobalAlloc for Failing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let fewer = |left: usize| left.checked_sub(1);
        let fails = LEFT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer) == Ok(1);
        // SAFETY: the caller's promise.
        if fails { std::ptr::null_mut() } else { unsafe { System.alloc(layout) } }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise, and it came from there.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Failing = Failing;

/// Something of everything that allocates.
fn work() {
    let pool = Executor::threads().max_workers(2).queue_capacity(20).build().unwrap();
    let (serial, keyed) = (pool.serial(), pool.keyed());
    let mut task = pool.job(|| 1).name("named").queue_timeout(Duration::from_secs(60)).submit();
    task.add_done_callback(|_| ());
    assert_eq!(value(task.timeout(Duration::from_secs(60)).into_inner()), 1);
    let inner = pool.clone();
    let nested = serial.submit(move || inner.submit(|| 2).wait());
    assert_eq!(value(nested).unwrap(), 2);
    assert_eq!(value(keyed.submit("key", || 3)), 3);
    let (side, task) = promise::<()>();
    side.on_cancel(|| ());
    let _ = task.cancel();
    assert_eq!(value(run_in_executor(None, || 4)), 4);
    let report = pool.shutdown(Shutdown::run_queued()).wait().unwrap();
    assert_eq!(report.still_running, 0);
}

/// An abort is what is wanted: no file of it.
fn without_core_file() {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the value is read during the call.
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &none) };
}

#[test]
fn a_failed_allocation_aborts_wherever_it_is() {
    alone("memory::a_failed_allocation_aborts_wherever_it_is", || {
        without_core_file();
        let mut aborted = 0;
        for n in 1.. {
            let exit = child(|| {
                LEFT.store(n, Ordering::Relaxed);
                work();
                if LEFT.load(Ordering::Relaxed) > 0 {
                    // SAFETY: runs nothing of the parent's.
                    unsafe { libc::_exit(ALL_SUCCEEDED) };
                }
            });
            match exit {
                Exit::Signal(libc::SIGABRT) => aborted += 1,
                Exit::Code(ALL_SUCCEEDED) => break,
                // Somebody knew what to do, or was about to abort on a thread that nobody waits for.
                Exit::Code(0) => {}
                other => panic!("allocation {n}: {other:?}"),
            }
        }
        assert!(aborted > 50, "{aborted} allocations failed");
    });
}
