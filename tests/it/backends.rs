//! What holds on anybody's threads: the same tests over each backend.

use std::num::NonZeroUsize;
use std::panic::panic_any;
use std::sync::{Arc, Barrier, mpsc};
use std::time::Duration;

use poolbridge::backends::{FuturesPool, Inline, Rayon, TokioBlocking};
use poolbridge::{
    Backend, Cancel, Executor, ExecutorBuilder, Expired, OnFull, Reason, Shutdown, StartError,
    Status, TaskError, Worker,
};
use tokio::runtime::{Builder, Runtime};

use crate::support::{
    Counter, FAR, Gate, Log, PanicOnDrop, drive, eventually, occupy, outcome, value, within,
    workers,
};

/// Threads in each pool.
const THREADS: usize = 3;

/// A pool of somebody else's.
struct Foreign {
    name: &'static str,
    builder: ExecutorBuilder,
    /// Comes down after the test.
    runtime: Option<Runtime>,
}

impl Foreign {
    fn new(name: &'static str, backend: impl Backend) -> Self {
        Self { name, builder: Executor::on(backend).max_workers(THREADS), runtime: None }
    }

    fn tokio(name: &'static str, mut builder: Builder) -> Self {
        let runtime = builder.max_blocking_threads(THREADS).enable_time().build().unwrap();
        let backend = TokioBlocking::new(runtime.handle().clone());
        Self { runtime: Some(runtime), ..Self::new(name, backend) }
    }
}

/// The pool of the `threadpool` crate.
struct Threads(threadpool::ThreadPool);

impl Backend for Threads {
    fn start(&self, worker: Worker) -> Result<(), StartError> {
        self.0.execute(move || worker.run());
        Ok(())
    }

    fn parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::new(self.0.max_count()).unwrap()
    }
}

const ALL: [fn() -> Foreign; 5] = [
    || {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(THREADS).build().unwrap();
        Foreign::new("rayon", Rayon::pool(Arc::new(pool)))
    },
    || Foreign::tokio("tokio, many threads", Builder::new_multi_thread()),
    || Foreign::tokio("tokio, current thread", Builder::new_current_thread()),
    || {
        let pool = futures::executor::ThreadPool::builder().pool_size(THREADS).create().unwrap();
        Foreign::new("futures", FuturesPool::new(pool))
    },
    || Foreign::new("threadpool", Threads(threadpool::ThreadPool::new(THREADS))),
];

/// Runs `test` over a fresh pool of each kind.
fn each(test: impl Fn(ExecutorBuilder) + Copy + Send + 'static) {
    for make in ALL {
        let Foreign { name, builder, runtime } = make();
        // Seen if it fails.
        println!("over {name}");
        within(move || test(builder));
        drop(runtime);
    }
}

fn build(builder: ExecutorBuilder) -> Executor {
    builder.build().unwrap()
}

/// One worker at most.
fn one(builder: ExecutorBuilder) -> Executor {
    build(builder.max_workers(1))
}

/// The pool's threads all live: as many jobs as it has threads meet.
#[track_caller]
fn assert_all_threads_live(pool: &Executor) {
    let meeting = Arc::new(Barrier::new(THREADS));
    let tasks: Vec<_> = (0..THREADS)
        .map(|_| {
            let meeting = Arc::clone(&meeting);
            pool.submit(move || meeting.wait().is_leader())
        })
        .collect();
    assert_eq!(tasks.into_iter().map(value).filter(|leads| *leads).count(), 1);
}

/// Nobody is left on the executor's queue, nor at it.
#[track_caller]
fn end(pool: &Executor) {
    let report = drive(pool.shutdown(Shutdown::run_queued())).unwrap();
    assert_eq!((report.cancelled, report.still_running), (0, 0));
    assert_eq!(pool.snapshot().workers, 0);
}

#[test]
fn a_submitted_job_is_awaited_and_waited_for_on_any_backend() {
    each(|builder| {
        let pool = build(builder);
        assert_eq!(drive(pool.submit(|| 1)).unwrap(), 1);
        let task = pool.submit_with(|cx| cx.task_id());
        let id = task.id();
        assert_eq!(value(task), id);
        assert_eq!(value(pool.try_submit(|| 3).unwrap()), 3);
        assert_eq!(value(drive(pool.submit_when_ready(|| 4)).unwrap()), 4);
        let many: Vec<_> = (0..1000_u64).map(|n| pool.submit(move || n)).collect();
        assert_eq!(many.into_iter().map(value).sum::<u64>(), 499_500);
        end(&pool);
    });
}

