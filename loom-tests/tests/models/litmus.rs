//! The checker checked: the facade's atomics show every outcome the memory model has, and no
//! other. If one of these fails, no other model's pass means anything.

use loom_tests::{Entry, Model, models, thread};
use poolbridge::__verify::{Arc, AtomicUsize, Condvar, Mutex, Ordering, fence};

use Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

pub(crate) const MODELS: &[Entry] = models![
    load_then_swap_hides_no_interleaving,
    relaxed_message_arrives_in_any_order,
    released_message_is_never_missing,
    store_buffers_hide_stores,
    fences_empty_store_buffers,
    one_atomic_never_goes_back,
    planned_waits_return,
];

fn two() -> Arc<(AtomicUsize, AtomicUsize)> {
    Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)))
}

/// Two threads that load and then compare-and-swap, one that looks on. The shape of every state
/// machine here, and the one of which bare loom finds 3 outcomes.
///
/// Outcomes: what the onlooker saw, and of both swappers what they loaded and whether they won.
fn load_then_swap_hides_no_interleaving() {
    let swapper = |shared: &Arc<AtomicUsize>| {
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            let seen = shared.load(Acquire);
            let won = shared.compare_exchange(seen, seen + 1, AcqRel, Acquire).is_ok();
            (seen, won)
        })
    };
    let exact = [
        "(0, (0, true), (0, false))",
        "(1, (0, true), (0, false))",
        "(0, (0, false), (0, true))",
        "(1, (0, false), (0, true))",
        "(0, (0, true), (1, true))",
        "(1, (0, true), (1, true))",
        "(2, (0, true), (1, true))",
        "(0, (1, true), (0, true))",
        "(1, (1, true), (0, true))",
        "(2, (1, true), (0, true))",
    ];
    Model::bound(2).sees_exactly(&exact).check(move || {
        let shared = Arc::new(AtomicUsize::new(0));
        let (first, second) = (swapper(&shared), swapper(&shared));
        let seen = shared.load(Acquire);
        (seen, first.join().unwrap(), second.join().unwrap())
    });
}

/// Writes data, then a flag, to somebody who reads the flag, then the data.
fn message(order: (Ordering, Ordering)) -> (usize, usize) {
    let sent = two();
    let received = Arc::clone(&sent);
    let sender = thread::spawn(move || {
        sent.0.store(1, Relaxed);
        sent.1.store(1, order.0);
    });
    let seen = (received.1.load(order.1), received.0.load(Relaxed));
    sender.join().unwrap();
    seen
}

/// Sender and receiver, all relaxed. Outcomes: flag and data; a flag without its data is one.
fn relaxed_message_arrives_in_any_order() {
    Model::bound(3)
        .sees_exactly(&["(0, 0)", "(0, 1)", "(1, 0)", "(1, 1)"])
        .check(|| message((Relaxed, Relaxed)));
}

/// As above with Release and Acquire: a flag without its data is forbidden.
fn released_message_is_never_missing() {
    Model::bound(3)
        .sees_exactly(&["(0, 0)", "(0, 1)", "(1, 1)"])
        .check(|| message((Release, Acquire)));
}

/// Each of two threads stores its own flag and reads the other's.
fn buffered(between: fn()) -> (usize, usize) {
    let mine = two();
    let other = Arc::clone(&mine);
    let thread = thread::spawn(move || {
        other.0.store(1, Release);
        between();
        other.1.load(Acquire)
    });
    mine.1.store(1, Release);
    between();
    let seen = mine.0.load(Acquire);
    (seen, thread.join().unwrap())
}

/// Outcomes: what each read; both may miss the other's store.
fn store_buffers_hide_stores() {
    Model::bound(3)
        .sees_exactly(&["(0, 0)", "(0, 1)", "(1, 0)", "(1, 1)"])
        .check(|| buffered(|| ()));
}

/// As above with a SeqCst fence in both threads: that both miss is forbidden.
fn fences_empty_store_buffers() {
    Model::bound(3)
        .sees_exactly(&["(0, 1)", "(1, 0)", "(1, 1)"])
        .check(|| buffered(|| fence(SeqCst)));
}

/// One thread stores 1, then 2; another reads twice. Outcomes: both reads, never going back.
fn one_atomic_never_goes_back() {
    let exact = ["(0, 0)", "(0, 1)", "(0, 2)", "(1, 1)", "(1, 2)", "(2, 2)"];
    Model::bound(3).sees_exactly(&exact).check(|| {
        let written = Arc::new(AtomicUsize::new(0));
        let read = Arc::clone(&written);
        let writer = thread::spawn(move || {
            written.store(1, Relaxed);
            written.store(2, Relaxed);
        });
        let seen = (read.load(Relaxed), read.load(Relaxed));
        writer.join().unwrap();
        seen
    });
}

/// A waiter with a limit and a notifier. Outcomes: rounds waited, and whether the last timed
/// out; a planned time-out and a planned wake for nothing really happen.
fn planned_waits_return() {
    Model::bound(2)
        .plans([
            poolbridge::__verify::plan::Plan::NONE,
            poolbridge::__verify::plan::Plan::timeout(0),
            poolbridge::__verify::plan::Plan::spurious(0),
        ])
        .sees_exactly(&["(0, false)", "(1, false)", "(1, true)", "(2, false)"])
        .check(|| {
            let pair = Arc::new((Mutex::new(false), Condvar::new()));
            let told = Arc::clone(&pair);
            let notifier = thread::spawn(move || {
                *told.0.lock() = true;
                told.1.notify_one();
            });
            let (mut rounds, mut late) = (0, false);
            let mut guard = pair.0.lock();
            while !*guard && !late {
                (guard, late) = pair.1.wait_timeout(guard, std::time::Duration::from_secs(1));
                rounds += 1;
            }
            drop(guard);
            notifier.join().unwrap();
            (rounds, late)
        });
}
