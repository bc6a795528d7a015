//! In order within a key, side by side across keys.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use poolbridge::{
    Backend, Cancel, Executor, Expired, Job, Keyed, Priority, Queued, Reason, Shutdown, StartError,
    Task, TaskError, Worker,
};

use crate::support::{
    Counter, FAR, Gate, Log, eventually, occupy, one_worker, outcome, value, within, workers,
};

fn end<K>(keyed: &Keyed<K>) -> poolbridge::Report {
    let termination = keyed.shutdown(Shutdown::run_queued());
    within(move || termination.wait().unwrap())
}

/// Each submitter's jobs of a key run in its order, and never two of a key at once.
#[test]
fn jobs_of_a_key_run_one_by_one_in_order_under_many_submitters() {
    let pool = workers(4);
    let keyed = pool.keyed::<usize>();
    type Seen = BTreeMap<usize, (bool, Vec<(usize, usize)>)>;
    let seen: Arc<Mutex<Seen>> = Arc::default();
    let submitters: Vec<_> = (0..4)
        .map(|who| {
            let (keyed, seen) = (keyed.clone(), Arc::clone(&seen));
            thread::spawn(move || {
                let submit = |n: usize| {
                    let (key, seen) = (n % 7, Arc::clone(&seen));
                    keyed.submit(key, move || {
                        let inside = std::mem::replace(
                            &mut seen.lock().unwrap().entry(key).or_default().0,
                            true,
                        );
                        assert!(!inside, "two at once");
                        thread::yield_now();
                        let mut seen = seen.lock().unwrap();
                        let lane = seen.get_mut(&key).unwrap();
                        lane.0 = false;
                        lane.1.push((who, n));
                    })
                };
                (0..300).map(submit).collect::<Vec<_>>().into_iter().for_each(value);
            })
        })
        .collect();
    submitters.into_iter().for_each(|thread| within(move || thread.join()).unwrap());
    let seen = seen.lock().unwrap();
    assert_eq!(seen.values().map(|(_, jobs)| jobs.len()).sum::<usize>(), 1200);
    for (_, jobs) in seen.values() {
        for who in 0..4 {
            let own = jobs.iter().filter(|(by, _)| *by == who).map(|(_, n)| n);
            assert!(own.is_sorted());
        }
    }
}

#[test]
fn keys_run_side_by_side() {
    let pool = workers(3);
    let keyed = pool.keyed::<usize>();
    let meeting = Arc::new(Barrier::new(3));
    let meet = |key| {
        let meeting = Arc::clone(&meeting);
        keyed.submit(key, move || meeting.wait().is_leader())
    };
    let tasks: Vec<_> = (0..3).map(meet).collect();
    assert_eq!(tasks.into_iter().map(value).filter(|leads| *leads).count(), 1);
}

/// The lane is busy until the closure is over, the others go on.
#[test]
fn abandoned_work_keeps_its_lane() {
    let pool = workers(2);
    let keyed = pool.keyed::<u8>();
    let (gate, ran) = (Gate::new(), Counter::new());
    let at_gate = gate.clone();
    let late = Gate::new();
    let at_late = late.clone();
    let job = keyed.job(1, move || at_gate.pass()).on_abandoned(move |outcome| {
        outcome.unwrap();
        at_late.open();
    });
    let task = job.run_timeout(Duration::from_millis(1)).submit();
    assert!(matches!(outcome(task), Err(TaskError::TimedOut(Expired::Run))));
    let counted = ran.clone();
    let next = keyed.submit(1, move || counted.add());
    for n in 0..20 {
        assert_eq!(value(keyed.submit(2, move || n)), n);
    }
    assert_eq!((ran.get(), keyed.snapshot().abandoned().count()), (0, 1));
    gate.open();
    assert_eq!(value(next), 0);
    late.pass();
}

#[test]
fn a_lane_goes_on_behind_a_cancelled_head() {
    let pool = one_worker();
    let keyed = pool.keyed::<u8>();
    let busy = occupy(&pool);
    let log = Log::new();
    let note = |key: u8, line: &'static str| {
        let log = log.clone();
        keyed.submit(key, move || log.note(line))
    };
    let (a, b, c) = (note(1, "a"), note(1, "b"), note(1, "c"));
    let (d, e) = (note(2, "d"), note(3, "e"));
    assert_eq!(a.cancel(), Cancel::Prevented);
    assert_eq!(d.cancel(), Cancel::Prevented);
    // A lane that was emptied is made anew.
    let f = note(2, "f");
    busy.finish();
    [b, c, e, f].into_iter().for_each(value);
    let lines = log.lines();
    let at = |line: &str| lines.iter().position(|seen| seen == line).unwrap();
    assert!(at("b") < at("c") && lines.len() == 4, "{lines:?}");
    assert_eq!(keyed.snapshot().queued.len(), 0);
}

