//! Who is measured, behind one trait.

mod affinitypool;
pub(crate) mod blocking;
mod channel;
mod floor;
pub(crate) mod futures;
pub(crate) mod ours;
mod poolbridge;
mod results;
pub(crate) mod tokio;
pub(crate) mod tokio_rayon;

use std::time::Duration;

use ours::Ours;
pub(crate) use poolbridge::Poolbridge;

/// A pool of threads for blocking work.
pub(crate) trait Peer: Send + Sync + Sized + 'static {
    const NAME: &'static str;

    fn new(threads: usize) -> Self;

    /// How many threads it will have when it is busy.
    fn threads(&self) -> usize;

    fn submit<T, F>(&self, f: F) -> impl Handle<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static;

    /// Length of its queue, if it tells.
    fn queued(&self) -> Option<usize> {
        None
    }
}

/// A submitted task.
pub(crate) trait Handle<T>: Future<Output = T> + Send + Sized {
    /// Cancels. A handle comes back where it lives on, as opposed to being given up.
    fn cancel(self) -> Option<Self>;

    /// The outcome under a limit that is not reached, in the way that users of this peer set one
    /// inside tokio.
    fn within(self, limit: Duration) -> impl Future<Output = T> {
        async move { ::tokio::time::timeout(limit, self).await.expect("far below the limit") }
    }
}

/// Something to be done for each peer.
pub(crate) trait Visit {
    fn visit<P: Peer>(&mut self);
}

/// Those of the first tables. Ours comes first: ratios are to it.
pub(crate) fn visit_all(visitor: &mut impl Visit) {
    visitor.visit::<Poolbridge>();
    visitor.visit::<affinitypool::Affinity>();
    visitor.visit::<blocking::Blocking>();
    visitor.visit::<tokio::Tokio>();
    visitor.visit::<channel::Channel>();
    visitor.visit::<floor::Floor>();
}

/// Everybody, also those that are only measured beside one other.
pub(crate) fn visit_everybody(visitor: &mut impl Visit) {
    visit_all(visitor);
    visitor.visit::<tokio_rayon::TokioRayon>();
    visitor.visit::<futures::Futures>();
    visitor.visit::<Ours<ours::OnRayon>>();
    visitor.visit::<Ours<ours::OnTokio>>();
    visitor.visit::<Ours<ours::OnFutures>>();
    visitor.visit::<Ours<ours::Limited>>();
    visitor.visit::<Ours<ours::Serial>>();
    visitor.visit::<Ours<ours::EachItsKey>>();
    visitor.visit::<Ours<ours::OneKey>>();
}
