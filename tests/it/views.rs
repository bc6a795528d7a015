//! Executors over executors: limits, order, shares.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use poolbridge::{BuildError, Cancel, Executor, OnFull, Reason, Shutdown, Task, TaskError};

use crate::support::{
    Counter, Gate, Log, drive, eventually, occupy, one_worker, outcome, value, within, workers,
};

/// How many run at once, and the most that ever did.
#[derive(Clone, Default)]
struct Meter(Arc<(AtomicUsize, AtomicUsize)>);

impl Meter {
    fn run(&self) {
        let now = self.0.0.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.1.fetch_max(now, Ordering::SeqCst);
        thread::yield_now();
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }

    fn most(&self) -> usize {
        self.0.1.load(Ordering::SeqCst)
    }
}

pub(crate) fn end(executor: &Executor) -> poolbridge::Report {
    let termination = executor.shutdown(Shutdown::run_queued());
    within(move || termination.wait().unwrap())
}

#[test]
fn a_limit_holds_under_load_from_many_threads() {
    let pool = workers(4);
    let keyed = pool.keyed::<u8>();
    let views = [(pool.limited(2), 2), (pool.serial(), 1), (keyed.lane(1), 1)];
    let deep = pool.limited(3).limited(8).limited(2).limited(5);
    for (view, limit) in views.into_iter().chain([(deep, 2)]) {
        let running = Meter::default();
        let submitters: Vec<_> = (0..4)
            .map(|_| {
                let (view, running) = (view.clone(), running.clone());
                thread::spawn(move || {
                    let submit = |_| {
                        let running = running.clone();
                        view.submit(move || running.run())
                    };
                    (0..200).map(submit).collect::<Vec<_>>().into_iter().for_each(value);
                })
            })
            .collect();
        submitters.into_iter().for_each(|thread| within(move || thread.join()).unwrap());
        assert!(running.most() <= limit, "{} at once, not {limit}", running.most());
    }
}

/// Whatever becomes of the task, its place is taken until the closure is over.
#[test]
fn a_place_is_held_until_the_closure_is_over() {
    type GiveUp = fn(Task<()>);
    let ways: [(&str, GiveUp); 5] = [
        ("dropped", drop),
        ("detached", Task::detach),
        ("cancelled", |task| assert_eq!(task.cancel(), Cancel::Requested)),
        ("timed out", |task| {
            let timeout = task.timeout(Duration::from_millis(1));
            assert!(matches!(drive(timeout), Err(TaskError::TimedOut(_))));
        }),
        ("run deadline", |task| {
            assert!(matches!(outcome(task), Err(TaskError::TimedOut(_))));
        }),
    ];
    let pool = workers(2);
    let keyed = pool.keyed::<u8>();
    for view in [pool.serial(), pool.limited(1), keyed.lane(1)] {
        for (name, give_up) in ways {
            let (gate, begun) = (Gate::new(), Gate::new());
            let (at_gate, at_begun) = (gate.clone(), begun.clone());
            let job = view.job(move || {
                at_begun.open();
                at_gate.pass();
            });
            let limit = if name == "run deadline" { 1 } else { 3_600_000 };
            let task = job.run_timeout(Duration::from_millis(limit)).submit();
            begun.pass();
            give_up(task);
            let ran = Counter::new();
            let counted = ran.clone();
            let next = view.submit(move || counted.add());
            // The pool's other thread is free, and would have come.
            for n in 0..20 {
                assert_eq!(value(pool.submit(move || n)), n);
            }
            assert_eq!((ran.get(), view.snapshot().running.len()), (0, 1), "{name}");
            gate.open();
            assert_eq!(value(next), 0, "{name}");
        }
    }
}

#[test]
fn a_view_of_one_place_starts_jobs_in_order() {
    let pool = workers(4);
    let keyed = pool.keyed::<u8>();
    for view in [pool.serial(), pool.limited(1), keyed.lane(3), pool.limited(2).serial().limited(4)]
    {
        let log = Log::new();
        let note = |n: usize| {
            let log = log.clone();
            view.submit(move || log.note(format!("{n}")))
        };
        (0..500).map(note).collect::<Vec<_>>().into_iter().for_each(value);
        let wanted: Vec<_> = (0..500).map(|n| n.to_string()).collect();
        assert_eq!(log.lines(), wanted);
    }
}

