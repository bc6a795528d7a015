//! The bare minimum: one allocation shared by pool and awaiter, a locked queue, a condition
//! variable. No cancel, no limits, no features: what anything with features is to be held against.

use std::collections::VecDeque;
use std::mem::replace;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::{Handle, Peer};

pub(crate) struct Floor {
    queue: Arc<Queue>,
    threads: usize,
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Arc<dyn Job>>,
    sleepers: usize,
    closed: bool,
}

trait Job: Send + Sync {
    fn run(&self);
}

enum Step<T, F> {
    Queued(F),
    Done(T),
    Taken,
}

struct Cell<T, F>(Mutex<(Step<T, F>, Option<Waker>)>);

/// Yields what the cell holds in the end.
pub(crate) struct Waiter<T, F>(Arc<Cell<T, F>>);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Queue {
    fn push(&self, job: Arc<dyn Job>) {
        let mut state = lock(&self.state);
        state.jobs.push_back(job);
        let wake = state.sleepers > 0;
        drop(state);
        if wake {
            self.bell.notify_one();
        }
    }

    fn pop(&self) -> Option<Arc<dyn Job>> {
        let mut state = lock(&self.state);
        loop {
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            if state.closed {
                return None;
            }
            state.sleepers += 1;
            state = self.bell.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.sleepers -= 1;
        }
    }
}

impl<T: Send, F: FnOnce() -> T + Send> Job for Cell<T, F> {
    fn run(&self) {
        let step = replace(&mut lock(&self.0).0, Step::Taken);
        let Step::Queued(f) = step else { unreachable!("runs once") };
        let value = f();
        let waker = {
            let mut cell = lock(&self.0);
            cell.0 = Step::Done(value);
            cell.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T: Send, F: Send> Future for Waiter<T, F> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let mut cell = lock(&self.0.0);
        if let Step::Done(_) = cell.0 {
            let Step::Done(value) = replace(&mut cell.0, Step::Taken) else { unreachable!() };
            return Poll::Ready(value);
        }
        match &cell.1 {
            Some(waker) if waker.will_wake(cx.waker()) => {}
            _ => cell.1 = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}

impl<T: Send, F: Send> Handle<T> for Waiter<T, F> {
    fn cancel(self) -> Option<Self> {
        // There is no cancelling: the job will run.
        drop(self);
        None
    }
}

impl Peer for Floor {
    const NAME: &'static str = "floor";

    fn new(threads: usize) -> Self {
        let queue = Arc::<Queue>::default();
        for _ in 0..threads {
            let queue = Arc::clone(&queue);
            std::thread::spawn(move || {
                while let Some(job) = queue.pop() {
                    job.run();
                }
            });
        }
        Self { queue, threads }
    }

    fn threads(&self) -> usize {
        self.threads
    }

    fn submit<T, F>(&self, f: F) -> impl Handle<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let cell = Arc::new(Cell(Mutex::new((Step::Queued(f), None))));
        self.queue.push(cell.clone());
        Waiter(cell)
    }

    fn queued(&self) -> Option<usize> {
        Some(lock(&self.queue.state).jobs.len())
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        lock(&self.queue.state).closed = true;
        self.queue.bell.notify_all();
    }
}
