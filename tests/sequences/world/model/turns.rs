//! Turns: who comes for what waits, and for how long.

use super::line::{Entry, NORMAL};
use super::task::{Hold, Stage};
use super::{Due, Model};

/// How many jobs may still be run, and how many were.
struct Share {
    left: usize,
    used: usize,
}

impl Share {
    fn uses(&mut self, jobs: usize) {
        self.left = self.left.saturating_sub(jobs);
        self.used += jobs;
    }
}

impl Model {
    /// Queues a task that there is room for.
    pub(super) fn enqueue(&mut self, task: usize) {
        let (to, place) = (self.tasks[task].executor, self.tasks[task].spec.place);
        self.tasks[task].stage = Stage::Pending;
        self.tasks[task].hold = Hold::Task;
        self.tasks[task].canceller = true;
        let arrival = self.count();
        if self.executors[to].push(arrival, Entry::Task(task), place) {
            self.claim(to);
        }
        if let Some(limit) = self.tasks[task].spec.queue_limit {
            self.set_timer(task, limit, Due::Queue);
        }
    }

    /// A worker has to come, if the limit allows one more.
    fn claim(&mut self, of: usize) {
        let this = &mut self.executors[of];
        if this.workers < this.max {
            this.workers += 1;
            self.start_turn(of);
        }
    }

    /// A turn that is given out waits for a thread.
    pub(super) fn start_turn(&mut self, of: usize) {
        let Some(below) = self.executors[of].below else {
            self.hands += 1;
            return;
        };
        if self.wait_below(of, below) {
            self.claim(below);
        }
    }

    fn wait_below(&mut self, of: usize, below: usize) -> bool {
        let place = self.executors[of].key.unwrap_or(NORMAL as u8);
        let arrival = self.count();
        self.executors[below].push(arrival, Entry::Turn(of), place)
    }

    /// Runs the next job; false: there is none.
    pub(crate) fn run_one(&mut self) -> bool {
        while self.hands > 0 {
            if self.run_share(1) > 0 {
                return true;
            }
        }
        false
    }

    /// Runs what is queued, and what comes meanwhile: how many jobs.
    pub(crate) fn run_all(&mut self) -> usize {
        let mut ran = 0;
        while self.hands > 0 {
            ran += self.run_share(usize::MAX);
        }
        ran
    }

    fn run_share(&mut self, left: usize) -> usize {
        self.hands -= 1;
        let mut share = Share { left, used: 0 };
        if self.serve(0, &mut share) {
            self.hands += 1;
        } else {
            self.check_over(0);
        }
        share.used
    }

    /// Serves one turn; true: its share is used up and it goes on, false: it was given back.
    fn serve(&mut self, of: usize, share: &mut Share) -> bool {
        loop {
            let this = &mut self.executors[of];
            if this.workers > this.max {
                this.workers -= 1;
                return false;
            }
            if share.left == 0 && this.has_next() {
                return true;
            }
            match this.pop() {
                None => {
                    this.workers -= 1;
                    return false;
                }
                Some((Entry::Task(task), lane)) => {
                    self.grant_room(of);
                    self.run_task(of, task);
                    self.executors[of].give_back(lane);
                    share.uses(1);
                }
                Some((Entry::Turn(view), lane)) => {
                    let own = self.executors[view].share.unwrap_or(usize::MAX);
                    let mut own = Share { left: own.min(share.left), used: 0 };
                    let goes_on = self.serve(view, &mut own);
                    share.uses(own.used);
                    if goes_on {
                        self.wait_below(view, of);
                    }
                    self.executors[of].give_back(lane);
                    if !goes_on {
                        self.check_over(view);
                    }
                }
            }
        }
    }

    fn run_task(&mut self, of: usize, task: usize) {
        self.disarm(task, Due::Queue);
        self.tasks[task].stage = Stage::Running;
        self.executors[of].running.push(task);
        if let Some(limit) = self.tasks[task].spec.run_limit {
            self.set_timer(task, limit, Due::Run);
        }
        self.run_closure(task);
        self.executors[of].running.retain(|own| *own != task);
        self.executors[of].finished += 1;
    }

    /// Runs a job that was handed back: no limit applies, and no executor counts it.
    pub(crate) fn run_job(&mut self, task: usize) {
        self.tasks[task].handed_back = false;
        if self.tasks[task].stage == Stage::Pending {
            self.disarm(task, Due::Queue);
            self.tasks[task].stage = Stage::Running;
            self.run_closure(task);
        }
    }

    /// Drops a job that was handed back.
    pub(crate) fn drop_job(&mut self, task: usize) {
        self.tasks[task].handed_back = false;
        self.cancel(task);
    }
}
