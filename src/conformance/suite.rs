//! Running checks: each on a thread of its own, so that a hang is a verdict.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::lab::{Lab, Progress, Stop};
use super::report::{Outcome, Report, Verdict};
use super::subject::Subject;
use super::table::{Check, checks};

/// Long enough for a loaded machine, short enough for somebody who waits for a test.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs every check on `subject`'s executors: [`Suite::new`] with nothing changed.
///
/// # Examples
/// ```
/// use poolbridge::conformance::{OwnThreads, check};
/// let report = check(OwnThreads);
/// assert!(report.is_ok(), "{report}");
/// ```
pub fn check(subject: impl Subject) -> Report {
    Suite::new(subject).run()
}

/// A run of the suite with options; [`check`] is one without.
///
/// # Examples
/// ```
/// use poolbridge::conformance::{OwnThreads, Suite};
/// use std::time::Duration;
/// let suite = Suite::new(OwnThreads).patience(Duration::from_secs(60));
/// let report = suite.only(["a_submitted_value_arrives"]).run();
/// assert_eq!(report.verdicts().len(), 1);
/// assert!(report.is_ok(), "{report}");
/// ```
#[must_use = "a suite does nothing until `run`"]
pub struct Suite {
    subject: Arc<dyn Subject>,
    patience: Duration,
    checks: Vec<&'static Check>,
}

impl Suite {
    /// Every check, with a patience of 30 seconds.
    pub fn new(subject: impl Subject) -> Self {
        Self { subject: Arc::new(subject), patience: PATIENCE, checks: checks().iter().collect() }
    }

    /// How long a check waits for what has to happen before it says that it never does.
    ///
    /// Too little makes faults of a busy machine's pauses; it is for backends that are known to
    /// hang.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// These checks only, in their usual order.
    ///
    /// # Panics
    /// If there is no check of one of the names.
    pub fn only<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        let names: Vec<_> = names.into_iter().collect();
        for name in &names {
            let known = checks().iter().any(|check| check.name() == *name);
            assert!(known, "there is no check called {name}");
        }
        self.checks.retain(|check| names.contains(&check.name()));
        self
    }

    /// Runs the checks one after the other. A check that hangs is given up, and its thread is left
    /// behind.
    pub fn run(self) -> Report {
        let verdict = |check: &'static Check| {
            let outcome = guarded(check, Arc::clone(&self.subject), self.patience);
            Verdict { check, outcome }
        };
        Report::new(self.checks.iter().copied().map(verdict).collect())
    }
}

impl fmt::Debug for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suite")
            .field("patience", &self.patience)
            .field("checks", &self.checks.len())
            .finish_non_exhaustive()
    }
}

/// One check as a test: panics with the fault. Checks run one at a time in a process, because
/// their subjects may share a pool.
#[doc(hidden)]
#[track_caller]
pub fn assert_check(name: &str, subject: impl Subject) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let report = {
        let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        Suite::new(subject).only([name]).run()
    };
    assert!(report.is_ok(), "{report}");
    println!("{report}");
}

fn guarded(check: &'static Check, subject: Arc<dyn Subject>, patience: Duration) -> Outcome {
    let (tell, told) = mpsc::channel();
    let progress = Arc::new(Progress::new());
    let steps = Arc::clone(&progress);
    let body = move || {
        let lab = Lab::new(subject, patience, steps);
        let ended = catch_unwind(AssertUnwindSafe(|| check.run(&lab)));
        let _ = tell.send(judge(ended));
    };
    if let Err(error) = thread::Builder::new().name(check.name().into()).spawn(body) {
        return Outcome::Failed(format!("the check has no thread to run on: {error}"));
    }
    // What waits inside a check does so for `patience`, and says more than this can.
    let limit = patience.saturating_mul(2);
    loop {
        match told.recv_timeout(limit.saturating_sub(progress.since().elapsed())) {
            Ok(outcome) => return outcome,
            Err(RecvTimeoutError::Timeout) if progress.since().elapsed() >= limit => {
                return Outcome::Failed(format!("hangs while {}", progress.doing()));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Outcome::Failed("the check's thread came to an end without a word".into());
            }
        }
    }
}

fn judge(ended: Result<Result<(), Stop>, Box<dyn Any + Send>>) -> Outcome {
    match ended {
        Ok(Ok(())) => Outcome::Passed,
        Ok(Err(Stop::Fault(fault))) => Outcome::Failed(fault),
        Ok(Err(Stop::NotApplicable(reason))) => Outcome::NotApplicable(reason),
        Err(payload) => {
            let text = payload.downcast_ref::<&'static str>().copied();
            let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
            Outcome::Failed(format!("panicked: {}", text.unwrap_or("without a text")))
        }
    }
}
