//! A waker that does the deed when it is woken, cloned or dropped.

use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::task::{RawWaker, RawWakerVTable, Waker};

use crate::place::Place;
use crate::scene::Scene;
use crate::tally::Value;

struct Acting {
    place: Place,
    scene: Arc<Scene>,
    _counted: Value,
}

impl Acting {
    fn at(&self, place: Place) {
        // A destructor that panics while its thread unwinds ends the process: Rust's own rule.
        if self.place == place && !std::thread::panicking() {
            self.scene.act();
        }
    }
}

impl Acting {
    fn wake(&self) {
        if !matches!(self.place, Place::WakerClone | Place::WakerDrop | Place::LimitedDrop) {
            self.at(self.place);
        }
    }
}

static TABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_one);

/// What every function of the table is given.
///
/// # Safety
/// `data` is from `Arc::into_raw` in `waker` or `clone`, and the caller owns that count.
unsafe fn owned(data: *const ()) -> Arc<Acting> {
    // SAFETY: the caller's promise.
    unsafe { Arc::from_raw(data.cast()) }
}

fn clone(data: *const ()) -> RawWaker {
    // SAFETY: borrowed from the waker that is cloned, hence not dropped here.
    let acting = ManuallyDrop::new(unsafe { owned(data) });
    acting.at(Place::WakerClone);
    RawWaker::new(Arc::into_raw(Arc::clone(&acting)).cast(), &TABLE)
}

fn wake(data: *const ()) {
    // SAFETY: waking consumes the waker's count.
    let acting = unsafe { owned(data) };
    acting.wake();
}

fn wake_by_ref(data: *const ()) {
    // SAFETY: borrowed, hence not dropped here.
    let acting = ManuallyDrop::new(unsafe { owned(data) });
    acting.wake();
}

fn drop_one(data: *const ()) {
    // SAFETY: dropping consumes the waker's count.
    let acting = unsafe { owned(data) };
    acting.at(Place::WakerDrop);
    acting.at(Place::LimitedDrop);
}

pub(crate) fn waker(place: Place, scene: &Arc<Scene>, counted: Value) -> Waker {
    let acting = Acting { place, scene: Arc::clone(scene), _counted: counted };
    let data = Arc::into_raw(Arc::new(acting)).cast();
    // SAFETY: the table keeps the rules of `RawWaker`: each clone owns a count, each wake or drop
    // gives one up, and `Acting` is shared among threads.
    unsafe { Waker::from_raw(RawWaker::new(data, &TABLE)) }
}
