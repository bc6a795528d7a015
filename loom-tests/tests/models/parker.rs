//! The bed of one thread. Each model is named after what must not happen otherwise.

use std::time::Duration;

use loom_tests::{Canary, Entry, Model, models, thread};
use poolbridge::__verify::plan::Plan;
use poolbridge::__verify::{Arc, AtomicUsize, Ordering, Parker, now};

use Ordering::{Acquire, Relaxed, Release};

pub(crate) const MODELS: &[Entry] = models![
    unpark_before_park_is_not_lost,
    unpark_during_park_is_not_lost,
    timeout_leaves_the_token,
    limit_from_now_leaves_the_token,
    two_unparks_leave_one_token,
    no_stale_token_between_owners,
    park_sees_what_unpark_published,
    late_token_publishes_too,
    spinner_sees_what_unpark_published,
];

const LIMIT: Duration = Duration::from_secs(1);

fn unpark_by_thread(
    parker: &Parker,
    before: impl FnOnce() + Send + 'static,
) -> thread::JoinHandle<()> {
    let parker = parker.clone();
    thread::spawn(move || {
        before();
        parker.unpark();
    })
}

/// One thread. The token left before the park is taken, and only once: the second park ends by
/// its limit. Outcome: both results.
fn unpark_before_park_is_not_lost() {
    Model::bound(0)
        .plans([Plan::timeouts_from(0)])
        .expect_single()
        .sees_exactly(&["(true, false)"])
        .check(|| {
            let parker = Parker::new();
            parker.unpark();
            (parker.park_until(Some(now() + LIMIT)), parker.park_until(Some(now() + LIMIT)))
        });
}

/// Sleeper and waker. Wherever the unpark falls, the park returns: with the token not yet there,
/// between the look and the sleep, in the sleep. Outcome: whether the waker had come to its
/// unpark when the sleeper came to its park, as far as the sleeper could tell.
fn unpark_during_park_is_not_lost() {
    Model::bound(3).with_spurious_wakes().sees_exactly(&["0", "1"]).check(|| {
        let parker = Parker::new();
        let begun = Arc::new(AtomicUsize::new(0));
        let mark = Arc::clone(&begun);
        let waker = unpark_by_thread(&parker, move || mark.store(1, Relaxed));
        let seen = begun.load(Relaxed);
        parker.park();
        waker.join().unwrap();
        seen
    });
}

/// Sleeper with a limit that is over, and waker. The token is taken or it stays: after `false`
/// the next park finds it, after `true` there is none. Outcome: whether it was taken in time.
fn timeout_leaves_the_token() {
    let plans = [Plan::NONE, Plan::timeouts_from(0), Plan::timeouts_from(1)];
    Model::bound(3).plans(plans).sees_exactly(&["false", "true"]).check(|| {
        let parker = Parker::new();
        let waker = unpark_by_thread(&parker, || ());
        let in_time = parker.park_until(Some(now() + LIMIT));
        if !in_time {
            parker.park();
        }
        waker.join().unwrap();
        in_time
    });
}

/// As [`timeout_leaves_the_token`], with a limit that begins with the park, which may be woken for
/// nothing before: then it begins anew. Outcome: whether the token was taken in time.
fn limit_from_now_leaves_the_token() {
    let begins_anew = Plan { timeout: Some(1), ..Plan::spurious(0) };
    let plans = [Plan::NONE, Plan::timeout(0), Plan::spurious(0), begins_anew];
    Model::bound(3).plans(plans).sees_exactly(&["false", "true"]).check(|| {
        let parker = Parker::new();
        let waker = unpark_by_thread(&parker, || ());
        let in_time = parker.park_for(Some(LIMIT));
        if !in_time {
            parker.park();
        }
        waker.join().unwrap();
        in_time
    });
}

/// Two wakers, one sleeper whose later waits are over at once. The first park takes a token; of
/// the other unpark there is one left, or it came before and counted together with the first.
/// Outcome: whether there was one left.
fn two_unparks_leave_one_token() {
    Model::bound(2).plans([Plan::timeouts_from(0)]).sees_exactly(&["false", "true"]).check(|| {
        let parker = Parker::new();
        let wakers = [unpark_by_thread(&parker, || ()), unpark_by_thread(&parker, || ())];
        parker.park();
        wakers.into_iter().for_each(|waker| waker.join().unwrap());
        let left = parker.park_until(Some(now() + LIMIT));
        assert!(!parker.park_until(Some(now() + LIMIT)), "one token too many");
        left
    });
}

/// One bed, two waits after another, one waker that ends both. A token that the first wait did
/// not need may wake the second early, never eat its own. Outcome: parks of the second wait.
fn no_stale_token_between_owners() {
    Model::bound(3).deep(4).sees_exactly(&["0", "1", "2"]).check(|| {
        let parker = Parker::new();
        let stage = Arc::new(AtomicUsize::new(0));
        let (bell, step) = (parker.clone(), Arc::clone(&stage));
        let waker = thread::spawn(move || {
            for value in [1, 2] {
                step.store(value, Release);
                bell.unpark();
            }
        });
        let wait_for = |value| {
            let mut parks = 0;
            while stage.load(Acquire) < value {
                parker.park();
                parks += 1;
            }
            parks
        };
        wait_for(1);
        let parks = wait_for(2);
        waker.join().unwrap();
        parks
    });
}

/// Waker writes plainly and unparks, sleeper parks and reads. Outcome: the value, always.
fn park_sees_what_unpark_published() {
    Model::bound(3).with_spurious_wakes().sees_exactly(&["7"]).check(|| {
        let (parker, canary) = (Parker::new(), Canary::new());
        let written = canary.clone();
        let waker = unpark_by_thread(&parker, move || written.write(7));
        parker.park();
        let read = canary.read();
        waker.join().unwrap();
        read
    });
}

/// As above for a sleeper whose limit is over: if it finds the token as it gives up, it has
/// that token's message too. Outcome: the value, or nothing if the token came later.
fn late_token_publishes_too() {
    let plans = [Plan::timeouts_from(0), Plan::timeouts_from(1)];
    Model::bound(3).plans(plans).sees_exactly(&["Some(7)", "None"]).check(|| {
        let (parker, canary) = (Parker::new(), Canary::new());
        let written = canary.clone();
        let waker = unpark_by_thread(&parker, move || written.write(7));
        let read = parker.park_until(Some(now() + LIMIT)).then(|| canary.read());
        waker.join().unwrap();
        read
    });
}

/// As above for one that looks for the token before it sleeps: the look alone publishes nothing.
fn spinner_sees_what_unpark_published() {
    Model::bound(3).plans([Plan::NONE.spinning(1)]).sees_exactly(&["7"]).check(|| {
        let (parker, canary) = (Parker::new(), Canary::new());
        let written = canary.clone();
        let waker = unpark_by_thread(&parker, move || written.write(7));
        parker.look(1, 0);
        assert!(parker.park_until(None), "no limit, no way to miss it");
        let read = canary.read();
        waker.join().unwrap();
        read
    });
}
