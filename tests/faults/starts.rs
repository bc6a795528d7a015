//! Threads that do not start. A workload runs once to count the starts, then again for every `n` with
//! the n-th start failing, alone or with all that follow, in each way in which one can fail. No task
//! is lost, nothing hangs, and with threads to be had again the executor works.

use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use poolbridge::{
    Backend, Executor, PoolThread, Reason, Running, Shutdown, StartError, Task, TaskError, Worker,
};

use crate::support::{Counter, eventually, occupy, outcome, value};
use crate::tally::Tally;
use crate::watch::watch_all;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Refuses,
    /// With the turn in hand.
    Panics,
    /// Says that it started.
    Drops,
    /// Keeps the turn for a moment, on another thread.
    DropsElsewhere,
    /// The thread runs, and yet an error is reported.
    RunsAndRefuses,
    RunsAndPanics,
}

/// Which starts fail.
#[derive(Clone, Copy, Debug)]
enum Which {
    None,
    Only(usize),
    From(usize),
}

/// Counts the starts, and lets some of them fail.
#[derive(Clone)]
struct Starts {
    count: Arc<AtomicUsize>,
    fault: Fault,
    which: Arc<Mutex<Which>>,
}

impl Starts {
    fn new(fault: Fault, which: Which) -> Self {
        Self { count: Arc::default(), fault, which: Arc::new(Mutex::new(which)) }
    }

    fn fails(&self) -> bool {
        let number = self.count.fetch_add(1, Ordering::SeqCst);
        match *self.which.lock().unwrap() {
            Which::None => false,
            Which::Only(n) => n == number,
            Which::From(n) => n <= number,
        }
    }

    /// Starts a thread for `turn`, which `run` runs, or fails.
    fn start<T: Send + 'static>(&self, turn: T, run: fn(T)) -> io::Result<()> {
        let spawn = move || drop(thread::spawn(move || run(turn)));
        if !self.fails() {
            spawn();
            return Ok(());
        }
        match self.fault {
            Fault::Refuses => return Err(io::Error::other("injected")),
            Fault::Panics => {
                let _spawn = spawn;
                panic!("injected")
            }
            Fault::Drops => drop(spawn),
            Fault::DropsElsewhere => drop(thread::spawn(move || drop(spawn))),
            Fault::RunsAndRefuses => {
                spawn();
                return Err(io::Error::other("injected"));
            }
            Fault::RunsAndPanics => {
                spawn();
                panic!("injected")
            }
        }
        Ok(())
    }

    /// Threads are there again.
    fn recover(&self) {
        *self.which.lock().unwrap() = Which::None;
    }
}

/// A backend that starts a thread each time.
struct Fresh(Starts);

impl Backend for Fresh {
    fn start(&self, worker: Worker) -> Result<(), StartError> {
        self.0.start(worker, Worker::run).map_err(StartError::new)
    }

    fn parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::new(3).unwrap()
    }
}

#[derive(Clone, Copy, Debug)]
enum Source {
    /// Own threads that leave at once when idle, so that many are started.
    OwnThreads,
    /// Own threads that stay.
    LastingThreads,
    Backend,
    /// Turns of a few jobs, each handed over by a new start.
    HandedOver,
}

const SOURCES: [Source; 4] =
    [Source::OwnThreads, Source::LastingThreads, Source::Backend, Source::HandedOver];

impl Source {
    fn build(self, starts: &Starts) -> Executor {
        let own = starts.clone();
        let spawn = move |thread: PoolThread| own.start(thread, PoolThread::run);
        let threads = Executor::threads().max_workers(3).stand_ins(1).spawn_handler(spawn);
        let fresh = Executor::on(Fresh(starts.clone()));
        match self {
            Self::OwnThreads => threads.keep_alive(Duration::ZERO).build(),
            Self::LastingThreads => threads.build(),
            Self::Backend => fresh.build(),
            Self::HandedOver => fresh.fair_share(1).build(),
        }
        .unwrap()
    }
}

/// What was submitted, what of it ran.
#[derive(Default)]
struct Load {
    tasks: Vec<Task<()>>,
    ran: Counter,
    tally: Tally,
}

impl Load {
    fn job(&self) -> impl FnOnce() + Send + 'static + use<> {
        let (ran, capture) = (self.ran.clone(), self.tally.value());
        move || {
            let _capture = &capture;
            ran.add();
        }
    }

    fn submit(&mut self, pool: &Executor) {
        let task = pool.submit(self.job());
        self.tasks.push(task);
    }

    /// A job that waits for another one of `inner`, in place or on another thread.
    fn nest(&mut self, outer: &Executor, inner: &Executor) {
        let (inner, job, own) = (inner.clone(), self.job(), self.job());
        self.tasks.push(outer.submit(move || {
            own();
            // Broken, perhaps; it ends.
            let _ = inner.submit(job).wait();
        }));
    }
}

