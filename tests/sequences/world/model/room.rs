//! Submissions, refusals, and room in bounded queues.

use super::Model;
use super::task::{End, Hold, Stage, Task};
use crate::world::op::{Body, Spec};

/// What came of an attempt to submit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    Queued,
    Refused(End),
    Waits,
}

impl Spec {
    /// Nothing but a closure that returns.
    pub(crate) fn plain() -> Self {
        Spec { place: 1, queue_limit: None, run_limit: None, reclaim: false, body: Body::Return }
    }
}

impl Model {
    fn fresh(&mut self, to: usize, spec: Spec) -> usize {
        self.tasks.push(Task::new(to, spec));
        self.tasks.len() - 1
    }

    /// Why no task is taken; displaces the one that makes way.
    fn refusal(&mut self, task: usize) -> Option<End> {
        let to = self.tasks[task].executor;
        if self.executors[to].closed {
            return Some(End::Closed);
        }
        if !self.executors[to].is_full() {
            return None;
        }
        let this = &self.executors[to];
        let place = self.tasks[task].spec.place;
        let Some(oldest) = this.drop_oldest.then(|| this.oldest(place)).flatten() else {
            return Some(End::Full);
        };
        // Its place is taken at once: nobody is granted it.
        self.executors[to].unlink(oldest);
        self.executors[to].granted.push(task);
        self.withdraw(oldest, End::Displaced);
        self.executors[to].granted.retain(|own| *own != task);
        None
    }

    /// A task in any case, perhaps over already.
    pub(crate) fn submit(&mut self, to: usize, spec: Spec) {
        let task = self.fresh(to, spec);
        match self.refusal(task) {
            None => self.enqueue(task),
            Some(end) => {
                self.tasks[task].hold = Hold::Task;
                self.tasks[task].canceller = true;
                self.tasks[task].stage = Stage::Pending;
                self.withdraw(task, end);
            }
        }
    }

    /// The closure comes back if it is refused.
    pub(crate) fn try_submit(&mut self, to: usize, spec: Spec) -> Attempt {
        let task = self.fresh(to, spec);
        match self.refusal(task) {
            None => {
                self.enqueue(task);
                Attempt::Queued
            }
            Some(end) => {
                self.hand_closure_back(task);
                Attempt::Refused(end)
            }
        }
    }

    fn hand_closure_back(&mut self, task: usize) {
        let this = &mut self.tasks[task];
        (this.captures, this.hold) = (false, Hold::Gone);
    }

    pub(crate) fn submit_when_ready(&mut self, to: usize, spec: Spec) {
        self.fresh(to, spec);
    }

    pub(crate) fn poll_patient(&mut self, task: usize) -> Attempt {
        let to = self.tasks[task].executor;
        self.tasks[task].woken = false;
        let this = &mut self.executors[to];
        if this.closed {
            self.leave_room(task);
            self.hand_closure_back(task);
            return Attempt::Refused(End::Closed);
        }
        let was_granted = this.granted.contains(&task);
        if was_granted || (this.room.is_empty() && !this.is_full()) {
            this.granted.retain(|own| *own != task);
            self.enqueue(task);
            return Attempt::Queued;
        }
        if !this.room.contains(&task) {
            this.room.push_back(task);
        }
        Attempt::Waits
    }

    /// Its place in the line, or the room that it was given, goes to the next.
    fn leave_room(&mut self, task: usize) {
        let to = self.tasks[task].executor;
        self.executors[to].room.retain(|own| *own != task);
        self.executors[to].granted.retain(|own| *own != task);
        self.grant_room(to);
    }

    pub(super) fn drop_patient(&mut self, task: usize) {
        self.leave_room(task);
        self.hand_closure_back(task);
    }

    /// Free room goes to who has waited longest.
    pub(super) fn grant_room(&mut self, of: usize) {
        let this = &mut self.executors[of];
        if this.is_full() {
            return;
        }
        if let Some(first) = this.room.pop_front() {
            this.granted.push(first);
            self.tasks[first].woken = true;
        }
    }
}
