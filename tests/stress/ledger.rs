//! What is alive, what has run.

use std::any::Any;
use std::ops::AddAssign;
use std::panic::{self, panic_any};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};
use std::thread::{self, Thread};

use crate::dice::Dice;

/// A panic that belongs to the round.
pub(crate) struct Planned;

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
            if !payload.is::<Planned>() && !payload.is::<Thing>() {
                UNPLANNED.fetch_add(1, Ordering::SeqCst);
                report(info);
            }
        }));
    });
}

/// What a round, or all of them, came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sums {
    pub(crate) ran: usize,
    pub(crate) prevented: usize,
    pub(crate) callbacks: usize,
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.ran += other.ran;
        self.prevented += other.prevented;
        self.callbacks += other.callbacks;
    }
}

/// Counts of one round.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Captures, outcomes, payloads, callbacks and wakers that exist.
    pub(crate) live: AtomicIsize,
    pub(crate) ran: AtomicUsize,
    /// Closures that were dropped un-run.
    pub(crate) prevented: AtomicUsize,
    pub(crate) callbacks_added: AtomicUsize,
    pub(crate) callbacks_told: AtomicUsize,
    pub(crate) callbacks_removed: AtomicUsize,
}

impl Ledger {
    pub(crate) fn sums(&self) -> Sums {
        Sums {
            ran: self.ran.load(Ordering::SeqCst),
            prevented: self.prevented.load(Ordering::SeqCst),
            callbacks: self.callbacks_told.load(Ordering::SeqCst),
        }
    }
}

/// Is counted; its clone and its drop make noise, and the drop may panic.
#[derive(Debug)]
pub(crate) struct Thing {
    ledger: Arc<Ledger>,
    dice: Dice,
    bad: bool,
}

impl Thing {
    pub(crate) fn new(ledger: &Arc<Ledger>, dice: &mut Dice) -> Self {
        ledger.live.fetch_add(1, Ordering::SeqCst);
        Self { ledger: Arc::clone(ledger), dice: dice.child(), bad: false }
    }

    /// Its destructor panics.
    pub(crate) fn bad(self) -> Self {
        let mut this = self;
        this.bad = true;
        this
    }
}

impl Clone for Thing {
    fn clone(&self) -> Self {
        let mut dice = self.dice.clone();
        dice.noise();
        let clone = Self::new(&self.ledger, &mut dice);
        if self.bad { clone.bad() } else { clone }
    }
}

impl Drop for Thing {
    fn drop(&mut self) {
        self.dice.noise();
        self.ledger.live.fetch_sub(1, Ordering::SeqCst);
        if self.bad && !thread::panicking() {
            panic_any(Planned);
        }
    }
}

/// What a closure owns: dropped un-run it says so.
pub(crate) struct Capture {
    pub(crate) thing: Thing,
    ran: bool,
}

impl Capture {
    pub(crate) fn new(thing: Thing) -> Self {
        Self { thing, ran: false }
    }

    pub(crate) fn run(&mut self) {
        assert!(!std::mem::replace(&mut self.ran, true), "a closure runs once");
        self.thing.ledger.ran.fetch_add(1, Ordering::SeqCst);
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        if !self.ran {
            self.thing.ledger.prevented.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Wakes a thread that parks, with noise before and after, and perhaps a panic.
pub(crate) struct NoisyWaker {
    thread: Thread,
    /// Noise may swallow what `unpark` leaves.
    woken: Arc<AtomicBool>,
    dice: Mutex<Dice>,
    panics: bool,
    _thing: Thing,
}

impl NoisyWaker {
    pub(crate) fn waker(ledger: &Arc<Ledger>, dice: &mut Dice) -> Waker {
        Self::noting(ledger, dice, Arc::default())
    }

    /// Sets `woken` when it wakes.
    pub(crate) fn noting(ledger: &Arc<Ledger>, dice: &mut Dice, woken: Arc<AtomicBool>) -> Waker {
        let thing = Thing::new(ledger, dice);
        let (panics, own) = (dice.once_in(8), Mutex::new(dice.child()));
        Waker::from(Arc::new(Self {
            thread: thread::current(),
            woken,
            dice: own,
            panics,
            _thing: thing,
        }))
    }
}

impl Wake for NoisyWaker {
    fn wake(self: Arc<Self>) {
        let mut dice = self.dice.lock().unwrap().child();
        dice.noise();
        self.woken.store(true, Ordering::SeqCst);
        self.thread.unpark();
        dice.noise();
        if self.panics {
            panic_any(Planned);
        }
    }
}
