//! Cancel hooks: run exactly once if there is a request, never after the task's end, never while
//! being taken back.
//!
//! The list notes which hooks fire right now, and on which thread each. Whoever takes a hook
//! back, or ends the job, waits for a hook that fires in another thread; in the same thread it is
//! re-entrance and there is nothing to wait for. So a hook may borrow (by reference count) what
//! belongs to the job, and a signal meant for one job never hits the next one on that worker.

use super::cell::CellRef;
use super::contain::contain;
use super::observer::{Firing, Hook, More, Observers};
use super::state::{OBSERVED, State};
use crate::sync::{MutexGuard, Ordering, Parker, current_thread, second_look};

/// Puts a hook in; the key takes it back. Without key: it has run here, because the task has been
/// asked to stop already, or was dropped, because the job is over.
pub(super) fn add(cell: &CellRef, hook: Hook) -> Option<u64> {
    let mut observers = cell.observers().lock();
    let state = observe(cell);
    let more = observers.more();
    let over = second_look(more.hooks.closed || state.is_stopped());
    // A promise that was cancelled before its work began is still in its producer's hands.
    if over && (state.has_run() || !state.is_stop_asked()) {
        drop(observers);
        contain(|| drop(hook));
        return None;
    }
    let key = more.fresh_key();
    if second_look(state.is_stop_asked()) {
        more.hooks.firing.push(Firing::here(key));
        drop(observers);
        run(cell, key, hook);
        return None;
    }
    more.hooks.waiting.push_back((key, hook));
    Some(key)
}

/// Runs a hook that is noted as firing here, or does with it what else is due.
fn run(cell: &CellRef, key: u64, hook: impl FnOnce()) {
    let _frame = cell.enter();
    contain(hook);
    let waiters = {
        let mut observers = cell.observers().lock();
        let firing = &mut observers.more().hooks.firing;
        let at = firing.iter().position(|firing| firing.key == key);
        at.map(|at| firing.swap_remove(at).waiters)
    };
    waiters.into_iter().flatten().for_each(|parker| parker.unpark());
}

/// Notes that the cell has an observer from now on; the caller holds its lock.
pub(super) fn observe(cell: &CellRef) -> State {
    // ORDERING: Acquire, pairs with the Release of arrow 5: who sees `Released` sees the outcome.
    // What the observer itself writes is published by the lock.
    State::from_word(cell.word().fetch_or(OBSERVED, Ordering::Acquire))
}

/// Takes a hook back: true if it will not run and has not. After the call it does not run.
pub(super) fn remove(cell: &CellRef, key: u64) -> bool {
    let mut observers = cell.observers().lock();
    let hooks = &mut observers.more().hooks;
    if let Some(at) = hooks.waiting.iter().position(|(other, _)| *other == key) {
        let hook = hooks.waiting.remove(at);
        drop(observers);
        contain(|| drop(hook));
        return true;
    }
    drop(await_firing(cell, observers, |firing| firing.key == key));
    false
}

/// Runs all hooks, in order, on this thread.
pub(super) fn fire(cell: &CellRef) {
    if !cell.state().is_observed() {
        return;
    }
    while let Some((key, hook)) = next(cell) {
        run(cell, key, hook);
    }
}

fn next(cell: &CellRef) -> Option<(u64, Hook)> {
    let mut observers = cell.observers().lock();
    let hooks = &mut observers.more().hooks;
    let (key, hook) = hooks.waiting.pop_front()?;
    hooks.firing.push(Firing::here(key));
    Some((key, hook))
}

/// Whether hooks were left that had not fired when their job ended.
#[must_use = "a request that came in time still wants its hooks"]
pub(super) struct Left(bool);

/// The job is over: lets no hook in any more, waits for one that fires, and disarms the deadline.
pub(super) fn close(cell: &CellRef) -> Left {
    let mut observers = cell.observers().lock();
    let Some(more) = &mut observers.more else { return Left(false) };
    let More { hooks, timer, .. } = &mut **more;
    hooks.closed = true;
    let timer = timer.take();
    let mut observers = await_firing(cell, observers, |_| true);
    let left = !observers.more().hooks.waiting.is_empty();
    drop(observers);
    drop(timer);
    Left(left)
}

impl Left {
    /// The verdict is in, so no request can come any more: if one came before, whoever made it was
    /// told that the hooks run. Else they are dropped. Both as firing: who takes one back waits.
    pub(super) fn resolve(self, cell: &CellRef) {
        if !self.0 {
            return;
        }
        let asked = second_look(cell.state().is_stop_asked());
        while let Some((key, hook)) = next(cell) {
            run(cell, key, || if asked { hook() } else { drop(hook) });
        }
        // Who made the request may have come for some of them.
        drop(await_firing(cell, cell.observers().lock(), |_| true));
    }
}

/// Waits until no hook that `matters` fires in another thread.
fn await_firing<'a>(
    cell: &'a CellRef,
    mut observers: MutexGuard<'a, Observers>,
    matters: impl Fn(&Firing) -> bool,
) -> MutexGuard<'a, Observers> {
    let me = current_thread();
    loop {
        let firing = &mut observers.more().hooks.firing;
        let Some(other) = firing.iter_mut().find(|f| matters(f) && f.thread != me) else {
            return observers;
        };
        let parker = Parker::new();
        other.waiters.push(parker.clone());
        drop(observers);
        parker.park();
        observers = cell.observers().lock();
    }
}

impl Firing {
    fn here(key: u64) -> Self {
        Self { key, thread: current_thread(), waiters: Vec::new() }
    }
}
