//! What a case has left behind: who ran, who was told what, what was made and dropped.

use std::any::Any;
use std::panic::{self, panic_any};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once};
use std::thread;

use poolbridge::{Cancel, Status};

use crate::case::{Case, Ends, Observer};
use crate::oracle::{self, Kind};
use crate::support::Counter;

/// A panic that belongs to the case.
pub(crate) struct Planned;

/// The payload of a closure that panics.
pub(crate) struct Payload(
    #[expect(dead_code, reason = "only its drop matters")] pub(crate) Tracked,
);

/// Panics that nobody has planned, wherever they were contained.
static UNPLANNED: AtomicUsize = AtomicUsize::new(0);

pub(crate) fn unplanned_panics() -> usize {
    UNPLANNED.load(Ordering::SeqCst)
}

/// Only panics that nobody has planned are reported.
pub(crate) fn silence_planned_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let payload: &dyn Any = info.payload();
            if !payload.is::<Planned>() && !payload.is::<Payload>() {
                UNPLANNED.fetch_add(1, Ordering::SeqCst);
                report(info);
            }
        }));
    });
}

/// Counts what is made and dropped of one kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally(Arc<(AtomicUsize, AtomicUsize)>);

impl Tally {
    pub(crate) fn made(&self) -> usize {
        self.0.0.load(Ordering::SeqCst)
    }

    pub(crate) fn dropped(&self) -> usize {
        self.0.1.load(Ordering::SeqCst)
    }

    pub(crate) fn is_balanced(&self) -> bool {
        self.dropped() == self.made()
    }

    /// One more; `bad`: its destructor panics.
    pub(crate) fn make(&self, bad: bool) -> Tracked {
        self.0.0.fetch_add(1, Ordering::SeqCst);
        Tracked { tally: self.clone(), bad }
    }
}

/// Is counted.
#[derive(Debug)]
pub(crate) struct Tracked {
    tally: Tally,
    bad: bool,
}

impl Clone for Tracked {
    fn clone(&self) -> Self {
        self.tally.make(self.bad)
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.tally.0.1.fetch_add(1, Ordering::SeqCst);
        if self.bad && !thread::panicking() {
            panic_any(Planned);
        }
    }
}

/// What somebody was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// In the order of registration.
    pub(crate) place: usize,
    pub(crate) kind: Kind,
    /// The captures were gone by then.
    pub(crate) captures_gone: bool,
}

/// Shared by everybody who takes part in a case.
#[derive(Clone, Default)]
pub(crate) struct Ledger {
    pub(crate) ran: Counter,
    /// The closure found itself asked to stop.
    pub(crate) asked: Counter,
    pub(crate) captures: Tally,
    /// Values, or the payloads of panics.
    pub(crate) outcomes: Tally,
    /// What callbacks, `on_abandoned` and wakers own.
    pub(crate) observers: Tally,
    pub(crate) told: Arc<Mutex<Vec<Seen>>>,
    pub(crate) abandoned: Arc<Mutex<Vec<Kind>>>,
    pub(crate) cancelled_inside: Arc<Mutex<Vec<(Cancel, Status)>>>,
}

impl Ledger {
    pub(crate) fn note(&self, place: usize, kind: Kind) {
        let captures_gone = self.captures.dropped() == 1;
        self.told.lock().unwrap().push(Seen { place, kind, captures_gone });
    }

    pub(crate) fn told(&self) -> Vec<Seen> {
        self.told.lock().unwrap().clone()
    }

    /// Whether everything that has to come has come.
    pub(crate) fn is_settled(&self, case: Case) -> bool {
        let forecast = oracle::forecast(case);
        self.ran.get() >= usize::from(forecast.runs)
            && self.told().len() >= forecast.told
            && self.abandoned.lock().unwrap().len() >= usize::from(forecast.abandoned)
            && [&self.captures, &self.outcomes, &self.observers].iter().all(|t| t.is_balanced())
    }

    /// All of it, once everything is over.
    pub(crate) fn check_final(&self, case: Case) {
        let forecast = oracle::forecast(case);
        assert_eq!(self.ran.get(), usize::from(forecast.runs), "runs of the closure");
        assert_eq!(self.asked.get(), usize::from(forecast.runs && forecast.asked), "asked to stop");
        assert_eq!((self.captures.made(), self.captures.dropped()), (1, 1), "captures");
        assert_eq!(self.outcomes.made(), self.outcomes.dropped(), "outcomes made and dropped");
        let clones = usize::from(case.observer == Observer::CallbackOn && is_cloned(case));
        assert_eq!(self.outcomes.made(), usize::from(forecast.runs) * (1 + clones), "outcomes");
        assert_eq!(self.observers.made(), self.observers.dropped(), "observers made and dropped");
        let told = self.told();
        assert_eq!(told.len(), forecast.told, "callbacks: {told:?}");
        for (place, seen) in told.iter().enumerate() {
            let expected = Seen { place, kind: forecast.kind, captures_gone: true };
            assert_eq!(*seen, expected, "callbacks in order, after the captures");
        }
        let abandoned: &[Kind] = if forecast.abandoned { &[forecast.kind] } else { &[] };
        assert_eq!(*self.abandoned.lock().unwrap(), abandoned, "abandoned outcomes");
    }
}

/// Values are cloned for a callback elsewhere; the payload of a panic is shared.
fn is_cloned(case: Case) -> bool {
    matches!(case.ends, Ends::Value | Ends::BadValue)
}