/// One worker, two busy views and jobs of the pool's own: by the order of starts, nobody waits for
/// more than a share of each of the others.
#[test]
fn busy_views_starve_neither_the_pool_nor_each_other() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let views = [("a", pool.serial()), ("b", pool.serial()), ("own", pool.clone())];
    let log = Log::new();
    for _ in 0..100 {
        for &(name, ref view) in &views {
            let log = log.clone();
            view.submit(move || log.note(name)).detach();
        }
    }
    busy.finish();
    eventually(|| log.lines().len() == 300);
    let order = log.lines();
    let first = |name: &str| order.iter().position(|line| line == name).unwrap();
    assert!(first("a") <= 16 && first("b") <= 32, "{order:?}");
    let turns = |name: &str| order.iter().filter(|line| *line == name).count();
    assert_eq!([turns("a"), turns("b"), turns("own")], [100; 3]);
    // No view has more than its share of 16 in a row while others wait.
    let own_end = order.iter().rposition(|line| line == "own").unwrap();
    for name in ["a", "b"] {
        let rows = order[..own_end].split(|line| line != name).map(<[_]>::len);
        assert!(rows.max().unwrap() <= 16, "{order:?}");
    }
}

/// A view over a view over … of one worker does not lose its place when it hands its turn on.
#[test]
fn views_are_nested_deeply() {
    let pool = workers(2);
    let keyed = pool.limited(2).keyed::<&str>();
    let deep = keyed.lane("a").limited(3).serial().limited(2);
    let keyed_below = deep.keyed::<u32>();
    let deepest = keyed_below.lane(1).serial();
    let running = Meter::default();
    let ran = Counter::new();
    let mut tasks = Vec::new();
    for n in 0..300_u32 {
        let (ran, running) = (ran.clone(), running.clone());
        let f = move || {
            running.run();
            ran.add();
        };
        tasks.push(match n % 4 {
            0 => deepest.submit(f),
            1 => keyed_below.submit(n, f),
            2 => keyed.submit("a", f),
            _ => deep.submit(f),
        });
    }
    tasks.into_iter().for_each(value);
    assert_eq!((ran.get(), running.most()), (300, 1));
    assert_eq!(end(&pool).finished, 0);
}

#[test]
fn a_cancelled_job_of_a_view_is_gone_at_once() {
    let pool = one_worker();
    let busy = occupy(&pool);
    for view in
        [pool.serial(), pool.limited(2), pool.keyed::<u8>().lane(1), pool.limited(1).serial()]
    {
        let dropped = Counter::new();
        let capture = dropped.on_drop();
        let task = view.submit(move || drop(capture));
        assert_eq!(task.cancel(), Cancel::Prevented);
        assert_eq!((dropped.get(), view.snapshot().queued.len()), (1, 0));
        assert_eq!(pool.snapshot().queued.len(), 0);
    }
    busy.finish();
    assert_eq!(end(&pool).still_running, 0);
}

#[test]
fn an_executor_over_an_executor_has_its_own_bound() {
    let pool = one_worker();
    let over = |policy| Executor::on(pool.clone()).queue_capacity(1).on_full(policy);
    let busy = occupy(&pool);
    let rejects = over(OnFull::Reject).build().unwrap();
    let first = rejects.submit(|| 1);
    assert!(matches!(outcome(rejects.submit(|| 2)), Err(TaskError::Rejected(Reason::Full))));
    let drops = over(OnFull::DropOldest).build().unwrap();
    let (old, new) = (drops.submit(|| 3), drops.submit(|| 4));
    assert!(matches!(outcome(old), Err(TaskError::Rejected(Reason::Displaced))));
    let blocks = over(OnFull::Block).build().unwrap();
    let third = blocks.submit(|| 5);
    let clone = blocks.clone();
    let submitter = thread::spawn(move || clone.submit(|| 6));
    assert_eq!(
        value({
            busy.finish();
            first
        }),
        1
    );
    let fourth = within(move || submitter.join()).unwrap();
    assert_eq!([new, third, fourth].map(value), [4, 5, 6]);
    // The pool's own queue has no bound, and none of the others' counts there.
    assert_eq!(value(pool.submit(|| 7)), 7);
}

