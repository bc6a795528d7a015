//! Our own timers: one list of deadlines, one thread that sleeps until the next.
//!
//! The thread starts with the first deadline and goes when there has been none for a while. What a
//! deadline fires is user code in the end (a waker, a callback), so whoever finds a deadline due
//! first passes the clock on, to a thread that stands by or to a new one, and fires afterwards, one
//! deadline at a time, as long as any is due. The new leader leaves them to it while it gets on, and
//! takes over when it has not for [`PATIENCE`]: so a storm of deadlines needs two threads, and a
//! callback that blocks stops its own thread and no other deadline.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::sync::fork::per_process;
use crate::sync::{self, Mutex, MutexGuard, Parker, now};
use crate::task::contain::contain;

/// How long a thread stays with nothing to wait for.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// How long a thread that fires may take for one deadline before the others go on without it.
const PATIENCE: Duration = Duration::from_millis(1);

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
    /// Threads that fire.
    firing: usize,
    /// Deadlines that have been fired, ever.
    fired: u64,
}

/// What has to be done, without the lock, so that somebody leads.
#[must_use]
enum Appoint {
    Nobody,
    Wake(Parker),
    Spawn,
}

per_process! {
    /// The process's clock.
    fn clock() -> Clock = Clock::new(sync::TIME_PASSES);
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
                firing: 0,
                fired: 0,
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
    #[cfg(any(poolbridge_loom, poolbridge_shuttle, poolbridge_stress))]
    pub(crate) fn armed(&self) -> usize {
        self.schedule.lock().due.len()
    }

    /// Fires what is due on the calling thread: models have no clock thread.
    #[cfg(any(poolbridge_loom, poolbridge_shuttle, poolbridge_stress))]
    pub(crate) fn fire_due(&self) {
        loop {
            let due = self.schedule.lock().take_due(now());
            match due {
                Some(fire) => fire(),
                None => return,
            }
        }
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
                // Still on the list: the time is over, or the token was an old one, left when we
                // led. Off the list: somebody appoints us, and the token is on its way.
                let listed = schedule.dismiss(&bed);
                if listed && !called {
                    return;
                }
                if !listed && !called {
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

    /// Sleeps until something is due that nobody else fires, passes the lead on and fires. `None`:
    /// there was nothing to wait for, for long.
    fn lead<'a>(
        &'static self,
        bed: &Parker,
        mut schedule: MutexGuard<'a, Schedule>,
    ) -> Option<MutexGuard<'a, Schedule>>
    where
        Self: 'a,
    {
        let mut seen = None;
        loop {
            let next = schedule.due.first_key_value().map(|(key, _)| key.0);
            let is_due = next.is_some_and(|at| at <= now());
            let others_get_on = schedule.firing > 0 && seen != Some(schedule.fired);
            if is_due && !others_get_on {
                return Some(self.fire(schedule));
            }
            let until = if is_due {
                seen = Some(schedule.fired);
                now().checked_add(PATIENCE)
            } else {
                next.or_else(|| now().checked_add(KEEP_ALIVE))
            };
            drop(schedule);
            let called = bed.park_until(until);
            schedule = self.schedule.lock();
            if !called && schedule.due.is_empty() {
                schedule.leader = None;
                return None;
            }
        }
    }

    /// Passes the lead on, then fires what is due, one by one.
    fn fire<'a>(&'static self, mut schedule: MutexGuard<'a, Schedule>) -> MutexGuard<'a, Schedule>
    where
        Self: 'a,
    {
        schedule.leader = None;
        schedule.firing += 1;
        while let Some(fire) = schedule.take_due(now()) {
            let left = !schedule.due.is_empty() && schedule.leader.is_none();
            let appoint = schedule.appoint(left);
            drop(schedule);
            self.honour(appoint);
            contain(fire);
            schedule = self.schedule.lock();
            schedule.fired += 1;
        }
        schedule.firing -= 1;
        schedule
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

    fn take_due(&mut self, now: Instant) -> Option<Fire> {
        let first = self.due.first_entry()?;
        if first.key().0 <= now { Some(first.remove()) } else { None }
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