#[test]
fn at_most_max_workers_jobs_run_at_once_on_any_backend() {
    each(|builder| {
        let pool = one(builder);
        let busy = occupy(&pool);
        let tasks = [pool.submit(|| 1), pool.submit(|| 2)];
        assert_eq!(tasks.each_ref().map(|task| task.status()), [Status::Pending; 2]);
        assert_eq!(pool.snapshot().workers, 1);
        busy.finish();
        assert_eq!(tasks.map(value), [1, 2]);
    });
}

#[test]
fn cancelling_a_queued_job_frees_its_captures_at_once_on_any_backend() {
    each(|builder| {
        let pool = one(builder);
        let busy = occupy(&pool);
        let dropped = Counter::new();
        let capture = dropped.on_drop();
        let task = pool.submit(move || drop(capture));
        assert_eq!(task.cancel(), Cancel::Prevented);
        assert_eq!(dropped.get(), 1);
        assert!(matches!(outcome(task), Err(TaskError::Cancelled)));
        busy.finish();
        assert_eq!(value(pool.submit(|| 1)), 1);
        end(&pool);
    });
}

/// All queued jobs are cancelled and a turn for them is still on its way: it finds nothing.
#[test]
fn a_turn_that_finds_everything_cancelled_leaves_on_any_backend() {
    each(|builder| {
        let pool = build(builder);
        let tasks: Vec<_> = (0..100).map(|_| pool.submit(|| ())).collect();
        for task in &tasks {
            let _ = task.cancel();
        }
        for task in tasks {
            assert!(matches!(outcome(task), Ok(()) | Err(TaskError::Cancelled)));
        }
        eventually(|| pool.snapshot().workers == 0);
        assert_all_threads_live(&pool);
    });
}

#[test]
fn cancelling_a_running_job_asks_it_to_stop_on_any_backend() {
    each(|builder| {
        let pool = build(builder);
        let begun = Gate::new();
        let at_begun = begun.clone();
        let task = pool.submit_with(move |cx| {
            at_begun.open();
            while cx.check().is_ok() {
                std::thread::yield_now();
            }
            "stopped"
        });
        begun.pass();
        assert_eq!(task.cancel(), Cancel::Requested);
        assert_eq!(value(task), "stopped");
    });
}

/// D3: where a pool's thread would die of it, or the process.
#[test]
fn no_panic_costs_a_thread_or_the_process_on_any_backend() {
    each(|builder| {
        let pool = build(
            builder.before_job(|_| panic!("before_job")).after_job(|_| panic_any(PanicOnDrop)),
        );
        for _ in 0..10 {
            let task = pool.submit(|| -> u8 { panic!("closure") });
            assert!(matches!(outcome(task), Err(TaskError::Panicked(_))));
            drop(outcome(pool.submit(|| panic_any(PanicOnDrop))));
            pool.submit(|| panic_any(PanicOnDrop)).detach();
            pool.submit(|| PanicOnDrop).detach();
            let task = pool.submit(|| PanicOnDrop);
            eventually(|| task.status().is_done());
            drop(task);
            let capture = PanicOnDrop;
            let task = pool.submit(move || {
                let _capture = &capture;
            });
            assert!(matches!(outcome(task), Err(TaskError::Panicked(_))));
            let gate = Gate::new();
            let at_gate = gate.clone();
            let mut task = pool.submit(move || at_gate.pass());
            task.add_done_callback(|_| panic!("callback"));
            task.add_done_callback(|_| panic_any(PanicOnDrop));
            gate.open();
            value(task);
            let task = pool.job(|| 1).on_abandoned(|_| panic!("on_abandoned")).submit();
            eventually(|| task.status().is_done());
            drop(task);
        }
        assert_all_threads_live(&pool);
        end(&pool);
    });
}

#[test]
fn dropping_the_last_handle_runs_the_queue_on_any_backend() {
    each(|builder| {
        let pool = one(builder);
        let busy = occupy(&pool);
        let ran = Counter::new();
        for _ in 0..10 {
            let ran = ran.clone();
            pool.submit(move || ran.add()).detach();
        }
        let last = pool.submit(|| "last");
        drop(pool);
        busy.finish();
        assert_eq!(value(last), "last");
        assert_eq!(ran.get(), 10);
    });
}

/// What the executor holds goes too: its hooks here, its backend with them.
#[test]
fn an_executor_that_is_dropped_leaves_nothing_behind_on_any_backend() {
    each(|builder| {
        let dropped = Counter::new();
        let held = dropped.on_drop();
        let pool = build(builder.before_job(move |_| {
            let _held = &held;
        }));
        assert_eq!(value(pool.submit(|| 1)), 1);
        drop(pool);
        eventually(|| dropped.get() == 1);
    });
}

