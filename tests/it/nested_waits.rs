//! Jobs that wait for jobs: run in place where that is right, refused where it could never end, and
//! left in peace otherwise.

use std::num::NonZeroUsize;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use poolbridge::backends::{FuturesPool, TokioBlocking};
use poolbridge::{
    Backend, Cancel, Executor, Expired, Keyed, OnFull, Reason, Shutdown, StartError, Status, Task,
    TaskError, TaskId, Worker, context,
};

use crate::support::{
    Counter, FAR, Gate, Log, eventually, occupy, one_worker, outcome, value, within, workers,
};

/// A thread for each turn.
struct FreshThreads;

impl Backend for FreshThreads {
    fn start(&self, worker: Worker) -> Result<(), StartError> {
        thread::Builder::new().spawn(move || worker.run()).map_err(StartError::new)?;
        Ok(())
    }

    fn parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }
}

/// Executors that run one job at a time, each on threads of another kind, and what keeps them up.
fn narrow() -> Vec<(&'static str, Executor, Option<tokio::runtime::Runtime>)> {
    let rayon = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let futures = futures::executor::ThreadPool::builder().pool_size(1).create().unwrap();
    let futures = Executor::on(FuturesPool::new(futures)).max_workers(1);
    let mut tokio = tokio::runtime::Builder::new_current_thread();
    let runtime = tokio.max_blocking_threads(1).build().unwrap();
    let tokio = TokioBlocking::new(runtime.handle().clone());
    // The runtime's own limit cannot be seen: waits beyond it are not.
    let tokio = Executor::on(tokio).max_workers(1);
    vec![
        ("own threads", one_worker(), None),
        ("rayon", Executor::rayon_pool(Arc::new(rayon)), None),
        ("tokio", tokio.build().unwrap(), Some(runtime)),
        ("futures", futures.build().unwrap(), None),
        ("inline", Executor::inline(), None),
        ("fresh threads", Executor::on(FreshThreads).build().unwrap(), None),
        ("a view", one_worker().limited(1), None),
        ("a view of views", workers(2).limited(2).serial().limited(3), None),
    ]
}

/// The executor's jobs, `depth` inside one another: how deep it went.
fn nest(pool: &Executor, depth: usize) -> Task<Result<usize, TaskError>> {
    let inner = pool.clone();
    pool.submit(move || match depth {
        0 => Ok(0),
        _ => nest(&inner, depth - 1).wait()?.map(|deep| deep + 1),
    })
}

/// The tasks that a refused wait names.
#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: Result<T, TaskError>) -> Vec<TaskId> {
    match outcome {
        Err(TaskError::WouldDeadlock(error)) => error.tasks().to_vec(),
        other => panic!("the wait was not refused: {other:?}"),
    }
}

#[test]
fn a_job_may_wait_for_a_queued_one_on_the_only_worker_of_any_kind() {
    for (name, pool, runtime) in narrow() {
        println!("over {name}");
        for depth in [1, 3, 16] {
            let pool = pool.clone();
            let deep = within(move || value(nest(&pool, depth)));
            assert_eq!(deep.unwrap(), depth, "{name}");
        }
        drop(pool);
        drop(runtime);
    }
}

/// Deeper than jobs may run inside one another.
#[test]
fn a_wait_that_is_too_deep_is_refused_and_does_not_hang() {
    for (name, pool, runtime) in narrow() {
        println!("over {name}");
        let clone = pool.clone();
        match within(move || value(nest(&clone, 20))) {
            Ok(deep) => assert_eq!(deep, 20, "{name}"),
            Err(TaskError::WouldDeadlock(error)) => assert!(!error.tasks().is_empty(), "{name}"),
            Err(other) => panic!("{name}: {other}"),
        }
        let clone = pool.clone();
        assert_eq!(within(move || value(clone.submit(|| 1))), 1, "{name}");
        drop(pool);
        drop(runtime);
    }
}

#[test]
fn the_manual_executors_jobs_may_wait_for_one_another() {
    let deep = within(|| {
        let (pool, manual) = Executor::manual();
        let task = nest(&pool, 5);
        manual.run_all();
        value(task)
    });
    assert_eq!(deep.unwrap(), 5);
}

/// With a worker that is free to come, a wait that is too deep to run in place is no circle.
#[test]
fn a_wait_that_is_too_deep_goes_on_if_another_worker_comes() {
    // As many as there are jobs: one is always free.
    let pool = workers(21);
    assert_eq!(within(move || value(nest(&pool, 20))).unwrap(), 20);
}

