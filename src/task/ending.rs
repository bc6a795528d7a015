//! How tasks begin and end: the arrows of `state.rs` with what each of them obliges to.
//!
//! The order of an ending is closure ends, captures dropped, outcome stored, callbacks; then
//! whatever the executor wants to do before anybody hears; then the waiters are released. The
//! types make it one: an [`Owner`] is executed, that gives [`Ended`], which has to be released.

use super::body::Owner;
use super::cell::CellRef;
use super::error::TaskError;
use super::observer::{Callback, Wakers};
use super::state::{Cancel, Expired, Stage, State, Verdict};
use super::{hooks, trampoline};
use crate::sync::second_look;

/// A task whose closure is over and whose callbacks have run; its waiters do not know yet.
#[must_use = "waiters wait for the release"]
#[derive(Debug)]
pub(crate) struct Ended {
    owner: Owner,
    verdict: Verdict,
}

impl Verdict {
    /// The error that this verdict stands for where none lies in the cell.
    pub(super) fn error(self) -> Option<TaskError> {
        match self {
            Verdict::Value | Verdict::Error => None,
            Verdict::Prevented | Verdict::Cancelled => Some(TaskError::Cancelled),
            Verdict::Expired(why) => Some(TaskError::TimedOut(why)),
        }
    }

    pub(super) fn of<T>(outcome: &Result<T, TaskError>) -> Self {
        match outcome {
            Ok(_) => Verdict::Value,
            Err(TaskError::Cancelled) => Verdict::Cancelled,
            Err(_) => Verdict::Error,
        }
    }
}

impl CellRef {
    /// Asks the task to stop; see [`Cancel`].
    pub(crate) fn cancel(&self) -> Cancel {
        self.stop(Verdict::Prevented, State::request).unwrap_or_else(State::cancel_answer)
    }

    /// Cancels the task if it has not started; whether it never will run.
    pub(crate) fn prevent(&self) -> bool {
        let answer = self.stop(Verdict::Prevented, |_| None).unwrap_or_else(State::cancel_answer);
        answer == Cancel::Prevented
    }

    /// Ends the task because a deadline passed; false if it was over, or (for a queue deadline)
    /// started.
    pub(crate) fn expire(&self, why: Expired) -> bool {
        let running = |s: State| if why == Expired::Queue { None } else { s.expire(why) };
        self.stop(Verdict::Expired(why), running).is_ok()
    }

    /// Withdraws a queued task, else applies `running` to it; the state if neither fits.
    fn stop(
        &self,
        verdict: Verdict,
        running: impl Fn(State) -> Option<State>,
    ) -> Result<Cancel, State> {
        let (before, after, owner) = self.withdraw_or(verdict, running)?;
        if let Some(owner) = owner {
            owner.refuse(None);
            return Ok(Cancel::Prevented);
        }
        let cell = self.clone();
        trampoline::run(move || {
            if !before.is_requested() {
                hooks::fire(&cell);
            }
            if after.stage() == Stage::Telling {
                cell.tell_expired();
            }
        });
        Ok(Cancel::Requested)
    }

    /// Arrow 8 with its callbacks: the task expired while its closure runs on.
    fn tell_expired(&self) {
        loop {
            tell(self, |callback| {
                if let Some(error) = self.state().verdict().and_then(Verdict::error) {
                    self.show_error(error, callback);
                }
            });
            let mut observers = self.observers().lock();
            if second_look(observers.has_callbacks()) {
                continue;
            }
            let Some((after, waker)) = self.release_expired() else { return };
            let wakers = Wakers::take(waker, &mut observers, after.is_stopped());
            drop(observers);
            return wakers.wake();
        }
    }

    /// Arrow 9: the thread of an expired task is free again.
    fn let_go(&self) {
        let mut observers = self.observers().lock();
        if self.advance(State::let_go).is_ok() {
            let wakers = Wakers::take(None, &mut observers, true);
            drop(observers);
            wakers.wake();
        }
    }
}

/// Runs the callbacks that wait, in order, on this thread.
fn tell(cell: &CellRef, show: impl Fn(Callback)) {
    if !cell.state().is_observed() {
        return;
    }
    let _frame = cell.enter();
    while let Some(callback) = next_callback(cell) {
        show(callback);
    }
}

fn next_callback(cell: &CellRef) -> Option<Callback> {
    let mut observers = cell.observers().lock();
    Some(observers.more.as_mut()?.callbacks.pop_front()?.1)
}

impl Owner {
    /// Runs the closure of a started task, then the callbacks. Never unwinds.
    #[inline(always)]
    pub(crate) fn execute(self) -> Ended {
        let verdict = {
            let _frame = self.cell().enter();
            self.run()
        };
        Ended::settle(self, verdict)
    }

    /// Ends a withdrawn task: drops the captures, stores `error` if there is one, tells everybody.
    pub(crate) fn refuse(self, error: Option<TaskError>) {
        trampoline::run(move || {
            self.discard();
            if let Some(error) = error {
                self.store_error(error);
            }
            self.conclude();
        });
    }