/// The last handle goes inside a job, on the pool's own thread.
#[test]
fn the_last_handle_may_go_inside_a_job_on_any_backend() {
    each(|builder| {
        let pool = one(builder);
        let gate = Gate::new();
        let (at_gate, own) = (gate.clone(), pool.clone());
        let task = pool.submit(move || {
            at_gate.pass();
            drop(own);
        });
        drop(pool);
        gate.open();
        value(task);
    });
}

#[test]
fn a_shutdown_waits_and_cancels_as_it_says_on_any_backend() {
    each(|builder| {
        let pool = one(builder);
        let busy = occupy(&pool);
        let queued = [pool.submit(|| ()), pool.submit(|| ())];
        let termination = pool.shutdown(Shutdown::cancel_queued());
        for task in queued {
            assert!(matches!(outcome(task), Err(TaskError::Cancelled)));
        }
        assert!(matches!(pool.try_submit(|| ()).unwrap_err().reason(), Reason::Closed));
        busy.finish();
        let report = drive(termination).unwrap();
        assert_eq!((report.finished, report.cancelled, report.still_running), (1, 2, 0));
    });
}

#[test]
fn deadlines_pass_on_any_backend() {
    each(|builder| {
        let pool = one(builder);
        let busy = occupy(&pool);
        let late = pool.job(|| ()).queue_timeout(Duration::from_millis(1)).submit();
        assert!(matches!(outcome(late), Err(TaskError::TimedOut(Expired::Queue))));
        busy.finish();
        let gate = Gate::new();
        let at_gate = gate.clone();
        let late = pool.job(move || at_gate.pass()).run_timeout(Duration::from_millis(1)).submit();
        assert!(matches!(outcome(late), Err(TaskError::TimedOut(Expired::Run))));
        assert_eq!(pool.snapshot().running.len(), 1);
        gate.open();
        let waits = drive(pool.submit(|| 1).timeout(FAR));
        assert_eq!(waits.unwrap(), 1);
    });
}

#[test]
fn a_bounded_queue_keeps_its_policy_on_any_backend() {
    each(|builder| {
        let pool = one(builder.queue_capacity(1));
        let busy = occupy(&pool);
        let queued = pool.submit(|| 1);
        let refused = pool.submit(|| 2);
        assert!(matches!(outcome(refused), Err(TaskError::Rejected(Reason::Full))));
        let ready = pool.submit_when_ready(|| 3);
        busy.finish();
        assert_eq!(value(drive(ready).unwrap()), 3);
        assert_eq!(value(queued), 1);
    });
    each(|builder| {
        let pool = one(builder.queue_capacity(1).on_full(OnFull::DropOldest));
        let busy = occupy(&pool);
        let (old, new) = (pool.submit(|| 1), pool.submit(|| 2));
        assert!(matches!(outcome(old), Err(TaskError::Rejected(Reason::Displaced))));
        busy.finish();
        assert_eq!(value(new), 2);
    });
    each(|builder| {
        let pool = one(builder.queue_capacity(2).on_full(OnFull::Block));
        let done: u64 = (0..500_u64).map(|n| pool.submit(move || n)).map(value).sum();
        let tasks: Vec<_> = (0..500_u64).map(|n| pool.submit(move || n)).collect();
        assert_eq!(tasks.into_iter().map(value).sum::<u64>(), done);
    });
}

#[test]
fn many_threads_submit_to_any_backend() {
    each(|builder| {
        let pool = build(builder);
        let ran = Counter::new();
        let submitters: Vec<_> = (0..4)
            .map(|_| {
                let (pool, ran) = (pool.clone(), ran.clone());
                std::thread::spawn(move || {
                    let job = || {
                        let ran = ran.clone();
                        pool.submit(move || ran.add())
                    };
                    let tasks: Vec<_> = (0..500).map(|_| job()).collect();
                    tasks.into_iter().for_each(|task| _ = value(task));
                    (0..100).for_each(|_| _ = value(job()));
                })
            })
            .collect();
        for submitter in submitters {
            submitter.join().unwrap();
        }
        assert_eq!(ran.get(), 2400);
        end(&pool);
    });
}

#[test]
fn hooks_and_callbacks_keep_their_order_on_any_backend() {
    each(|builder| {
        let log = Log::new();
        let (before, after) = (log.clone(), log.clone());
        let pool = one(builder
            .before_job(move |_| before.note("before"))
            .after_job(move |_| after.note("after")));
        let gate = Gate::new();
        let (at_gate, at_job, at_callback) = (gate.clone(), log.clone(), log.clone());
        let capture = log.at_drop("captures");
        let mut task = pool.submit(move || {
            let _capture = &capture;
            at_gate.pass();
            at_job.note("job");
        });
        task.add_done_callback(move |_| at_callback.note("callback"));
        gate.open();
        value(task);
        assert_eq!(log.lines(), ["before", "job", "captures", "callback", "after"]);
    });
}

