//! What a task costs in memory, counted by the allocator, in the threads that take part.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::Future as _;
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use poolbridge::{Cancel, Executor, Task, ThreadPoolBuilder};

static CALLS: AtomicIsize = AtomicIsize::new(0);
static BYTES: AtomicIsize = AtomicIsize::new(0);
static LIVE: AtomicIsize = AtomicIsize::new(0);
/// The same for all threads, the harness's among them.
static LIVE_ANYWHERE: AtomicIsize = AtomicIsize::new(0);

thread_local! {
    /// The harness has threads of its own, which allocate when they like.
    static COUNTED: Cell<bool> = const { Cell::new(false) };
}

struct Counting;

// SAFETY: all work is the system allocator's, with the caller's own promises.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE_ANYWHERE.fetch_add(layout.size() as isize, SeqCst);
        if COUNTED.get() {
            CALLS.fetch_add(1, SeqCst);
            BYTES.fetch_add(layout.size() as isize, SeqCst);
            LIVE.fetch_add(layout.size() as isize, SeqCst);
        }
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE_ANYWHERE.fetch_sub(layout.size() as isize, SeqCst);
        if COUNTED.get() {
            LIVE.fetch_sub(layout.size() as isize, SeqCst);
        }
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One measurement at a time.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    COUNTED.set(true);
    turn
}

/// Allocations and bytes that `f` makes, in all threads.
fn count<R>(f: impl FnOnce() -> R) -> (R, isize, isize) {
    let before = (CALLS.load(SeqCst), BYTES.load(SeqCst));
    let value = f();
    (value, CALLS.load(SeqCst) - before.0, BYTES.load(SeqCst) - before.1)
}

fn one_worker() -> Executor {
    counted().max_workers(1).build().unwrap()
}

/// Threads that are counted.
fn counted() -> ThreadPoolBuilder {
    Executor::threads().on_thread_start(|| COUNTED.set(true))
}

/// Keeps the worker of a pool busy, without allocating, until the switch is on.
fn busy(pool: &Executor) -> (Arc<AtomicBool>, Task<()>) {
    let (open, begun) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (gate, begin) = (Arc::clone(&open), Arc::clone(&begun));
    let task = pool.submit(move || {
        begin.store(true, SeqCst);
        while !gate.load(SeqCst) {
            thread::yield_now();
        }
    });
    while !begun.load(SeqCst) {
        thread::yield_now();
    }
    (open, task)
}

fn warm(pool: &Executor) {
    for n in 0..100_u64 {
        assert_eq!(pool.submit(move || n).wait().unwrap(), n);
    }
}

const TASKS: isize = 1000;

#[test]
fn a_submitted_task_costs_one_allocation_of_at_most_112_bytes() {
    let _turn = alone();
    let pool = one_worker();
    warm(&pool);
    let (sum, calls, bytes) = count(|| {
        (0..TASKS as u64).map(|n| pool.submit(move || n * 2).wait().unwrap()).sum::<u64>()
    });
    assert_eq!(sum, (TASKS * (TASKS - 1)) as u64);
    assert_eq!(calls, TASKS);
    assert!(bytes <= 112 * TASKS, "{} bytes a task", bytes / TASKS);
}

#[test]
fn an_awaited_task_costs_one_allocation() {
    let _turn = alone();
    let pool = one_worker();
    warm(&pool);
    futures::executor::block_on(async {
        for n in 0..100_u64 {
            pool.submit(move || n).await.unwrap();
        }
    });
    let ((), calls, _) = count(|| {
        futures::executor::block_on(async {
            for n in 0..TASKS as u64 {
                assert_eq!(pool.submit(move || n).await.unwrap(), n);
            }
        });
    });
    assert_eq!(calls, TASKS);
}

#[test]
fn a_queued_task_costs_one_allocation_and_a_detached_one_too() {
    let _turn = alone();
    let pool = one_worker();
    warm(&pool);
    let (open, task) = busy(&pool);
    let ((), calls, _) = count(|| (0..TASKS as u64).for_each(|n| pool.submit(move || n).detach()));
    assert_eq!(calls, TASKS);
    open.store(true, SeqCst);
    task.wait().unwrap();
    pool.submit(|| ()).wait().unwrap();
}

#[test]
fn a_promise_costs_one_allocation() {
    let _turn = alone();
    let (_, calls, _) = count(|| {
        for n in 0..TASKS {
            let (side, task) = poolbridge::promise();
            side.set_result(n).unwrap();
            assert_eq!(task.wait().unwrap(), n);
        }
    });
    // The first wait of a thread makes its bed.
    assert!((TASKS..TASKS + 3).contains(&calls), "{calls}");
}

