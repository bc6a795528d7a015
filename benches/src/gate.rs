//! Keeps all threads of a pool busy until it is opened.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::peers::Peer;

#[derive(Default)]
struct Shared {
    open: Mutex<bool>,
    bell: Condvar,
    inside: AtomicUsize,
}

/// Closed; `opened` lets everybody through.
pub(crate) struct Gate(Arc<Shared>);

impl Gate {
    /// A closed gate.
    pub(crate) fn closed() -> Self {
        Self(Arc::default())
    }

    /// Work that stands at the gate.
    pub(crate) fn pass(&self) -> impl FnOnce() + Send + 'static {
        let shared = Arc::clone(&self.0);
        move || {
            shared.inside.fetch_add(1, Ordering::SeqCst);
            let mut open = shared.open.lock().unwrap_or_else(PoisonError::into_inner);
            while !*open {
                open = shared.bell.wait(open).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Waits until that many stand at the gate.
    pub(crate) fn await_inside(&self, threads: usize) {
        while self.0.inside.load(Ordering::SeqCst) < threads {
            std::thread::yield_now();
        }
    }

    pub(crate) fn open(&self) {
        *self.0.open.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.bell.notify_all();
    }
}

/// Keeps `pool` busy while `f` runs.
pub(crate) fn with_busy<P: Peer, R>(pool: &P, f: impl FnOnce(&Gate) -> R) -> R {
    let gate = Gate::closed();
    let busy: Vec<_> = (0..pool.threads()).map(|_| pool.submit(gate.pass())).collect();
    gate.await_inside(pool.threads());
    let result = f(&gate);
    gate.open();
    busy.into_iter().for_each(futures::executor::block_on);
    result
}
