//! Worker state: made once a worker, read in jobs; what a failure does.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::error::Error;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use poolbridge::{Cancel, Context, Executor, Reason, Shutdown, Status, TaskError};

use crate::support::{
    Counter, Gate, Log, drive, eventually, occupy, one_worker, outcome, thread_name, value, within,
};

/// I01
#[test]
fn each_worker_has_a_state_of_its_own_made_on_its_thread() {
    let made = AtomicUsize::new(0);
    let pool = Executor::threads()
        .max_workers(2)
        .initializer(move || {
            let number = made.fetch_add(1, Ordering::SeqCst);
            Ok::<_, io::Error>((number, thread_name()))
        })
        .build()
        .unwrap();
    let busy = [occupy(&pool), occupy(&pool)];
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            pool.submit_with(|cx| {
                let state = cx.state::<(usize, String)>();
                (state.0, state.1 == thread_name())
            })
        })
        .collect();
    busy.into_iter().for_each(crate::support::Busy::finish);
    let seen: Vec<_> = tasks.into_iter().map(value).collect();
    assert!(seen.iter().all(|(_, own)| *own));
    assert!(seen.iter().map(|(number, _)| *number).collect::<BTreeSet<_>>().len() <= 2);
}

/// I01: the state lasts from job to job and need not be `Send`.
#[test]
fn worker_state_lasts_from_job_to_job() {
    let pool = Executor::threads()
        .max_workers(1)
        .initializer(|| Ok::<_, io::Error>(Cell::new(0_u32)))
        .build()
        .unwrap();
    let count = |cx: &Context| {
        let state = cx.state::<Cell<u32>>();
        state.set(state.get() + 1);
        state.get()
    };
    for n in 1..=10 {
        assert_eq!(value(pool.submit_with(count)), n);
    }
}

/// Asking for state that is not there, or elsewhere, is `None` or a panic with a clear text.
#[test]
fn missing_worker_state_is_said_plainly() {
    let pool = Executor::threads().max_workers(1).initializer(|| Ok::<_, io::Error>(1_u8)).build();
    let pool = pool.unwrap();
    assert!(value(pool.submit_with(|cx| cx.try_state::<u16>().is_none())));
    let elsewhere = pool.submit_with(|cx| {
        let cx = cx.clone();
        std::thread::spawn(move || cx.try_state::<u8>().is_none()).join().unwrap()
    });
    assert!(value(elsewhere));
    let error = outcome(one_worker().submit_with(|cx| *cx.state::<u8>())).unwrap_err();
    assert!(error.to_string().contains("initializer"), "{error}");
}

/// A job never sees the state of another executor whose thread it happens to run on.
#[test]
fn a_job_that_runs_on_a_strangers_thread_does_not_see_the_strangers_state() {
    let stranger = Executor::threads()
        .max_workers(1)
        .initializer(|| Ok::<_, io::Error>(7_u8))
        .build()
        .unwrap();
    let plain = one_worker();
    let busy = occupy(&plain);
    let task = plain.submit(|| poolbridge::context::current().unwrap().try_state::<u8>().is_none());
    let mut jobs = plain.shutdown(Shutdown::hand_back()).take_handed_back();
    let job = jobs.pop().unwrap();
    value(stranger.submit(move || job.run()));
    busy.finish();
    assert!(value(task), "the job saw the state of the executor whose worker ran it");
}

fn failing(gate: &Gate) -> Executor {
    let gate = gate.clone();
    Executor::threads()
        .max_workers(1)
        .initializer(move || {
            gate.pass();
            Err::<(), _>(io::Error::other("no licence"))
        })
        .build()
        .unwrap()
}

/// I02
#[test]
fn a_failing_initializer_breaks_the_executor_with_its_cause() {
    let gate = Gate::new();
    let pool = failing(&gate);
    let task = pool.submit(|| unreachable!("the executor is broken"));
    gate.open();
    let Err::<(), _>(TaskError::Broken(broken)) = outcome(task) else { panic!("not broken") };
    assert_eq!(broken.cause().unwrap().to_string(), "no licence");
    assert!(broken.to_string().contains("initializer") && broken.source().is_some());
    let late = outcome(pool.submit(|| ()));
    assert!(matches!(late, Err(TaskError::Rejected(Reason::Broken(_)))), "{late:?}");
    let rejected = pool.try_submit(|| 3).unwrap_err();
    assert!(rejected.source().unwrap().source().is_some());
    assert_eq!((rejected.into_inner())(), 3);
    assert!(pool.snapshot().closed);
    assert_eq!(drive(pool.shutdown(Shutdown::run_queued())).unwrap().still_running, 0);
}

