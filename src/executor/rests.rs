//! What an idle worker does before it sleeps: looks for work, and lets others run meanwhile.

use std::time::{Duration, Instant};

use crate::sync::{Parker, now};

/// A rest shorter than this would have been cheaper awake: putting two processors to sleep and
/// waking them costs about as much.
const BRIEF: Duration = Duration::from_micros(100);
/// Rounds without letting others run: half a microsecond in all.
const SPINS: u32 = 6;
/// How often an idle worker lets others run before it sleeps, if its last rest was brief: about
/// [`BRIEF`], where nobody else wants the processor...
const LONG: u32 = 256;
/// ...and if it was not: enough for a submitter on the same processor.
const SHORT: u32 = 4;

/// Who comes back after so long from letting others run was not let run in turn.
const LATE: Duration = Duration::from_millis(1);

/// How often a worker on a thread that is not ours lets others run before it leaves: enough for a
/// submitter on the same processor, and a few microseconds where nobody else wants it. A new turn
/// costs the pool's own `spawn`, with a sleep and a wake-up as often as not.
const LINGERING: u32 = 4;

/// What a worker remembers of its idle times, to choose between looking and sleeping. One that is
/// handed single jobs in quick turn had better look: each sleep costs both sides a system call. One
/// that has just worked a backlog off, or was left alone for long, had better sleep.
///
/// Letting others run has a price where they are many: who yields waits for its next slice of the
/// processor, milliseconds, also if it is claimed at once, while a sleeper that is woken gets it
/// before them. So an executor whose worker came back late for a job or none does not yield for a
/// while (`Queue::wary`).
pub(super) struct Rests {
    pub(super) jobs_since: usize,
    last_was_brief: bool,
    /// Others have kept the processor for long when they were let run.
    came_back_late: bool,
    /// The executor does not yield now.
    pub(super) wary: bool,
}

impl Rests {
    pub(super) fn new() -> Self {
        Self { jobs_since: 0, last_was_brief: true, came_back_late: false, wary: false }
    }

    /// Lies down on `bed`; true: claimed.
    ///
    /// Looks at the clock only where it lets others run: a look can cost as much as a switch between
    /// threads does.
    pub(super) fn rest(&mut self, bed: &Parker, keep_alive: Option<Duration>) -> bool {
        let yields = match (self.jobs_since, self.last_was_brief) {
            _ if self.wary => 0,
            (0 | 1, true) => LONG,
            (0 | 1, false) => SHORT,
            _ => 0,
        };
        if yields == 0 {
            self.came_back_late = false;
            // After a backlog there may be more in a moment; a lonely job's successor takes longer.
            bed.look(if self.jobs_since > 1 { SPINS } else { 0 }, 0);
            self.jobs_since = 0;
            return bed.park_for(keep_alive);
        }
        let begun = now();
        let mut taken = self.look(bed, yields, begun);
        let mut claimed = bed.take();
        if !claimed {
            claimed = bed.park_for(keep_alive);
            taken = since(begun);
        }
        self.last_was_brief = taken < BRIEF;
        claimed
    }

    /// Looks for a moment whether somebody claims `bed`.
    pub(super) fn linger(&mut self, bed: &Parker) -> bool {
        self.look(bed, LINGERING, now());
        bed.take()
    }

    /// How long that took.
    fn look(&mut self, bed: &Parker, yields: u32, begun: Instant) -> Duration {
        bed.look(0, yields);
        let taken = since(begun);
        self.came_back_late = taken > LATE;
        self.jobs_since = 0;
        taken
    }

    /// Whether letting others run has cost more than it has brought.
    pub(super) fn have_been_dear(&self) -> bool {
        self.came_back_late && self.jobs_since <= 1
    }
}

fn since(begun: Instant) -> Duration {
    now().saturating_duration_since(begun)
}
