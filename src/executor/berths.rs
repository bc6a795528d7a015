//! The table of an executor's running tasks.
//!
//! A table and not a line: who starts a job need not touch its neighbours', which others run. A berth is a cache line
//! of its own, and who ends a job and starts the next one keeps its berth, so two workers that take turns at the queue's
//! lock do not pass the table to and fro as well.

use crate::task::cell::Header;

/// The running tasks, and how many were there before them. They are the table's to point to, not to own.
#[derive(Debug, Default)]
pub(super) struct Berths {
    berths: Vec<Berth>,
    /// The one that was vacated last; it knows the one before.
    vacant: Option<u32>,
    taken: usize,
}

/// A running task's place in its executor's table.
#[must_use = "the place is to be vacated"]
#[derive(Debug)]
pub(super) struct Ticket(u32);

#[derive(Debug)]
#[repr(align(64))]
struct Berth {
    occupancy: Occupancy,
    /// How many tasks were here and are over.
    over: usize,
}

#[derive(Clone, Copy, Debug)]
enum Occupancy {
    Taken(*const Header),
    /// And which one was vacated before.
    Vacant(Option<u32>),
}

impl Berths {
    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    /// How many tasks were here and are over, ever.
    pub(super) fn over(&self) -> usize {
        self.berths.iter().map(|berth| berth.over).sum()
    }

    /// Those which are here.
    pub(super) fn iter(&self) -> impl Iterator<Item = *const Header> {
        self.berths.iter().filter_map(|berth| match berth.occupancy {
            Occupancy::Taken(cell) => Some(cell),
            Occupancy::Vacant(_) => None,
        })
    }

    /// Gives a task a place.
    #[inline]
    pub(super) fn enter(&mut self, cell: *const Header) -> Ticket {
        self.taken += 1;
        let occupancy = Occupancy::Taken(cell);
        let Some(at) = self.vacant else {
            let at = u32::try_from(self.berths.len()).expect("so many threads there are not");
            self.berths.push(Berth { occupancy, over: 0 });
            return Ticket(at);
        };
        let berth = &mut self.berths[at as usize];
        if let Occupancy::Vacant(before) = std::mem::replace(&mut berth.occupancy, occupancy) {
            self.vacant = before;
        }
        Ticket(at)
    }

    /// A task is over, and another takes its place.
    #[inline]
    pub(super) fn succeed(&mut self, ticket: Ticket, next: *const Header) -> Ticket {
        let berth = &mut self.berths[ticket.0 as usize];
        berth.occupancy = Occupancy::Taken(next);
        berth.over += 1;
        ticket
    }

    /// A task is over.
    #[inline]
    pub(super) fn leave(&mut self, ticket: Ticket) {
        self.taken -= 1;
        let berth = &mut self.berths[ticket.0 as usize];
        berth.occupancy = Occupancy::Vacant(self.vacant.replace(ticket.0));
        berth.over += 1;
    }
}

#[cfg(all(test, not(poolbridge_loom)))]
mod tests {
    use std::ptr::without_provenance;

    use super::*;

    fn standing(berths: &Berths) -> Vec<usize> {
        berths.iter().map(|cell| cell.addr()).collect()
    }

    #[test]
    fn a_berth_is_a_cache_line_of_its_own() {
        assert_eq!((size_of::<Berth>(), align_of::<Berth>()), (64, 64));
    }

    #[test]
    fn who_comes_gets_the_place_that_was_vacated_last() {
        let mut berths = Berths::default();
        let tickets: Vec<_> = (1..=3).map(|n| berths.enter(without_provenance(n))).collect();
        tickets.into_iter().for_each(|ticket| berths.leave(ticket));
        assert_eq!((berths.taken(), berths.over(), standing(&berths)), (0, 3, vec![]));
        let third = berths.enter(without_provenance(4));
        assert_eq!(third.0, 2);
        let _second = berths.enter(without_provenance(5));
        assert_eq!(standing(&berths), [5, 4]);
        berths.leave(third);
        let _third = berths.enter(without_provenance(6));
        let _first = berths.enter(without_provenance(7));
        let fourth = berths.enter(without_provenance(8));
        assert_eq!((fourth.0, standing(&berths)), (3, vec![7, 5, 6, 8]));
        assert_eq!((berths.taken(), berths.over()), (4, 4));
    }

    #[test]
    fn a_successor_keeps_the_place() {
        let mut berths = Berths::default();
        let (_first, second) =
            (berths.enter(without_provenance(1)), berths.enter(without_provenance(2)));
        let next = berths.succeed(second, without_provenance(3));
        assert_eq!((berths.taken(), berths.over(), standing(&berths)), (2, 1, vec![1, 3]));
        berths.leave(next);
        assert_eq!((berths.taken(), berths.over(), standing(&berths)), (1, 2, vec![1]));
    }
}
