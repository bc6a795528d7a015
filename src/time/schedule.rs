//! The deadlines that are set, in parts with a lock each: who sets one or takes one back meets others
//! only by chance.
//!
//! A part knows by when somebody looks at it. Who sets a deadline before that, or where nobody does,
//! calls; all others are spared that. Whoever looks erases it first, so that what comes in behind its
//! back calls, and writes it down anew before it sleeps.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::sync::{CLOCK_PARTS, Mutex, now, second_look};

pub(super) type Fire = Box<dyn FnOnce() + Send>;

/// All deadlines of a clock.
pub(super) struct Schedule {
    born: Instant,
    parts: [Part; CLOCK_PARTS],
}

/// A cache line, or two, of its own.
#[repr(align(128))]
struct Part(Mutex<Deadlines>);

#[derive(Default)]
struct Deadlines {
    /// By time; of the same time the one that was set first.
    by_time: BTreeMap<(Instant, u64), Fire>,
    keys: u64,
    /// Somebody looks by then at the latest.
    next_look: Option<Instant>,
}

/// Where a deadline is.
pub(super) struct Key {
    part: usize,
    at: Instant,
    number: u64,
}

impl Schedule {
    pub(super) fn new() -> Self {
        let parts = std::array::from_fn(|_| Part(Mutex::new(Deadlines::default())));
        Self { born: now(), parts }
    }

    /// Sets a deadline. True: somebody has to be called to look.
    pub(super) fn set(&self, at: Instant, fire: Fire) -> (Key, bool) {
        let part = self.part_of(at);
        let mut deadlines = self.parts[part].0.lock();
        deadlines.keys += 1;
        let number = deadlines.keys;
        deadlines.by_time.insert((at, number), fire);
        let is_seen_in_time = deadlines.next_look.is_some_and(|look| look <= at);
        (Key { part, at, number }, second_look(!is_seen_in_time))
    }

    /// Takes a deadline back, if it has not fired.
    pub(super) fn take_back(&self, key: &Key) -> Option<Fire> {
        self.parts[key.part].0.lock().by_time.remove(&(key.at, key.number))
    }

    /// When the next one is. From here on who sets one calls, until [`will_look`](Self::will_look).
    pub(super) fn look(&self) -> Option<Instant> {
        let look = |part: &Part| {
            let mut deadlines = part.0.lock();
            deadlines.next_look = None;
            deadlines.first()
        };
        self.parts.iter().filter_map(look).min()
    }

    /// Who has looked does so again by `at`, or when it is called.
    pub(super) fn will_look(&self, at: Option<Instant>) {
        self.parts.iter().for_each(|part| part.0.lock().next_look = at);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| part.0.lock().by_time.is_empty())
    }

    /// Takes the first one, if it is due.
    pub(super) fn take_due(&self, now: Instant) -> Option<Fire> {
        loop {
            let firsts = self.parts.iter().filter_map(|part| Some((part.0.lock().first()?, part)));
            let (at, part) = firsts.min_by_key(|(at, _)| *at)?;
            if at > now {
                return None;
            }
            let first = part.0.lock().take_first_if(|first| first <= now);
            // None: another thread has taken it meanwhile, or it was taken back.
            if first.is_some() {
                return first;
            }
        }
    }

    /// Deadlines that are set.
    #[cfg(any(poolbridge_loom, poolbridge_shuttle, poolbridge_stress))]
    pub(super) fn len(&self) -> usize {
        self.parts.iter().map(|part| part.0.lock().by_time.len()).sum()
    }

    /// By time, not by thread: those of the same time keep their order, and threads need no number.
    #[allow(clippy::cast_possible_truncation, reason = "any of the bits will do")]
    fn part_of(&self, at: Instant) -> usize {
        let nanos = at.saturating_duration_since(self.born).as_nanos() as u64;
        // Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4): the upper bits are
        // spread evenly, also for times in a row or all of whole seconds.
        let spread = nanos.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        spread as usize % CLOCK_PARTS
    }
}

impl Deadlines {
    fn first(&self) -> Option<Instant> {
        self.by_time.first_key_value().map(|(key, _)| key.0)
    }

    fn take_first_if(&mut self, wanted: impl FnOnce(Instant) -> bool) -> Option<Fire> {
        let first = self.by_time.first_entry()?;
        wanted(first.key().0).then(|| first.remove())
    }
}

#[cfg(all(test, not(poolbridge_loom)))]
mod tests;
