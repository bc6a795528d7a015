//! Who is measured, behind one trait.

mod affinitypool;
pub(crate) mod blocking;
mod by_hand;
mod floor;
pub(crate) mod futures;
pub(crate) mod ours;
mod poolbridge;
mod results;
mod rusty_pool;
pub(crate) mod tokio;
pub(crate) mod tokio_rayon;

use std::time::Duration;

use ::futures::FutureExt;
use by_hand::ByHand;
use ours::Ours;
pub(crate) use poolbridge::Poolbridge;

use crate::args::Plan;

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

    /// The outcome unless the limit is reached before, in the way that users of this peer set one
    /// inside tokio.
    fn within(self, limit: Duration) -> impl Future<Output = Option<T>> + Send {
        ::tokio::time::timeout(limit, self).map(Result::ok)
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
    visitor.visit::<tokio_rayon::TokioRayon>();
    visitor.visit::<futures::Futures>();
    visitor.visit::<rusty_pool::RustyPool>();
    visitor.visit::<ByHand<by_hand::Channel>>();
    visitor.visit::<ByHand<by_hand::Rayon>>();
    visitor.visit::<ByHand<by_hand::ThreadPool>>();
    visitor.visit::<floor::Floor>();
}

/// Visits those that the plan wants.
struct Wanted<'a, V>(&'a Plan, &'a mut V);

impl<V: Visit> Visit for Wanted<'_, V> {
    fn visit<P: Peer>(&mut self) {
        if self.0.wants_peer(P::NAME) {
            self.1.visit::<P>();
        }
    }
}

/// Those of the first tables that the plan wants.
pub(crate) fn visit_wanted(plan: &Plan, visitor: &mut impl Visit) {
    visit_all(&mut Wanted(plan, visitor));
}

/// Everybody, also those that are only measured beside one other.
pub(crate) fn visit_everybody(visitor: &mut impl Visit) {
    visit_all(visitor);
    visitor.visit::<Ours<ours::OnRayon>>();
    visitor.visit::<Ours<ours::OnTokio>>();
    visitor.visit::<Ours<ours::OnFutures>>();
    visitor.visit::<Ours<ours::Limited>>();
    visitor.visit::<Ours<ours::Serial>>();
    visitor.visit::<Ours<ours::EachItsKey>>();
    visitor.visit::<Ours<ours::OneKey>>();
}