/// I02: a panic of the initializer is a failure with its text.
#[test]
fn a_panicking_initializer_breaks_the_executor() {
    fn make() -> Result<(), io::Error> {
        panic!("no {}", "luck")
    }
    let pool = Executor::threads().initializer(make).build().unwrap();
    let Err(TaskError::Broken(broken)) = outcome(pool.submit(|| ())) else { panic!("not broken") };
    assert_eq!(broken.cause().unwrap().to_string(), "no luck");
}

/// G03, D13: cancelled ones among them disturb nothing.
#[test]
fn a_failing_initializer_resolves_every_queued_task() {
    let gate = Gate::new();
    let pool = failing(&gate);
    let (ran, dropped) = (Counter::new(), Counter::new());
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let (ran, capture) = (ran.clone(), dropped.on_drop());
            pool.submit(move || {
                let _capture = &capture;
                ran.add();
            })
        })
        .collect();
    for task in tasks.iter().step_by(3) {
        assert_eq!(task.cancel(), Cancel::Prevented);
    }
    gate.open();
    for (n, task) in tasks.into_iter().enumerate() {
        let error = outcome(task).unwrap_err();
        let cancelled = n % 3 == 0;
        assert_eq!(error.status() == Status::Cancelled, cancelled, "{n}: {error}");
        assert_eq!(matches!(error, TaskError::Broken(_)), !cancelled);
    }
    assert_eq!((ran.get(), dropped.get()), (0, 10));
}

/// G03: who waits for room in the queue of an executor that breaks hears it.
#[test]
fn a_failing_initializer_refuses_who_waits_for_room() {
    let gate = Gate::new();
    let at_gate = gate.clone();
    let pool = Executor::threads()
        .max_workers(1)
        .queue_capacity(1)
        .initializer(move || {
            at_gate.pass();
            Err::<(), _>("broken by design")
        })
        .build()
        .unwrap();
    let queued = pool.submit(|| ());
    let mut waits = pool.submit_when_ready(|| 4);
    assert!(crate::support::poll_once(&mut waits).is_pending());
    gate.open();
    let rejected = drive(waits).unwrap_err();
    assert!(matches!(rejected.reason(), Reason::Broken(_)));
    assert_eq!((rejected.into_inner())(), 4);
    assert!(outcome(queued).is_err());
}

/// One worker's failure breaks the executor while another still runs its job.
#[test]
fn a_second_worker_that_cannot_start_leaves_the_first_ones_job_alone() {
    let made = AtomicUsize::new(0);
    let pool = Executor::threads()
        .max_workers(2)
        .initializer(move || match made.fetch_add(1, Ordering::SeqCst) {
            0 => Ok(()),
            _ => Err("only one"),
        })
        .build()
        .unwrap();
    let gate = Gate::new();
    let (at_gate, begun) = (gate.clone(), Gate::new());
    let at_begun = begun.clone();
    let first = pool.submit(move || {
        at_begun.open();
        at_gate.pass();
        1
    });
    begun.pass();
    assert!(matches!(outcome(pool.submit(|| 2)), Err(TaskError::Broken(_))));
    gate.open();
    assert_eq!(value(first), 1);
    assert_eq!(drive(pool.shutdown(Shutdown::run_queued())).unwrap().still_running, 0);
}

/// The state is dropped on its thread when that leaves.
#[test]
fn worker_state_is_dropped_on_its_thread() {
    let log = Log::new();
    let note = log.clone();
    let pool = Executor::threads()
        .max_workers(1)
        .thread_name("stateful")
        .keep_alive(std::time::Duration::from_millis(1))
        .initializer(move || {
            let note = note.clone();
            Ok::<_, io::Error>(crate::support::OnDrop::new(move || note.note(thread_name())))
        })
        .build()
        .unwrap();
    value(pool.submit(|| ()));
    eventually(|| !log.lines().is_empty());
    assert_eq!(log.lines(), ["stateful-0"]);
}

/// The thread whose initializer failed ends as any other, and the executor's end comes.
#[test]
fn a_thread_whose_initializer_fails_ends_well() {
    let (tell, told) = std::sync::mpsc::channel();
    let pool = Executor::threads()
        .initializer(|| Err::<(), _>(io::Error::other("no licence")))
        .spawn_handler(move |thread| {
            let ended = std::thread::spawn(move || thread.run());
            tell.send(ended).map_err(io::Error::other)
        })
        .build()
        .unwrap();
    assert!(outcome(pool.submit(|| ())).is_err());
    assert!(told.recv().unwrap().join().is_ok());
    let termination = pool.shutdown(Shutdown::run_queued());
    within(move || drop(termination.wait().unwrap()));
}
