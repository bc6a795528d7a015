//! The database: a view of the pool that uses the connection in order.

use std::future::pending;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use poolbridge::{Executor, Task};
use rusqlite::{Connection, params};

use super::error::Error;
use super::pool::Pool;
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

/// What the jobs share.
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
    /// One job at a time, on any thread of the pool.
    view: Executor,
    /// Locked by jobs only, so nobody ever waits for it.
    database: Arc<Mutex<Database>>,
    waiting: Vec<Row>,
    writing: Option<Task<rusqlite::Result<()>>>,
}

impl Store {
    pub(super) async fn open(pool: &Pool, path: Option<PathBuf>) -> Result<Self, Error> {
        let view = pool.serial();
        let open = view.job(move || Database::open(path.as_deref())).name("open").submit();
        let database = open.await.map_err(Error::database)?.map_err(Error::database)?;
        let database = Arc::new(Mutex::new(database));
        Ok(Self { view, database, waiting: Vec::new(), writing: None })
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
        let database = self.database.clone();
        self.writing = Some(self.view.submit(move || lock(&database).write(&rows)));
    }

    /// Asks the database, after what was submitted before.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Database) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let database = self.database.clone();
        let job = self.view.submit(move || question(&lock(&database)));
        job.await.map_err(Error::database)?.map_err(Error::database)
    }

    /// Closes the connection, in a job: it may block. All jobs before it are over, and what they
    /// captured is gone, so this is the last reference.
    pub(super) async fn close(self) -> Result<(), Error> {
        let Self { view, database, .. } = self;
        view.job(move || drop(database)).name("close").submit().await.map_err(Error::database)
    }
}

fn lock(database: &Mutex<Database>) -> MutexGuard<'_, Database> {
    // Whoever panicked while it wrote has rolled its transaction back.
    database.lock().unwrap_or_else(PoisonError::into_inner)
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
