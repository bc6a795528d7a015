//! Our own timers: one list of deadlines, one thread that sleeps until the next.
//!
//! The thread starts with the first deadline and goes when there has been none for a while. What a
//! deadline fires is user code in the end (a waker, a callback), so whoever finds deadlines due
//! first passes the clock on, to a thread that stands by or to a new one, and tells afterwards: a
//! callback that blocks stops its own thread and no other deadline.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::sync::{self, Mutex, MutexGuard, Parker, global, now};
use crate::task::contain::contain;

/// How long a thread stays with nothing to wait for.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

type Fire = Box<dyn FnOnce() + Send>;
type Key = (Instant, u64);

/// Deadlines and the threads that keep them.
pub(crate) struct Clock {
    schedule: Mutex<Schedule>,
    /// Whether it keeps itself; if not, deadlines are fired by hand.
    has_threads: bool,
}

struct Schedule {
    due: BTreeMap<Key, Fire>,
    keys: u64,
    /// The thread that sleeps until the next deadline.
    leader: Option<Parker>,
    /// A thread has been woken or started to become the leader.
    appointed: bool,
    /// Threads with nothing to do.
    standby: Vec<Parker>,
}

/// What has to be done, without the lock, so that somebody leads.
#[must_use]
enum Appoint {
    Nobody,
    Wake(Parker),
    Spawn,
}

global! {
    /// The process's clock.
    fn clock() -> Clock = Clock::new(sync::HAS_CLOCK_THREADS);
}

/// A deadline that is set; dropping it takes it back.
pub(crate) struct Armed {
    clock: &'static Clock,
    key: Key,
}

/// Runs `fire` at `at`, on a thread of the clock. It must not unwind for long: a panic is
/// contained.
pub(crate) fn arm(at: Instant, fire: impl FnOnce() + Send + 'static) -> Armed {
    clock().arm(at, Box::new(fire))
}

impl Drop for Armed {
    fn drop(&mut self) {
        let fire = self.clock.schedule.lock().due.remove(&self.key);
        drop(fire);
    }
}

impl Clock {
    pub(crate) fn new(has_threads: bool) -> Self {
        Self {
            has_threads,
            schedule: Mutex::new(Schedule {
                due: BTreeMap::new(),
                keys: 0,
                leader: None,
                appointed: false,
                standby: Vec::new(),
            }),
        }
    }

    pub(crate) fn arm(&'static self, at: Instant, fire: Fire) -> Armed {
        let (key, appoint) = {
            let mut schedule = self.schedule.lock();
            schedule.keys += 1;
            let key = (at, schedule.keys);
            schedule.due.insert(key, fire);
            let first = schedule.due.first_key_value().is_some_and(|(first, _)| *first == key);
            (key, schedule.appoint(first && self.has_threads))
        };
        self.honour(appoint);
        Armed { clock: self, key }
    }

    /// Deadlines that are set.
    #[cfg(poolbridge_loom)]
    pub(crate) fn armed(&self) -> usize {
        self.schedule.lock().due.len()
    }

    /// Fires what is due on the calling thread: models have no clock thread.
    #[cfg(poolbridge_loom)]
    pub(crate) fn fire_due(&self) {
        let due = self.schedule.lock().take_due(now());
        due.into_iter().for_each(|fire| fire());
    }

    fn honour(&'static self, appoint: Appoint) {
        match appoint {
            Appoint::Nobody => {}
            Appoint::Wake(bed) => bed.unpark(),
            Appoint::Spawn => {
                let thread = sync::spawn("poolbridge-clock".into(), None, || self.keep());
                if thread.is_err() {
                    // No thread to be had now: the next deadline that is set tries again, and a
                    // thread that fires takes the lead again itself.
                    self.schedule.lock().appointed = false;
                }
            }
        }
    }

    /// The life of one clock thread.
    fn keep(&'static self) {
        let bed = Parker::new();
        let mut schedule = self.schedule.lock();
        loop {
            if schedule.leader.is_some() {
                schedule.standby.push(bed.clone());
                drop(schedule);
                let called = bed.park_until(now().checked_add(KEEP_ALIVE));
                schedule = self.schedule.lock();
                if !called && schedule.dismiss(&bed) {
                    return;
                }
                if !called {
                    // Called in the last moment: take the token that is on its way.
                    drop(schedule);
                    bed.park();
                    schedule = self.schedule.lock();
                }
                continue;
            }
            schedule.leader = Some(bed.clone());
            schedule.appointed = false;
            match self.lead(&bed, schedule) {
                Some(next) => schedule = next,
                None => return,
            }
        }
    }

    /// Sleeps until something is due, passes the lead on and fires. `None`: there was nothing to
    /// wait for, for long.
    fn lead<'a>(
        &'static self,
        bed: &Parker,
        mut schedule: MutexGuard<'a, Schedule>,
    ) -> Option<MutexGuard<'a, Schedule>>
    where
        Self: 'a,
    {
        loop {
            let due = schedule.take_due(now());
            if !due.is_empty() {
                schedule.leader = None;
                let left = !schedule.due.is_empty();
                let appoint = schedule.appoint(left);
                drop(schedule);
                self.honour(appoint);
                for fire in due {
                    contain(fire);
                }
                return Some(self.schedule.lock());
            }
            let next = schedule.due.first_key_value().map(|(key, _)| key.0);
            let until = next.or_else(|| now().checked_add(KEEP_ALIVE));
            drop(schedule);
            let called = bed.park_until(until);
            schedule = self.schedule.lock();
            if !called && schedule.due.is_empty() {
                schedule.leader = None;
                return None;
            }
        }
    }
}

impl Schedule {
    /// `needed`: the thread that leads has to look again, or one has to lead.
    fn appoint(&mut self, needed: bool) -> Appoint {
        if !needed || self.appointed {
            return Appoint::Nobody;
        }
        if let Some(leader) = &self.leader {
            return Appoint::Wake(leader.clone());
        }
        self.appointed = true;
        self.standby.pop().map_or(Appoint::Spawn, Appoint::Wake)
    }

    fn take_due(&mut self, now: Instant) -> Vec<Fire> {
        let mut due = Vec::new();
        while let Some(first) = self.due.first_entry() {
            if first.key().0 > now {
                break;
            }
            due.push(first.remove());
        }
        due
    }

    /// Takes a bed off the standby list; false if it has been called meanwhile.
    fn dismiss(&mut self, bed: &Parker) -> bool {
        let at = self.standby.iter().position(|other| other.same_bed(bed));
        at.is_some_and(|at| {
            self.standby.swap_remove(at);
            true
        })
    }
}
