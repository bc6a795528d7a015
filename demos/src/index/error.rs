//! Why a run ends without a result.

use std::error;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why there is no summary.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The folder can't be read.
    Folder(PathBuf, io::Error),
    /// The database can't be opened, or not be written.
    Database(Box<dyn error::Error + Send + Sync>),
    /// The walk ended with an error of its own.
    Walk(Box<dyn error::Error + Send + Sync>),
}

impl Error {
    pub(super) fn database(error: impl Into<Box<dyn error::Error + Send + Sync>>) -> Self {
        Error::Database(error.into())
    }

    pub(super) fn walk(error: impl Into<Box<dyn error::Error + Send + Sync>>) -> Self {
        Error::Walk(error.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Folder(path, error) => write!(f, "{}: {error}", path.display()),
            Error::Database(error) => write!(f, "the database: {error}"),
            Error::Walk(error) => write!(f, "the walk: {error}"),
        }
    }
}

impl error::Error for Error {}
