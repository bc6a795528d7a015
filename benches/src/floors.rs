//! What this machine takes for the steps that nothing made of threads can do without.

use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::args::Plan;
use crate::place::Place;
use crate::rounds::nanos_each;
use crate::table::Table;

/// Steps in one round.
const STEPS: usize = 100_000;
const PINGS: usize = 2_000;

type Floor = (&'static str, usize, fn(usize) -> Duration);

const FLOORS: [Floor; 8] = [
    ("an atomic exchange", STEPS, exchange),
    ("a lock and an unlock", STEPS, lock),
    ("a look at the clock", STEPS, clock),
    ("a Box of 96 bytes, made and freed", STEPS, boxed),
    ("10000 such boxes, made and then freed", 10_000, boxes),
    ("a Box through a locked queue", STEPS, queue),
    ("a futex wake of nobody", STEPS, wake),
    ("park and unpark, there and back, one processor", PINGS, ping_pong),
];

type Cell = [u64; 12];

fn timed(steps: usize, mut step: impl FnMut(usize)) -> Duration {
    let start = Instant::now();
    (0..steps).for_each(&mut step);
    start.elapsed()
}

fn exchange(steps: usize) -> Duration {
    let word = AtomicUsize::new(0);
    timed(steps, |n| {
        black_box(word.swap(n, Ordering::SeqCst));
    })
}

fn lock(steps: usize) -> Duration {
    let sum = Mutex::new(0);
    timed(steps, |n| *black_box(&sum).lock().unwrap_or_else(PoisonError::into_inner) += n)
}

fn clock(steps: usize) -> Duration {
    timed(steps, |_| {
        black_box(Instant::now());
    })
}

fn boxed(steps: usize) -> Duration {
    timed(steps, |n| drop(black_box(Box::new([n as u64; 12]) as Box<Cell>)))
}

/// More than an allocator keeps at hand: as in a burst.
fn boxes(steps: usize) -> Duration {
    let mut all: Vec<Box<Cell>> = Vec::with_capacity(steps);
    let start = Instant::now();
    all.extend((0..steps).map(|n| Box::new([n as u64; 12])));
    black_box(&mut all).clear();
    start.elapsed()
}

fn queue(steps: usize) -> Duration {
    let queue = Mutex::new(VecDeque::<Box<Cell>>::with_capacity(1));
    let lock = || black_box(&queue).lock().unwrap_or_else(PoisonError::into_inner);
    timed(steps, |n| {
        lock().push_back(Box::new([n as u64; 12]));
        drop(lock().pop_front());
    })
}

#[cfg(target_os = "linux")]
fn wake(steps: usize) -> Duration {
    use rustix::thread::futex::{Flags, wake};
    let word = std::sync::atomic::AtomicU32::new(0);
    timed(steps, |_| {
        black_box(wake(&word, Flags::PRIVATE, 1)).expect("an address of this process");
    })
}

/// The same through the standard library: nobody else has a futex.
#[cfg(not(target_os = "linux"))]
fn wake(steps: usize) -> Duration {
    let bell = std::sync::Condvar::new();
    timed(steps, |_| bell.notify_one())
}

fn ping_pong(steps: usize) -> Duration {
    let (there, back) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (ping, pong) = (Arc::clone(&there), Arc::clone(&back));
    let wait = |flag: &AtomicBool| {
        while !flag.swap(false, Ordering::SeqCst) {
            thread::park();
        }
    };
    let caller = thread::spawn(move || {
        Place::OneProcessor.begin();
        let caller = thread::current();
        let partner = thread::spawn(move || {
            for _ in 0..steps {
                wait(&ping);
                pong.store(true, Ordering::SeqCst);
                caller.unpark();
            }
        });
        let taken = timed(steps, |_| {
            there.store(true, Ordering::SeqCst);
            partner.thread().unpark();
            wait(&back);
        });
        partner.join().expect("no panic");
        taken
    });
    caller.join().expect("no panic")
}

pub(crate) fn print(plan: &Plan) {
    let mut table = Table::new("floors of this machine", ["ns"]);
    for (name, steps, run) in FLOORS {
        if plan.wants_row(name) {
            let rounds = (0..plan.rounds).map(|_| nanos_each(run(steps), steps));
            table.row(name, [format!("{:.0}", rounds.fold(f64::MAX, f64::min))]);
        }
    }
    if !table.is_empty() {
        println!("{table}");
    }
}
