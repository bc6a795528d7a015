//! The only way to a file's bytes. A trait, so that a test can put in what no real disk does on
//! demand: a permission denied (whoever runs as root is denied nothing), a file that grows.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;
use std::time::SystemTime;

use super::failure::{Failure, Kind};

/// Opens files.
pub trait Open: Send + Sync {
    /// Opens the file at `path`. May block for as long as it likes.
    ///
    /// # Errors
    /// A [`Failure`], also for what is not a regular file.
    fn open(&self, path: &Path) -> Result<Box<dyn Source>, Failure>;
}

/// An open file.
pub trait Source: Read + Send {
    /// How it looks now. Two equal stamps around a reading: it held still.
    ///
    /// # Errors
    /// The system's.
    fn stamp(&self) -> io::Result<Stamp>;
}

/// What changes when a file is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The length that the system tells; 0 for files that are made up while they are read.
    pub length: u64,
    /// When it was written to last, where the system knows.
    pub modified: Option<SystemTime>,
}

impl From<&Metadata> for Stamp {
    fn from(metadata: &Metadata) -> Self {
        Self { length: metadata.len(), modified: metadata.modified().ok() }
    }
}

/// The files of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Open for Disk {
    fn open(&self, path: &Path) -> Result<Box<dyn Source>, Failure> {
        let file = File::open(path)?;
        // Not by the name before but by what was opened. What comes out of a pipe belongs to
        // somebody else.
        if !file.metadata()?.is_file() {
            return Err(Failure::new(Kind::NotAFile, "opened, and left alone"));
        }
        Ok(Box::new(file))
    }
}

impl Source for File {
    fn stamp(&self) -> io::Result<Stamp> {
        Ok(Stamp::from(&self.metadata()?))
    }
}
