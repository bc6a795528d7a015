//! Waits that could never end are refused, and the error names who waits for whom; those that can end
//! are not.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use poolbridge::{
    Backend, Executor, Expired, OnFull, Reason, Shutdown, StartError, Status, TaskError, Worker,
    context,
};

use crate::narrow::{narrow, refused};
use crate::support::{Counter, Gate, eventually, one_worker, outcome, value, within, workers};

#[test]
fn a_later_job_of_the_own_lane_is_not_waited_for() {
    let pool = workers(2);
    let keyed = pool.keyed::<u8>();
    let lanes = [
        ("serial", pool.serial()),
        ("lane", keyed.lane(1)),
        ("serial in limited", pool.limited(2).serial()),
        ("lane in limited", pool.limited(2).keyed::<u8>().lane(1)),
    ];
    for (name, lane) in lanes {
        let inner = lane.clone();
        let outer = lane.submit(move || {
            let later = inner.submit(|| ());
            let id = later.id();
            (id, later.wait())
        });
        let waiter = outer.id();
        let (later, outcome) = within(move || value(outer));
        assert_eq!(refused(outcome), [waiter, later], "{name}");
        assert_eq!(value(lane.submit(|| 1)), 1, "{name}");
    }
    let inner = keyed.clone();
    let outer = keyed.submit(3, move || {
        let later = inner.submit(3, || ());
        let id = later.id();
        (id, later.wait())
    });
    let waiter = outer.id();
    let (later, outcome) = within(move || value(outer));
    assert!(outcome.as_ref().unwrap_err().to_string().contains("the same lane"), "{outcome:?}");
    assert_eq!(refused(outcome), [waiter, later]);
    assert_eq!(value(keyed.submit(3, || 1)), 1);
}

/// The lane of a key and the executor of that lane are one lane.
#[test]
fn a_lane_and_its_executor_do_not_wait_for_each_other() {
    let pool = workers(2);
    let keyed = pool.keyed::<u8>();
    let lane = keyed.lane(1);
    let inner = lane.clone();
    let outer = keyed.submit(1, move || inner.submit(|| ()).wait());
    let waiter = outer.id();
    assert_eq!(refused(within(move || value(outer)))[0], waiter);
    let inner = keyed.clone();
    let outer = lane.submit(move || inner.submit(1, || ()).wait());
    let waiter = outer.id();
    assert_eq!(refused(within(move || value(outer)))[0], waiter);
    assert_eq!((value(lane.submit(|| 1)), value(keyed.submit(1, || 2))), (1, 2));
}

/// A lane that is kept busy on another thread, by a job or by a turn of its executor, comes free again.
#[test]
fn a_job_behind_a_busy_lane_is_waited_for() {
    let pool = workers(2);
    let keyed = pool.keyed::<u8>();
    for in_turn in [false, true] {
        let (gate, begun) = (Gate::new(), Gate::new());
        let (at_gate, at_begun) = (gate.clone(), begun.clone());
        let job = move || {
            at_begun.open();
            at_gate.pass();
        };
        let busy = if in_turn { keyed.lane(1).submit(job) } else { keyed.submit(1, job) };
        begun.pass();
        let behind = keyed.submit(1, || 7);
        let waits = Gate::new();
        let at_waits = waits.clone();
        let waiter = keyed.submit(2, move || {
            at_waits.open();
            behind.wait()
        });
        waits.pass();
        // Whether it sleeps by then or not: a refusal would come at once.
        (0..1000).for_each(|_| thread::yield_now());
        gate.open();
        assert_eq!(within(move || value(waiter)).unwrap(), 7);
        value(busy);
    }
}

/// A job below a lane's job cannot wait for what comes after that.
#[test]
fn a_later_job_of_the_lane_above_is_not_waited_for() {
    let pool = workers(2);
    let outer = pool.serial();
    let inner = outer.limited(2);
    let clone = outer.clone();
    let task = inner.submit(move || clone.submit(|| ()).wait());
    refused(within(move || value(task)));
    assert_eq!((value(outer.submit(|| 1)), value(inner.submit(|| 2))), (1, 2));
}

