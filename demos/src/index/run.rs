//! The whole: executors, the loop, the end.

use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use futures::channel::mpsc;
use futures::stream::{FuturesUnordered, StreamExt};
use poolbridge::Task;

use super::entry::{Outcome, Shop, index};
use super::error::Error;
use super::interrupt::wind_down;
use super::options::Options;
use super::pool::Pool;
use super::progress::Progress;
use super::readers::Readers;
use super::source::Open;
use super::store::Store;
use super::summary::Summary;
use super::walk::Found;
use super::walkers::Walkers;

/// Where outcomes go.
pub(super) struct Desk {
    pub(super) store: Store,
    pub(super) summary: Summary,
}

impl Desk {
    pub(super) fn take(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Indexed(row) => {
                self.summary.files += 1;
                self.summary.bytes += row.size;
                self.store.add(row);
            }
            Outcome::Failed { path, failure } => self.summary.fail(path, failure),
            Outcome::NotBegun => {}
        }
    }
}

/// Reads everything below a folder. `interrupted` resolves when it has to end early. It needs
/// tokio's time, for the grace; everything else runs on any runtime.
///
/// # Errors
/// Only what concerns the whole. A file that can't be read is part of the [`Summary`].
pub async fn run(
    options: Options,
    open: Arc<dyn Open>,
    progress: Progress,
    interrupted: impl Future,
) -> Result<Summary, Error> {
    let began = Instant::now();
    let pool = Rc::new(Pool::new());
    let walkers = Walkers::new(&pool);
    walkers.enter(options.folder.clone()).await?;
    let store = Store::open(&pool, options.database.clone()).await?;
    let own = match &options.database {
        Some(database) => walkers.own_files(&options.folder, database).await?,
        None => Vec::new(),
    };
    let (mut found, walk) = walkers.walk(&options.folder, own.clone());
    if progress.is_shown() {
        walkers.survey(&options.folder, own, progress.clone());
    }
    let shop = Shop {
        readers: Readers::new(pool, options.limit),
        hash: options.cpu.executor(),
        late: Arc::new(AtomicU64::new(0)),
        options,
        open,
        progress,
    };
    let mut desk = Desk { store, summary: Summary::default() };
    index_all(&shop, &mut found, walk, &mut desk, interrupted).await?;
    walkers.stop();
    let Desk { mut store, mut summary } = desk;
    summary.stuck = shop.readers.abandon();
    summary.late = shop.late.load(Ordering::Relaxed);
    store.flush().await?;
    summary.complete(&store).await?;
    store.close().await?;
    summary.time = began.elapsed();
    Ok(summary)
}

/// The loop: until every file has its outcome, or an interrupt has been dealt with.
async fn index_all(
    shop: &Shop,
    found: &mut mpsc::Receiver<Found>,
    walk: Task<()>,
    desk: &mut Desk,
    interrupted: impl Future,
) -> Result<(), Error> {
    // As many again as are read: the next one is ready when a reader comes free.
    let most = shop.options.limit.get().saturating_mul(2);
    let mut in_flight = FuturesUnordered::new();
    let mut interrupted = pin!(interrupted);
    let mut walked = false;
    while !walked || !in_flight.is_empty() {
        let room = in_flight.len() < most && desk.store.has_room();
        tokio::select! {
            biased;
            _ = &mut interrupted => {
                let grace = shop.options.grace;
                let end = wind_down(&shop.readers, found, &mut in_flight, desk, grace).await;
                desk.summary.interruption = Some(end);
                return Ok(());
            }
            stored = desk.store.written() => stored?,
            Some(outcome) = in_flight.next(), if !in_flight.is_empty() => desk.take(outcome),
            next = found.next(), if room && !walked => match next {
                Some(Found::File { path, size }) => in_flight.push(index(shop, path, size)),
                Some(Found::Skipped(what)) => desk.summary.skip(what),
                Some(Found::Failed { path, failure }) => desk.summary.fail(path, failure),
                None => walked = true,
            },
        }
    }
    walk.await.map_err(Error::walk)
}