#[test]
fn closures_above_256_bytes_cost_two_allocations() {
    let _turn = alone();
    let pool = one_worker();
    warm(&pool);
    let (small, large) = ([1_u8; 256], [1_u8; 257]);
    let ((), calls, _) = count(|| {
        for _ in 0..TASKS {
            assert_eq!(pool.submit(move || small[255]).wait().unwrap(), 1);
        }
    });
    assert_eq!(calls, TASKS);
    let ((), calls, _) = count(|| {
        for _ in 0..TASKS {
            assert_eq!(pool.submit(move || large[256]).wait().unwrap(), 1);
        }
    });
    assert_eq!(calls, 2 * TASKS);
}

/// The handles live on, the closures do not.
#[test]
fn cancelling_queued_tasks_gives_their_memory_back_within_the_loop() {
    let _turn = alone();
    const MANY: isize = 10_000;
    let pool = one_worker();
    let (open, task) = busy(&pool);
    let before = LIVE.load(SeqCst);
    let boxed: Vec<_> = (0..MANY / 2)
        .map(|_| {
            let block = vec![1_u8; 1024];
            pool.submit(move || block.len())
        })
        .collect();
    let inline: Vec<_> = (0..MANY / 2)
        .map(|_| {
            let block = [1_u8; 1024];
            pool.submit(move || block.len())
        })
        .collect();
    assert!(LIVE.load(SeqCst) - before > MANY * 1024);
    for task in boxed.iter().chain(&inline) {
        assert_eq!(task.cancel(), Cancel::Prevented);
    }
    let left = LIVE.load(SeqCst) - before;
    assert!(left < MANY * 256, "{} bytes a task are left", left / MANY);
    drop((boxed, inline));
    assert!(LIVE.load(SeqCst) - before < 4096);
    open.store(true, SeqCst);
    task.wait().unwrap();
}

/// Nothing grows with the number of jobs that went through.
#[test]
fn an_executor_holds_nothing_after_a_burst() {
    let _turn = alone();
    let pool = one_worker();
    warm(&pool);
    let before = LIVE.load(SeqCst);
    let (open, task) = busy(&pool);
    let tasks: Vec<_> = (0..20_000_u64).map(|n| pool.submit(move || n)).collect();
    open.store(true, SeqCst);
    task.wait().unwrap();
    assert!(tasks.into_iter().map(|task| task.wait().unwrap()).eq(0..20_000));
    let left = LIVE.load(SeqCst) - before;
    assert!(left < 4096, "{left} bytes are left");
}

/// Beside others of about the same time a limit takes a place that is there already; what a storm of
/// limits took is given back with them, however many others stay.
#[test]
fn an_awaited_limit_costs_less_than_an_allocation_and_leaves_nothing() {
    let _turn = alone();
    let now = std::time::Instant::now;
    let [hour, minute] = [3_600, 60].map(|seconds| now() + std::time::Duration::from_secs(seconds));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let mut wait = |until: std::time::Instant| {
        let (side, task) = poolbridge::promise::<u8>();
        let mut limited = task.timeout(until - now());
        assert!(std::pin::Pin::new(&mut limited).poll(&mut cx).is_pending());
        (side, limited)
    };
    let _others: Vec<_> = (0..10).map(|_| wait(minute)).collect();
    let before = LIVE.load(SeqCst);
    let mut storm = Vec::with_capacity(10_000);
    let ((), calls, _) = count(|| storm.extend((0..10_000).map(|_| wait(hour))));
    // One of each is the promise's own.
    assert!(calls < 12_500, "{calls} allocations for 10,000 promises under limits");
    drop(storm);
    let left = LIVE.load(SeqCst) - before;
    assert!(left < 4096, "{left} bytes are left");
}

/// Neither do callbacks, hooks, deadlines and wakers.
#[test]
fn watched_tasks_leave_nothing_behind() {
    let _turn = alone();
    let pool = one_worker();
    let burst = |n: u64| {
        for _ in 0..n {
            let job = pool.job(|| 1).name("watched").on_abandoned(drop);
            let far = std::time::Duration::from_secs(3600);
            let mut task = job.queue_timeout(far).run_timeout(far).submit();
            task.add_done_callback(|_| ());
            assert_eq!(task.wait().unwrap(), 1);
            let (side, task) = poolbridge::promise::<u8>();
            side.on_cancel(|| ());
            drop(task.timeout(far));
        }
    };
    burst(100);
    let before = LIVE.load(SeqCst);
    burst(2000);
    let left = LIVE.load(SeqCst) - before;
    assert!(left < 4096, "{left} bytes are left");
}

/// A pool that has gone has given everything back.
#[test]
fn an_executor_that_is_gone_leaves_nothing() {
    let _turn = alone();
    let make = || {
        let pool = counted().max_workers(2).build().unwrap();
        let tasks: Vec<_> = (0..100_u64).map(|n| pool.submit(move || n)).collect();
        let report = pool.shutdown(poolbridge::Shutdown::run_queued()).wait().unwrap();
        assert_eq!(report.still_running, 0);
        drop(tasks);
    };
    (0..3).for_each(|_| make());
    let before = LIVE_ANYWHERE.load(SeqCst);
    (0..100).for_each(|_| make());
    // A thread may take a moment more to vanish.
    let start = std::time::Instant::now();
    while LIVE_ANYWHERE.load(SeqCst) > before + 4096 {
        let left = LIVE_ANYWHERE.load(SeqCst) - before;
        assert!(start.elapsed().as_secs() < 60, "{left} bytes are left");
        thread::yield_now();
    }
}