/// Jobs that each wait for a job of the next executor, in a ring; all run when they begin to wait.
/// What each wait gave.
fn ring(pools: &[Executor]) -> Vec<Result<Result<usize, TaskError>, TaskError>> {
    let meeting = Arc::new(std::sync::Barrier::new(pools.len()));
    let tasks: Vec<_> = pools
        .iter()
        .enumerate()
        .map(|(n, pool)| {
            let next = pools[(n + 1) % pools.len()].clone();
            let meeting = Arc::clone(&meeting);
            pool.submit(move || {
                meeting.wait();
                next.submit(move || n).wait()
            })
        })
        .collect();
    within(move || tasks.into_iter().map(outcome).collect())
}

fn assert_one_refused(name: &str, pools: &[Executor]) {
    let ended: Vec<_> = ring(pools).into_iter().map(Result::unwrap).collect();
    let (ran, not): (Vec<_>, Vec<_>) = ended.into_iter().partition(Result::is_ok);
    assert_eq!((ran.len(), not.len()), (pools.len() - 1, 1), "{name}: {not:?}");
    let named = refused(not.into_iter().next().unwrap());
    assert!(named.len() >= pools.len(), "{name}: {named:?}");
    for pool in pools {
        let pool = pool.clone();
        assert_eq!(within(move || value(pool.submit(|| 1))), 1, "{name}");
    }
}

#[test]
fn a_circle_of_waits_through_pools_is_refused_once() {
    for count in [2, 3, 5] {
        for _ in 0..30 {
            let pools: Vec<_> = (0..count).map(|_| one_worker()).collect();
            assert_one_refused("own threads", &pools);
        }
    }
}

#[test]
fn a_circle_of_waits_through_views_is_refused_once() {
    for _ in 0..30 {
        let (a, b, c) = (one_worker(), one_worker(), one_worker());
        assert_one_refused("serial", &[a.serial(), b.serial()]);
        assert_one_refused("limited(1)", &[a.limited(1), b.limited(1), c.clone()]);
        assert_one_refused("limited(3)", &[a.limited(3), b.limited(3)]);
        assert_one_refused("a lane", &[a.keyed::<u8>().lane(1), b.serial().limited(2), c.clone()]);
        let wide = workers(4);
        assert_one_refused("lanes of one pool", &[wide.serial(), wide.serial(), wide.serial()]);
    }
}

#[test]
fn a_circle_of_waits_through_anybodys_threads_is_refused_once() {
    let kinds = narrow();
    let pick = |wanted: &str| {
        let found = kinds.iter().find(|(name, ..)| *name == wanted);
        found.map(|(_, pool, _)| pool.clone()).unwrap()
    };
    for _ in 0..10 {
        for kind in ["rayon", "tokio", "futures", "fresh threads"] {
            // One thread gives its turn back a moment after the waiters hear.
            let tokio = || pick(kind).limited(1);
            assert_one_refused(kind, &[one_worker(), tokio()]);
        }
        assert_one_refused("mixed", &[pick("rayon"), pick("tokio"), pick("futures")]);
    }
}

/// A queue of the circle has more turns to give than its parent has threads.
#[test]
fn a_wide_view_of_a_narrow_pool_is_part_of_a_circle() {
    let (a, b) = (one_worker(), one_worker());
    let view = a.limited(8);
    let (inner, gate) = (b.clone(), Gate::new());
    let opened = gate.clone();
    let task = a.submit(move || {
        let waits = inner.submit(move || {
            let queued = view.submit(|| 7);
            opened.open();
            queued.wait()
        });
        gate.pass();
        waits.wait()
    });
    let ended = within(move || value(task));
    // Either may come second.
    let inner = match ended {
        Ok(inner) => inner,
        Err(TaskError::WouldDeadlock(_)) => return,
        Err(other) => panic!("{other}"),
    };
    refused(inner);
}

