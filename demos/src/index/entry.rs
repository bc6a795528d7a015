//! One file from its name to its hash.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::channel::mpsc;
use futures::future::{Either, select};
use futures::stream::StreamExt;
use poolbridge::{Executor, Task, TaskError};
use sha2::{Digest, Sha256};

use super::chunk::Chunk;
use super::failure::Failure;
use super::options::Options;
use super::progress::Progress;
use super::read::{self, Ending};
use super::readers::Readers;
use super::source::Open;
use super::store::Row;

/// What became of a file.
#[derive(Debug)]
pub(super) enum Outcome {
    Indexed(Row),
    Failed {
        path: PathBuf,
        failure: Failure,
    },
    /// An interrupt came first.
    NotBegun,
}

/// What the files in flight share.
pub(super) struct Shop {
    pub(super) options: Options,
    pub(super) open: Arc<dyn Open>,
    pub(super) progress: Progress,
    pub(super) readers: Readers,
    pub(super) hash: Executor,
    /// Reads that came back when nobody waited for them any more.
    pub(super) late: Arc<AtomicU64>,
}

/// Why there is no hash.
enum Stop {
    /// The read was cancelled in the queue: the readers have been stopped.
    Unqueued,
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Stop::Failed(failure)
    }
}

/// What a hashing job ended with.
impl From<TaskError> for Stop {
    fn from(error: TaskError) -> Self {
        Stop::Failed(error.into())
    }
}

/// Reads and hashes the file at `path`, which the folder says has `size` bytes.
pub(super) async fn index(shop: &Shop, path: PathBuf, size: u64) -> Outcome {
    let outcome = match digest(shop, &path, size).await {
        Ok((size, hash)) => Outcome::Indexed(Row { path, size, hash }),
        Err(Stop::Failed(failure)) => Outcome::Failed { path, failure },
        Err(Stop::Unqueued) => return Outcome::NotBegun,
    };
    shop.progress.file_done();
    outcome
}

async fn digest(shop: &Shop, path: &Path, size: u64) -> Result<(u64, [u8; 32]), Stop> {
    if shop.readers.is_stopping() {
        return Err(Stop::Unqueued);
    }
    // No room beside the sender's own: the reader is at most one chunk ahead.
    let (tell, mut chunks) = mpsc::channel(0);
    let mut read = start_read(shop, path.to_path_buf(), size, tell);
    let mut hasher = Sha256::new();
    let ending = loop {
        match select(chunks.next(), &mut read).await {
            Either::Left((Some(chunk), _)) => hasher = add(shop, hasher, chunk).await?,
            Either::Left((None, read)) => break read.await,
            Either::Right((ending, _)) => break ending,
        }
    };
    let ending = ending.map_err(|error| stopped(shop, error))??;
    while let Some(chunk) = chunks.next().await {
        hasher = add(shop, hasher, chunk).await?;
    }
    let hasher = add(shop, hasher, ending.tail).await?;
    Ok((ending.size, hasher.finalize().into()))
}

type Read = Task<Result<Ending, Failure>>;

fn start_read(shop: &Shop, path: PathBuf, size: u64, tell: mpsc::Sender<Chunk>) -> Read {
    let (open, late) = (shop.open.clone(), shop.late.clone());
    let name = path.to_string_lossy().into_owned();
    shop.readers
        .view()
        .job(move || read::read(&*open, &path, tell))
        .name(name)
        .label("read")
        .run_timeout(shop.options.time_for(size))
        .on_abandoned(move |_| {
            late.fetch_add(1, Ordering::Relaxed);
        })
        .submit()
}

/// A read that has no outcome of its own.
fn stopped(shop: &Shop, error: TaskError) -> Stop {
    match error {
        TaskError::Cancelled => Stop::Unqueued,
        error => {
            if matches!(error, TaskError::TimedOut(_)) {
                shop.readers.make_up();
            }
            Stop::Failed(error.into())
        }
    }
}

/// The hasher with one chunk more. Its turn takes a fraction of a millisecond, so files take
/// turns at the processors.
async fn add(shop: &Shop, mut hasher: Sha256, chunk: Chunk) -> Result<Sha256, TaskError> {
    let bytes = chunk.len() as u64;
    let job = move || {
        hasher.update(&chunk);
        hasher
    };
    let hasher = shop.hash.job(job).label("hash").submit().await?;
    shop.progress.bytes_done(bytes);
    Ok(hasher)
}
