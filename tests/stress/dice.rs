//! Chance from a seed, and noise for the schedule.

use std::hint::spin_loop;
use std::thread;
use std::time::Duration;

#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        // Neighbouring seeds must not look alike.
        let mut mixed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Self((mixed ^ (mixed >> 31)) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 11
    }

    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        usize::try_from(self.next() % sides as u64).expect("below a usize")
    }

    /// True once in so many times.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.roll(times) == 0
    }

    /// A limit that may pass.
    pub(crate) fn short(&mut self) -> Duration {
        Duration::from_micros(self.next() % 400)
    }

    pub(crate) fn child(&mut self) -> Self {
        Self::new(self.next())
    }

    /// Lets others in, or keeps them out, for a moment: it orders nothing.
    pub(crate) fn noise(&mut self) {
        match self.roll(12) {
            0 | 1 => thread::yield_now(),
            2 => (0..self.roll(4)).for_each(|_| thread::yield_now()),
            3 | 4 => (0..self.roll(300)).for_each(|_| spin_loop()),
            5 if self.once_in(4) => thread::park_timeout(self.short() / 2),
            _ => {}
        }
    }
}