/// All of a hundred thousand keys at once.
#[test]
fn many_keys_queued_at_once_can_all_be_cancelled() {
    let pool = one_worker();
    let keyed = pool.keyed::<usize>();
    let busy = occupy(&pool);
    let dropped = Counter::new();
    let queue = |key| {
        let capture = dropped.on_drop();
        keyed.submit(key, move || drop(capture))
    };
    let tasks: Vec<_> = (0..100_000).map(queue).collect();
    assert_eq!(keyed.snapshot().queued.len(), 100_000);
    assert!(tasks.iter().all(|task| task.cancel() == Cancel::Prevented));
    assert_eq!((dropped.get(), keyed.snapshot().queued.len()), (100_000, 0));
    let again = keyed.submit(5, || 5);
    busy.finish();
    assert_eq!(value(again), 5);
}

#[test]
fn a_lanes_executor_and_its_key_are_one_lane() {
    let pool = workers(4);
    let keyed = pool.keyed::<u8>();
    let lanes = [keyed.lane(1), keyed.lane(1), keyed.lane(1).limited(3)];
    let inside = Counter::new();
    let alone = Arc::new(Mutex::new(()));
    let mut tasks = Vec::new();
    for n in 0..400_usize {
        let (alone, inside) = (Arc::clone(&alone), inside.clone());
        let f = move || {
            let _alone = alone.try_lock().expect("two at once");
            thread::yield_now();
            inside.add();
        };
        tasks.push(if n % 4 == 3 { keyed.submit(1, f) } else { lanes[n % 4].submit(f) });
    }
    tasks.into_iter().for_each(value);
    assert_eq!(inside.get(), 400);
    // Another key is another lane.
    let busy = occupy(&lanes[0]);
    assert_eq!(value(keyed.submit(2, || 2)), 2);
    busy.finish();
}

/// Lanes take turns after each job: with one worker, a long lane delays a short one by one job.
#[test]
fn lanes_take_turns() {
    let pool = one_worker();
    let keyed = pool.keyed::<usize>();
    let busy = occupy(&pool);
    let log = Log::new();
    let mut tasks = Vec::new();
    for key in 0..3 {
        for n in 0..30 {
            let log = log.clone();
            tasks.push(keyed.submit(key, move || log.note(format!("{key} {n}"))));
        }
    }
    busy.finish();
    tasks.into_iter().for_each(value);
    let wanted: Vec<_> =
        (0..30).flat_map(|n| (0..3).map(move |key| format!("{key} {n}"))).collect();
    assert_eq!(log.lines(), wanted);
}

#[test]
fn a_keyed_view_is_shut_down_in_each_mode() {
    for mode in [Shutdown::run_queued(), Shutdown::cancel_queued(), Shutdown::hand_back()] {
        let pool = one_worker();
        let keyed = pool.keyed::<u8>();
        let lane = keyed.lane(3);
        let busy = occupy(&pool);
        let log = Log::new();
        let mut tasks = Vec::new();
        for n in 0..6_u8 {
            let log = log.clone();
            tasks.push(keyed.submit(n % 2, move || log.note(format!("{n}"))));
        }
        let noted = log.clone();
        tasks.push(lane.submit(move || noted.note("lane")));
        let mut termination = keyed.shutdown(mode);
        assert!(matches!(keyed.try_submit(1, || ()).unwrap_err().reason(), Reason::Closed));
        assert!(lane.try_submit(|| ()).is_err());
        let handed = termination.take_handed_back();
        busy.finish();
        let report = within(move || termination.wait().unwrap());
        let ran = if mode.queued == Queued::Cancel { 0 } else { 7 };
        let counts = (report.finished, report.cancelled, handed.len());
        assert_eq!(
            counts,
            match mode.queued {
                Queued::Run => (7, 0, 0),
                Queued::Cancel => (0, 7, 0),
                Queued::HandBack => (0, 0, 7),
            }
        );
        // Handed back in the order of each lane.
        handed.into_iter().for_each(Job::run);
        assert_eq!(tasks.into_iter().map(outcome).filter(Result::is_ok).count(), ran);
        for parity in 0..2 {
            let own = |line: &String| line.parse::<u8>().is_ok_and(|n| n % 2 == parity);
            let lines: Vec<_> = log.lines().into_iter().filter(own).collect();
            assert!(lines.is_sorted(), "{lines:?}");
        }
        assert_eq!(value(pool.submit(|| 1)), 1);
    }
}

