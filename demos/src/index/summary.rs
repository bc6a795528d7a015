//! What a run tells when it is over.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::types::ValueRef;

use super::error::Error;
use super::failure::{Failure, Kind};
use super::store::{Database, Store};

/// How many examples of each kind of failure are kept, how many of the largest files, and how
/// many groups of equal files, each with as many of its names.
pub const EXAMPLES: usize = 10;

/// What is passed over without being a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Skip {
    /// A symbolic link that leads somewhere: what it leads to is counted where it lies.
    Link,
    /// A socket.
    Socket,
    /// A device.
    Device,
    /// The database that this run writes, and its journal.
    OwnDatabase,
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Skip::Link => "symbolic link",
            Skip::Socket => "socket",
            Skip::Device => "device",
            Skip::OwnDatabase => "own database",
        })
    }
}

/// The failures of one kind.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Failures {
    /// How many.
    pub count: u64,
    /// The first of them, with what the system said.
    pub examples: Vec<(PathBuf, String)>,
}

/// Files of equal content.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Duplicates {
    /// The length of each.
    pub size: u64,
    /// How many there are.
    pub count: u64,
    /// The first of their names.
    pub paths: Vec<PathBuf>,
}

/// What an interrupt found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Interruption {
    /// Files that had been found, were not begun, and now never will.
    pub cancelled: u64,
    /// Files that were begun and came to their end.
    pub finished: u64,
    /// Files that were begun and still ran when the grace time was over.
    pub given_up: u64,
}

/// The result of a run.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Summary {
    /// Files that were read and hashed.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How long the run took.
    pub time: Duration,
    /// What could not be read.
    pub failures: BTreeMap<Kind, Failures>,
    /// What was passed over.
    pub skipped: BTreeMap<Skip, u64>,
    /// The largest files, the largest first.
    pub largest: Vec<(u64, PathBuf)>,
    /// The groups of equal files that waste most; empty files are not counted.
    pub duplicates: Vec<Duplicates>,
    /// How many such groups there are.
    pub duplicate_groups: u64,
    /// How many bytes all of them hold more than once.
    pub wasted: u64,
    /// Set if the run was interrupted.
    pub interruption: Option<Interruption>,
    /// Reads that ended after their time: their threads came back.
    pub late: u64,
    /// Threads that were still in a read when the run was over.
    pub stuck: usize,
}

impl Summary {
    pub(super) fn fail(&mut self, path: PathBuf, failure: Failure) {
        let failures = self.failures.entry(failure.kind).or_default();
        failures.count += 1;
        if failures.examples.len() < EXAMPLES {
            failures.examples.push((path, failure.detail));
        }
    }

    pub(super) fn skip(&mut self, what: Skip) {
        *self.skipped.entry(what).or_default() += 1;
    }

    /// How many failures there are, of all kinds.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failures.values().map(|failures| failures.count).sum()
    }

    /// Asks the database for what needs all rows.
    pub(super) async fn complete(&mut self, store: &Store) -> Result<(), Error> {
        self.largest = store.ask(largest).await?;
        (self.duplicate_groups, self.wasted) = store.ask(waste).await?;
        self.duplicates = store.ask(duplicates).await?;
        Ok(())
    }
}

fn largest(database: &Database) -> rusqlite::Result<Vec<(u64, PathBuf)>> {
    let query = "SELECT size, path FROM files WHERE run = ? ORDER BY size DESC, path LIMIT ?";
    let mut query = database.connection.prepare(query)?;
    let rows = query.query_map((database.run, EXAMPLES), |row| Ok((row.get(0)?, path(row, 1)?)))?;
    rows.collect()
}

fn waste(database: &Database) -> rusqlite::Result<(u64, u64)> {
    let query = "SELECT count(*), coalesce(sum(more * size), 0) FROM (
                     SELECT count(*) - 1 AS more, size FROM files WHERE run = ? AND size > 0
                     GROUP BY hash HAVING more > 0)";
    database.connection.query_row(query, [database.run], |row| Ok((row.get(0)?, row.get(1)?)))
}

fn duplicates(database: &Database) -> rusqlite::Result<Vec<Duplicates>> {
    let groups = "SELECT hash, size, count(*) FROM files WHERE run = ? AND size > 0
                  GROUP BY hash HAVING count(*) > 1
                  ORDER BY (count(*) - 1) * size DESC, hash LIMIT ?";
    let names = "SELECT path FROM files WHERE run = ? AND hash = ? ORDER BY path LIMIT ?";
    let mut groups = database.connection.prepare(groups)?;
    let mut names = database.connection.prepare(names)?;
    let groups = groups.query_map((database.run, EXAMPLES), |row| {
        let hash: String = row.get(0)?;
        let paths = names.query_map((database.run, hash, EXAMPLES), |row| path(row, 0))?;
        Ok(Duplicates {
            size: row.get(1)?,
            count: row.get(2)?,
            paths: paths.collect::<Result<_, _>>()?,
        })
    })?;
    groups.collect()
}

/// A path as the store wrote it: text, or the bytes of a name that is none.
fn path(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<PathBuf> {
    match row.get_ref(column)? {
        ValueRef::Blob(bytes) => Ok(from_bytes(bytes)),
        value => Ok(value.as_str()?.into()),
    }
}

#[cfg(unix)]
fn from_bytes(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    std::ffi::OsStr::from_bytes(bytes).into()
}

#[cfg(not(unix))]
fn from_bytes(bytes: &[u8]) -> PathBuf {
    String::from_utf8_lossy(bytes).as_ref().into()
}
