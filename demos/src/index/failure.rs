//! Why a file has no hash.

use std::fmt;
use std::io;

use poolbridge::{Expired, TaskError};

/// The sort of a failure, as the summary groups it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// It may not be read.
    Permission,
    /// It was there when the folder was listed, and was gone when it was opened.
    Vanished,
    /// Its length or its time of change moved while it was read: the bytes are of no one moment.
    Changed,
    /// A symbolic link that leads nowhere.
    DanglingLink,
    /// A folder that can't be listed.
    Folder,
    /// Something without content of its own took the place of a file: a pipe, a device.
    NotAFile,
    /// It was not read within its time.
    TimedOut,
    /// The program's own fault.
    Panicked,
    /// The executor could not run the job.
    Executor,
    /// Any other error; the text says which.
    Other,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Kind::Permission => "permission denied",
            Kind::Vanished => "vanished",
            Kind::Changed => "changed while read",
            Kind::DanglingLink => "dangling link",
            Kind::Folder => "unreadable folder",
            Kind::NotAFile => "not a file",
            Kind::TimedOut => "timed out",
            Kind::Panicked => "panicked",
            Kind::Executor => "no thread",
            Kind::Other => "other error",
        })
    }
}

/// One failure: its kind, and what the system said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its sort.
    pub kind: Kind,
    /// The system's words, where the kind does not say it all.
    pub detail: String,
}

impl Failure {
    pub(super) fn new(kind: Kind, detail: impl fmt::Display) -> Self {
        Self { kind, detail: detail.to_string() }
    }
}

/// What opening or reading a file failed with.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::NotFound => Kind::Vanished,
            io::ErrorKind::PermissionDenied => Kind::Permission,
            _ => Kind::Other,
        };
        Self::new(kind, error)
    }
}

/// What a job of ours ended with.
impl From<TaskError> for Failure {
    fn from(error: TaskError) -> Self {
        let kind = match &error {
            TaskError::TimedOut(Expired::Run) => {
                return Self { kind: Kind::TimedOut, detail: String::new() };
            }
            TaskError::Panicked(_) => Kind::Panicked,
            TaskError::Broken(_) | TaskError::Rejected(_) => Kind::Executor,
            _ => Kind::Other,
        };
        Self::new(kind, error)
    }
}
