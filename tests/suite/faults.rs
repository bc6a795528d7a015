//! Backends that do it wrong, each in one way.

use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use poolbridge::{Backend, StartError, Worker};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Forgets every turn.
    DropsAll,
    /// Forgets every third turn.
    DropsSome,
    /// Forgets every turn, a moment later and elsewhere.
    DropsElsewhere,
    /// Keeps turns for ever.
    HoldsAll,
    /// Keeps each turn until it is asked for the next.
    HoldsOne,
    /// Runs each turn on the thread that asks for the next.
    RunsLate,
    /// Runs turns in `start`: not a fault, but it looks like one.
    RunsInline,
    /// Refuses every third turn.
    RefusesSome,
    /// Refuses every turn.
    RefusesAll,
    /// Panics with the turn in hand.
    PanicsBefore,
    /// Panics when the turn is on its way.
    PanicsAfter,
    /// Starts the turn and says that it could not.
    StartsAndRefuses,
    /// Has one thread and says four.
    Boasts,
    /// Asks for a lock in `start` that its threads hold while they run a turn.
    HoldsLock,
    /// Does not come back from `start`.
    Blocks,
}

/// Turns that are kept, and by which backend. Not in the backend: it would keep itself alive, a leak.
static KEPT: Mutex<Vec<(usize, Worker)>> = Mutex::new(Vec::new());

pub(crate) struct Faulty {
    fault: Fault,
    number: usize,
    starts: AtomicUsize,
    lock: Arc<Mutex<()>>,
}

impl Faulty {
    pub(crate) fn new(fault: Fault) -> Self {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        Self { fault, number, starts: AtomicUsize::new(0), lock: Arc::default() }
    }

    /// Whether this start is one of those that fail.
    fn is_third(&self) -> bool {
        self.starts.fetch_add(1, Ordering::Relaxed) % 3 == 2
    }

    fn keep(&self, worker: Worker) {
        KEPT.lock().unwrap_or_else(PoisonError::into_inner).push((self.number, worker));
    }

    /// Keeps `worker`; what was kept before.
    fn swap(&self, worker: Worker) -> Option<Worker> {
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(number, _)| *number == self.number);
        let earlier = at.map(|at| kept.swap_remove(at).1);
        kept.push((self.number, worker));
        earlier
    }
}

fn spawn(run: impl FnOnce() + Send + 'static) -> Result<(), StartError> {
    thread::Builder::new().spawn(run).map(drop).map_err(StartError::new)
}

fn run(worker: Worker) -> Result<(), StartError> {
    spawn(move || worker.run())
}

/// Without the panic hook's text.
fn panic_quietly() -> ! {
    resume_unwind(Box::new("start"))
}

impl Backend for Faulty {
    fn start(&self, worker: Worker) -> Result<(), StartError> {
        match self.fault {
            Fault::DropsAll => drop(worker),
            Fault::DropsSome if self.is_third() => drop(worker),
            Fault::DropsElsewhere => return spawn(move || drop(worker)),
            Fault::HoldsAll => self.keep(worker),
            Fault::HoldsOne => return self.swap(worker).map_or(Ok(()), run),
            Fault::RunsLate => {
                if let Some(earlier) = self.swap(worker) {
                    earlier.run();
                }
            }
            Fault::RunsInline => worker.run(),
            Fault::RefusesSome if self.is_third() => {
                return Err(StartError::new("no third thread"));
            }
            Fault::RefusesAll => return Err(StartError::new("no threads today")),
            Fault::PanicsBefore => panic_quietly(),
            Fault::PanicsAfter => {
                run(worker)?;
                panic_quietly();
            }
            Fault::StartsAndRefuses => {
                run(worker)?;
                return Err(StartError::new("started all the same"));
            }
            Fault::Boasts | Fault::HoldsLock => {
                let (lock, locks) = (self.lock.clone(), self.fault == Fault::HoldsLock);
                if locks {
                    drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner));
                }
                return spawn(move || {
                    let _one_at_a_time = lock.lock().unwrap_or_else(PoisonError::into_inner);
                    worker.run();
                });
            }
            Fault::Blocks => loop {
                thread::park();
            },
            Fault::DropsSome | Fault::RefusesSome => return run(worker),
        }
        Ok(())
    }

    fn parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::new(4).unwrap()
    }
}
