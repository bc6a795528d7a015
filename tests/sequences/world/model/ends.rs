//! How executors come to their end.

use super::Model;
use super::task::{End, Hold};
use crate::world::op::{Busy, Mode, Queue};

/// A shutdown that somebody waits for, or has waited for.
#[derive(Debug)]
pub(crate) struct Ending {
    pub(crate) of: usize,
    pub(crate) abandon: bool,
    pub(crate) finished_before: usize,
    pub(crate) cancelled: usize,
    pub(crate) waker: bool,
    pub(crate) woken: bool,
    /// Nobody waits any more.
    pub(crate) gone: bool,
}

impl Ending {
    pub(super) fn new(of: usize) -> Self {
        Self {
            of,
            abandon: false,
            finished_before: 0,
            cancelled: 0,
            waker: false,
            woken: false,
            gone: false,
        }
    }
}

impl Model {
    /// Jobs that an executor has run, and its views.
    pub(crate) fn finished(&self, of: usize) -> usize {
        let below = |at: &usize| self.executors[*at].below == Some(of);
        let views = (0..self.executors.len()).filter(below);
        self.executors[of].finished + views.map(|view| self.finished(view)).sum::<usize>()
    }

    pub(super) fn close_all(&mut self, of: usize, mode: Mode, cancelled: &mut usize) {
        self.stop_accepting(of);
        for child in self.children(of) {
            self.close_all(child, mode, cancelled);
        }
        for task in self.executors[of].queued() {
            match mode.queued {
                Queue::Run => {}
                Queue::Cancel => {
                    self.withdraw(task, End::Cancelled);
                    *cancelled += 1;
                }
                Queue::HandBack => {
                    self.executors[of].unlink(task);
                    self.tasks[task].handed_back = true;
                }
            }
        }
        if mode.running != Busy::Wait {
            for task in self.executors[of].running.clone() {
                self.tasks[task].ask_to_stop();
            }
        }
        self.check_over(of);
    }

    /// Who waits for room waits in vain.
    fn stop_accepting(&mut self, of: usize) {
        self.executors[of].closed = true;
        for task in std::mem::take(&mut self.executors[of].room) {
            self.tasks[task].woken = true;
        }
    }

    /// Closed, and nothing is left in it.
    pub(crate) fn is_over(&self, of: usize) -> bool {
        let this = &self.executors[of];
        let busy = this.workers + this.running.len() + this.waits() + self.children(of).len();
        this.closed && busy == 0
    }

    pub(super) fn check_over(&mut self, of: usize) {
        if !self.is_over(of) {
            return;
        }
        for ending in self.endings.iter_mut().filter(|ending| ending.of == of) {
            ending.woken |= std::mem::take(&mut ending.waker);
        }
        let was_listed = std::mem::take(&mut self.executors[of].listed);
        if let (true, Some(below)) = (was_listed, self.executors[of].below) {
            self.check_over(below);
        }
    }

    /// How many jobs have ended since the shutdown, once that is over.
    pub(crate) fn poll_end(&mut self, at: usize) -> Option<usize> {
        let of = self.endings[at].of;
        if self.endings[at].abandon || self.is_over(of) {
            self.endings[at].gone = true;
            return Some(self.finished(of) - self.endings[at].finished_before);
        }
        (self.endings[at].waker, self.endings[at].woken) = (true, false);
        None
    }

    /// Executors without a handle stop accepting. A view that is there keeps the executor below.
    pub(crate) fn close_forgotten(&mut self) {
        while let Some(of) = (0..self.executors.len()).find(|of| self.is_forgotten(*of)) {
            self.executors[of].shut = true;
            self.stop_accepting(of);
            self.check_over(of);
        }
    }

    fn is_forgotten(&self, of: usize) -> bool {
        !self.executors[of].shut && !self.has_handle(of)
    }

    fn has_handle(&self, of: usize) -> bool {
        let waits = |at: &usize| {
            let task = &self.tasks[*at];
            task.executor == of && task.hold == Hold::Patient
        };
        let keeps = |at: &usize| self.executors[*at].below == Some(of) && self.is_there(*at);
        self.executors[of].user
            || (0..self.tasks.len()).any(|at| waits(&at))
            || (0..self.executors.len()).any(|at| keeps(&at))
    }

    /// Not over, or still referred to.
    fn is_there(&self, of: usize) -> bool {
        let is_awaited = self.endings.iter().any(|ending| ending.of == of && !ending.gone);
        self.executors[of].listed || is_awaited || self.has_handle(of)
    }

    /// Nobody runs anything any more: what is queued is broken.
    pub(crate) fn abandon(&mut self) {
        for of in 0..self.executors.len() {
            for task in self.executors[of].queued() {
                self.withdraw(task, End::Broken);
            }
        }
    }
}
