//! The early end of a run.

use std::future::Future;
use std::time::Duration;

use futures::channel::mpsc;
use futures::stream::{FuturesUnordered, StreamExt};

use super::entry::Outcome;
use super::readers::Readers;
use super::run::Desk;
use super::summary::Interruption;
use super::walk::Found;

/// Cancels what is not begun and waits for what is, up to `grace`.
///
/// A file counts as begun from the moment its reader has started: a big one goes on through its
/// whole chain of chunks.
pub(super) async fn wind_down(
    readers: &Readers,
    found: &mut mpsc::Receiver<Found>,
    in_flight: &mut FuturesUnordered<impl Future<Output = Outcome>>,
    desk: &mut Desk,
    grace: Duration,
) -> Interruption {
    readers.stop();
    let mut cancelled = 0;
    // The walk can send no more; what it has sent is still here.
    found.close();
    while let Some(found) = found.next().await {
        match found {
            Found::File { .. } => cancelled += 1,
            Found::Skipped(what) => desk.summary.skip(what),
            Found::Failed { path, failure } => desk.summary.fail(path, failure),
        }
    }
    let mut finished = 0;
    let wait = async {
        while let Some(outcome) = in_flight.next().await {
            match outcome {
                Outcome::NotBegun => cancelled += 1,
                _ => finished += 1,
            }
            desk.take(outcome);
        }
    };
    // Whether it is complete shows in what is still in flight.
    let _ = tokio::time::timeout(grace, wait).await;
    Interruption { cancelled, finished, given_up: in_flight.len() as u64 }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::rc::Rc;
    use std::sync::atomic::AtomicU64;
    use std::sync::mpsc as blocking;
    use std::sync::{Arc, Mutex};
    use std::task::Poll;

    use futures::sink::SinkExt;
    use poolbridge::Executor;

    use super::super::entry::{Shop, index};
    use super::super::failure::{Failure, Kind};
    use super::super::options::Options;
    use super::super::pool::Pool;
    use super::super::progress::Progress;
    use super::super::source::{Open, Source};
    use super::super::store::Store;
    use super::super::summary::Summary;
    use super::*;

    /// Says that a file was begun, and keeps it until the gate is dropped.
    struct Gated {
        begun: blocking::Sender<()>,
        gate: Mutex<blocking::Receiver<()>>,
    }

    impl Open for Gated {
        fn open(&self, _: &Path) -> Result<Box<dyn Source>, Failure> {
            self.begun.send(()).unwrap();
            let _ = self.gate.lock().unwrap().recv();
            Err(Failure { kind: Kind::Other, detail: String::new() })
        }
    }

    /// One file read, one queued for the one reader, three more found: then an interrupt.
    async fn interrupt(open_gate: bool, grace: Duration) -> Interruption {
        let ((begun, is_begun), (open, gate)) = (blocking::channel(), blocking::channel());
        let mut options = Options::new(PathBuf::from("."));
        options.limit = std::num::NonZeroUsize::MIN;
        options.file_timeout = Duration::MAX;
        let pool = Rc::new(Pool::new());
        let shop = Shop {
            readers: Readers::new(pool.clone(), options.limit),
            hash: Executor::threads().max_workers(1).build().unwrap(),
            late: Arc::new(AtomicU64::new(0)),
            options,
            open: Arc::new(Gated { begun, gate: Mutex::new(gate) }),
            progress: Progress::hidden(),
        };
        let (mut tell, mut found) = mpsc::channel(8);
        for name in ["c", "d", "e"] {
            tell.send(Found::File { path: name.into(), size: 0 }).await.unwrap();
        }
        let mut in_flight = FuturesUnordered::new();
        in_flight.push(index(&shop, "a".into(), 0));
        in_flight.push(index(&shop, "b".into(), 0));
        assert!(futures::poll!(in_flight.next()).is_pending());
        is_begun.recv().unwrap();
        let store = Store::open(&pool, None).await.unwrap();
        let mut desk = Desk { store, summary: Summary::default() };
        let mut end =
            Box::pin(wind_down(&shop.readers, &mut found, &mut in_flight, &mut desk, grace));
        // Only now, or the reader could begin the next file first.
        let first = futures::poll!(&mut end);
        let _kept = (!open_gate).then_some(open);
        match first {
            Poll::Ready(end) => end,
            Poll::Pending => end.await,
        }
    }

    fn block_on(future: impl Future<Output = Interruption>) -> Interruption {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.unwrap().block_on(future)
    }

    #[test]
    fn what_is_begun_may_finish() {
        let end = block_on(interrupt(true, Duration::MAX));
        assert_eq!(end, Interruption { cancelled: 4, finished: 1, given_up: 0 });
    }

    #[test]
    fn what_outlasts_the_grace_is_given_up() {
        let end = block_on(interrupt(false, Duration::ZERO));
        assert_eq!(end, Interruption { cancelled: 4, finished: 0, given_up: 1 });
    }
}
