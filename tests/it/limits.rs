//! Limits that change, and threads that stand in for blocked ones.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Barrier};
use std::thread;

use poolbridge::{Backend as _, Executor, OnFull, Reason, Shutdown, Task, TaskError, context};

use crate::support::{
    Counter, Gate, eventually, occupy, one_worker, outcome, value, within, workers,
};

/// Jobs that run until the gate is open; how many have begun.
fn hold(executor: &Executor, jobs: usize, gate: &Gate) -> (Counter, Vec<Task<()>>) {
    let begun = Counter::new();
    let job = |_| {
        let (gate, begun) = (gate.clone(), begun.clone());
        executor.submit(move || {
            begun.add();
            gate.pass();
        })
    };
    let tasks = (0..jobs).map(job).collect();
    (begun, tasks)
}

fn finish(gate: &Gate, tasks: Vec<Task<()>>) {
    gate.open();
    tasks.into_iter().for_each(value);
}

#[test]
fn a_higher_limit_starts_as_many_as_fit() {
    let pool = workers(8);
    for executor in [one_worker(), pool.limited(1), pool.limited(4).limited(1)] {
        let gate = Gate::new();
        let (begun, tasks) = hold(&executor, 5, &gate);
        eventually(|| begun.get() == 1);
        executor.set_max_workers(3).unwrap();
        eventually(|| begun.get() == 3);
        let seen = executor.snapshot();
        assert_eq!((seen.running.len(), seen.queued.len(), seen.workers), (3, 2, 3));
        finish(&gate, tasks);
        assert_eq!(begun.get(), 5);
    }
}

/// No more threads than jobs.
#[test]
fn a_higher_limit_starts_no_more_than_wait() {
    let pool = one_worker();
    let gate = Gate::new();
    let (begun, tasks) = hold(&pool, 3, &gate);
    eventually(|| begun.get() == 1);
    pool.set_max_workers(100).unwrap();
    eventually(|| begun.get() == 3);
    assert_eq!(pool.snapshot().workers, 3);
    finish(&gate, tasks);
}

#[test]
fn a_lower_limit_takes_idle_workers_at_once_and_busy_ones_after_their_job() {
    let pool = workers(4);
    let gate = Gate::new();
    let (begun, tasks) = hold(&pool, 4, &gate);
    eventually(|| begun.get() == 4);
    finish(&gate, tasks);
    eventually(|| pool.snapshot().idle == 4);
    pool.set_max_workers(2).unwrap();
    eventually(|| pool.snapshot().workers == 2);
    let gate = Gate::new();
    let (begun, tasks) = hold(&pool, 2, &gate);
    eventually(|| begun.get() == 2);
    pool.set_max_workers(1).unwrap();
    assert_eq!(pool.snapshot().running.len(), 2);
    finish(&gate, tasks);
    eventually(|| pool.snapshot().workers == 1);
    assert_eq!(value(pool.submit(|| 1)), 1);
}

/// What begins after the limit was lowered begins within it.
#[test]
fn after_a_lower_limit_nothing_begins_beyond_it() {
    let pool = workers(4);
    for executor in [workers(4), pool.limited(4)] {
        let first = Gate::new();
        let (begun, running) = hold(&executor, 4, &first);
        eventually(|| begun.get() == 4);
        let second = Gate::new();
        let (begun, queued) = hold(&executor, 6, &second);
        executor.set_max_workers(1).unwrap();
        first.open();
        running.into_iter().for_each(value);
        eventually(|| begun.get() == 1 && executor.snapshot().workers == 1);
        assert_eq!(executor.snapshot().queued.len(), 5);
        finish(&second, queued);
    }
}

#[test]
fn a_keyed_views_limit_follows_its_pools() {
    let pool = one_worker();
    let keyed = pool.keyed::<usize>();
    let below = keyed.lane(100).keyed::<usize>();
    let gate = Gate::new();
    let begun = Counter::new();
    let job = |key| {
        let (gate, begun) = (gate.clone(), begun.clone());
        keyed.submit(key, move || {
            begun.add();
            gate.pass();
        })
    };
    let tasks: Vec<_> = (0..4).map(job).collect();
    eventually(|| begun.get() == 1);
    pool.set_max_workers(3).unwrap();
    eventually(|| begun.get() == 3);
    assert_eq!((keyed.snapshot().running.len(), keyed.snapshot().queued.len()), (3, 1));
    pool.set_max_workers(1).unwrap();
    finish(&gate, tasks);
    eventually(|| pool.snapshot().workers == 1);
    assert_eq!(value(below.submit(1, || 1)), 1);
    // A view of a given width keeps it.
    let two = pool.limited(2);
    pool.set_max_workers(4).unwrap();
    let gate = Gate::new();
    let (begun, tasks) = hold(&two, 3, &gate);
    eventually(|| begun.get() == 2);
    assert_eq!(two.snapshot().queued.len(), 1);
    finish(&gate, tasks);
}

