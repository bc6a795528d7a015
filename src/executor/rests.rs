//! What an idle worker does before it sleeps: looks for work, and lets others run meanwhile.

use std::time::Duration;

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

/// How many rests of an executor's workers pass without letting others run once that was dear.
const WARY: u32 = 256;

/// What a worker remembers of its idle times, to choose between looking and sleeping. One that is
/// handed single jobs in quick turn had better look: each sleep costs both sides a system call. One
/// that has just worked a backlog off, or was left alone for long, had better sleep.
pub(super) struct Rests {
    jobs_since: usize,
    last_was_brief: bool,
    /// Others have kept the processor for long when they were let run.
    came_back_late: bool,
    pub(super) may_yield: bool,
}

/// How many of its workers' next rests an executor lets pass without letting others run.
///
/// That has a price where they are many: who yields waits for its next slice of the processor,
/// milliseconds, also if it is claimed at once, while a sleeper that is woken gets it before them. So
/// an executor whose worker came back late for a job or none does not yield for a while.
#[derive(Default)]
pub(super) struct Wariness(u32);

/// How often to look for work before the sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Looks {
    /// Without letting others run, so many rounds. No clock is read.
    Spinning(u32),
    /// So many times after having let others run.
    Yielding(u32),
}

impl Rests {
    pub(super) fn new() -> Self {
        Self { jobs_since: 0, last_was_brief: true, came_back_late: false, may_yield: true }
    }

    /// Jobs ran since the last rest.
    pub(super) fn have_ended_with(&mut self, jobs: usize) {
        self.jobs_since += jobs;
    }

    fn looks(&self) -> Looks {
        match (self.jobs_since, self.last_was_brief) {
            // After a backlog there may be more in a moment; a lonely job's successor takes longer.
            (2.., _) => Looks::Spinning(SPINS),
            _ if !self.may_yield => Looks::Spinning(0),
            (_, true) => Looks::Yielding(LONG),
            (_, false) => Looks::Yielding(SHORT),
        }
    }

    /// Lies down on `bed`; true: claimed.
    ///
    /// Looks at the clock only where it lets others run: a look can cost as much as a switch between
    /// threads does.
    pub(super) fn rest(&mut self, bed: &Parker, keep_alive: Option<Duration>) -> bool {
        let looks = self.looks();
        self.jobs_since = 0;
        match looks {
            Looks::Spinning(rounds) => {
                self.came_back_late = false;
                bed.look(rounds, 0);
                bed.park_for(keep_alive)
            }
            Looks::Yielding(times) => {
                let begun = now();
                let passed = || now().saturating_duration_since(begun);
                bed.look(0, times);
                let looked = passed();
                self.note_look(looked);
                if bed.take() {
                    self.note_rest(looked);
                    return true;
                }
                let claimed = bed.park_for(keep_alive);
                self.note_rest(passed());
                claimed
            }
        }
    }

    /// Looks for a moment whether somebody claims `bed`.
    pub(super) fn linger(&mut self, bed: &Parker) -> bool {
        let begun = now();
        bed.look(0, LINGERING);
        self.jobs_since = 0;
        self.note_look(now().saturating_duration_since(begun));
        bed.take()
    }

    fn note_look(&mut self, took: Duration) {
        self.came_back_late = took > LATE;
    }

    fn note_rest(&mut self, took: Duration) {
        self.last_was_brief = took < BRIEF;
    }

    /// Whether letting others run has cost more than it has brought.
    pub(super) fn have_been_dear(&self) -> bool {
        self.came_back_late && self.jobs_since <= 1
    }
}

impl Wariness {
    /// A worker has nothing to do; `dear`: it had not either the last time, and letting others run
    /// has cost it more than it brought.
    pub(super) fn note_rest(&mut self, dear: bool) {
        self.0 = if dear { WARY } else { self.0.saturating_sub(1) };
    }

    /// Whether workers may let others run.
    pub(super) fn is_over(&self) -> bool {
        self.0 == 0
    }
}

#[cfg(all(test, not(poolbridge_loom)))]
mod tests;