    /// Ends a withdrawn task whose work was taken out.
    pub(crate) fn give_back<W: 'static>(self) -> W {
        let work = self.take_work();
        self.conclude();
        work
    }

    /// Ends a promise, running or withdrawn, with the outcome it brings; a running one that has
    /// expired gives the outcome back.
    pub(super) fn complete<T: Send + 'static>(
        self,
        outcome: Result<T, TaskError>,
    ) -> Result<(), Result<T, TaskError>> {
        let verdict = Verdict::of(&outcome);
        let hooks = hooks::close(self.cell());
        let settled = self.cell().advance(|s| s.settle(verdict));
        hooks.resolve(self.cell());
        if settled.is_err_and(|refused| refused.verdict() != Some(verdict)) {
            self.discard();
            self.cell().let_go();
            return Err(outcome);
        }
        if verdict.error().is_none() {
            self.store(outcome);
        }
        trampoline::run(move || self.conclude());
        Ok(())
    }

    /// The rest of an ending once the verdict is in and the outcome stored.
    fn conclude(self) {
        if self.cell().state().is_observed() {
            hooks::close(self.cell()).resolve(self.cell());
            self.tell();
        }
        self.tell_and_release();
    }

    /// Late callbacks, then arrow 7.
    fn tell_and_release(self) {
        let mut owner = self;
        while let Some(late) = owner.try_release() {
            late.tell();
            owner = late;
        }
    }

    /// Runs the callbacks that wait, then sees to an outcome that no handle wants.
    fn tell(&self) {
        tell(self.cell(), |callback| self.show(callback));
        // Without a handle no callback can come any more; one that came before it went is told.
        if self.is_full() && !self.cell().state().has_handle() && !self.has_callbacks() {
            self.reclaim();
        }
    }

    fn has_callbacks(&self) -> bool {
        self.cell().state().is_observed() && self.cell().observers().lock().has_callbacks()
    }

    /// Arrow 7 and everybody who waits; or nothing, if a callback waits or nobody wants the
    /// outcome, which [`tell`](Self::tell) sees to.
    fn try_release(self) -> Option<Self> {
        loop {
            let now = self.cell().state();
            if self.is_full() && !now.has_handle() {
                return Some(self);
            }
            if !now.is_observed() {
                // Nobody observes: if that is still so, nobody has to be told but the handle.
                if let Some((_, waker)) = self.release(now) {
                    Wakers::of_handle(waker).wake();
                    return None;
                }
                continue;
            }
            let mut observers = self.cell().observers().lock();
            if second_look(observers.has_callbacks()) {
                drop(observers);
                return Some(self);
            }
            if let Some((after, waker)) = self.release(now) {
                let wakers = Wakers::take(waker, &mut observers, after.is_stopped());
                drop(observers);
                wakers.wake();
                return None;
            }
        }
    }
}

impl Ended {
    #[inline]
    fn settle(owner: Owner, verdict: Verdict) -> Self {
        let ended = Self { owner, verdict };
        ended.tell();
        ended
    }

    /// Runs the user code that is due: what a request or a callback asked for, the destructor of
    /// an outcome that nobody wants. Decides the task where somebody may be told.
    #[inline]
    pub(crate) fn tell(&self) {
        let now = self.cell().state();
        if !now.is_running_unobserved() || !now.has_handle() {
            self.tell_in_state(now);
        }
    }

    fn tell_in_state(&self, now: State) {
        if !now.is_observed() {
            // Nobody to tell; a handle that has gone does not come back.
            if now.is_abandoned() || !now.has_handle() {
                self.owner.reclaim();
            }
            return;
        }
        if now.stage() == Stage::Open {
            self.decide();
        }
        if self.cell().state().is_abandoned() {
            // Its callbacks have a teller of their own.
            self.owner.reclaim();
        } else {
            self.owner.tell();
        }
    }

    /// Arrow 4, unless the task expired.
    fn decide(&self) {
        let hooks = hooks::close(self.cell());
        let verdict = self.verdict;
        let _ = self.cell().advance(|s| s.settle(verdict));
        hooks.resolve(self.cell());
    }

    pub(crate) fn cell(&self) -> &CellRef {
        self.owner.cell()
    }

    /// Wakes everybody who waits.
    pub(crate) fn release(self) {
        let mut ended = self;
        while let Some(late) = ended.try_release() {
            late.tell();
            ended = late;
        }
    }

    /// Wakes everybody who waits; or does nothing, if there is user code to run before, which
    /// [`tell`](Self::tell) does.
    #[inline(always)]
    pub(crate) fn try_release(self) -> Option<Self> {
        let now = self.cell().state();
        if now.is_running_unobserved() && now.has_handle() {
            let Self { owner, verdict } = self;
            let owner = owner.settle_and_release(verdict, now).err()?;
            return Self { owner, verdict }.try_release_observed();
        }
        self.try_release_observed()
    }

    fn try_release_observed(mut self) -> Option<Self> {
        loop {
            let now = self.cell().state();
            if self.owner.is_full() && (now.is_abandoned() || !now.has_handle()) {
                return Some(self);
            }
            match now.stage() {
                // Hooks or callbacks, perhaps.
                Stage::Open if now.is_observed() => return Some(self),
                Stage::Open => {
                    let Self { owner, verdict } = self;
                    match owner.settle_and_release(verdict, now) {
                        Ok(()) => return None,
                        Err(owner) => self = Self { owner, verdict },
                    }
                }
                _ if now.is_abandoned() => {
                    self.cell().let_go();
                    return None;
                }
                _ => {
                    let Self { owner, verdict } = self;
                    return owner.try_release().map(|owner| Self { owner, verdict });
                }
            }
        }
    }
}