#[test]
fn options_that_a_view_cannot_have_are_refused() {
    let pool = one_worker();
    let caller = Executor::on(pool.clone()).queue_capacity(1).on_full(OnFull::RunOnCaller);
    assert_eq!(caller.build().unwrap_err(), BuildError::CallerHasNoThread);
    let share = Executor::on(pool.clone()).fair_share(0);
    assert_eq!(share.build().unwrap_err(), BuildError::NoShare);
    assert_eq!(
        Executor::on(pool.clone()).max_workers(0).build().unwrap_err(),
        BuildError::NoWorkers
    );
    assert_eq!(pool.set_max_workers(0), Err(BuildError::NoWorkers));
    assert_eq!(pool.serial().set_max_workers(2), Err(BuildError::Serial));
    assert_eq!(pool.keyed::<u8>().lane(1).set_max_workers(2), Err(BuildError::Serial));
}

#[test]
#[should_panic(expected = "limited(0)")]
fn a_view_of_no_places_is_a_mistake() {
    let _ = one_worker().limited(0);
}

fn note(counter: &Counter) {
    counter.add();
}

#[test]
fn a_view_has_the_pools_hooks_and_state() {
    let (before, after) = (Counter::new(), Counter::new());
    let (at_before, at_after) = (before.clone(), after.clone());
    let pool = Executor::threads()
        .max_workers(1)
        .initializer(|| Ok::<_, std::io::Error>(17_u32))
        .before_job(move |_| note(&at_before))
        .after_job(move |_| note(&at_after))
        .build()
        .unwrap();
    let keyed = pool.keyed::<u8>();
    let views = [pool.serial(), pool.limited(2).serial(), keyed.lane(1)];
    for view in &views {
        assert_eq!(value(view.submit_with(|cx| *cx.state::<u32>())), 17);
    }
    assert_eq!(value(keyed.submit(2, || 1)), 1);
    assert_eq!((before.get(), after.get()), (4, 4));
    // One with hooks of its own has those.
    let own = Counter::new();
    let at_own = own.clone();
    let over = Executor::on(pool).before_job(move |_| note(&at_own)).build().unwrap();
    assert_eq!(value(over.submit_with(|cx| *cx.state::<u32>())), 17);
    assert_eq!((own.get(), before.get()), (1, 4));
}

#[test]
fn a_panic_in_a_view_stays_in_its_task() {
    let pool = one_worker();
    let keyed = pool.keyed::<u8>();
    for view in [pool.serial(), pool.limited(2), keyed.lane(1)] {
        let panics = view.submit(|| -> () { panic!("in a view") });
        assert!(matches!(outcome(panics), Err(TaskError::Panicked(_))));
        assert_eq!(value(view.submit(|| 1)), 1);
    }
    assert_eq!(end(&pool).still_running, 0);
}

/// T04 through a view: who has heard of the end finds the worker idle.
#[test]
fn await_then_submit_to_a_view_uses_one_thread() {
    let pool = workers(4);
    let keyed = pool.keyed::<u8>();
    for view in [pool.serial(), pool.limited(3), keyed.lane(1), pool.limited(2).serial()] {
        let used: BTreeSet<_> = (0..1000)
            .map(|_| format!("{:?}", value(view.submit(|| thread::current().id()))))
            .collect();
        assert_eq!(used.len(), 1);
    }
    assert_eq!(pool.snapshot().workers, 1);
}

#[test]
fn a_pool_and_its_view_show_what_is_theirs() {
    let pool = workers(2);
    let view = pool.serial();
    let busy = occupy(&view);
    let waits = view.submit(|| 1);
    let ours = occupy(&pool);
    let (seen, seen_above) = (view.snapshot(), pool.snapshot());
    assert_eq!((seen.running.len(), seen.queued.len(), seen.workers), (1, 1, 1));
    assert_eq!(seen.queued[0].id, waits.id());
    assert_eq!((seen_above.running.len(), seen_above.queued.len()), (1, 0));
    assert_eq!(seen_above.workers, 2);
    ours.finish();
    busy.finish();
    assert_eq!(value(waits), 1);
}
