//! Our own timers: a [`Schedule`] of deadlines, and one thread that sleeps until the next.
//!
//! The thread starts with the first deadline and goes when there has been none for a while. What a
//! deadline fires is user code in the end (a waker, a callback), so whoever finds a deadline due
//! first passes the clock on, to a thread that stands by or to a new one, and fires afterwards, one
//! deadline at a time, as long as any is due. The new leader leaves them to it while it gets on, and
//! takes over when it has not for [`PATIENCE`]: so a storm of deadlines needs two threads, and a
//! callback that blocks stops its own thread and no other deadline.

use std::time::{Duration, Instant};

use super::schedule::{Key, Schedule};
use crate::sync::fork::per_process;
use crate::sync::{self, Mutex, MutexGuard, Parker, now};
use crate::task::ruling::Fire;

/// How long a thread stays with nothing to wait for.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// How long a thread that fires may take for one deadline before the others go on without it.
const PATIENCE: Duration = Duration::from_millis(1);

/// Deadlines and the threads that keep them.
pub(crate) struct Clock {
    schedule: Schedule,
    /// Locked before any part of the schedule; never while one is.
    lead: Mutex<Lead>,
    /// Whether it keeps itself; if not, deadlines are fired by hand.
    has_threads: bool,
}

/// Who keeps the clock.
#[derive(Default)]
struct Lead {
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

/// Fires at `at`, on a thread of the clock.
pub(crate) fn arm(at: Instant, fire: Fire) -> Armed {
    clock().arm(at, fire)
}

impl Armed {
    pub(super) fn at(&self) -> Instant {
        self.clock.schedule.at(&self.key)
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        if let Some(fire) = self.clock.schedule.take_back(&self.key) {
            fire.discard();
        }
    }
}

impl Clock {
    pub(crate) fn new(has_threads: bool) -> Self {
        Self { schedule: Schedule::new(), lead: Mutex::new(Lead::default()), has_threads }
    }

    #[inline]
    pub(crate) fn arm(&'static self, at: Instant, fire: Fire) -> Armed {
        let (key, calls) = self.schedule.set(at, fire);
        if calls && self.has_threads {
            let appoint = self.lead.lock().appoint();
            self.honour(appoint);
        }
        Armed { clock: self, key }
    }

    /// Deadlines that are set.
    #[cfg(any(poolbridge_loom, poolbridge_shuttle, poolbridge_stress))]
    pub(crate) fn armed(&self) -> usize {
        self.schedule.len()
    }

    /// Fires what is due on the calling thread: models have no clock thread.
    #[cfg(any(poolbridge_loom, poolbridge_shuttle, poolbridge_stress))]
    pub(crate) fn fire_due(&self) {
        while let Some(fire) = self.schedule.take_due(now()) {
            fire.fire();
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
                    self.lead.lock().appointed = false;
                }
            }
        }
    }

    /// The life of one clock thread.
    fn keep(&'static self) {
        let bed = Parker::new();
        let mut lead = self.lead.lock();
        loop {
            if lead.leader.is_some() {
                lead.standby.push(bed.clone());
                drop(lead);
                let called = bed.park_until(now().checked_add(KEEP_ALIVE));
                lead = self.lead.lock();
                // Still on the list: the time is over, or the token was an old one, left when we
                // led. Off the list: somebody appoints us, and the token is on its way.
                let listed = lead.dismiss(&bed);
                if listed && !called {
                    return;
                }
                if !listed && !called {
                    drop(lead);
                    bed.park();
                    lead = self.lead.lock();
                }
                continue;
            }
            lead.leader = Some(bed.clone());
            lead.appointed = false;
            match self.lead(&bed, lead) {
                Some(next) => lead = next,
                None => return,
            }
        }
    }

    /// Sleeps until something is due that nobody else fires, passes the lead on and fires. `None`:
    /// there was nothing to wait for, for long.
    fn lead<'a>(
        &'static self,
        bed: &Parker,
        mut lead: MutexGuard<'a, Lead>,
    ) -> Option<MutexGuard<'a, Lead>>
    where
        Self: 'a,
    {
        let (mut seen, mut called) = (None, true);
        loop {
            let next = self.schedule.look();
            if next.is_none() && !called {
                lead.leader = None;
                return None;
            }
            let is_due = next.is_some_and(|at| at <= now());
            let others_get_on = lead.firing > 0 && seen != Some(lead.fired);
            if is_due && !others_get_on {
                return Some(self.fire(lead));
            }
            let until = if is_due {
                seen = Some(lead.fired);
                now().checked_add(PATIENCE)
            } else {
                next.or_else(|| now().checked_add(KEEP_ALIVE))
            };
            self.schedule.will_look(until);
            drop(lead);
            called = bed.park_until(until);
            lead = self.lead.lock();
        }
    }

    /// Passes the lead on, then fires what is due, one by one. Who led has just looked, so whoever sets
    /// a deadline meanwhile calls.
    fn fire<'a>(&'static self, mut lead: MutexGuard<'a, Lead>) -> MutexGuard<'a, Lead>
    where
        Self: 'a,
    {
        lead.leader = None;
        lead.firing += 1;
        while let Some(fire) = self.schedule.take_due(now()) {
            let needed = lead.leader.is_none() && !self.schedule.is_empty();
            let appoint = if needed { lead.appoint() } else { Appoint::Nobody };
            drop(lead);
            self.honour(appoint);
            fire.fire();
            lead = self.lead.lock();
            lead.fired += 1;
        }
        lead.firing -= 1;
        lead
    }
}

impl Lead {
    /// The thread that leads has to look again, or one has to lead.
    fn appoint(&mut self) -> Appoint {
        if self.appointed {
            return Appoint::Nobody;
        }
        if let Some(leader) = &self.leader {
            return Appoint::Wake(leader.clone());
        }
        self.appointed = true;
        self.standby.pop().map_or(Appoint::Spawn, Appoint::Wake)
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