/// Nor has an executor whose turn is kept for somebody to run it by hand, whoever goes first.
#[test]
fn a_manual_executor_that_is_gone_leaves_nothing() {
    let _turn = alone();
    let far = std::time::Duration::from_secs(3600);
    let make = |manual_first: bool| {
        let (pool, manual) = Executor::manual();
        let moved = Arc::new([1_u8; 1024]);
        let capture = || Arc::clone(&moved);
        let (queued, limited, run, cancelled) = (capture(), capture(), capture(), capture());
        assert_eq!(
            pool.submit(move || run[0]).timeout(far).into_inner().cancel(),
            Cancel::Prevented
        );
        let run = pool.job(|| 1).run_timeout(far).submit();
        assert!(manual.run_one());
        assert_eq!(run.wait().unwrap(), 1);
        pool.job(move || drop(queued)).queue_timeout(far).submit().detach();
        let mut limit = pool.submit(move || drop(limited)).timeout(far);
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(std::pin::Pin::new(&mut limit).poll(&mut cx).is_pending());
        assert_eq!(pool.submit(move || drop(cancelled)).cancel(), Cancel::Prevented);
        if manual_first {
            drop(manual);
            drop(pool);
        } else {
            drop(pool);
            drop(manual);
        }
        assert_eq!(Arc::strong_count(&moved), 1);
    };
    make(true);
    make(false);
    let before = LIVE.load(SeqCst);
    for n in 0..200 {
        make(n % 2 == 0);
    }
    let left = LIVE.load(SeqCst) - before;
    assert!(left < 4096, "{left} bytes are left");
}

/// What `round` leaves in memory beyond the first time, once it is settled.
fn left_after(rounds: usize, mut round: impl FnMut(usize)) -> isize {
    round(0);
    let before = LIVE.load(SeqCst);
    (1..rounds).for_each(round);
    LIVE.load(SeqCst) - before
}

/// A lane is forgotten with its last job.
#[test]
fn a_million_keys_in_turn_leave_nothing() {
    let _turn = alone();
    let pool = one_worker();
    let keyed = pool.keyed::<usize>();
    let left = left_after(1000, |round| {
        let submit = |n| keyed.submit(round * 1000 + n, move || n);
        let tasks: Vec<_> = (0..1000).map(submit).collect();
        let sum: usize = tasks.into_iter().map(|task| task.wait().unwrap()).sum();
        assert_eq!(sum, 499_500);
    });
    // Up to 64 slots are kept for the next keys, a hundred bytes each.
    assert!(left.abs() < 64 * 1024, "{left} bytes are left");
}

#[test]
fn a_hundred_thousand_cancelled_lanes_leave_nothing() {
    let _turn = alone();
    let pool = one_worker();
    let keyed = pool.keyed::<usize>();
    let (open, task) = busy(&pool);
    let before = LIVE.load(SeqCst);
    let left = left_after(3, |round| {
        let submit = |n: usize| keyed.submit(n ^ round, move || n);
        let tasks: Vec<_> = (0..100_000).map(submit).collect();
        assert!(tasks.iter().all(|task| task.cancel() == Cancel::Prevented));
    });
    assert!(left.abs() < 4096, "{left} bytes are left");
    // Nor are the slots kept that the first round needed.
    let kept = LIVE.load(SeqCst) - before;
    assert!(kept.abs() < 4096, "{kept} bytes are kept");
    open.store(true, SeqCst);
    task.wait().unwrap();
}

/// The pool forgets a view that is over.
#[test]
fn a_hundred_thousand_views_leave_nothing() {
    let _turn = alone();
    let pool = one_worker();
    let keyed = pool.keyed::<usize>();
    let left = left_after(100, |_| {
        for n in 0..1000 {
            let view = match n % 4 {
                0 => pool.serial(),
                1 => pool.limited(2).serial(),
                2 => keyed.lane(n),
                _ => pool.keyed::<u8>().lane(1),
            };
            match n % 7 {
                0 => view.submit(move || n).wait().map(drop).unwrap(),
                1 => drop(view.submit(move || n)),
                2 => drop(view.shutdown(poolbridge::Shutdown::run_queued())),
                _ => {}
            }
        }
        // Whatever was queued before has been served.
        let settled = || pool.snapshot().idle == 1 && keyed.snapshot().workers == 0;
        while !settled() {
            thread::yield_now();
        }
    });
    assert!(left.abs() < 16_384, "{left} bytes are left");
}