#[test]
fn a_pools_job_may_wait_for_one_of_any_view() {
    let pool = one_worker();
    let keyed = pool.keyed::<u8>();
    let (serial, limited, lane) = (pool.serial(), pool.limited(2), keyed.lane(1));
    let deep = limited.serial().limited(4);
    let inner = deep.clone();
    let all = pool.submit(move || {
        [
            serial.submit(|| 1).wait(),
            limited.submit(|| 2).wait(),
            keyed.submit(1, || 3).wait(),
            lane.submit(|| 4).wait(),
            inner.submit(|| 5).wait(),
        ]
        .map(Result::unwrap)
    });
    assert_eq!(value(all), [1, 2, 3, 4, 5]);
    assert_eq!(value(deep.submit(|| 6)), 6);
}

#[test]
fn a_views_job_may_wait_for_one_of_the_parent_or_of_a_sibling() {
    let pool = one_worker();
    let keyed = pool.keyed::<u8>();
    let serial = pool.serial();
    let targets = [pool.serial(), pool.limited(1), keyed.lane(7), pool.limited(2).serial()];
    for view in targets {
        let (pool, serial, keyed) = (pool.clone(), serial.clone(), keyed.clone());
        let all = view.submit(move || {
            [
                pool.submit(|| 1).wait(),
                serial.submit(|| 2).wait(),
                keyed.submit(8, || 3).wait(),
                keyed.lane(9).submit(|| 4).wait(),
            ]
            .map(Result::unwrap)
        });
        assert_eq!(value(all), [1, 2, 3, 4]);
    }
}

/// What comes before it in its lane runs before it, on the thread that waits.
#[test]
fn an_awaited_job_of_a_lane_comes_after_those_before_it() {
    let pool = one_worker();
    let keyed = pool.keyed::<u8>();
    let (serial, lane) = (pool.serial(), keyed.lane(2));
    type Submit = Box<dyn Fn(Log, usize) -> Task<()> + Send>;
    let at_key = keyed.clone();
    let kinds: [Submit; 3] = [
        Box::new(move |log, n| serial.submit(move || log.note(format!("{n}")))),
        Box::new(move |log, n| at_key.submit(1, move || log.note(format!("{n}")))),
        Box::new(move |log, n| lane.submit(move || log.note(format!("{n}")))),
    ];
    for submit in kinds {
        let log = Log::new();
        let noted = log.clone();
        let seen = value(pool.submit(move || {
            let mut tasks: Vec<_> = (0..6).map(|n| submit(noted.clone(), n)).collect();
            assert_eq!(tasks[1].cancel(), Cancel::Prevented);
            tasks.remove(4).wait().unwrap();
            let seen = noted.lines();
            // The last one is not needed for it, and runs all the same.
            tasks.into_iter().for_each(Task::detach);
            seen
        }));
        assert_eq!(seen, ["0", "2", "3", "4"]);
        eventually(|| log.lines().len() == 5);
    }
}

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

#[test]
fn a_wait_with_a_limit_runs_nothing_in_place() {
    let pool = one_worker();
    let inner = pool.clone();
    let task = pool.submit(move || {
        let mut queued = inner.submit(|| thread::current().id());
        let waited = queued.result(Duration::from_millis(5)).is_err();
        (waited, queued.status(), queued)
    });
    let (waited, status, queued) = value(task);
    assert_eq!((waited, status), (true, Status::Pending));
    value(queued);
}

#[test]
fn a_job_run_in_place_has_hooks_a_context_and_the_workers_state() {
    let log = Log::new();
    let (before, after) = (log.clone(), log.clone());
    let pool = Executor::threads()
        .max_workers(1)
        .initializer(|| Ok::<_, std::io::Error>(String::from("state")))
        .before_job(move |cx| before.note(format!("before {}", cx.task_id())))
        .after_job(move |cx| after.note(format!("after {}", cx.task_id())))
        .build()
        .unwrap();
    for executor in [pool.clone(), pool.serial(), pool.limited(2), pool.keyed::<u8>().lane(1)] {
        let earlier = log.lines().len();
        let task = pool.submit_with(move |cx| {
            let inner = executor.submit_with(|cx| {
                let ambient = context::current().unwrap().task_id();
                (cx.task_id(), ambient, cx.state::<String>().as_str().to_owned())
            });
            let id = inner.id();
            let (inside, ambient, state) = inner.wait().unwrap();
            assert_eq!((inside, ambient, state.as_str()), (id, id, "state"));
            assert_eq!(context::current().unwrap().task_id(), cx.task_id());
            assert_eq!(cx.state::<String>().as_str(), "state");
            (cx.task_id(), id)
        });
        let (outer, inner) = value(task);
        let wanted = [("before", outer), ("before", inner), ("after", inner), ("after", outer)];
        let wanted: Vec<_> = wanted.iter().map(|(when, id)| format!("{when} {id}")).collect();
        assert_eq!(log.lines()[earlier..], wanted);
    }
}

