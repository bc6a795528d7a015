//! `poolbridge::conformance`: what it says of backends that work, and of some that do not.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

mod backends;
mod broken;
mod faults;
mod findings;

use backends::{ChannelPool, FreshThreads, Futures, ThreadPoolCrate, Tokio};
use std::sync::Arc;

use poolbridge::backends::{Inline, Rayon};
use poolbridge::conformance::OwnThreads;
use poolbridge::{Backend, Executor, conformance_tests};

fn three_threads() -> impl Backend {
    ChannelPool::new(3)
}

fn rayon_pool(threads: usize) -> impl Backend {
    Rayon::pool(Arc::new(rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()))
}

/// A source of threads like any other.
fn an_executor(threads: usize) -> Executor {
    Executor::threads().max_workers(threads).build().unwrap()
}

// Another backend is another line.
conformance_tests!(own_threads, OwnThreads);
conformance_tests!(fresh_threads, || FreshThreads);
conformance_tests!(channel_pool, three_threads);
conformance_tests!(one_channel_thread, || ChannelPool::new(1));
conformance_tests!(threadpool_crate, || ThreadPoolCrate(threadpool::ThreadPool::new(3)));
conformance_tests!(rayon_threads, || rayon_pool(4));
conformance_tests!(one_rayon_thread, || rayon_pool(1));
conformance_tests!(tokio_blocking, || Tokio::new(4));
conformance_tests!(one_tokio_thread, || Tokio::new(1));
conformance_tests!(futures_threads, || Futures::new(4));
conformance_tests!(one_futures_thread, || Futures::new(1));
conformance_tests!(over_an_executor, || an_executor(4));
conformance_tests!(over_one_worker, || an_executor(1));
conformance_tests!(over_a_view, || an_executor(4).limited(2));
conformance_tests!(over_a_lane, || an_executor(4).keyed().lane("key"));
conformance_tests!(inline, || Inline);
