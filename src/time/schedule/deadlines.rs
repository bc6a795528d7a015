//! The deadlines of one part: the near ones in order, those that are further off in buckets of a
//! millisecond each, in none.
//!
//! Most limits are never reached. Such a one is put into its bucket and taken out again, and costs no
//! comparison with another; a bucket is put in order when its time comes. (A calendar queue: R. Brown,
//! Communications of the ACM 31 (10), 1988.) What a bucket takes goes with the last that lay in it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::task::ruling::Fire;

/// Nanoseconds since the clock was made.
pub(super) type Time = u64;

/// Of the same time the one that was set first comes first.
type Rank = (Time, u64);

/// A millisecond, or nearly: 2^20 ns.
const BUCKET_BITS: u32 = 20;

#[derive(Default)]
pub(super) struct Deadlines {
    near: BTreeMap<Rank, Fire>,
    /// By the upper bits of their time.
    far: BTreeMap<Time, Bucket>,
    /// Buckets up to here are in order, among the near ones.
    ordered: Option<Time>,
    numbers: u64,
}

/// Where a deadline is.
pub(super) struct Place {
    number: u64,
    /// In its bucket, if it is there.
    index: usize,
}

struct Bucket {
    slots: Vec<Slot>,
    /// The first of the free ones.
    free: usize,
    taken: usize,
    /// None of them is earlier, nor was any that is gone.
    first: Time,
}

enum Slot {
    Taken {
        rank: Rank,
        fire: Fire,
    },
    /// And the next one that is.
    Free(usize),
}

/// Of the list of free slots.
const END: usize = usize::MAX;

impl Deadlines {
    #[inline]
    pub(super) fn set(&mut self, at: Time, fire: Fire) -> Place {
        self.numbers += 1;
        let number = self.numbers;
        let bucket = at >> BUCKET_BITS;
        if self.ordered.is_some_and(|ordered| bucket <= ordered) {
            self.near.insert((at, number), fire);
            return Place { number, index: END };
        }
        let bucket = self.far.entry(bucket).or_insert_with(|| Bucket::new(at));
        Place { number, index: bucket.put((at, number), fire) }
    }

    /// The one that was set for then and put there, if it is still.
    #[inline]
    pub(super) fn take_back(&mut self, at: Time, place: &Place) -> Option<Fire> {
        let Entry::Occupied(mut bucket) = self.far.entry(at >> BUCKET_BITS) else {
            return self.near.remove(&(at, place.number));
        };
        let fire = bucket.get_mut().take(place);
        if bucket.get().taken == 0 {
            bucket.remove();
        }
        fire
    }

    /// None is due before.
    pub(super) fn next(&self) -> Option<Time> {
        let near = self.near.first_key_value().map(|(rank, _)| rank.0);
        near.or_else(|| self.far.first_key_value().map(|(_, bucket)| bucket.first))
    }

    /// When the first one was due, if it is.
    pub(super) fn first_due(&mut self, now: Time) -> Option<Time> {
        while let Some(bucket) = self.far.first_entry().filter(|bucket| bucket.get().first <= now) {
            self.ordered = Some(*bucket.key());
            self.near.extend(bucket.remove().into_taken());
        }
        let (first, _) = self.near.first_key_value()?;
        Some(first.0).filter(|at| *at <= now)
    }

    /// Takes the first one, if it is due.
    pub(super) fn take_due(&mut self, now: Time) -> Option<Fire> {
        self.first_due(now)?;
        self.near.pop_first().map(|(_, fire)| fire)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.near.is_empty() && self.far.is_empty()
    }

    /// In the buckets, free ones too.
    #[cfg(all(test, not(poolbridge_loom)))]
    pub(super) fn places(&self) -> usize {
        self.far.values().map(|bucket| bucket.slots.len()).sum()
    }

    #[cfg(any(test, poolbridge_loom, poolbridge_shuttle, poolbridge_stress))]
    pub(super) fn len(&self) -> usize {
        self.near.len() + self.far.values().map(|bucket| bucket.taken).sum::<usize>()
    }
}

impl Bucket {
    fn new(first: Time) -> Self {
        Self { slots: Vec::new(), free: END, taken: 0, first }
    }

    fn put(&mut self, rank: Rank, fire: Fire) -> usize {
        self.first = self.first.min(rank.0);
        self.taken += 1;
        let slot = Slot::Taken { rank, fire };
        let Some(free) = self.slots.get_mut(self.free) else {
            self.slots.push(slot);
            return self.slots.len() - 1;
        };
        let index = self.free;
        if let Slot::Free(next) = std::mem::replace(free, slot) {
            self.free = next;
        }
        index
    }

    fn take(&mut self, place: &Place) -> Option<Fire> {
        let slot = self.slots.get_mut(place.index)?;
        if !matches!(slot, Slot::Taken { rank, .. } if rank.1 == place.number) {
            return None;
        }
        let Slot::Taken { fire, .. } = std::mem::replace(slot, Slot::Free(self.free)) else {
            return None;
        };
        self.free = place.index;
        self.taken -= 1;
        Some(fire)
    }

    fn into_taken(self) -> impl Iterator<Item = (Rank, Fire)> {
        self.slots.into_iter().filter_map(|slot| match slot {
            Slot::Taken { rank, fire } => Some((rank, fire)),
            Slot::Free(_) => None,
        })
    }
}
