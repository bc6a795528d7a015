//! Looking for a moment whether a task ends, before waiting for it.
//!
//! Who waits has to be woken: a system call on the one side, a switch between threads on the other, five to fifty
//! microseconds. A job that is over within two had better be looked for. Whether it will be is not known, but tasks that
//! one thread awaits are alike; so each thread remembers whether its looks have paid, and leaves them off, for
//! longer and longer, where they have not: adaptive spinning (Karlin, Li, Manasse and Owicki, "Empirical studies of
//! competitive spinning for a shared-memory multiprocessor", 1991). That also keeps it off where the processors have more
//! to do than they can, and where there is but one: nothing ends while it looks.

use std::cell::Cell;

use super::cell::CellRef;
use super::state::State;
use crate::sync::{spin_loop, spin_rounds, thread_local};

/// How often a look asks...
const ASKS: u32 = 8;
/// ...and how long it pauses before each: who asks takes the task's cache line from whom is about to end it. In all one to
/// three microseconds, by what the processor takes for a pause.
const PAUSES: u32 = 8;
/// How many waits at most pass without a look. In the long run looks in vain cost some nanoseconds a wait.
const MOST: u32 = 1023;

/// What a thread has learnt of its looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Habit {
    /// Waits that are to pass without a look.
    passing: u32,
    /// How many passed after the last look in vain.
    passed: u32,
}

thread_local! {
    static HABIT: Cell<Habit> = Cell::new(Habit::HOPEFUL);
}

impl Habit {
    const HOPEFUL: Self = Self { passing: 0, passed: 0 };

    /// The habit after a wait that passes, if this one does.
    #[inline]
    fn pass(self) -> Option<Self> {
        Some(Self { passing: self.passing.checked_sub(1)?, ..self })
    }

    /// The habit after a look.
    fn after_look(self, has_paid: bool) -> Self {
        if has_paid {
            return Self { passing: 0, passed: self.passed / 2 };
        }
        let passed = (2 * self.passed + 1).min(MOST);
        Self { passing: passed, passed }
    }
}

/// The task's state, which was `seen` unreleased: perhaps looked for until it is.
#[inline]
pub(super) fn look(cell: &CellRef, seen: State) -> State {
    let Ok(habit) = HABIT.try_with(Cell::get) else { return seen };
    match habit.pass() {
        Some(habit) => {
            learn(habit);
            seen
        }
        None => look_now(cell, seen, habit),
    }
}

#[cold]
fn look_now(cell: &CellRef, mut seen: State, habit: Habit) -> State {
    for _ in 0..spin_rounds(ASKS) {
        (0..spin_rounds(PAUSES)).for_each(|_| spin_loop());
        seen = cell.state();
        if seen.is_released() {
            break;
        }
    }
    learn(habit.after_look(seen.is_released()));
    seen
}

fn learn(habit: Habit) {
    // A thread that is being torn down learns no more.
    let _ = HABIT.try_with(|own| own.set(habit));
}

#[cfg(all(test, not(poolbridge_loom)))]
mod tests {
    use super::*;

    /// How many of so many waits look, where `pays` says whether the look pays.
    fn looks(habit: &mut Habit, waits: u32, pays: impl Fn(u32) -> bool) -> u32 {
        let mut looks = 0;
        for wait in 0..waits {
            *habit = habit.pass().unwrap_or_else(|| {
                looks += 1;
                habit.after_look(pays(wait))
            });
        }
        looks
    }

    #[test]
    fn who_looks_in_vain_looks_ever_more_seldom() {
        let mut habit = Habit::HOPEFUL;
        // After 0, 1, 3, 7, ... and 511 waits that pass.
        assert_eq!(looks(&mut habit, 10 + 1013, |_| false), 10);
        assert_eq!(looks(&mut habit, 1023, |_| false), 0);
        assert_eq!(looks(&mut habit, 10_240, |_| false), 10);
    }

    #[test]
    fn whose_looks_pay_looks_each_time() {
        let mut habit = Habit::HOPEFUL;
        assert_eq!(looks(&mut habit, 100, |_| true), 100);
    }

    #[test]
    fn better_times_are_found_out_within_1024_waits() {
        let mut habit = Habit::HOPEFUL;
        let _ = looks(&mut habit, 100_000, |_| false);
        assert!(looks(&mut habit, 1024, |_| true) >= 1);
        assert_eq!(looks(&mut habit, 100, |_| true), 100);
    }

    #[test]
    fn one_look_that_pays_after_many_in_vain_is_chance() {
        let mut habit = Habit::HOPEFUL;
        let _ = looks(&mut habit, 100_000, |_| false);
        let chance = habit.after_look(true);
        assert_eq!(chance, Habit { passing: 0, passed: MOST / 2 });
        assert_eq!(chance.after_look(false), Habit { passing: MOST, passed: MOST });
    }

    #[test]
    fn one_look_in_vain_among_many_that_pay_costs_one_wait() {
        let mut habit = Habit::HOPEFUL;
        assert_eq!(looks(&mut habit, 100, |wait| wait != 50), 99);
    }
}