#[test]
fn a_job_of_a_key_has_all_options() {
    let pool = one_worker();
    let keyed = pool.keyed::<u8>();
    let busy = occupy(&pool);
    let named = keyed.job(1, || 1).name("name").label("label").priority(Priority::High).submit();
    let seen = keyed.snapshot();
    assert_eq!(seen.queued[0].name.as_deref(), Some("name"));
    assert_eq!(seen.queued[0].label.as_deref(), Some("label"));
    let late = keyed.job(1, || ()).queue_timeout(Duration::from_millis(1)).submit();
    assert!(matches!(outcome(late), Err(TaskError::TimedOut(Expired::Queue))));
    let kept = keyed.job(1, || 2).queue_timeout(FAR).try_submit().unwrap();
    busy.finish();
    assert_eq!((value(named), value(kept)), (1, 2));
}

#[test]
fn a_refused_job_of_a_key_comes_back() {
    let keyed = one_worker().keyed::<u8>();
    let report = end(&keyed);
    assert_eq!((report.finished, report.still_running), (0, 0));
    let rejected = keyed.try_submit(1, || 7).unwrap_err();
    assert!(matches!(rejected.reason(), Reason::Closed));
    assert_eq!((rejected.into_inner())(), 7);
    let rejected = keyed.job(1, || 8).try_submit().unwrap_err();
    assert_eq!((rejected.into_inner())(), 8);
    assert!(matches!(outcome(keyed.submit(1, || ())), Err(TaskError::Rejected(Reason::Closed))));
}

#[derive(PartialEq, Eq)]
struct Unhashable(bool);

impl Hash for Unhashable {
    fn hash<H: Hasher>(&self, state: &mut H) {
        assert!(!self.0, "no hash");
        self.0.hash(state);
    }
}

#[test]
fn a_key_that_cannot_be_hashed_queues_nothing() {
    let pool = one_worker();
    let keyed = pool.keyed::<Unhashable>();
    let busy = occupy(&pool);
    let dropped = Counter::new();
    for way in 0..3 {
        let capture = dropped.on_drop();
        let submit = || match way {
            0 => keyed.submit(Unhashable(true), move || drop(capture)).detach(),
            1 => drop(keyed.try_submit(Unhashable(true), move || drop(capture))),
            _ => drop((keyed.lane(Unhashable(true)), capture)),
        };
        assert!(catch_unwind(AssertUnwindSafe(submit)).is_err());
    }
    assert_eq!((dropped.get(), keyed.snapshot().queued.len()), (3, 0));
    busy.finish();
    assert_eq!(value(keyed.submit(Unhashable(false), || 1)), 1);
}

#[test]
fn a_panic_does_not_stop_its_lane() {
    let keyed = one_worker().keyed::<u8>();
    let panics = keyed.submit(1, || -> () { panic!("in a lane") });
    let next = keyed.submit(1, || 1);
    assert!(matches!(outcome(panics), Err(TaskError::Panicked(_))));
    assert_eq!(value(next), 1);
}

/// Submits, cancels and ends from all sides; what is left at the end is nothing.
#[test]
fn lanes_come_and_go_under_cancels() {
    let pool = workers(3);
    let keyed = pool.keyed::<usize>();
    let ran = Counter::new();
    let threads: Vec<_> = (0..4)
        .map(|who| {
            let (keyed, ran) = (keyed.clone(), ran.clone());
            thread::spawn(move || {
                let mut prevented = 0;
                for n in 0..500 {
                    let counted = ran.clone();
                    let task = keyed.submit((n * 7 + who) % 11, move || counted.add());
                    match n % 3 {
                        0 => prevented += usize::from(task.cancel() == Cancel::Prevented),
                        1 => task.detach(),
                        _ => drop(outcome(task)),
                    }
                }
                prevented
            })
        })
        .collect();
    let prevented: usize =
        threads.into_iter().map(|thread| within(move || thread.join()).unwrap()).sum();
    let _ = end(&keyed);
    assert_eq!(ran.get() + prevented, 2000);
    let seen = keyed.snapshot();
    assert_eq!((seen.queued.len(), seen.running.len(), seen.workers), (0, 0, 0));
}