/// It panics in the job that is waited for, not in the one that waits.
#[test]
fn a_job_run_in_place_may_panic_or_be_cancelled() {
    let pool = one_worker();
    let inner = pool.clone();
    let task = pool.submit(move || {
        let panics = inner.submit(|| -> () { panic!("inside") }).wait();
        let (begun, told) = mpsc::channel();
        let asked = inner.submit_with(move |cx| {
            begun.send(()).unwrap();
            eventually(|| cx.is_cancelled());
            5
        });
        let canceller = asked.canceller();
        let other = thread::spawn(move || {
            told.recv().unwrap();
            canceller.cancel()
        });
        let value = asked.wait();
        (panics, value, other.join().unwrap())
    });
    let (panics, asked, cancel) = value(task);
    assert!(matches!(panics, Err(TaskError::Panicked(_))), "{panics:?}");
    assert_eq!((asked.unwrap(), cancel), (5, Cancel::Requested));
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

/// Somewhere to submit to.
#[derive(Clone)]
enum Target {
    Executor(Executor),
    Keyed(Keyed<u32>),
}

impl Target {
    fn submit<T: Send + 'static>(&self, n: u32, f: impl FnOnce() -> T + Send + 'static) -> Task<T> {
        match self {
            Target::Executor(executor) => executor.submit(f),
            Target::Keyed(keyed) => keyed.submit(n % 3, f),
        }
    }
}

/// A pool and views of it.
fn tree(max: usize) -> Vec<Target> {
    tree_over(workers(max))
}

fn tree_over(pool: Executor) -> Vec<Target> {
    let keyed = pool.keyed::<u32>();
    let limited = pool.limited(2);
    vec![
        Target::Executor(pool.serial()),
        Target::Executor(limited.serial()),
        Target::Executor(keyed.lane(1)),
        Target::Executor(keyed.lane(2).limited(1)),
        Target::Executor(limited),
        Target::Keyed(keyed),
        Target::Executor(pool),
    ]
}

/// Not random, but mixed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % sides
    }
}

/// A job on one of the trees that `may` be used from a job on tree `from`, which submits others and
/// waits for them: how many there were, or the first refusal.
fn scatter(
    trees: &Arc<Vec<Vec<Target>>>,
    upward: bool,
    from: usize,
    depth: usize,
    seed: u64,
) -> Task<Result<usize, TaskError>> {
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    dice.roll(2);
    let at = if upward { from + dice.roll(trees.len() - from) } else { dice.roll(trees.len()) };
    let target = trees[at][dice.roll(trees[at].len())].clone();
    let (all, n) = (Arc::clone(trees), u32::try_from(dice.roll(64)).unwrap());
    target.submit(n, move || {
        let next = if upward { at + 1 } else { 0 };
        if depth == 0 || next >= all.len() {
            return Ok(1);
        }
        let fan = 1 + dice.roll(2);
        let below = |_| scatter(&all, upward, next, depth - 1, dice.roll(1 << 30) as u64);
        let tasks: Vec<_> = (0..fan).map(below).collect();
        let mut sum = 1;
        for task in tasks {
            sum += task.wait()??;
        }
        Ok(sum)
    })
}

/// Each job waits only for jobs of trees further up, so every wait can end, and none is refused.
#[test]
fn waits_that_can_end_are_never_refused() {
    let trees = Arc::new(vec![tree(1), tree(2), tree(1), tree(3)]);
    for round in 0..200 {
        let trees = Arc::clone(&trees);
        within(move || {
            let many = (0..20).map(|n| scatter(&trees, true, 0, 3, round * 31 + n));
            let tasks: Vec<_> = many.collect();
            for task in tasks {
                assert!(value(task).unwrap() >= 1);
            }
        });
    }
}