/// Jobs that submit jobs, and wait for them on their own worker.
#[test]
fn a_job_may_submit_and_wait_on_its_own_executor_on_any_backend() {
    each(|builder| {
        let pool = one(builder);
        let (outer, inner) = (pool.clone(), pool.clone());
        let sum = pool.submit(move || {
            let nested = outer.submit(move || 2 + inner.submit(|| 3).wait().unwrap());
            1 + nested.wait().unwrap()
        });
        assert_eq!(value(sum), 6);
    });
}

/// The context is that of the job, whoever's thread it is.
#[test]
fn the_context_is_found_on_any_backend() {
    each(|builder| {
        let pool = build(builder);
        let task = pool.submit(|| poolbridge::context::current().map(|cx| cx.task_id()));
        let id = task.id();
        assert_eq!(value(task), Some(id));
    });
}

/// Another executor's threads by way of somebody's own backend, which passes turns on.
struct Passes(Executor);

impl Backend for Passes {
    fn start(&self, worker: Worker) -> Result<(), StartError> {
        Backend::start(&self.0, worker)
    }

    fn parallelism(&self) -> NonZeroUsize {
        self.0.parallelism()
    }
}

#[test]
fn a_backend_may_pass_its_turns_on_to_an_executor() {
    let pool = workers(3);
    let passed = Executor::on(Passes(pool.clone())).build().unwrap();
    assert_eq!(passed.parallelism().get(), 3);
    let inner = passed.clone();
    let nested = passed.submit(move || 1 + inner.submit(|| 2).wait().unwrap());
    assert_eq!(value(nested), 3);
    let last = passed.submit(|| 7);
    assert_eq!(value(last), 7);
}

/// It has nobody to be a child of, so the end of that executor does not wait for it.
#[test]
fn a_turn_that_is_passed_on_to_an_executor_that_has_ended_is_refused() {
    let pool = workers(1);
    let passed = Executor::on(Passes(pool.clone())).build().unwrap();
    end(&pool);
    let ran = Counter::new();
    let counted = ran.clone();
    let error = outcome(passed.submit(move || counted.add())).unwrap_err();
    assert!(
        matches!(error, TaskError::Broken(_)) && error.to_string().contains("shut down"),
        "{error}"
    );
    assert_eq!((ran.get(), pool.snapshot().workers), (0, 0));
}

/// A thread of somebody else's pool is given back after a fair share of jobs: what others have put into
/// that pool meanwhile goes first, then the turn goes on.
#[test]
fn a_foreign_thread_is_given_back_after_a_fair_share() {
    type Errand = Box<dyn FnOnce() + Send>;
    #[derive(Clone)]
    struct InOrder(mpsc::Sender<Errand>);
    impl Backend for InOrder {
        fn start(&self, worker: Worker) -> Result<(), StartError> {
            self.0.send(Box::new(move || worker.run())).map_err(|_| StartError::new("no thread"))
        }

        fn parallelism(&self) -> NonZeroUsize {
            NonZeroUsize::MIN
        }
    }
    let (errands, taken) = mpsc::channel::<Errand>();
    let thread = std::thread::spawn(move || taken.into_iter().for_each(|errand| errand()));
    let backend = InOrder(errands.clone());
    let pool = Executor::on(backend).fair_share(3).build().unwrap();
    let (gate, log) = (Gate::new(), Log::new());
    let at_gate = gate.clone();
    errands.send(Box::new(move || at_gate.pass())).unwrap();
    let tasks: Vec<_> = (0..7)
        .map(|n| {
            let log = log.clone();
            pool.submit(move || log.note(format!("{n}")))
        })
        .collect();
    for n in ["first stranger", "second stranger"] {
        let log = log.clone();
        errands.send(Box::new(move || log.note(n))).unwrap();
    }
    gate.open();
    tasks.into_iter().for_each(value);
    let order = ["0", "1", "2", "first stranger", "second stranger", "3", "4", "5", "6"];
    assert_eq!(log.lines(), order);
    drop((errands, pool));
    within(move || thread.join().unwrap());
}

/// Those that do not know the size of what is below them say the most useful number.
#[test]
fn a_backend_says_how_many_turns_it_can_serve() {
    let processors = std::thread::available_parallelism().unwrap();
    let pool = futures::executor::ThreadPool::builder().pool_size(1).create().unwrap();
    assert_eq!(FuturesPool::new(pool).parallelism(), processors);
    assert_eq!(Inline.parallelism(), NonZeroUsize::MAX);
}
