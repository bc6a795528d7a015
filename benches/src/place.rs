//! Which processors the awaiting thread and the pool's threads run on.
//!
//! Left alone, the scheduler puts a pool's thread beside the awaiting one or on another processor,
//! and sticks to it. A round trip costs a switch in the one case and two wake-ups of a sleeping
//! processor in the other, twenty times as much: pinned, the two can be told apart.

/// Where the pool's threads are as seen from the awaiting thread.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Free,
    OneProcessor,
    TwoProcessors,
}

const NAMES: [(Place, &str); 3] =
    [(Place::Free, "free"), (Place::OneProcessor, "one"), (Place::TwoProcessors, "two")];

impl Place {
    pub(crate) fn name(self) -> &'static str {
        NAMES.iter().find(|(place, _)| *place == self).map_or("", |(_, name)| name)
    }

    /// What a row's name says of it.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Place::Free => "",
            Place::OneProcessor => ", one processor",
            Place::TwoProcessors => ", two processors",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, other)| *other == name).map(|(place, _)| *place)
    }

    /// Threads started from here on are the pool's.
    pub(crate) fn begin(self) {
        match self {
            Place::Free => {}
            Place::OneProcessor => pin(0),
            Place::TwoProcessors => pin(1),
        }
    }

    /// The pool's threads are there; this one goes to where it awaits.
    pub(crate) fn settle(self) {
        if self == Place::TwoProcessors {
            pin(0);
        }
    }
}

#[cfg(target_os = "linux")]
fn pin(processor: usize) {
    let mut set = rustix::thread::CpuSet::new();
    set.set(processor);
    if let Err(error) = rustix::thread::sched_setaffinity(None, &set) {
        eprintln!("not pinned to processor {processor}: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
fn pin(_: usize) {}
