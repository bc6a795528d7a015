//! How views end, and what ends with their pool.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use poolbridge::{Backend, Executor, Reason, Running, Shutdown, StartError, TaskError, Worker};

use crate::support::{Gate, eventually, occupy, one_worker, outcome, value, within, workers};
use crate::views::end;

#[test]
fn the_end_of_a_view_leaves_its_pool_alone() {
    let pool = one_worker();
    let modes = [Shutdown::run_queued(), Shutdown::cancel_queued(), Shutdown::hand_back()];
    for mode in modes {
        let view = pool.limited(2);
        let busy = occupy(&pool);
        let ours = pool.submit(|| 1);
        let tasks: Vec<_> = (0..3).map(|n| view.submit(move || n)).collect();
        let mut termination = view.shutdown(mode);
        assert!(matches!(view.try_submit(|| ()).unwrap_err().reason(), Reason::Closed));
        let handed = termination.take_handed_back();
        busy.finish();
        assert_eq!(value(ours), 1);
        let report = within(move || termination.wait().unwrap());
        let counts = (report.finished, report.cancelled, handed.len());
        let wanted = match mode.queued {
            poolbridge::Queued::Run => (3, 0, 0),
            poolbridge::Queued::Cancel => (0, 3, 0),
            poolbridge::Queued::HandBack => (0, 0, 3),
        };
        assert_eq!(counts, wanted);
        handed.into_iter().for_each(poolbridge::Job::run);
        let ran = tasks.into_iter().map(outcome).filter(Result::is_ok).count();
        assert_eq!(ran, wanted.0 + wanted.2);
        assert_eq!(value(pool.submit(|| 2)), 2);
    }
}

#[test]
fn a_dropped_view_runs_what_it_has() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let (view, deep) = (pool.serial(), pool.limited(2).keyed::<u8>().lane(1));
    let tasks = [view.submit(|| 1), view.submit(|| 2), deep.submit(|| 3)];
    drop((view, deep));
    busy.finish();
    assert_eq!(tasks.map(value), [1, 2, 3]);
    assert_eq!(value(pool.submit(|| 4)), 4);
}

/// A view is a handle of its pool.
#[test]
fn a_view_keeps_its_pool_open() {
    let pool = one_worker();
    let (serial, keyed) = (pool.serial(), pool.keyed::<u8>());
    drop(pool);
    let deep = serial.limited(1);
    drop(serial);
    assert_eq!((value(deep.submit(|| 1)), value(keyed.submit(1, || 2))), (1, 2));
}

/// With its views gone, nothing holds the pool: its threads leave.
#[test]
fn a_pool_ends_after_its_last_view() {
    let stopped = Gate::new();
    let at_stop = stopped.clone();
    let pool = Executor::threads().max_workers(1).on_thread_stop(move || at_stop.open());
    let pool = pool.build().unwrap();
    let deep = pool.serial().limited(2).keyed::<u8>().lane(1);
    drop(pool);
    assert_eq!(value(deep.submit(|| 1)), 1);
    assert!(!stopped.is_open());
    drop(deep);
    stopped.pass();
}

/// From the leaves up; the report is of all.
#[test]
fn a_pools_shutdown_reaches_all_below_it() {
    for (mode, wanted) in [
        (Shutdown::run_queued(), (5, 0, 0)),
        (Shutdown::cancel_queued(), (1, 4, 0)),
        (Shutdown::hand_back(), (1, 0, 4)),
    ] {
        let pool = one_worker();
        let (view, keyed) = (pool.limited(2), pool.keyed::<u8>());
        let (deep, lane) = (view.serial(), keyed.lane(1));
        let busy = occupy(&pool);
        let tasks =
            [view.submit(|| ()), deep.submit(|| ()), keyed.submit(2, || ()), lane.submit(|| ())];
        let mut termination = pool.shutdown(mode);
        for closed in [&pool, &view, &deep, &lane] {
            assert!(matches!(closed.try_submit(|| ()).unwrap_err().reason(), Reason::Closed));
            assert!(closed.snapshot().closed);
        }
        assert!(keyed.try_submit(2, || ()).is_err());
        let handed = termination.take_handed_back();
        busy.finish();
        let report = within(move || termination.wait().unwrap());
        assert_eq!((report.finished, report.cancelled, handed.len()), wanted);
        assert_eq!(report.still_running, 0);
        drop(handed);
        let ran = tasks.into_iter().map(outcome).filter(Result::is_ok).count();
        assert_eq!(ran, wanted.0 - 1);
        assert_eq!(pool.snapshot().workers + deep.snapshot().workers, 0);
        // One made now is as closed as its pool.
        for late in [pool.serial(), view.limited(2), deep.keyed::<u8>().lane(1)] {
            assert!(matches!(late.try_submit(|| ()).unwrap_err().reason(), Reason::Closed));
        }
    }
}

#[test]
fn an_abandoning_shutdown_counts_what_runs_in_views() {
    let pool = workers(2);
    let deep = pool.limited(2).serial();
    let busy = occupy(&deep);
    let (begun, gate) = (Gate::new(), busy.gate());
    let at_begun = begun.clone();
    let asked = pool.keyed::<u8>().submit(1, move || {
        at_begun.open();
        gate.pass();
        poolbridge::context::current().unwrap().is_cancelled()
    });
    begun.pass();
    let termination = pool.shutdown(Shutdown::cancel_queued().running(Running::Abandon));
    let report = within(move || termination.wait().unwrap());
    assert_eq!((report.still_running, report.finished), (2, 0));
    busy.finish();
    assert!(value(asked));
    assert_eq!(end(&pool).still_running, 0);
}

