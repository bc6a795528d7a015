//! A clock that stands still until somebody moves it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::sync::{Mutex, SharedArc, now};
use crate::task::ruling::{Armed, Fire, RulingClock};

type Key = (Instant, u64);

/// Clones move and show the same time.
#[derive(Clone)]
pub(crate) struct ManualClock {
    began: Instant,
    schedule: SharedArc<Mutex<Schedule>>,
}

struct Schedule {
    now: Instant,
    due: BTreeMap<Key, Fire>,
    keys: u64,
}

/// A deadline that is set; the drop takes it back.
struct Set {
    schedule: SharedArc<Mutex<Schedule>>,
    key: Key,
}

impl Drop for Set {
    fn drop(&mut self) {
        let fire = self.schedule.lock().due.remove(&self.key);
        if let Some(fire) = fire {
            fire.discard();
        }
    }
}

impl ManualClock {
    pub(crate) fn new() -> Self {
        let began = now();
        let schedule = Schedule { now: began, due: BTreeMap::new(), keys: 0 };
        Self { began, schedule: SharedArc::new(Mutex::new(schedule)) }
    }

    /// The time that has passed, by moving.
    pub(crate) fn elapsed(&self) -> Duration {
        self.now().saturating_duration_since(self.began)
    }

    /// Moves the time on, and fires what comes due on the way, in the order of the deadlines, each
    /// at its own time: what it sets is fired too, if that comes due on the way.
    pub(crate) fn advance(&self, by: Duration) {
        let Some(target) = self.now().checked_add(by) else {
            panic!("the clock cannot tell a time so late as in {by:?}");
        };
        loop {
            let due = self.schedule.lock().pass(target);
            match due {
                Some(fire) => fire.fire(),
                None => return,
            }
        }
    }
}

impl Schedule {
    /// The time passes up to the next deadline, or to `target`. It never goes back, whoever else
    /// moves it meanwhile.
    fn pass(&mut self, target: Instant) -> Option<Fire> {
        let next = self.due.first_entry().filter(|next| next.key().0 <= target);
        let (until, fire) = match next {
            Some(next) => (next.key().0, Some(next.remove())),
            None => (target, None),
        };
        self.now = self.now.max(until);
        fire
    }
}

impl RulingClock for ManualClock {
    fn now(&self) -> Instant {
        self.schedule.lock().now
    }

    /// What is due already is fired here: nobody may move the clock again.
    fn arm(&self, at: Instant, fire: Fire) -> Armed {
        let mut fire = Some(fire);
        let key = {
            let mut schedule = self.schedule.lock();
            schedule.keys += 1;
            let key = (at, schedule.keys);
            if at > schedule.now {
                schedule.due.extend(fire.take().map(|fire| (key, fire)));
            }
            key
        };
        if let Some(fire) = fire {
            fire.fire();
        }
        Box::new(Set { schedule: SharedArc::clone(&self.schedule), key })
    }

    fn rules_awaits(&self) -> bool {
        true
    }
}