/// Plain jobs, views, cancels, waits, jobs that wait for jobs, blocked workers, a rising limit.
fn work(pool: &Executor) -> Load {
    let mut load = Load::default();
    let (limited, serial, keyed) = (pool.limited(2), pool.serial(), pool.keyed());
    for n in 0..6 {
        load.submit(pool);
        load.submit(&limited);
        load.submit(&serial);
        let job = load.job();
        load.tasks.push(keyed.submit(n % 2, job));
        load.nest(pool, if n % 2 == 0 { pool } else { &limited });
        if n % 3 == 0 {
            let job = load.job();
            match pool.try_submit(job) {
                Ok(task) => load.tasks.push(task),
                Err(rejected) => assert!(matches!(rejected.reason(), Reason::Broken(_))),
            }
            let last = load.tasks.pop();
            let _ = last.map(|task| task.cancel());
            // Threads come to rest, or are gone: the next jobs start new ones.
            load.tasks.drain(..).for_each(check);
        }
    }
    let blocking = load.job();
    load.tasks.push(pool.submit(move || poolbridge::context::blocking(blocking)));
    load.nest(&serial, &limited);
    let _ = pool.set_max_workers(2);
    load.submit(pool);
    load
}

/// It has ended, well or for lack of threads.
fn check(task: Task<()>) {
    match outcome(task) {
        Ok(()) | Err(TaskError::Broken(_) | TaskError::Cancelled) => {}
        Err(other) => panic!("{other}"),
    }
}

fn case(source: Source, starts: &Starts, end: Shutdown) -> usize {
    let pool = source.build(starts);
    let mut load = work(&pool);
    load.tasks.drain(..).for_each(check);
    let used = starts.count.load(Ordering::SeqCst);
    starts.recover();
    // A thread that was about to give its turn back may break one more.
    eventually(|| outcome(pool.submit(|| ())).is_ok());
    for view in [pool.limited(2), pool.serial(), pool.keyed().lane("key")] {
        eventually(|| outcome(view.submit(|| ())).is_ok());
    }
    (0..3).for_each(|_| load.submit(&pool));
    let mut over = pool.shutdown(end);
    drop(over.take_handed_back());
    load.tasks.drain(..).for_each(check);
    let report = over.wait().unwrap();
    assert_eq!(report.still_running, 0);
    let seen = pool.snapshot();
    assert_eq!((seen.queued.len(), seen.running.len()), (0, 0));
    eventually(|| pool.snapshot().workers == 0);
    drop(pool);
    let [made, dropped] = load.tally.counts();
    assert_eq!(made, dropped, "a capture is left, or was dropped twice");
    assert!(load.ran.get() <= made);
    used
}

const ENDS: [Shutdown; 3] = [
    Shutdown::run_queued(),
    Shutdown::cancel_queued().running(Running::Request),
    Shutdown::hand_back(),
];

fn all_of(fault: Fault) {
    let mut cases: crate::watch::Cases = Vec::new();
    for source in SOURCES {
        // How many there are differs from run to run: threads may meet a job before they leave.
        let used = case(source, &Starts::new(fault, Which::None), ENDS[0]);
        assert!(used >= 3, "{source:?}: {used} starts");
        for n in 0..used.min(40) {
            for which in [Which::Only(n), Which::From(n)] {
                let end = ENDS[n % ENDS.len()];
                let run = move || {
                    case(source, &Starts::new(fault, which), end);
                };
                cases.push((format!("{source:?} {fault:?} {which:?}"), Box::new(run)));
            }
        }
    }
    watch_all(cases);
}

#[test]
fn a_start_that_is_refused_loses_no_task() {
    all_of(Fault::Refuses);
}

#[test]
fn a_start_that_panics_loses_no_task() {
    all_of(Fault::Panics);
}

#[test]
fn a_turn_that_is_dropped_loses_no_task() {
    all_of(Fault::Drops);
    all_of(Fault::DropsElsewhere);
}

#[test]
fn a_start_that_reports_a_failure_and_runs_loses_no_task() {
    all_of(Fault::RunsAndRefuses);
    all_of(Fault::RunsAndPanics);
}

/// Where a start is refused while a worker lives, that worker does it all: nothing is broken.
#[test]
fn a_start_that_is_refused_breaks_nothing_while_a_worker_lives() {
    let mut cases: crate::watch::Cases = Vec::new();
    for source in SOURCES {
        let case = move || {
            let starts = Starts::new(Fault::Refuses, Which::From(1));
            let pool = source.build(&starts);
            let busy = occupy(&pool);
            let mut load = Load::default();
            let views = [pool.clone(), pool.limited(2), pool.serial(), pool.keyed().lane("key")];
            (0..5).for_each(|_| views.iter().for_each(|view| load.submit(view)));
            load.nest(&pool, &pool);
            assert!(starts.count.load(Ordering::SeqCst) > 1, "no start was refused");
            busy.finish();
            load.tasks.drain(..).for_each(value);
        };
        cases.push((format!("{source:?}"), Box::new(case)));
    }
    watch_all(cases);
}
