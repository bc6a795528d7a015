//! Where threads come from, and what happens when they don't.

use std::collections::VecDeque;
use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use poolbridge::{
    Backend, Cancel, Executor, PoolThread, Reason, Shutdown, StartError, Status, TaskError, Worker,
};

use crate::support::{
    Counter, CountingWaker, Gate, drive, eventually, occupy, outcome, poll_once, poll_with,
    thread_name, value, within,
};

fn run(thread: PoolThread) -> io::Result<()> {
    let mut builder = thread::Builder::new().name(format!("own-{}", thread.name()));
    if let Some(bytes) = thread.stack_size() {
        builder = builder.stack_size(bytes);
    }
    builder.spawn(move || thread.run()).map(drop)
}

/// A spawn handler gets the name and the stack size that the builder was told.
#[test]
fn a_spawn_handler_starts_the_threads() {
    let pool = Executor::threads()
        .thread_name("custom")
        .stack_size(1 << 20)
        .spawn_handler(|thread| {
            assert_eq!(thread.stack_size(), Some(1 << 20));
            run(thread)
        })
        .build()
        .unwrap();
    assert_eq!(value(pool.submit(thread_name)), "own-custom-0");
}

/// A pool whose threads start only while the switch is on.
fn switched(on: &Arc<AtomicBool>, max: usize) -> Executor {
    let on = Arc::clone(on);
    let spawn = move |thread| {
        if on.load(Ordering::SeqCst) { run(thread) } else { Err(io::Error::other("no threads")) }
    };
    Executor::threads().max_workers(max).spawn_handler(spawn).build().unwrap()
}

/// R22, D12
#[test]
fn with_no_thread_to_be_had_the_task_is_broken_and_not_lost() {
    let on = Arc::new(AtomicBool::new(false));
    let pool = switched(&on, 1);
    let dropped = Counter::new();
    let capture = dropped.on_drop();
    let task = pool.submit(move || drop(capture));
    assert_eq!(dropped.get(), 1);
    let Err(TaskError::Broken(broken)) = outcome(task) else { panic!("not broken") };
    assert_eq!(broken.cause().unwrap().to_string(), "no threads");
    let seen = pool.snapshot();
    assert_eq!((seen.queued.len(), seen.workers, seen.closed), (0, 0, false));
}

/// R22: `try_submit` hands the closure back instead.
#[test]
fn with_no_thread_to_be_had_try_submit_hands_the_closure_back() {
    let on = Arc::new(AtomicBool::new(false));
    let pool = switched(&on, 1);
    let rejected = pool.try_submit(|| 5).unwrap_err();
    assert!(matches!(rejected.reason(), Reason::Broken(_)));
    assert_eq!((rejected.into_inner())(), 5);
    let large = [1_u8; 500];
    let rejected = pool.try_submit(move || large.len()).unwrap_err();
    assert_eq!((rejected.into_inner())(), 500);
    assert_eq!(pool.snapshot().queued.len(), 0);
}

/// R22, D12: with a live worker the job just waits for it.
#[test]
fn a_failed_start_is_no_harm_while_a_worker_lives() {
    let on = Arc::new(AtomicBool::new(true));
    let pool = switched(&on, 4);
    let busy = occupy(&pool);
    on.store(false, Ordering::SeqCst);
    let tasks = [pool.submit(|| 1), pool.try_submit(|| 2).unwrap()];
    assert_eq!(pool.snapshot().workers, 1);
    busy.finish();
    assert_eq!(tasks.map(value), [1, 2]);
}

/// D12: the next submission tries anew.
#[test]
fn an_executor_that_could_not_start_a_thread_recovers() {
    let on = Arc::new(AtomicBool::new(false));
    let pool = switched(&on, 1);
    assert!(outcome(pool.submit(|| ())).is_err());
    on.store(true, Ordering::SeqCst);
    assert_eq!(value(pool.submit(|| 3)), 3);
}

fn give_up(thread: PoolThread) -> io::Result<()> {
    drop(thread);
    Ok(())
}

