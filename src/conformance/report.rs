//! What a run of the suite found.

use std::fmt;

use super::table::Check;

/// The verdicts of one run, in the order of the checks.
///
/// # Examples
/// ```
/// use poolbridge::backends::Inline;
/// use poolbridge::conformance::{Outcome, Suite};
/// let report = Suite::new(|| Inline).only(["a_submitted_value_arrives"]).run();
/// assert!(report.is_ok(), "{report}");
/// assert_eq!(report.verdicts()[0].outcome, Outcome::Passed);
/// assert_eq!((report.failed().count(), report.not_applicable().count()), (0, 0));
/// ```
#[derive(Clone, Debug)]
#[must_use = "a report says whether the backend keeps its promises"]
pub struct Report {
    verdicts: Vec<Verdict>,
}

/// What came out of one check.
///
/// # Examples
/// A line for each, for people:
/// ```
/// use poolbridge::conformance::{OwnThreads, Suite};
/// let report = Suite::new(OwnThreads).only(["a_submitted_value_arrives"]).run();
/// let lines: Vec<_> = report.verdicts().iter().map(|verdict| verdict.to_string()).collect();
/// assert_eq!(lines, ["a_submitted_value_arrives: passed"]);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Verdict {
    /// Which check it was.
    pub check: &'static Check,
    /// What came out.
    pub outcome: Outcome,
}

/// How a check ended.
///
/// # Examples
/// ```
/// use poolbridge::backends::Inline;
/// use poolbridge::conformance::{Outcome, check};
/// // What needs two jobs at once cannot be asked of a pool without threads.
/// let left_out = |outcome: &Outcome| matches!(outcome, Outcome::NotApplicable(_));
/// assert!(check(|| Inline).verdicts().iter().any(|verdict| left_out(&verdict.outcome)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The promise held.
    Passed,
    /// It did not; the fault in words.
    Failed(String),
    /// There was nothing to check; the reason.
    NotApplicable(String),
}

impl Report {
    pub(super) fn new(verdicts: Vec<Verdict>) -> Self {
        Self { verdicts }
    }

    /// All verdicts.
    pub fn verdicts(&self) -> &[Verdict] {
        &self.verdicts
    }

    /// Whether no check failed.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.failed().next().is_none()
    }

    /// Name and fault of each check that failed.
    pub fn failed(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.verdicts.iter().filter_map(|verdict| match &verdict.outcome {
            Outcome::Failed(fault) => Some((verdict.check.name(), fault.as_str())),
            Outcome::Passed | Outcome::NotApplicable(_) => None,
        })
    }

    /// Name and reason of each check that did not apply.
    pub fn not_applicable(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.verdicts.iter().filter_map(|verdict| match &verdict.outcome {
            Outcome::NotApplicable(reason) => Some((verdict.check.name(), reason.as_str())),
            Outcome::Passed | Outcome::Failed(_) => None,
        })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.check.name();
        match &self.outcome {
            Outcome::Passed => write!(f, "{name}: passed"),
            Outcome::NotApplicable(reason) => write!(f, "{name}: not applicable: {reason}"),
            Outcome::Failed(fault) => {
                let (promise, rules) = (self.check.promise(), self.check.rules());
                write!(f, "{name}: FAILED: {fault}\n    the promise: {promise} ({rules})")
            }
        }
    }
}

/// One line a verdict, the sum last.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for verdict in &self.verdicts {
            writeln!(f, "{verdict}")?;
        }
        let (failed, left_out) = (self.failed().count(), self.not_applicable().count());
        let passed = self.verdicts.len() - failed - left_out;
        write!(f, "{passed} passed, {failed} failed, {left_out} not applicable")
    }
}