/// Waits in all directions: most close a circle with others. Each ends, one way or the other, and all
/// executors are as good as new.
#[test]
fn waits_in_all_directions_end() {
    let trees = Arc::new(vec![tree(1), tree(2), tree(1)]);
    for round in 0..200 {
        let trees = Arc::clone(&trees);
        within(move || {
            let many = (0..12).map(|n| scatter(&trees, false, 0, 3, round * 17 + n));
            let tasks: Vec<_> = many.collect();
            for task in tasks {
                match value(task) {
                    Ok(sum) => assert!(sum >= 1),
                    Err(TaskError::WouldDeadlock(_)) => {}
                    Err(other) => panic!("{other}"),
                }
            }
        });
    }
    for target in trees.iter().flatten() {
        assert_eq!(value(target.submit(1, || 1)), 1);
    }
}

/// The same over everybody's threads, while tasks are cancelled.
#[test]
fn waits_in_all_directions_end_over_any_threads_and_under_cancels() {
    let (runtimes, pools): (Vec<_>, Vec<_>) =
        narrow().into_iter().map(|(_, pool, runtime)| (runtime, pool)).unzip();
    let trees = Arc::new(pools.into_iter().map(tree_over).collect::<Vec<_>>());
    for round in 0..100 {
        let trees = Arc::clone(&trees);
        within(move || {
            let many = (0..12).map(|n| scatter(&trees, false, 0, 3, round * 13 + n));
            let tasks: Vec<_> = many.collect();
            for (n, task) in tasks.into_iter().enumerate() {
                if n % 3 == 0 {
                    let _ = task.cancel();
                }
                match outcome(task) {
                    Ok(Ok(sum)) => assert!(sum >= 1),
                    Ok(Err(TaskError::WouldDeadlock(_) | TaskError::Cancelled)) => {}
                    Err(TaskError::Cancelled) => {}
                    other => panic!("{other:?}"),
                }
            }
        });
    }
    for target in trees.iter().flatten() {
        assert_eq!(value(target.submit(1, || 1)), 1);
    }
    drop((trees, runtimes));
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

/// Jobs of one pool that wait for one another's, on fewer threads than waiters.
#[test]
fn waits_within_one_pool_all_run_in_place() {
    let pool = workers(2);
    let busy = occupy(&pool);
    let tasks: Vec<_> = (0..50).map(|_| nest(&pool, 4)).collect();
    let deep = within(move || tasks.into_iter().map(|task| value(task).unwrap()).sum::<usize>());
    assert_eq!(deep, 200);
    busy.finish();
    let guarded = pool.job(|| 1).queue_timeout(FAR).submit();
    assert_eq!(value(guarded), 1);
}

/// Jobs that shut executors down and wait for their ends, anywhere, while others wait for jobs.
#[test]
fn ends_awaited_in_all_directions_come() {
    for round in 0..150_usize {
        within(move || {
            let trees = Arc::new(vec![tree(1), tree(2)]);
            let many = (0..8).map(|n| scatter(&trees, false, 0, 2, (round * 7 + n) as u64));
            let tasks: Vec<_> = many.collect();
            let enders = (0..3).map(|n| {
                let (from, to) = (&trees[n % 2], &trees[(n + 1) % 2]);
                let target = to[(round + n) % to.len()].clone();
                // Jobs handed back would be in the hands of who waits: nobody sees that.
                let modes = [Shutdown::run_queued(), Shutdown::cancel_queued()];
                let mode = modes[(round + n) % 2];
                from[(round * n) % from.len()].submit(1, move || {
                    let termination = match target {
                        Target::Executor(executor) => executor.shutdown(mode),
                        Target::Keyed(keyed) => keyed.shutdown(mode),
                    };
                    termination.wait().is_ok()
                })
            });
            let enders: Vec<_> = enders.collect();
            let ended = |error: &TaskError| {
                matches!(
                    error,
                    TaskError::Cancelled | TaskError::Rejected(_) | TaskError::WouldDeadlock(_)
                )
            };
            for task in tasks {
                let outcome = outcome(task).and_then(|inner| inner);
                assert!(outcome.as_ref().err().is_none_or(ended), "{outcome:?}");
            }
            for ender in enders {
                let outcome = outcome(ender);
                assert!(outcome.as_ref().err().is_none_or(ended), "{outcome:?}");
            }
            for target in trees.iter().flatten() {
                let termination = match target {
                    Target::Executor(executor) => executor.shutdown(Shutdown::run_queued()),
                    Target::Keyed(keyed) => keyed.shutdown(Shutdown::run_queued()),
                };
                assert_eq!(termination.wait().unwrap().still_running, 0);
            }
        });
    }
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