/// D12: dropping the thread un-run, or panicking, says that there is none.
#[test]
fn a_spawn_handler_that_drops_or_panics_breaks_the_task() {
    let pool = Executor::threads().spawn_handler(give_up).build().unwrap();
    assert!(matches!(outcome(pool.submit(|| ())), Err(TaskError::Broken(_))));
    let pool = Executor::threads().spawn_handler(|_| panic!("spawn handler")).build().unwrap();
    assert!(matches!(outcome(pool.submit(|| ())), Err(TaskError::Broken(_))));
    assert_eq!(pool.snapshot().workers, 0);
    assert_eq!(drive(pool.shutdown(Shutdown::run_queued())).unwrap().finished, 0);
}

/// A backend that keeps turns until told.
#[derive(Clone, Default)]
struct Shelf(Arc<Mutex<VecDeque<Worker>>>);

impl Shelf {
    fn take(&self) -> Option<Worker> {
        self.0.lock().unwrap().pop_front()
    }
}

impl Backend for Shelf {
    fn start(&self, worker: Worker) -> Result<(), StartError> {
        self.0.lock().unwrap().push_back(worker);
        Ok(())
    }

    fn parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::new(2).unwrap()
    }
}

/// X06, D10: any source of threads will do; the turn takes all that is queued.
#[test]
fn one_turn_on_a_foreign_thread_drains_the_queue() {
    let shelf = Shelf::default();
    let pool = Executor::on(shelf.clone()).max_workers(1).build().unwrap();
    let tasks: Vec<_> = (0..10).map(|n| pool.submit(move || n)).collect();
    let turn = shelf.take().unwrap();
    assert!(shelf.take().is_none(), "one turn is enough below a limit of one");
    within(move || turn.run());
    for (n, task) in tasks.into_iter().enumerate() {
        assert_eq!(value(task), n);
    }
    assert_eq!(pool.snapshot().workers, 0);
}

/// The backend's parallelism is the default limit.
#[test]
fn a_backend_limits_the_turns() {
    let shelf = Shelf::default();
    let pool = Executor::on(shelf.clone()).build().unwrap();
    let tasks: Vec<_> = (0..10).map(|n| pool.submit(move || n)).collect();
    let turns = [shelf.take().unwrap(), shelf.take().unwrap()];
    assert!(shelf.take().is_none());
    turns.into_iter().for_each(|turn| within(move || turn.run()));
    assert_eq!(tasks.into_iter().map(value).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
}

/// D12: a turn that is dropped later is not lost for good: its jobs break, others go on.
#[test]
fn a_turn_dropped_later_breaks_what_is_queued_and_the_next_job_gets_a_new_one() {
    let shelf = Shelf::default();
    let pool = Executor::on(shelf.clone()).max_workers(1).build().unwrap();
    let task = pool.submit(|| 1);
    drop(shelf.take().unwrap());
    assert!(matches!(outcome(task), Err(TaskError::Broken(_))));
    let task = pool.submit(|| 2);
    let turn = shelf.take().unwrap();
    within(move || turn.run());
    assert_eq!(value(task), 2);
}

/// A dropped turn harms nobody while another one is out.
#[test]
fn a_dropped_turn_leaves_the_queue_to_the_other() {
    let shelf = Shelf::default();
    let pool = Executor::on(shelf.clone()).max_workers(2).build().unwrap();
    let tasks = [pool.submit(|| 1), pool.submit(|| 2)];
    let (first, second) = (shelf.take().unwrap(), shelf.take().unwrap());
    drop(first);
    assert_eq!(pool.snapshot().queued.len(), 2);
    within(move || second.run());
    assert_eq!(tasks.map(value), [1, 2]);
}

/// A backend that runs turns right in `start`, and counts them.
#[derive(Clone, Default)]
struct Inline(Counter);

impl Backend for Inline {
    fn start(&self, worker: Worker) -> Result<(), StartError> {
        self.0.add();
        worker.run();
        Ok(())
    }

    fn parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }
}

/// A backend may run the turn right in `start`: then submitting runs the job.
#[test]
fn a_backend_may_run_the_turn_inline() {
    let pool = Executor::on(Inline::default()).build().unwrap();
    let here = thread::current().id();
    let mut task = pool.submit(move || thread::current().id() == here);
    assert!(task.result(std::time::Duration::ZERO).unwrap().unwrap());
    let nested = pool.clone();
    assert_eq!(value(pool.submit(move || nested.submit(|| 2))).wait().unwrap(), 2);
}