/// The pool's own jobs are not starved by a keyed view with many lanes.
#[test]
fn a_busy_keyed_view_does_not_starve_its_pool() {
    let pool = one_worker();
    let keyed = pool.keyed::<usize>();
    let busy = occupy(&pool);
    let log = Log::new();
    for n in 0..200 {
        let log = log.clone();
        keyed.submit(n % 50, move || log.note("keyed")).detach();
    }
    let (tell, told) = mpsc::channel();
    let noted = log.clone();
    pool.submit(move || tell.send(noted.lines().len()).unwrap()).detach();
    busy.finish();
    assert!(told.recv().unwrap() <= 16);
    eventually(|| log.lines().len() == 200);
    let executor: Executor = keyed.lane(1);
    assert_eq!(value(executor.submit(|| 1)), 1);
}

/// As many keys at a time as the pool has workers, however many processors there are.
#[test]
fn a_keyed_view_has_all_the_workers_of_its_pool() {
    const WORKERS: usize = 7;
    let keyed = workers(WORKERS).keyed::<usize>();
    let meet = Arc::new(Barrier::new(WORKERS));
    let met = (0..WORKERS).map(|key| {
        let meet = Arc::clone(&meet);
        keyed.submit(key, move || meet.wait().is_leader())
    });
    let met: Vec<_> = met.collect();
    let leaders = within(move || met.into_iter().map(value).filter(|leads| *leads).count());
    assert_eq!(leaders, 1);
}

const KEYS: usize = 7;

/// Keeps turns until somebody takes them.
#[derive(Clone, Default)]
struct Keeps(Arc<Mutex<Vec<Worker>>>);
impl Keeps {
    fn take(&self) -> Vec<Worker> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}
impl Backend for Keeps {
    fn start(&self, worker: Worker) -> Result<(), StartError> {
        self.0.lock().unwrap().push(worker);
        Ok(())
    }

    fn parallelism(&self) -> std::num::NonZeroUsize {
        std::num::NonZeroUsize::new(KEYS).unwrap()
    }
}

/// The pool's threads never come: what waits in a lane ends, turns of the lane's own executors and jobs
/// alike. When they come again, each key has a lane of its own.
#[test]
fn a_lane_that_nobody_will_serve_ends_with_all_that_is_in_it() {
    let kept = Keeps::default();
    let keyed = Executor::on(kept.clone()).build().unwrap().keyed::<usize>();
    let lane = keyed.lane(1);
    let tasks = [
        keyed.submit(1, || ()),
        lane.submit(|| ()),
        keyed.submit(1, || ()),
        keyed.lane(2).submit(|| ()),
        keyed.submit(2, || ()),
        keyed.lane(3).submit(|| ()),
    ];
    let turns = kept.take();
    within(move || drop(turns));
    for task in tasks {
        assert!(matches!(outcome(task), Err(TaskError::Broken(_))));
    }
    assert_eq!(keyed.snapshot().queued.len(), 0);
    let meet = Arc::new(Barrier::new(KEYS));
    let met: Vec<_> = (0..KEYS)
        .map(|key| {
            let meet = Arc::clone(&meet);
            keyed.submit(key, move || meet.wait().is_leader())
        })
        .collect();
    let serving: Vec<_> =
        kept.take().into_iter().map(|turn| thread::spawn(move || turn.run())).collect();
    assert_eq!(within(move || met.into_iter().map(value).filter(|leads| *leads).count()), 1);
    serving.into_iter().for_each(|thread| thread.join().unwrap());
}

/// Lanes are gone through in turn, and the turn comes round: also to a lane before those of the last time.
#[test]
fn jobs_of_earlier_lanes_end_as_well_when_no_thread_comes_again() {
    let kept = Keeps::default();
    let keyed = Executor::on(kept.clone()).build().unwrap().keyed::<usize>();
    let strand = |tasks: Vec<Task<()>>| {
        let turns = kept.take();
        within(move || drop(turns));
        for task in tasks {
            assert!(matches!(outcome(task), Err(TaskError::Broken(_))));
        }
    };
    strand((0..3).map(|key| keyed.submit(key, || ())).collect());
    let [first, second] = [3, 4].map(|key| keyed.submit(key, || ()));
    assert_eq!(first.cancel(), Cancel::Prevented);
    strand(vec![second]);
}
