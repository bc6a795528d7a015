//! The database: one worker, which owns the connection.

use std::cell::RefCell;
use std::future::pending;
use std::path::{Path, PathBuf};
use std::time::Duration;

use poolbridge::{Executor, Shutdown, Task};
use rusqlite::{Connection, params};

use super::error::Error;
use super::text::hex;

/// How many rows go into one transaction.
const BATCH: usize = 256;

/// A file that was read.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) path: PathBuf,
    pub(super) size: u64,
    pub(super) hash: [u8; 32],
}

/// What the worker holds. The connection never leaves its thread.
pub(super) struct Database {
    pub(super) connection: Connection,
    /// This run's number: the file may hold rows of earlier ones.
    pub(super) run: i64,
}

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS files (
        path PRIMARY KEY NOT NULL, -- text; a blob where the name is not UTF-8
        size INTEGER NOT NULL,
        hash TEXT NOT NULL,        -- SHA-256 in hexadecimal
        run INTEGER NOT NULL       -- which run of the program saw it last
    )";
const INSERT: &str = "INSERT OR REPLACE INTO files (path, size, hash, run) VALUES (?, ?, ?, ?)";

impl Database {
    fn open(path: Option<&Path>) -> rusqlite::Result<Self> {
        let connection = match path {
            Some(path) => Connection::open(path)?,
            None => Connection::open_in_memory()?,
        };
        connection.execute(SCHEMA, [])?;
        // Somebody else's table of that name is refused now, not after an hour's reading.
        connection.prepare_cached(INSERT)?;
        let run = "SELECT coalesce(max(run), 0) + 1 FROM files";
        let run = connection.query_row(run, [], |row| row.get(0))?;
        Ok(Self { connection, run })
    }

    fn write(&mut self, rows: &[Row]) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached(INSERT)?;
            for Row { path, size, hash } in rows {
                match path.to_str() {
                    Some(path) => insert.execute(params![path, size, hex(hash), self.run])?,
                    None => {
                        let bytes = path.as_os_str().as_encoded_bytes();
                        insert.execute(params![bytes, size, hex(hash), self.run])?
                    }
                };
            }
        }
        transaction.commit()
    }
}

/// The async side of the database.
pub(super) struct Store {
    executor: Executor,
    waiting: Vec<Row>,
    writing: Option<Task<rusqlite::Result<()>>>,
}

impl Store {
    pub(super) async fn open(path: Option<PathBuf>) -> Result<Self, Error> {
        let executor = Executor::threads()
            .max_workers(1)
            .thread_name("store")
            // A database in memory lives as long as its connection, which lives as long as the
            // thread: it has to outstay every pause.
            .keep_alive(Duration::MAX)
            .initializer(move || Database::open(path.as_deref()).map(RefCell::new))
            .build()
            .map_err(Error::database)?;
        // The initializer runs with the first job.
        executor.job(|| ()).name("open").submit().await.map_err(Error::database)?;
        Ok(Self { executor, waiting: Vec::new(), writing: None })
    }

    /// Takes a row, to be written with others.
    pub(super) fn add(&mut self, row: Row) {
        self.waiting.push(row);
        if self.waiting.len() >= BATCH && self.writing.is_none() {
            self.write();
        }
    }

    /// Whether the writing keeps up.
    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < 2 * BATCH
    }

    /// Waits for the end of the write under way; for ever if there is none. May be dropped at any
    /// time and called again.
    pub(super) async fn written(&mut self) -> Result<(), Error> {
        let Some(writing) = &mut self.writing else { return pending().await };
        let outcome = writing.await;
        self.writing = None;
        outcome.map_err(Error::database)?.map_err(Error::database)?;
        if self.waiting.len() >= BATCH {
            self.write();
        }
        Ok(())
    }

    /// Writes what is left.
    pub(super) async fn flush(&mut self) -> Result<(), Error> {
        while self.writing.is_some() || !self.waiting.is_empty() {
            if self.writing.is_none() {
                self.write();
            }
            self.written().await?;
        }
        Ok(())
    }

    fn write(&mut self) {
        let rows = std::mem::take(&mut self.waiting);
        let job = self.executor.submit_with(move |cx| {
            let database = cx.state::<RefCell<Database>>();
            database.borrow_mut().write(&rows)
        });
        self.writing = Some(job);
    }

    /// Asks the database, on its thread.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Database) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let job = self.executor.submit_with(move |cx| {
            let database = cx.state::<RefCell<Database>>();
            question(&database.borrow())
        });
        job.await.map_err(Error::database)?.map_err(Error::database)
    }

    /// Closes the connection: the shutdown is over only when the worker has dropped it.
    pub(super) async fn close(self) -> Result<(), Error> {
        let report = self.executor.shutdown(Shutdown::run_queued()).await;
        report.map(drop).map_err(Error::database)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_replaces_and_has_a_number_of_its_own() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("index.db");
        for run in 1..=2 {
            let mut database = Database::open(Some(&path)).unwrap();
            assert_eq!(database.run, run);
            let row = Row { path: "a".into(), size: run.unsigned_abs(), hash: [0; 32] };
            database.write(&[row]).unwrap();
        }
        let database = Database::open(Some(&path)).unwrap();
        let rows =
            database.connection.query_row("SELECT count(*), max(size) FROM files", [], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
            });
        assert_eq!(rows.unwrap(), (1, 2));
    }

    #[test]
    fn a_strange_table_is_refused_at_once() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("other.db");
        Connection::open(&path).unwrap().execute("CREATE TABLE files (name)", []).unwrap();
        assert!(Database::open(Some(&path)).is_err());
    }
}