/// The submitter's thread is nobody else's to be given back to: a small share would only pile turns up
/// inside one another, until the last of them left the rest to nobody.
#[test]
fn a_turn_that_runs_inside_start_serves_all_there_is_whatever_its_share() {
    let inline = Inline::default();
    let pool = Executor::on(inline.clone()).fair_share(1).build().unwrap();
    let inner = pool.clone();
    let submit = move || (0..40).map(|n| inner.submit(move || n)).collect::<Vec<_>>();
    let tasks = value(pool.submit(submit));
    assert_eq!(tasks.into_iter().map(value).sum::<i32>(), 780);
    assert_eq!(inline.0.get(), 1);
}

/// Has no threads; says so, or panics.
struct Bad(bool);

impl Backend for Bad {
    fn start(&self, _: Worker) -> Result<(), StartError> {
        assert!(!self.0, "the backend panics");
        Err(StartError::new("out of threads"))
    }

    fn parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }
}

/// D12
#[test]
fn a_backend_that_fails_or_panics_breaks_the_task() {
    for panics in [false, true] {
        let pool = Executor::on(Bad(panics)).build().unwrap();
        let error = outcome(pool.submit(|| ())).unwrap_err();
        assert!(matches!(error, TaskError::Broken(_)), "{error}");
        assert!(pool.try_submit(|| ()).is_err());
    }
    let text = StartError::new("out of threads").to_string();
    assert!(text.contains("out of threads"));
}

/// Turns that come home after the shutdown find nothing to do, and the shutdown ends with them.
#[test]
fn a_shutdown_waits_for_turns_that_are_out() {
    let shelf = Shelf::default();
    let pool = Executor::on(shelf.clone()).max_workers(1).build().unwrap();
    let task = pool.submit(|| 1);
    let mut termination = pool.shutdown(Shutdown::run_queued());
    assert!(poll_once(&mut termination).is_pending());
    let turn = shelf.take().unwrap();
    within(move || turn.run());
    assert_eq!(drive(termination).unwrap().finished, 1);
    assert_eq!(value(task), 1);
}

/// A turn that finds nothing to do is not over before its backend has let it go, and it may do so unrun:
/// who waits for the end hears of it all the same.
#[test]
fn a_shutdown_ends_when_the_last_turn_is_dropped_unrun() {
    let shelf = Shelf::default();
    let pool = Executor::on(shelf.clone()).build().unwrap();
    assert_eq!(pool.submit(|| ()).cancel(), Cancel::Prevented);
    let mut termination = pool.shutdown(Shutdown::run_queued());
    let (count, waker) = CountingWaker::new();
    assert!(poll_with(&mut termination, &waker).is_pending());
    drop(shelf.take().unwrap());
    assert_eq!(count.wakes(), 1);
    assert!(poll_with(&mut termination, &waker).is_ready());
}

/// What a thread cleans up after its last job is the executor's as well.
#[test]
fn a_shutdown_waits_for_the_thread_stop_hook() {
    let (gate, begun) = (Gate::new(), Gate::new());
    let (at_gate, at_begun) = (gate.clone(), begun.clone());
    let pool = Executor::threads().max_workers(1).on_thread_stop(move || {
        at_begun.open();
        at_gate.pass();
    });
    let pool = pool.build().unwrap();
    value(pool.submit(|| ()));
    let mut termination = pool.shutdown(Shutdown::run_queued());
    begun.pass();
    assert!(poll_once(&mut termination).is_pending());
    gate.open();
    assert_eq!(drive(termination).unwrap().still_running, 0);
}

