//! The threads that look at folders.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use futures::channel::mpsc;
use futures::executor::block_on;
use futures::sink::SinkExt;
use poolbridge::{Executor, Running, Shutdown, Task, context};

use super::error::Error;
use super::pool::Pool;
use super::progress::Progress;
use super::walk::{Found, Walk};

/// How far the walk may run ahead of the reading.
const AHEAD: usize = 256;

/// A view with one place for the walk, and one for the second walk that looks ahead for the bar.
#[derive(Debug)]
pub(super) struct Walkers {
    view: Executor,
}

impl Walkers {
    pub(super) fn new(pool: &Pool) -> Self {
        Self { view: pool.limited(2) }
    }

    /// Whether there is anything to walk.
    pub(super) async fn enter(&self, folder: PathBuf) -> Result<(), Error> {
        let path = folder.clone();
        let entered = self.view.submit(move || fs::read_dir(path).map(drop)).await;
        entered.map_err(Error::walk)?.map_err(|error| Error::Folder(folder, error))
    }

    /// The names, as a walk of `folder` gives them, of the files of our own `database`.
    pub(super) async fn own_files(
        &self,
        folder: &Path,
        database: &Path,
    ) -> Result<Vec<PathBuf>, Error> {
        let (folder, database) = (folder.to_path_buf(), database.to_path_buf());
        let names = self.view.submit(move || own_files(&folder, &database));
        names.await.map_err(Error::walk)?.map_err(Error::database)
    }

    /// Starts the walk: what it finds, and its end.
    pub(super) fn walk(
        &self,
        folder: &Path,
        own: Vec<PathBuf>,
    ) -> (mpsc::Receiver<Found>, Task<()>) {
        let (mut tell, found) = mpsc::channel(AHEAD);
        let walk = Walk::new(folder.into(), own);
        let task = self.view.job(move || {
            for found in walk {
                // Nobody listens any more: an interrupt.
                if block_on(tell.send(found)).is_err() {
                    return;
                }
            }
        });
        (found, task.name("walk").submit())
    }

    /// Looks ahead for the bar, until it has seen all or the walkers are told to stop.
    pub(super) fn survey(&self, folder: &Path, own: Vec<PathBuf>, progress: Progress) {
        let walk = Walk::new(folder.into(), own);
        let task = self.view.job(move || {
            for found in walk {
                if context::current().is_some_and(|cx| cx.is_cancelled()) {
                    return;
                }
                if let Found::File { size, .. } = found {
                    progress.found(size);
                }
            }
        });
        task.name("survey").submit().detach();
    }

    /// Asks what still runs to stop, and does not wait: a folder may be stuck as a file may.
    pub(super) fn stop(&self) {
        drop(self.view.shutdown(Shutdown::cancel_queued().running(Running::Abandon)));
    }
}

/// SQLite writes beside its file under these names.
fn own_files(folder: &Path, database: &Path) -> io::Result<Vec<PathBuf>> {
    let (whole, database) = (folder.canonicalize()?, database.canonicalize()?);
    let Ok(below) = database.strip_prefix(&whole) else { return Ok(Vec::new()) };
    let names = ["", "-journal", "-wal", "-shm"].map(|suffix| {
        let mut name = folder.join(below).into_os_string();
        name.push(suffix);
        name.into()
    });
    Ok(names.into())
}
