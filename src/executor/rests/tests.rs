//! When a worker looks, spins or sleeps, as decisions; how long that takes is the benchmark's.

use super::*;

const MOMENT: Duration = Duration::from_nanos(1);

fn rests(jobs_since: usize, last_was_brief: bool, may_yield: bool) -> Rests {
    Rests { jobs_since, last_was_brief, came_back_late: false, may_yield }
}

#[test]
fn a_worker_that_is_handed_single_jobs_in_quick_turn_looks_for_long() {
    assert_eq!(Rests::new().looks(), Looks::Yielding(LONG));
    assert_eq!(rests(1, true, true).looks(), Looks::Yielding(LONG));
}

#[test]
fn a_worker_that_was_left_alone_for_long_soon_sleeps() {
    assert_eq!(rests(0, false, true).looks(), Looks::Yielding(SHORT));
    assert_eq!(rests(1, false, true).looks(), Looks::Yielding(SHORT));
}

#[test]
fn a_worker_only_spins_after_a_backlog() {
    for (brief, may_yield) in [(true, true), (true, false), (false, true), (false, false)] {
        assert_eq!(rests(2, brief, may_yield).looks(), Looks::Spinning(SPINS));
    }
}

#[test]
fn a_worker_of_a_wary_executor_lets_nobody_run_before_it() {
    for (jobs, brief) in [(0, true), (0, false), (1, true), (1, false)] {
        assert_eq!(rests(jobs, brief, false).looks(), Looks::Spinning(0));
    }
}

#[test]
fn jobs_count_until_the_next_rest() {
    let bed = Parker::new();
    let rest = |of: &mut Rests, bed: &Parker| of.rest(bed, None);
    for rest in [rest as fn(&mut Rests, &Parker) -> bool, Rests::linger] {
        for may_yield in [true, false] {
            let mut rests = rests(0, true, may_yield);
            rests.have_ended_with(1);
            rests.have_ended_with(2);
            assert_eq!(rests.jobs_since, 3);
            bed.unpark();
            assert!(rest(&mut rests, &bed), "the bed is claimed");
            assert_eq!(rests.jobs_since, 0);
        }
    }
}

#[test]
fn nobody_is_claimed_by_nobody() {
    let (bed, mut rests) = (Parker::new(), Rests::new());
    assert!(!rests.linger(&bed));
    assert!(!rests.rest(&bed, Some(MOMENT)));
    rests.have_ended_with(2);
    assert!(!rests.rest(&bed, Some(MOMENT)));
}

#[test]
fn a_rest_is_brief_below_a_tenth_of_a_millisecond() {
    let mut rests = Rests::new();
    for (took, brief) in [(BRIEF, false), (BRIEF - MOMENT, true), (BRIEF + MOMENT, false)] {
        rests.note_rest(took);
        assert_eq!(rests.last_was_brief, brief, "{took:?}");
    }
}

#[test]
fn how_long_a_rest_took_is_measured_to_its_end() {
    let (bed, mut rests) = (Parker::new(), Rests::new());
    assert!(!rests.rest(&bed, Some(BRIEF)));
    assert!(!rests.last_was_brief);
    assert_eq!(rests.looks(), Looks::Yielding(SHORT));
}

#[test]
fn how_long_a_rest_took_is_not_measured_where_nobody_was_let_run() {
    let (bed, mut rests) = (Parker::new(), rests(0, true, false));
    rests.came_back_late = true;
    assert!(!rests.rest(&bed, Some(BRIEF)));
    assert!(rests.last_was_brief);
    assert!(!rests.came_back_late);
}

#[test]
fn letting_others_run_is_dear_if_it_took_long_and_brought_no_backlog() {
    let mut rests = Rests::new();
    assert!(!rests.have_been_dear());
    for (took, jobs, dear) in [
        (LATE, 0, false),
        (LATE + MOMENT, 0, true),
        (LATE + MOMENT, 1, true),
        (LATE + MOMENT, 2, false),
        (MOMENT, 0, false),
    ] {
        rests.note_look(took);
        rests.jobs_since = jobs;
        assert_eq!(rests.have_been_dear(), dear, "{took:?} {jobs}");
    }
}

#[test]
fn an_executor_is_wary_for_some_rests_after_a_dear_one() {
    let mut wariness = Wariness::default();
    assert!(wariness.is_over());
    wariness.note_rest(false);
    assert!(wariness.is_over());
    wariness.note_rest(true);
    for rest in 0..WARY {
        assert!(!wariness.is_over(), "{rest}");
        wariness.note_rest(false);
    }
    assert!(wariness.is_over());
}
