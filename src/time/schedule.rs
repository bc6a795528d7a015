//! The deadlines that are set, in parts with a lock each: who sets one or takes one back meets others
//! only by chance.
//!
//! A part knows by when somebody looks at it. Who sets a deadline before that, or where nobody does,
//! calls; all others are spared that. Whoever looks erases it first, so that what comes in behind its
//! back calls, and writes it down anew before it sleeps.

mod deadlines;

use std::time::{Duration, Instant};

use self::deadlines::{Deadlines, Place, Time};
use crate::sync::{CLOCK_PARTS, Mutex, now, second_look};
use crate::task::ruling::Fire;

/// All deadlines of a clock.
pub(super) struct Schedule {
    born: Instant,
    parts: [Part; CLOCK_PARTS],
}

/// A cache line, or two, of its own.
#[repr(align(128))]
#[derive(Default)]
struct Part(Mutex<Watched>);

#[derive(Default)]
struct Watched {
    deadlines: Deadlines,
    /// Somebody looks by then at the latest.
    next_look: Option<Time>,
}

/// Where a deadline is.
pub(super) struct Key {
    at: Time,
    place: Place,
}

impl Schedule {
    pub(super) fn new() -> Self {
        Self { born: now(), parts: std::array::from_fn(|_| Part::default()) }
    }

    /// Sets a deadline. True: somebody has to be called to look.
    #[inline]
    pub(super) fn set(&self, at: Instant, fire: Fire) -> (Key, bool) {
        let at = self.time(at);
        let mut part = self.part_of(at).lock();
        let place = part.deadlines.set(at, fire);
        let is_seen_in_time = part.next_look.is_some_and(|look| look <= at);
        (Key { at, place }, second_look(!is_seen_in_time))
    }

    /// Takes a deadline back, if it has not fired.
    #[inline]
    pub(super) fn take_back(&self, key: &Key) -> Option<Fire> {
        self.part_of(key.at).lock().deadlines.take_back(key.at, &key.place)
    }

    /// What the deadline is.
    pub(super) fn at(&self, key: &Key) -> Instant {
        self.instant(key.at)
    }

    /// None is due before. From here on who sets one calls, until [`will_look`](Self::will_look).
    pub(super) fn look(&self) -> Option<Instant> {
        let look = |part: &Part| {
            let mut part = part.0.lock();
            part.next_look = None;
            part.deadlines.next()
        };
        self.parts.iter().filter_map(look).min().map(|at| self.instant(at))
    }

    /// Who has looked does so again by `at`, or when it is called.
    pub(super) fn will_look(&self, at: Option<Instant>) {
        let at = at.map(|at| self.time(at));
        self.parts.iter().for_each(|part| part.0.lock().next_look = at);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| part.0.lock().deadlines.is_empty())
    }

    /// Takes the first one, if it is due.
    pub(super) fn take_due(&self, now: Instant) -> Option<Fire> {
        let now = self.time(now);
        loop {
            let due = |part: &Part| part.0.lock().deadlines.first_due(now);
            let firsts = self.parts.iter().filter_map(|part| Some((due(part)?, part)));
            let (_, part) = firsts.min_by_key(|(at, _)| *at)?;
            let first = part.0.lock().deadlines.take_due(now);
            // None: another thread has taken it meanwhile, or it was taken back.
            if first.is_some() {
                return first;
            }
        }
    }

    /// Deadlines that are set.
    #[cfg(any(poolbridge_loom, poolbridge_shuttle, poolbridge_stress))]
    pub(super) fn len(&self) -> usize {
        self.parts.iter().map(|part| part.0.lock().deadlines.len()).sum()
    }

    /// After 584 years all are the same.
    fn time(&self, at: Instant) -> Time {
        let since = at.saturating_duration_since(self.born);
        since.as_secs().saturating_mul(1_000_000_000).saturating_add(since.subsec_nanos().into())
    }

    fn instant(&self, time: Time) -> Instant {
        self.born + Duration::from_nanos(time)
    }

    /// By time, not by thread: those of the same time keep their order, and threads need no number.
    #[allow(clippy::cast_possible_truncation, reason = "any of the bits will do")]
    fn part_of(&self, at: Time) -> &Mutex<Watched> {
        // Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4): the upper bits are
        // spread evenly, also for times in a row or all of whole seconds.
        let spread = at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        &self.parts[spread as usize % CLOCK_PARTS].0
    }
}

#[cfg(all(test, not(poolbridge_loom)))]
mod tests;
