//! What has to happen: a simulation without threads, locks or atomics, of tasks, queues and turns.
//!
//! A *turn* is the right of an executor to run a job; those of the first executor lie in the hands of
//! whoever runs jobs, those of a view wait in the line of the executor below, in the order of arrival
//! among the jobs there.

mod ends;
mod line;
mod room;
mod task;
mod turns;

pub(crate) use self::ends::Ending;
pub(crate) use self::line::Executor;
pub(crate) use self::room::Attempt;
pub(crate) use self::task::{End, Hold, Stage, Task};

use super::op::{Busy, Kind, Mode};

/// What a deadline does when it passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Queue,
    Run,
    /// Wakes who awaits.
    Await,
}

#[derive(Clone, Copy, Debug)]
struct Timer {
    at: u64,
    /// In the order of setting.
    order: u64,
    task: usize,
    due: Due,
}

#[derive(Default)]
pub(crate) struct Model {
    pub(crate) tasks: Vec<Task>,
    pub(crate) executors: Vec<Executor>,
    pub(crate) endings: Vec<Ending>,
    /// Turns of the first executor that wait for somebody to run them.
    hands: usize,
    now: u64,
    timers: Vec<Timer>,
    /// Names arrivals and settings of deadlines.
    counter: u64,
    /// The tasks whose closures were run, in that order.
    pub(crate) ran: Vec<usize>,
}

impl Model {
    pub(crate) fn new() -> Self {
        Self { executors: vec![Executor::first()], ..Self::default() }
    }

    fn count(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    fn set_timer(&mut self, task: usize, limit: u8, due: Due) {
        let (at, order) = (self.now + u64::from(limit), self.count());
        if limit == 0 {
            // Over when it is set.
            return self.expire(task, due);
        }
        self.timers.push(Timer { at, order, task, due });
    }

    fn disarm(&mut self, task: usize, due: Due) {
        self.timers.retain(|timer| timer.task != task || timer.due != due);
    }

    pub(crate) fn advance(&mut self, by: u8) {
        let target = self.now + u64::from(by);
        loop {
            let next = self.timers.iter().filter(|timer| timer.at <= target);
            let Some(next) = next.min_by_key(|timer| (timer.at, timer.order)).copied() else {
                self.now = target;
                return;
            };
            self.now = next.at;
            self.disarm(next.task, next.due);
            self.expire(next.task, next.due);
        }
    }

    fn expire(&mut self, task: usize, due: Due) {
        match (due, self.tasks[task].stage) {
            (Due::Queue, Stage::Pending) => self.withdraw(task, End::QueueLimit),
            (Due::Run, Stage::Running) => self.expire_run(task),
            (Due::Await, _) => self.tasks[task].woken = true,
            _ => unreachable!("a deadline is taken back with what it is for"),
        }
    }

    /// A new view; whether it is open.
    pub(crate) fn view(&mut self, of: usize, kind: Kind) {
        let below = &self.executors[of];
        let mut view = Executor::view(of, kind, below.max);
        view.closed = below.closed;
        view.listed = !below.closed;
        self.executors.push(view);
    }

    /// Whether the limit of this executor may be changed.
    pub(crate) fn set_max(&mut self, of: usize, max: usize) -> bool {
        if max == 0 || self.executors[of].serial {
            return false;
        }
        let mut claims = Vec::new();
        self.limit_to(of, max, &mut claims);
        for of in claims {
            self.start_turn(of);
        }
        true
    }

    /// Turns are taken for all before any is started.
    fn limit_to(&mut self, of: usize, max: usize, claims: &mut Vec<usize>) {
        let this = &mut self.executors[of];
        this.max = max;
        if this.has_next() {
            let more = this.waits().min(max.saturating_sub(this.workers)).min(max);
            this.workers += more;
            claims.extend(std::iter::repeat_n(of, more));
        }
        for child in self.children(of) {
            if self.executors[child].follows {
                self.limit_to(child, max, claims);
            }
        }
    }

    /// The views of an executor that are not over, the oldest first.
    fn children(&self, of: usize) -> Vec<usize> {
        let is_child = |at: &usize| {
            let child = &self.executors[*at];
            child.listed && child.below == Some(of)
        };
        (0..self.executors.len()).filter(is_child).collect()
    }

    pub(crate) fn shutdown(&mut self, of: usize, mode: Mode) {
        let finished_before = self.finished(of);
        let abandon = mode.running == Busy::Abandon;
        let mut ending = Ending { of, abandon, finished_before, ..Ending::new(of) };
        self.close_all(of, mode, &mut ending.cancelled);
        self.endings.push(ending);
    }
}