/// Two that change the limit at once agree on it for all views.
#[test]
fn a_keyed_views_limit_is_its_pools_whoever_changed_it_last() {
    let pool = one_worker();
    for _ in 0..200 {
        let start = Arc::new(Barrier::new(3));
        let changers = [1, 3].map(|max| {
            let (pool, start) = (pool.clone(), Arc::clone(&start));
            thread::spawn(move || {
                start.wait();
                pool.set_max_workers(max).unwrap();
            })
        });
        let earlier = pool.keyed::<usize>();
        start.wait();
        let keyed = [earlier, pool.keyed::<usize>()];
        changers.into_iter().for_each(|thread| within(move || thread.join()).unwrap());
        let limit = pool.parallelism().get();
        for keyed in keyed {
            let (gate, begun) = (Gate::new(), Counter::new());
            let job = |key| {
                let (gate, begun) = (gate.clone(), begun.clone());
                keyed.submit(key, move || {
                    begun.add();
                    gate.pass();
                })
            };
            let tasks: Vec<_> = (0..4).map(job).collect();
            eventually(|| begun.get() == limit && keyed.snapshot().workers == limit);
            finish(&gate, tasks);
        }
    }
}

/// Changed from many threads at once, under load: everything runs, and the last word counts.
#[test]
fn a_limit_may_be_changed_while_jobs_come_and_go() {
    let pool = workers(2);
    let view = pool.limited(2);
    for executor in [pool.clone(), view] {
        let keyed = executor.keyed::<usize>();
        let changer = {
            let executor = executor.clone();
            thread::spawn(move || {
                for n in 0..500 {
                    executor.set_max_workers(1 + n % 4).unwrap();
                    thread::yield_now();
                }
                executor.set_max_workers(1).unwrap();
            })
        };
        let tasks: Vec<_> = (0..1000)
            .map(|n| if n % 2 == 0 { executor.submit(|| 1) } else { keyed.submit(n % 7, || 1) })
            .collect();
        assert_eq!(tasks.into_iter().map(value).sum::<usize>(), 1000);
        within(move || changer.join()).unwrap();
        eventually(|| executor.snapshot().workers <= 1);
        assert_eq!(value(executor.submit(|| 1)), 1);
    }
}

fn with_stand_ins(max: usize, stand_ins: usize) -> Executor {
    Executor::threads().max_workers(max).stand_ins(stand_ins).build().unwrap()
}

#[test]
fn a_thread_stands_in_for_a_blocked_one() {
    let pool = with_stand_ins(1, 1);
    let gate = Gate::new();
    let opener = gate.clone();
    let waits = pool.submit(move || context::blocking(|| gate.pass()));
    let other = pool.submit(move || opener.open());
    value(waits);
    value(other);
}

/// L61: however many are blocked, no more stand in than may, and in the end the limit is the old one.
#[test]
fn no_more_stand_in_than_may_and_the_count_comes_back() {
    let pool = with_stand_ins(2, 2);
    for _ in 0..20 {
        let (gate, blocked) = (Gate::new(), Counter::new());
        let block = |_| {
            let (gate, blocked) = (gate.clone(), blocked.clone());
            pool.submit(move || {
                context::blocking(|| {
                    blocked.add();
                    gate.pass();
                });
            })
        };
        let tasks: Vec<_> = (0..6).map(block).collect();
        eventually(|| blocked.get() == 4);
        assert_eq!((pool.snapshot().workers, pool.snapshot().queued.len()), (4, 2));
        finish(&gate, tasks);
        // From now on no more than two at once.
        let gate = Gate::new();
        let (begun, tasks) = hold(&pool, 4, &gate);
        eventually(|| begun.get() == 2 && pool.snapshot().workers == 2);
        assert_eq!(pool.snapshot().queued.len(), 2);
        finish(&gate, tasks);
    }
}

