//! Panics stay inside: every check ends with executors that still work.

use std::future::Future;
use std::sync::Arc;
use std::task::Waker;

use super::lab::{Checked, Lab, Stop, ensure};
use super::probes::{Counter, OnWake, PanicOnDrop, panic_with};
use super::subject::Setup;
use crate::{Cancel, Executor, Shutdown, Task, TaskError};

/// Often enough to use up the threads of a backend that loses one each time.
const ROUNDS: usize = 40;

fn assert_works(lab: &Lab, pool: &Executor) -> Checked {
    let value = lab.value(pool.submit(|| 1))?;
    ensure!(value == 1, "the job after a panic gave {value}");
    Ok(())
}

/// The task has to end with a panic of this text.
fn panicked<T>(lab: &Lab, task: Task<T>, text: &str) -> Checked {
    match lab.outcome(task)? {
        Err(TaskError::Panicked(panic)) if panic.message() == text => Ok(()),
        Err(error) => Err(Stop::Fault(format!("a job that panics ended with: {error}"))),
        Ok(_) => Err(Stop::Fault("a job that panics ended with a value".into())),
    }
}

pub(super) fn a_panicking_closure_fails_its_task_only(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    for _ in 0..ROUNDS {
        panicked::<()>(lab, pool.submit(|| panic_with("closure")), "closure")?;
        assert_works(lab, &pool)?;
    }
    Ok(())
}

pub(super) fn captures_that_panic_harm_nobody(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    for _ in 0..ROUNDS {
        let capture = PanicOnDrop;
        let task = pool.submit(move || {
            let _capture = &capture;
        });
        panicked(lab, task, "a destructor panics")?;
    }
    assert_works(lab, &pool)
}

pub(super) fn captures_that_panic_at_a_cancel_harm_nobody(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    let held = lab.hold(&pool)?;
    let capture = PanicOnDrop;
    let queued = pool.submit(move || drop(capture));
    lab.at("cancelling a job whose captures panic");
    let answer = queued.cancel();
    ensure!(answer == Cancel::Prevented, "the cancel of a queued job said {answer:?}");
    lab.cancelled(queued)?;
    held.finish(lab)?;
    assert_works(lab, &pool)
}

pub(super) fn an_outcome_that_panics_when_dropped_harms_nobody(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    for _ in 0..ROUNDS {
        pool.submit(|| PanicOnDrop).detach();
        assert_works(lab, &pool)?;
    }
    let task = pool.submit(|| PanicOnDrop);
    lab.until("a job to end", || task.status().is_done())?;
    drop(task);
    assert_works(lab, &pool)
}

pub(super) fn a_payload_that_panics_when_dropped_harms_nobody(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    for _ in 0..ROUNDS {
        let ended = lab.outcome(pool.submit(|| panic_with(PanicOnDrop)))?.map(|()| "a value");
        let panicked = matches!(ended, Err(TaskError::Panicked(_)));
        ensure!(panicked, "a job that panics ended with {ended:?}");
        pool.submit(|| panic_with(PanicOnDrop)).detach();
    }
    assert_works(lab, &pool)
}

pub(super) fn a_callback_that_panics_harms_nobody(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    for _ in 0..ROUNDS {
        let told = Counter::default();
        let mut task = pool.submit(|| 3);
        for _ in 0..3 {
            let count = told.clone();
            task.add_done_callback(move |_| {
                count.add();
                panic_with("callback");
            });
        }
        let value = lab.value(task)?;
        ensure!(value == 3, "callbacks that panic changed the value to {value}");
        ensure!(told.get() == 3, "{} of 3 callbacks ran, each of which panics", told.get());
    }
    assert_works(lab, &pool)
}

pub(super) fn hooks_that_panic_harm_nobody(lab: &Lab) -> Checked {
    let (before, after) = (Counter::default(), Counter::default());
    let counts = (before.clone(), after.clone());
    let setup = Setup::workers(1).hooks(
        move |_| {
            before.add();
            panic_with("before_job");
        },
        move |_| {
            after.add();
            panic_with("after_job");
        },
    );
    let pool = lab.executor(setup)?;
    for _ in 0..ROUNDS {
        assert_works(lab, &pool)?;
    }
    let seen = (counts.0.get(), counts.1.get());
    ensure!(seen == (ROUNDS, ROUNDS), "hooks that panic ran {seen:?} times for {ROUNDS} jobs");
    let report = lab.shut_down(&pool, Shutdown::run_queued())?;
    ensure!(report.still_running == 0, "{} jobs run after the end", report.still_running);
    Ok(())
}

pub(super) fn a_waker_that_panics_harms_nobody(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    let held = lab.hold(&pool)?;
    let bad = Waker::from(Arc::new(OnWake(|| panic_with("waker"))));
    let mut cx = std::task::Context::from_waker(&bad);
    let mut task = pool.submit(|| 5);
    let mut stopped = task.stopped();
    let polled = [
        std::pin::Pin::new(&mut task).poll(&mut cx).is_ready(),
        std::pin::Pin::new(&mut stopped).poll(&mut cx).is_ready(),
    ];
    ensure!(polled == [false; 2], "a queued task ended while its only worker is busy");
    held.finish(lab)?;
    lab.drive("awaiting that a job lets go", stopped)?;
    let value = lab.value(task)?;
    ensure!(value == 5, "a waker that panics changed the value to {value}");
    assert_works(lab, &pool)
}