/// R22: a start that fails while the only worker is leaving strands nobody.
#[test]
fn jobs_are_never_stranded_between_a_leaving_worker_and_a_failing_start() {
    let on = Arc::new(AtomicBool::new(true));
    let flag = Arc::clone(&on);
    let pool = Executor::threads()
        .max_workers(2)
        .keep_alive(std::time::Duration::ZERO)
        .spawn_handler(move |thread| {
            if flag.load(Ordering::SeqCst) { run(thread) } else { Err(io::Error::other("off")) }
        })
        .build()
        .unwrap();
    for n in 0..200 {
        on.store(n % 2 == 0, Ordering::SeqCst);
        match outcome(pool.submit(move || n)) {
            Ok(seen) => assert_eq!(seen, n),
            Err(TaskError::Broken(_)) => assert_eq!(n % 2, 1),
            Err(other) => panic!("{other}"),
        }
    }
    eventually(|| pool.snapshot().workers == 0);
}

/// The cause reaches a view's tasks, through every executor between.
#[test]
fn a_view_says_why_its_pool_could_not_start_a_thread() {
    let pool = Executor::threads()
        .spawn_handler(|_| Err(std::io::Error::other("no threads today")))
        .build()
        .unwrap();
    let view = pool.limited(4).serial();
    let Err(TaskError::Broken(broken)) = outcome(view.submit(|| ())) else { panic!() };
    assert!(broken.to_string().contains("no threads today"), "{broken}");
    let rejected = view.try_submit(|| 7).unwrap_err();
    assert!(rejected.reason().to_string().contains("no threads today"));
    assert_eq!((rejected.into_inner())(), 7);
}

/// A worker whose turn nobody else takes goes on with it, and the books are right when all is over.
#[test]
fn a_worker_that_cannot_hand_over_goes_on_and_the_end_comes() {
    struct Once(Mutex<bool>);
    impl Backend for Once {
        fn start(&self, worker: Worker) -> Result<(), StartError> {
            if std::mem::replace(&mut *self.0.lock().unwrap(), true) {
                return Err(StartError::new("one thread is all there is"));
            }
            std::thread::spawn(move || worker.run());
            Ok(())
        }

        fn parallelism(&self) -> NonZeroUsize {
            NonZeroUsize::MIN
        }
    }
    let pool = Executor::on(Once(Mutex::new(false))).fair_share(1).build().unwrap();
    let gate = Gate::new();
    let at_gate = gate.clone();
    let first = pool.submit(move || at_gate.pass());
    let tasks: Vec<_> = (0..5).map(|n| pool.submit(move || n)).collect();
    gate.open();
    value(first);
    assert_eq!(tasks.into_iter().map(value).sum::<i32>(), 10);
    let termination = pool.shutdown(Shutdown::run_queued());
    within(move || drop(termination.wait().unwrap()));
    assert_eq!(pool.snapshot().workers, 0);
}

/// The thread is wanted back although the limit would let it go on beside the one that it asked for.
#[test]
fn a_worker_that_has_handed_its_turn_over_goes_below_the_limit_too() {
    let shelf = Shelf::default();
    let pool = Executor::on(shelf.clone()).fair_share(1).build().unwrap();
    let tasks = [pool.submit(|| 1), pool.submit(|| 2)];
    let (first, second) = (shelf.take().unwrap(), shelf.take().unwrap());
    drop(second);
    within(move || first.run());
    let status = tasks.each_ref().map(|task| task.status());
    assert_eq!(status, [Status::Finished, Status::Pending]);
    let next = shelf.take().unwrap();
    within(move || next.run());
    assert_eq!(tasks.map(value), [1, 2]);
}

/// A thread that has stolen a turn in the midst of a job of the same executor serves one job and gives
/// the turn back: the job underneath waits meanwhile.
#[test]
fn a_turn_inside_a_job_of_the_same_executor_serves_one_job() {
    let shelf = Shelf::default();
    let pool = Executor::on(shelf.clone()).build().unwrap();
    let (inner, turns) = (pool.clone(), shelf.clone());
    let outer = pool.submit(move || {
        let done = Counter::new();
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let done = done.clone();
                inner.submit(move || done.add())
            })
            .collect();
        turns.take().unwrap().run();
        (done.get(), tasks)
    });
    shelf.take().unwrap().run();
    let (done, tasks) = value(outer);
    assert_eq!(done, 1);
    while let Some(turn) = shelf.take() {
        turn.run();
    }
    let order: Vec<_> = tasks.into_iter().map(value).collect();
    assert_eq!(order, [0, 1, 2]);
}