/// What a backend does with the turns that it is given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    Serve,
    Refuse,
    Drop,
    Panic,
}

struct Moody(Arc<Mutex<Mood>>);

impl Backend for Moody {
    fn start(&self, worker: Worker) -> Result<(), StartError> {
        let mood = *self.0.lock().unwrap();
        match mood {
            Mood::Serve => drop(thread::spawn(move || worker.run())),
            Mood::Refuse => return Err(StartError::new("not in the mood")),
            Mood::Drop => drop(worker),
            Mood::Panic => panic!("moody"),
        }
        Ok(())
    }

    fn parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }
}

#[test]
fn a_views_jobs_are_broken_while_the_backend_has_no_threads() {
    let mood = Arc::new(Mutex::new(Mood::Serve));
    let pool = Executor::on(Moody(Arc::clone(&mood))).build().unwrap();
    let keyed = pool.keyed::<u8>();
    let views = [pool.serial(), pool.limited(2).serial(), keyed.lane(1), keyed.lane(1).limited(2)];
    for view in &views {
        for bad in [Mood::Refuse, Mood::Drop, Mood::Panic] {
            // The last thread lingers for a moment.
            eventually(|| pool.snapshot().workers == 0);
            *mood.lock().unwrap() = bad;
            let broken = view.submit(|| ());
            assert!(matches!(outcome(broken), Err(TaskError::Broken(_))));
            let broken = view.try_submit(|| 1);
            assert!(!matches!(broken.map(outcome), Ok(Ok(_))));
            *mood.lock().unwrap() = Mood::Serve;
            assert_eq!(value(view.submit(|| 1)), 1);
        }
    }
    // A thread that is lost while others wait: they are served by the next.
    eventually(|| pool.snapshot().workers == 0);
    *mood.lock().unwrap() = Mood::Refuse;
    assert!(matches!(outcome(keyed.submit(1, || ())), Err(TaskError::Broken(_))));
    *mood.lock().unwrap() = Mood::Serve;
    assert_eq!(value(keyed.submit(1, || 2)), 2);
    assert_eq!(end(&pool).still_running, 0);
}

#[test]
fn a_broken_pool_breaks_its_views() {
    let pool = Executor::threads()
        .max_workers(1)
        .initializer(|| Err::<(), _>(std::io::Error::other("no state")))
        .build()
        .unwrap();
    let (view, keyed) = (pool.limited(2).serial(), pool.keyed::<u8>());
    let tasks = [view.submit(|| ()), keyed.submit(1, || ()), keyed.lane(2).submit(|| ())];
    for task in tasks {
        let error = outcome(task).unwrap_err();
        assert!(matches!(error, TaskError::Broken(_)));
        let first: &dyn std::error::Error = &error;
        let causes = std::iter::successors(Some(first), |error| error.source());
        let why = causes.map(ToString::to_string).collect::<Vec<_>>();
        assert!(why.iter().any(|why| why.contains("no state")), "{why:?}");
    }
    assert!(!matches!(outcome(view.submit(|| ())), Ok(())));
    assert_eq!(end(&pool).still_running, 0);
}

/// Views come and go, with work and without, while others use the pool.
#[test]
fn views_come_and_go() {
    let pool = workers(2);
    let makers: Vec<_> = (0..3)
        .map(|n| {
            let pool = pool.clone();
            thread::spawn(move || {
                let mut sum = 0;
                for i in 0..300_usize {
                    let view = match (i + n) % 3 {
                        0 => pool.serial(),
                        1 => pool.limited(2).serial(),
                        _ => pool.keyed::<u8>().lane(3),
                    };
                    let task = view.submit(|| 1);
                    match i % 4 {
                        0 => drop(view),
                        1 => drop(view.shutdown(Shutdown::run_queued())),
                        2 => drop(task.cancel()),
                        _ => {}
                    }
                    sum += outcome(task).unwrap_or(1);
                }
                sum
            })
        })
        .collect();
    for maker in makers {
        assert_eq!(within(move || maker.join()).unwrap(), 300);
    }
    end(&pool);
}

/// Submitters and the shutdown of the pool at once: each task ends, in one way or another.
#[test]
fn a_shutdown_against_submitters_to_views_loses_nothing() {
    for round in 0..100 {
        let pool = workers(2);
        let (tell, told) = mpsc::channel();
        let keyed = pool.keyed::<u8>();
        let views = [pool.serial(), pool.limited(2).limited(1), keyed.lane(1)];
        let submitters: Vec<_> = views
            .into_iter()
            .map(|view| {
                let tell = tell.clone();
                thread::spawn(move || {
                    for _ in 0..20 {
                        tell.send(view.submit(|| ())).unwrap();
                    }
                })
            })
            .collect();
        drop((tell, keyed));
        let mode = if round % 2 == 0 { Shutdown::run_queued() } else { Shutdown::cancel_queued() };
        let termination = pool.shutdown(mode);
        let report = within(move || termination.wait().unwrap());
        submitters.into_iter().for_each(|thread| within(move || thread.join()).unwrap());
        let ended: Vec<_> = told.iter().map(outcome).collect();
        assert_eq!(ended.len(), 60);
        let count = |f: fn(&Result<(), TaskError>) -> bool| ended.iter().filter(|e| f(e)).count();
        let (ran, cancelled) =
            (count(Result::is_ok), count(|e| matches!(e, Err(TaskError::Cancelled))));
        let refused = count(|e| matches!(e, Err(TaskError::Rejected(Reason::Closed))));
        assert_eq!((ran + cancelled + refused, cancelled), (60, report.cancelled));
        assert!(ran >= report.finished);
    }
}