#[test]
fn a_nested_block_counts_once_and_a_panic_in_it_ends_it() {
    let pool = with_stand_ins(1, 4);
    for panics in [false, true] {
        let (gate, blocked) = (Gate::new(), Gate::new());
        let (at_gate, at_blocked) = (gate.clone(), blocked.clone());
        let task = pool.submit(move || {
            let nested = || {
                context::blocking(|| {
                    context::blocking(|| {
                        at_blocked.open();
                        at_gate.pass();
                        assert!(!panics, "while it blocks");
                    });
                    // Still blocked.
                });
            };
            assert_eq!(catch_unwind(AssertUnwindSafe(nested)).is_err(), panics);
        });
        blocked.pass();
        let inner = Gate::new();
        let (begun, tasks) = hold(&pool, 3, &inner);
        eventually(|| begun.get() == 1);
        assert_eq!((pool.snapshot().workers, pool.snapshot().queued.len()), (2, 2));
        gate.open();
        value(task);
        inner.open();
        tasks.into_iter().for_each(value);
        eventually(|| pool.snapshot().workers == 1);
    }
}

/// Its thread has a stand-in, its place in the view has not.
#[test]
fn a_place_in_a_view_is_not_lent() {
    let pool = with_stand_ins(1, 2);
    let keyed = pool.keyed::<u8>();
    for view in [pool.serial(), pool.limited(1), keyed.lane(1)] {
        let (gate, blocked, ran) = (Gate::new(), Gate::new(), Counter::new());
        let (at_gate, at_blocked, counted) = (gate.clone(), blocked.clone(), ran.clone());
        let task = view.submit(move || {
            context::blocking(|| {
                at_blocked.open();
                at_gate.pass();
            });
        });
        blocked.pass();
        let next = view.submit(move || counted.add());
        for n in 0..10 {
            assert_eq!(value(pool.submit(move || n)), n);
        }
        assert_eq!(ran.get(), 0);
        gate.open();
        value(task);
        assert_eq!(value(next), 0);
    }
}

#[test]
fn without_stand_ins_and_without_a_pool_a_block_is_just_a_call() {
    assert_eq!(context::blocking(|| 1), 1);
    assert_eq!(value(Executor::inline().submit(|| context::blocking(|| 2))), 2);
    let pool = one_worker();
    let busy = occupy(&pool);
    let task = pool.submit(|| context::blocking(|| 3));
    busy.finish();
    assert_eq!(value(task), 3);
    let (gate, blocked) = (Gate::new(), Gate::new());
    let (at_gate, at_blocked) = (gate.clone(), blocked.clone());
    let task = pool.submit(move || {
        context::blocking(|| {
            at_blocked.open();
            at_gate.pass();
        });
    });
    blocked.pass();
    let waits = pool.submit(|| 4);
    assert_eq!((pool.snapshot().workers, pool.snapshot().queued.len()), (1, 1));
    gate.open();
    value(task);
    assert_eq!(value(waits), 4);
}

/// All threads go in and out of blocks at once.
#[test]
fn blocks_in_many_threads_leave_the_limit_as_it_was() {
    let pool = with_stand_ins(3, 3);
    let start = Arc::new(Barrier::new(3));
    let mut tasks: Vec<_> = (0..3)
        .map(|_| {
            let start = Arc::clone(&start);
            pool.submit(move || {
                start.wait();
            })
        })
        .collect();
    let block = |_| pool.submit(|| (0..20).for_each(|_| context::blocking(thread::yield_now)));
    tasks.extend((0..200).map(block));
    tasks.into_iter().for_each(value);
    let gate = Gate::new();
    let (begun, tasks) = hold(&pool, 6, &gate);
    eventually(|| begun.get() == 3 && pool.snapshot().workers == 3);
    finish(&gate, tasks);
}

/// Lets others run until those that are about to block have most likely done so.
fn let_others_block() {
    (0..1000).for_each(|_| thread::yield_now());
}

