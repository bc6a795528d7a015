//! What the one handle of a task does with the cell: look, register, take, let go.

use std::task::Waker;
use std::time::Instant;

use super::body::Handle;
use super::cell::CellRef;
use super::contain::contain;
use super::hooks::observe;
use super::observer::{Callback, CallbackId, Reclaim};
use super::plan::Plan;
use super::state::Stage;
use super::trampoline;
use crate::sync::{Parker, fork, second_look, thread_local};

thread_local! {
    static BED: std::cell::RefCell<Option<(usize, Parker)>> = std::cell::RefCell::new(None);
}

/// This thread's bed for blocking waits; a thread that is being torn down gets a fresh one, and so
/// does one that has come into a child by `fork`: somebody may have held the old one's lock.
pub(crate) fn own_parker() -> Parker {
    let here = fork::process();
    let bed = BED.try_with(|bed| {
        let mut bed = bed.borrow_mut();
        match &*bed {
            Some((process, own)) if *process == here => own.clone(),
            _ => bed.insert((here, Parker::new())).1.clone(),
        }
    });
    bed.unwrap_or_else(|_| Parker::new())
}

impl<T> Handle<T> {
    /// Blocks until the outcome may be taken, or until `deadline`; false: the time is over.
    pub(super) fn block(&mut self, deadline: Option<Instant>) -> bool {
        self.sleep(deadline, false)
    }

    /// As [`block`](Self::block), but also returns if this thread is woken for another reason: a
    /// worker may have been told to look again.
    pub(super) fn block_once(&mut self, deadline: Option<Instant>) -> bool {
        self.sleep(deadline, true)
    }

    fn sleep(&mut self, deadline: Option<Instant>, once: bool) -> bool {
        if self.cell().state().is_released() {
            return true;
        }
        trampoline::flush();
        let parker = own_parker();
        let waker = parker.waker();
        loop {
            if self.poll_released(&waker) {
                return true;
            }
            if !parker.park_until(deadline) || once {
                // Completion at the same instant wins.
                let released = second_look(self.cell().state().is_released());
                if !released {
                    self.forget_waker();
                }
                return released;
            }
        }
    }
}

impl CellRef {
    /// Notes what was said at the submission, before the task is shared.
    pub(crate) fn prepare(&self, f: impl FnOnce(&mut Plan, &mut Option<Reclaim>)) {
        let mut observers = self.observers().lock();
        observe(self);
        let more = observers.more();
        f(&mut more.plan, &mut more.reclaim);
    }

    /// What was said at the submission, if anything was.
    pub(crate) fn plan<R>(&self, f: impl FnOnce(&mut Plan) -> R) -> Option<R> {
        if !self.state().is_observed() {
            return None;
        }
        self.observers().lock().more.as_mut().map(|more| f(&mut more.plan))
    }

    /// Changes the armed deadline, if it still fits: one for the queue while queued (`run` false),
    /// one for the run while running. Gives back the old one, or the new one if it came too late,
    /// to be dropped (which disarms it).
    pub(crate) fn swap_timer(
        &self,
        timer: Option<Box<dyn Send>>,
        run: bool,
    ) -> Option<Box<dyn Send>> {
        let mut observers = self.observers().lock();
        let state = observe(self);
        let more = observers.more();
        if second_look(state.stage() != Stage::Open || state.has_run() != run || more.hooks.closed)
        {
            return timer;
        }
        std::mem::replace(&mut more.timer, timer)
    }

    /// Whether a deadline is set that will end the task.
    pub(crate) fn has_timer(&self) -> bool {
        self.state().is_observed()
            && self.observers().lock().more.as_ref().is_some_and(|more| more.timer.is_some())
    }

    /// Adds a callback; gives it back if the task is released, for the handle to run.
    pub(super) fn add_callback(&self, callback: Callback) -> (CallbackId, Option<Callback>) {
        let mut observers = self.observers().lock();
        let released = second_look(observe(self).is_released());
        let more = observers.more();
        if released {
            return (CallbackId(more.fresh_key()), Some(callback));
        }
        (more.push_callback(callback), None)
    }

    pub(super) fn remove_callback(&self, id: CallbackId) -> bool {
        let callback = {
            let mut observers = self.observers().lock();
            observers.more.as_mut().and_then(|more| more.take_callback(id))
        };
        let found = callback.is_some();
        contain(|| drop(callback));
        found
    }

    /// Who asked for outcomes that nobody takes does not get one.
    pub(super) fn forget_reclaim(&self) {
        if self.state().is_observed() {
            let reclaim: Option<Reclaim> =
                self.observers().lock().more.as_mut().and_then(|more| more.reclaim.take());
            contain(|| drop(reclaim));
        }
    }

    /// Whether the job's thread has let go; if not, `waker` is told when it has. `key` is the
    /// place of the waker, kept by the caller.
    pub(super) fn poll_stopped(&self, key: &mut Option<u64>, waker: &Waker) -> bool {
        if self.state().is_stopped() {
            return true;
        }
        let mut place = Some(waker.clone());
        let stopped = {
            let mut observers = self.observers().lock();
            let stopped = second_look(observe(self).is_stopped());
            if !stopped {
                let more = observers.more();
                let known = key.unwrap_or(0);
                match more.stopped.iter_mut().find(|(other, _)| *other == known) {
                    Some((_, old)) => {
                        place = place.map(|new| std::mem::replace(old, new));
                    }
                    None => {
                        let fresh = more.fresh_key();
                        more.stopped.extend(place.take().map(|waker| (fresh, waker)));
                        *key = Some(fresh);
                    }
                }
            }
            stopped
        };
        contain(|| drop(place));
        stopped
    }

    /// Takes back what [`poll_stopped`](Self::poll_stopped) put in.
    pub(super) fn forget_stopped(&self, key: u64) {
        let waker = {
            let mut observers = self.observers().lock();
            let stopped = observers.more.as_mut().map(|more| &mut more.stopped);
            stopped.and_then(|stopped| {
                let at = stopped.iter().position(|(other, _)| *other == key)?;
                Some(stopped.swap_remove(at))
            })
        };
        contain(|| drop(waker));
    }
}
