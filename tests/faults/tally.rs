//! Values that are counted, and may do something when they are dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::scene::Scene;

/// How many values were made, and how many of them are gone.
#[derive(Clone, Default)]
pub(crate) struct Tally(Arc<[AtomicUsize; 2]>);

impl Tally {
    pub(crate) fn value(&self) -> Value {
        self.0[0].fetch_add(1, Ordering::SeqCst);
        Value { tally: self.clone(), scene: None }
    }

    /// A value whose drop does the deed of `scene`.
    pub(crate) fn acting(&self, scene: &Arc<Scene>) -> Value {
        let mut value = self.value();
        value.scene = Some(Arc::clone(scene));
        value
    }

    /// Made and dropped.
    pub(crate) fn counts(&self) -> [usize; 2] {
        [0, 1].map(|n| self.0[n].load(Ordering::SeqCst))
    }
}

/// A panic's payload that panics itself when it is dropped.
pub(crate) struct BadPayload;

impl Drop for BadPayload {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("injected");
        }
    }
}

pub(crate) struct Value {
    tally: Tally,
    scene: Option<Arc<Scene>>,
}

impl Drop for Value {
    fn drop(&mut self) {
        self.tally.0[1].fetch_add(1, Ordering::SeqCst);
        if let (Some(scene), false) = (self.scene.take(), std::thread::panicking()) {
            scene.act();
        }
    }
}