/// The task's own deadline ends the wait.
#[test]
fn a_wait_for_a_task_with_a_deadline_is_no_circle() {
    let (a, b) = (one_worker(), one_worker());
    let inner = a.clone();
    let task = a.submit(move || {
        b.submit(move || {
            let queued = inner.job(|| ()).queue_timeout(Duration::from_millis(20)).submit();
            queued.wait()
        })
        .wait()
    });
    let ended = within(move || value(task)).unwrap();
    assert!(matches!(ended, Err(TaskError::TimedOut(Expired::Queue))), "{ended:?}");
}

/// Blocked for room, in a circle: each has a full queue in front of it.
#[test]
fn waiting_for_room_in_a_circle_is_refused() {
    let bounded = || {
        let pool = Executor::threads().max_workers(1).queue_capacity(1).on_full(OnFull::Block);
        pool.build().unwrap()
    };
    let (a, b) = (bounded(), bounded());
    let meeting = Arc::new(std::sync::Barrier::new(2));
    let each = |own: &Executor, other: &Executor| {
        let (other, meeting) = (other.clone(), Arc::clone(&meeting));
        own.submit(move || {
            meeting.wait();
            let first = other.submit(|| 1);
            let second = other.submit(|| 2);
            // Waiting for them here is another circle.
            (first, second)
        })
    };
    let tasks = [each(&a, &b), each(&b, &a)];
    let queued = within(move || tasks.map(value));
    let mut refusals = 0;
    for (first, second) in queued {
        assert_eq!(within(move || value(first)), 1);
        match within(move || outcome(second)) {
            Ok(two) => assert_eq!(two, 2),
            Err(TaskError::Rejected(Reason::WouldDeadlock)) => refusals += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(refusals, 1);
}

/// The only thread that could make room is the one that waits for it.
#[test]
fn waiting_for_room_in_a_view_of_the_only_worker_is_refused() {
    for limit in [1, 4] {
        let pool = one_worker();
        let view = Executor::on(pool.clone()).max_workers(limit).queue_capacity(1);
        let view = view.on_full(OnFull::Block).build().unwrap();
        let task = pool.submit(move || (view.submit(|| 1), view.submit(|| 2)));
        let (first, second) = within(move || value(task));
        assert_eq!(value(first), 1);
        let second = within(move || outcome(second));
        assert!(matches!(second, Err(TaskError::Rejected(Reason::WouldDeadlock))), "{second:?}");
    }
}

/// A job that waits for the end of a view whose queued jobs need its own thread.
#[test]
fn waiting_for_the_end_of_a_view_on_the_only_worker_is_refused() {
    for limit in [1, 4] {
        let pool = one_worker();
        let view = pool.limited(limit);
        let ran = Counter::new();
        let (inner, counted) = (view.clone(), ran.clone());
        let task = pool.submit(move || {
            inner.submit(move || counted.add()).detach();
            inner.shutdown(Shutdown::run_queued()).wait().is_err()
        });
        assert!(within(move || value(task)), "limited({limit})");
        within(move || view.shutdown(Shutdown::run_queued()).wait().unwrap());
        assert_eq!(ran.get(), 1);
    }
}

/// Nothing is left in the view, but its turn still waits for the thread that waits.
#[test]
fn waiting_for_the_end_of_an_emptied_view_on_the_only_worker_does_not_hang() {
    for limit in [1, 4] {
        let pool = one_worker();
        let view = pool.limited(limit);
        let inner = view.clone();
        let task = pool.submit(move || {
            inner.submit(|| ()).detach();
            inner.shutdown(Shutdown::cancel_queued()).wait().map(|report| report.cancelled).ok()
        });
        // Refused or done, both end.
        let cancelled = within(move || value(task));
        assert!(matches!(cancelled, None | Some(1)), "{cancelled:?}");
        assert_eq!(value(pool.submit(|| 1)), 1);
    }
}

#[test]
fn a_job_may_wait_for_the_end_of_a_view_with_nothing_in_it() {
    let pool = one_worker();
    let view = pool.serial();
    let task = pool.submit(move || view.shutdown(Shutdown::run_queued()).wait().is_ok());
    assert!(within(move || value(task)));
}

/// Two jobs, each of which waits for the end of the other's executor.
#[test]
fn waiting_for_ends_in_a_circle_is_refused() {
    let (a, b) = (one_worker(), one_worker());
    let meeting = Arc::new(std::sync::Barrier::new(2));
    let each = |own: &Executor, other: &Executor| {
        let (other, meeting) = (other.clone(), Arc::clone(&meeting));
        own.submit(move || {
            meeting.wait();
            other.shutdown(Shutdown::run_queued()).wait().is_err()
        })
    };
    let tasks = [each(&a, &b), each(&b, &a)];
    let refused = within(move || tasks.map(value));
    assert_eq!(refused.into_iter().filter(|refused| *refused).count(), 1);
}

/// G04: from a job of the view, the pool's end and the view's own would be the job's own.
#[test]
fn a_views_job_may_not_wait_for_its_own_end_or_that_of_its_pool() {
    let pool = workers(2);
    let view = pool.serial();
    let task = view.submit({
        let (pool, view) = (pool.clone(), view.clone());
        move || {
            let own = view.shutdown(Shutdown::run_queued()).wait().is_err();
            (own, pool.shutdown(Shutdown::run_queued()).wait().is_err())
        }
    });
    assert_eq!(within(move || value(task)), (true, true));
}

/// A worker beyond the limit leaves after its job: it is no help to who waits.
#[test]
fn a_stand_in_that_is_to_leave_saves_nobody_from_a_circle() {
    let a = Executor::threads().max_workers(1).stand_ins(1).build().unwrap();
    let b = one_worker();
    let (stood_in, leave) = (Gate::new(), Gate::new());
    let (at_job, at_end) = (stood_in.clone(), leave.clone());
    let pool = a.clone();
    let task = a.submit(move || {
        let helper = pool.submit(move || {
            at_job.open();
            at_end.pass();
        });
        context::blocking(|| stood_in.pass());
        // From here on there is a thread more than the limit says, until it has ended its job.
        let ended = b.submit(move || pool.submit(|| ()).wait()).wait();
        leave.open();
        (ended, helper)
    });
    let (ended, helper) = within(move || value(task));
    // Whoever came second was refused.
    let _ = refused(ended.and_then(|inner| inner));
    value(helper);
}

/// Refuses every thread but the first.
struct OnlyOne(Counter);

impl Backend for OnlyOne {
    fn start(&self, worker: Worker) -> Result<(), StartError> {
        if self.0.add() > 0 {
            return Err(StartError::new("one is enough"));
        }
        thread::Builder::new().spawn(move || worker.run()).map_err(StartError::new)?;
        Ok(())
    }

    fn parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::new(4).unwrap()
    }
}

/// The limit has room for another worker, but there was none to be had.
#[test]
fn a_refused_thread_saves_nobody_from_a_circle() {
    let (a, b) = (Executor::on(OnlyOne(Counter::new())).build().unwrap(), one_worker());
    let pool = a.clone();
    let task = a.submit(move || b.submit(move || pool.submit(|| ()).wait()).wait());
    let ended = within(move || value(task));
    let _ = refused(ended.and_then(|inner| inner));
}

/// Errors say what happened, to which task, and what to do.
#[test]
fn a_refused_wait_says_who_waits_for_whom_by_name() {
    let (left, right) = (one_worker(), one_worker());
    let own = left.clone();
    let outer =
        left.job(move || right.job(move || own.submit(|| ()).wait()).name("inner").submit().wait());
    let outer = outer.name("outer").submit();
    let id = outer.id();
    let refused = match value(outer) {
        Ok(Err(TaskError::WouldDeadlock(error))) | Err(TaskError::WouldDeadlock(error)) => error,
        other => panic!("{other:?}"),
    };
    let text = refused.to_string();
    assert!(refused.tasks().contains(&id), "{text}");
    assert!(text.contains(&format!("{id} (outer)")) && text.contains("(inner)"), "{text}");
    assert!(text.contains("wait elsewhere"), "{text}");
}

/// A worker sleeps until a task is over that waits in a view. When the view's turn comes to rest in the
/// pool's queue, the sleeper could serve it: so whoever waits for the sleeper closes no circle.
#[test]
fn a_sleeper_that_could_run_what_it_waits_for_is_no_part_of_a_circle() {
    // A view, and how many jobs it serves before its turn goes behind what waits in the pool.
    type Kind = fn(&Executor) -> (Executor, usize);
    let kinds: [Kind; 3] = [
        |pool| {
            let view = Executor::on(pool.clone()).max_workers(1).fair_share(1);
            (view.build().unwrap(), 1)
        },
        |pool| (pool.serial(), 16),
        |pool| (pool.keyed::<u8>().lane(1), 16),
    ];
    for round in 0..60 {
        let pool = workers(2);
        let (view, share) = kinds[round % 3](&pool);
        let (begun, gate) = (Gate::new(), Gate::new());
        let (at_begun, at_gate) = (begun.clone(), gate.clone());
        let first = view.submit(move || {
            at_begun.open();
            at_gate.pass();
        });
        begun.pass();
        (1..share).for_each(|_| view.submit(|| ()).detach());
        let behind = view.submit(|| 5);
        // On the other worker, as long as the first job has the view's turn.
        let sleeper = pool.submit(move || behind.wait().unwrap());
        eventually(|| sleeper.status() == Status::Running);
        let last = pool.submit(move || sleeper.wait());
        gate.open();
        assert_eq!(within(move || value(last)).unwrap(), 5);
        value(first);
    }
}

/// A worker sleeps until a task is over that stands in a lane behind one that waits for the sleeper:
/// one of the two waits is refused, whichever came second.
#[test]
fn a_circle_through_what_keeps_a_lane_busy_is_refused() {
    for _ in 0..20 {
        let pool = workers(2);
        let keyed = pool.keyed::<u8>();
        let (tell, told) = std::sync::mpsc::channel::<poolbridge::Task<bool>>();
        let front = keyed.submit(1, move || told.recv().unwrap().wait());
        let behind = keyed.submit(1, || ());
        let sleeper = pool.submit(move || behind.wait().is_err());
        tell.send(sleeper).unwrap();
        // Refused is either the front's wait, or the sleeper's, which then says so.
        match within(move || value(front)) {
            Ok(refused) => assert!(refused),
            error => drop(refused(error)),
        }
        assert_eq!(within(move || value(keyed.submit(1, || 1))), 1);
    }
}

/// What keeps a lane busy goes on, so the wait for what stands behind it does, whoever else waits.
#[test]
fn a_wait_for_what_stands_behind_a_running_job_is_no_circle() {
    for _ in 0..20 {
        let pool = workers(3);
        let keyed = pool.keyed::<u8>();
        let gate = Gate::new();
        let at_gate = gate.clone();
        let front = keyed.submit(1, move || at_gate.pass());
        let behind = keyed.submit(1, || 5);
        let first = pool.submit(move || behind.wait());
        eventually(|| first.status() == Status::Running);
        let second = pool.submit(move || first.wait());
        eventually(|| second.status() == Status::Running);
        gate.open();
        assert_eq!(within(move || value(second)).unwrap().unwrap(), 5);
        value(front);
    }
}
