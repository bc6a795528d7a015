//! The table, walked whole.

use super::*;
use std::collections::BTreeSet;

const VERDICTS: [Verdict; 7] = [
    Verdict::Value,
    Verdict::Error,
    Verdict::Prevented,
    Verdict::Cancelled,
    Verdict::Expired(Expired::Queue),
    Verdict::Expired(Expired::Run),
    Verdict::Expired(Expired::Await),
];

/// Every successor of `s`, with the number of the arrow in the drawing.
fn successors(s: State) -> Vec<(u8, State)> {
    let mut next = Vec::new();
    let mut add = |n, to: Option<State>| next.extend(to.map(|to| (n, to)));
    add(1, s.start());
    add(3, s.request());
    add(7, s.release());
    add(8, s.release_expired());
    add(9, s.let_go());
    for verdict in VERDICTS {
        add(2, s.withdraw(verdict));
        if let Verdict::Expired(why) = verdict {
            add(6, s.expire(why));
        } else if verdict != Verdict::Prevented {
            add(4, s.settle(verdict));
            add(5, s.settle_and_release(verdict));
        }
    }
    next
}

fn reachable() -> (BTreeSet<usize>, BTreeSet<(u8, String, String)>) {
    let shape = |s: State| format!("{:?},{:?}", s.job(), s.stage());
    let (mut seen, mut edges) = (BTreeSet::new(), BTreeSet::new());
    let mut open: Vec<State> = vec![
        State::new(false),
        State::new(true),
        State(State::new(true).0 | OBSERVED),
        State::new(true).watch().expect("not released"),
        State::new(true).without_handle(),
    ];
    while let Some(s) = open.pop() {
        if !seen.insert(s.0) {
            continue;
        }
        for (n, to) in successors(s) {
            edges.insert((n, shape(s), shape(to)));
            open.push(to);
        }
    }
    (seen, edges)
}

#[test]
fn the_table_has_exactly_the_drawn_arrows() {
    let (_, edges) = reachable();
    let drawn = [
        (1, "Queued,Open", "Taken,Open"),
        (2, "Queued,Open", "Taken,Telling"),
        (3, "Taken,Open", "Taken,Open"),
        (4, "Taken,Open", "Taken,Telling"),
        (5, "Taken,Open", "Gone,Released"),
        (6, "Taken,Open", "Taken,Telling"),
        (7, "Taken,Telling", "Gone,Released"),
        (8, "Taken,Telling", "Taken,Released"),
        (8, "Gone,Telling", "Gone,Released"),
        (9, "Taken,Telling", "Gone,Telling"),
        (9, "Taken,Released", "Gone,Released"),
    ];
    let drawn: BTreeSet<_> =
        drawn.iter().map(|&(n, a, b)| (n, a.to_string(), b.to_string())).collect();
    assert_eq!(edges, drawn);
}

#[test]
fn a_verdict_never_changes_and_no_state_goes_back() {
    let (seen, _) = reachable();
    assert!(seen.len() > 100, "walked {} states only", seen.len());
    for s in seen.into_iter().map(State::from_word) {
        for (n, to) in successors(s) {
            assert!(to.job() as u8 >= s.job() as u8, "arrow {n} of {s:?}");
            assert!(to.stage() as u8 >= s.stage() as u8, "arrow {n} of {s:?}");
            assert!(s.verdict().is_none() || s.verdict() == to.verdict(), "arrow {n} of {s:?}");
            assert!(!s.has_run() || to.has_run(), "arrow {n} of {s:?}");
            let (handle, linked) = (s.has_handle(), s.is_linked());
            assert_eq!((handle, linked), (to.has_handle(), to.is_linked()), "arrow {n}");
            // Who has a waker to take still needs its reference.
            let gone = n == 5 && !s.is_watched();
            assert_eq!(to.refs(), s.refs() - usize::from(gone), "arrow {n} of {s:?}");
        }
    }
}

#[test]
fn every_state_has_one_status_and_one_answer_to_cancel() {
    let (seen, _) = reachable();
    for s in seen.into_iter().map(State::from_word) {
        let cancelled = matches!(s.verdict(), Some(Verdict::Prevented | Verdict::Cancelled));
        assert_eq!(s.status() == Status::Cancelled, cancelled, "{s:?}");
        if s.is_released() {
            assert!(s.status().is_done(), "{s:?}");
            assert_ne!(s.cancel_answer(), Cancel::Requested, "{s:?}");
        }
        if s.status() == Status::Finished {
            assert!(s.is_released() && s.is_stopped(), "{s:?}");
        }
        if s.cancel_answer() == Cancel::Prevented {
            assert!(!s.has_run(), "{s:?} claims that it never ran");
        }
        // A cancel always has an answer: it withdraws, requests, or reports.
        let ways = [s.withdraw(Verdict::Prevented).is_some(), s.request().is_some()];
        assert!(ways.iter().filter(|w| **w).count() <= 1, "{s:?}");
    }
}

#[test]
fn only_a_task_that_never_started_can_be_loosened() {
    let s = State::new(true);
    assert!(!s.loosen().expect("queued").is_linked());
    assert!(s.start().expect("queued").loosen().is_none());
    assert!(s.withdraw(Verdict::Prevented).expect("queued").loosen().is_none());
}

#[test]
fn a_running_task_that_nobody_observes_is_known_as_such() {
    for word in reachable().0 {
        for s in [State(word), State(word | OBSERVED), State(word & !OBSERVED)] {
            let is_so = s.job() == JobSide::Taken && s.stage() == Stage::Open && !s.is_observed();
            assert_eq!(s.is_running_unobserved(), is_so, "{s:?}");
        }
    }
}

/// Half of what the word has room for: so many threads there are not that could all be one too far.
#[test]
fn references_run_out_at_half_of_what_there_is_room_for() {
    for (word, too_many) in [
        (State::new(true).0, false),
        (usize::MAX / 4, false),
        (usize::MAX / 2, false),
        (usize::MAX / 2 + REF, true),
        (usize::MAX, true),
    ] {
        assert_eq!(State(word).too_many_refs(), too_many, "{word:#x}");
    }
}

#[test]
fn a_request_is_never_taken_back() {
    for word in reachable().0 {
        let s = State(word);
        let kept = |(_, to): &(u8, State)| to.is_requested();
        assert!(!s.is_requested() || successors(s).iter().all(kept), "{s:?}");
        let expired = s.expire(Expired::Run);
        assert!(expired.is_none_or(State::is_requested), "{s:?}");
    }
}

#[test]
fn a_waker_is_in_place_until_the_release_and_not_after() {
    for word in reachable().0 {
        let s = State(word);
        assert!(!(s.is_watched() && s.is_released()), "{s:?}");
        assert_eq!(s.watch().is_none(), s.is_released(), "{s:?}");
        assert_eq!(s.unwatch().is_none(), !s.is_watched(), "{s:?}");
        assert!(!s.without_handle().is_watched(), "{s:?}");
        for (n, to) in successors(s) {
            assert_eq!(to.is_watched(), s.is_watched() && !to.is_released(), "arrow {n} of {s:?}");
        }
    }
}
