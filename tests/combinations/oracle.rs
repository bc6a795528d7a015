//! What has to come of a case.

use poolbridge::{Cancel, Status, TaskError};

use crate::case::{CancelAt, Case, Ends, Fate, Moment, Observer};

/// How a task ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Value,
    Panicked,
    Cancelled,
    /// Nothing that a case may end with.
    Other,
}

impl Kind {
    pub(crate) fn of<T>(outcome: &Result<T, TaskError>) -> Self {
        match outcome {
            Ok(_) => Kind::Value,
            Err(TaskError::Panicked(_)) => Kind::Panicked,
            Err(TaskError::Cancelled) => Kind::Cancelled,
            Err(_) => Kind::Other,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Forecast {
    /// The closure is called.
    pub(crate) runs: bool,
    /// The closure finds itself asked to stop.
    pub(crate) asked: bool,
    pub(crate) kind: Kind,
    /// What the cancel answers, if there is one.
    pub(crate) answer: Option<Cancel>,
    /// What a callback that cancels sees of the task's status.
    pub(crate) status_in_callback: Status,
    /// What the task's status is in the end.
    pub(crate) status: Status,
    /// How many callbacks are told.
    pub(crate) told: usize,
    /// The outcome goes to `on_abandoned`.
    pub(crate) abandoned: bool,
}

pub(crate) fn forecast(case: Case) -> Forecast {
    let dropped_at = (case.fate == Fate::Dropped).then(|| case.lets_go_at()).flatten();
    let runs = case.cancel != CancelAt::BeforeStart && dropped_at != Some(Moment::Queued);
    let kind = match case.ends {
        _ if !runs => Kind::Cancelled,
        Ends::Value | Ends::BadValue => Kind::Value,
        Ends::Panic | Ends::BadPayload => Kind::Panicked,
    };
    let status = match kind {
        Kind::Value => Status::Finished,
        Kind::Cancelled => Status::Cancelled,
        Kind::Panicked | Kind::Other => Status::Failed,
    };
    let too_late = if runs { Cancel::TooLate } else { Cancel::Prevented };
    let told = match case.observer {
        Observer::PanickingCallback => 2,
        Observer::Callback | Observer::CallbackOn => 1,
        Observer::Nobody | Observer::PanickingWaker | Observer::OnAbandoned => 0,
    };
    Forecast {
        runs,
        asked: case.cancel == CancelAt::Running || dropped_at == Some(Moment::Running),
        kind,
        answer: match case.cancel {
            CancelAt::Never => None,
            CancelAt::BeforeStart => Some(Cancel::Prevented),
            CancelAt::Running => Some(Cancel::Requested),
            CancelAt::Callback | CancelAt::After => Some(too_late),
        },
        status_in_callback: match case.is_inline() || !runs {
            true => status,
            false => Status::Running,
        },
        status,
        told: told + usize::from(case.cancel == CancelAt::Callback),
        abandoned: case.observer == Observer::OnAbandoned && runs && case.fate == Fate::Dropped,
    }
}