/// The circle closes when a worker leaves, not by a wait: the blocked ones look again.
#[test]
fn a_circle_that_a_lowered_limit_closes_is_found() {
    for _ in 0..5 {
        let (left, right) = (workers(2), one_worker());
        let busy = occupy(&left);
        let pool = left.clone();
        let task = left.submit(move || right.submit(move || pool.submit(|| ()).wait()).wait());
        eventually(|| left.snapshot().queued.len() == 1);
        let_others_block();
        left.set_max_workers(1).unwrap();
        busy.finish();
        assert!(is_refused(value(task)), "one of the two waits is refused");
    }
}

/// As above; both wait for room, each in the other's executor.
#[test]
fn a_circle_of_waits_for_room_that_a_lowered_limit_closes_is_found() {
    for _ in 0..5 {
        let bounded = |threads| {
            let pool = Executor::threads().max_workers(threads).queue_capacity(1);
            pool.on_full(OnFull::Block).build().unwrap()
        };
        let (left, right) = (bounded(2), bounded(1));
        let busy = occupy(&left);
        let meeting = Arc::new(Barrier::new(2));
        let each = |own: &Executor, other: &Executor| {
            let (other, meeting) = (other.clone(), Arc::clone(&meeting));
            own.submit(move || {
                meeting.wait();
                [other.submit(|| ()), other.submit(|| ())]
            })
        };
        let tasks = [each(&left, &right), each(&right, &left)];
        eventually(|| [&left, &right].iter().all(|pool| pool.snapshot().queued.len() == 1));
        let_others_block();
        left.set_max_workers(1).unwrap();
        busy.finish();
        let ends = tasks.map(value).map(|[first, second]| {
            value(first);
            outcome(second)
        });
        let is_refusal =
            |end: &&Result<_, _>| matches!(end, Err(TaskError::Rejected(Reason::WouldDeadlock)));
        assert_eq!(ends.iter().filter(is_refusal).count(), 1, "{ends:?}");
        assert_eq!(ends.iter().filter(|end| end.is_ok()).count(), 1, "{ends:?}");
    }
}

/// As above; the wait is for the end of a view.
#[test]
fn a_wait_for_an_end_that_a_lowered_limit_makes_endless_is_refused() {
    for _ in 0..5 {
        let pool = workers(2);
        let busy = occupy(&pool);
        let (view, queued) = (pool.serial(), Counter::new());
        let (inner, counted) = (view.clone(), queued.clone());
        let task = pool.submit(move || {
            inner.submit(move || counted.add()).detach();
            inner.shutdown(Shutdown::run_queued()).wait().is_err()
        });
        eventually(|| view.snapshot().queued.len() == 1);
        let_others_block();
        pool.set_max_workers(1).unwrap();
        busy.finish();
        assert!(value(task), "nobody would have come for the view's job");
        drop(view.shutdown(Shutdown::run_queued()).wait().unwrap());
        assert_eq!(queued.get(), 1);
    }
}

#[test]
fn a_circle_that_the_end_of_a_stand_in_closes_is_found() {
    for _ in 0..5 {
        let left = Executor::threads().max_workers(1).stand_ins(1).build().unwrap();
        let right = one_worker();
        let (gate, blocked) = (Gate::new(), Gate::new());
        let (at_gate, at_block) = (gate.clone(), blocked.clone());
        let first = left.submit(move || {
            context::blocking(|| {
                at_block.open();
                at_gate.pass();
            });
        });
        blocked.pass();
        let pool = left.clone();
        let task = left.submit(move || right.submit(move || pool.submit(|| ()).wait()).wait());
        eventually(|| left.snapshot().queued.len() == 1);
        let_others_block();
        gate.open();
        value(first);
        assert!(is_refused(value(task)), "one of the two waits is refused");
    }
}

/// The outer wait, or the inner one.
fn is_refused(waited: Result<Result<(), TaskError>, TaskError>) -> bool {
    matches!(waited, Ok(Err(TaskError::WouldDeadlock(_))) | Err(TaskError::WouldDeadlock(_)))
}

/// The thread is lent, whatever runs on it.
#[test]
fn an_inline_job_on_a_pools_thread_may_call_a_stand_in() {
    let pool = Executor::threads().max_workers(1).stand_ins(1).build().unwrap();
    let (here, gate) = (Executor::inline(), Gate::new());
    let at_gate = gate.clone();
    let blocked =
        pool.submit(move || value(here.submit(move || context::blocking(|| at_gate.pass()))));
    value(pool.submit(move || gate.open()));
    value(blocked);
}
