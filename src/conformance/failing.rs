//! Backends may fail. Then a task ends with an error that says so, and the next one has its
//! chance.

use super::lab::{Checked, Lab, Stop, ensure};
use super::probes::Counter;
use super::subject::Setup;
use crate::{Reason, Shutdown, TaskError};

/// Ends of tasks that a failing backend may lead to.
fn is_typed<T>(ended: &Result<T, TaskError>) -> bool {
    matches!(ended, Ok(_) | Err(TaskError::Broken(_) | TaskError::Rejected(Reason::Broken(_))))
}

pub(super) fn every_task_ends(lab: &Lab) -> Checked {
    let pool = lab.executor(Setup::workers(lab.lanes(4)))?;
    for burst in [1, 10, 100] {
        let (ran, dropped) = (Counter::default(), Counter::default());
        let job = |_| {
            let (ran, capture) = (ran.clone(), dropped.on_drop());
            pool.submit(move || {
                let _capture = &capture;
                ran.add();
            })
        };
        let tasks: Vec<_> = (0..burst).map(job).collect();
        let mut values = 0;
        for task in tasks {
            let ended = lab.outcome(task)?;
            ensure!(is_typed(&ended), "a task ended with {ended:?}");
            values += usize::from(ended.is_ok());
        }
        ensure!(ran.get() == values, "{} closures ran for {values} values", ran.get());
        ensure!(dropped.get() == burst, "{} of {burst} captures are gone", dropped.get());
    }
    let seen = pool.snapshot();
    ensure!(seen.queued.is_empty(), "{} ended tasks are still queued", seen.queued.len());
    Ok(())
}

pub(super) fn a_job_that_is_not_taken_comes_back(lab: &Lab) -> Checked {
    let pool = lab.one_worker()?;
    for n in 0..50 {
        match pool.try_submit(move || n) {
            Ok(task) => {
                let ended = lab.outcome(task)?;
                ensure!(is_typed(&ended), "a task ended with {ended:?}");
            }
            Err(rejected) => {
                let broken = matches!(rejected.reason(), Reason::Broken(_));
                ensure!(broken, "an idle executor refused because {}", rejected.reason());
                ensure!((rejected.into_inner())() == n, "another closure came back");
            }
        }
    }
    Ok(())
}

pub(super) fn an_executor_comes_to_its_end_whatever_happens(lab: &Lab) -> Checked {
    for mode in [Shutdown::run_queued(), Shutdown::cancel_queued(), Shutdown::hand_back()] {
        let pool = lab.executor(Setup::workers(lab.lanes(2)))?;
        let tasks: Vec<_> = (0..20).map(|n| pool.submit(move || n)).collect();
        lab.at("calling shutdown");
        let mut termination = pool.shutdown(mode);
        drop(termination.take_handed_back());
        let report = lab.ends(termination)?;
        ensure!(report.still_running == 0, "{} jobs run after the end", report.still_running);
        for task in tasks {
            ensure!(task.status().is_done(), "a task is {:?} after the end", task.status());
            match lab.outcome(task)? {
                Err(TaskError::Cancelled) => {}
                ended if is_typed(&ended) => {}
                ended => return Err(Stop::Fault(format!("a task ended with {ended:?}"))),
            }
        }
    }
    Ok(())
}
