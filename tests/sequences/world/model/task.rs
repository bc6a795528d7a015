//! One task: how it stands, how it ends, who was told.

use poolbridge::Status;

use super::{Due, Model};
use crate::world::op::{Body, Spec};

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Value,
    Panicked,
    Cancelled,
    QueueLimit,
    RunLimit,
    AwaitLimit,
    Closed,
    Full,
    Displaced,
    Broken,
    /// Nothing that may happen here.
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Waits for room, or was refused it: there is no task (any more).
    Unsubmitted,
    /// In a queue, or handed back.
    Pending,
    /// The closure runs, and nothing has ended the task.
    Running,
    Over,
}

/// What has become of the handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// Of a submission that waits for room.
    Patient,
    Task,
    /// Awaited with a limit; `armed` once it was polled in vain.
    Limit {
        at: u64,
        armed: bool,
    },
    Gone,
}

#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) executor: usize,
    pub(crate) spec: Spec,
    pub(crate) stage: Stage,
    pub(crate) end: Option<End>,
    pub(crate) hold: Hold,
    pub(crate) canceller: bool,
    /// Its job was handed back, and has been neither run nor dropped.
    pub(crate) handed_back: bool,
    /// The closure exists, and what it owns.
    pub(crate) captures: bool,
    /// A value lies there.
    pub(crate) value: bool,
    /// Callbacks that wait.
    pub(crate) callbacks: Vec<usize>,
    pub(crate) next_callback: usize,
    pub(crate) told: Vec<(usize, End)>,
    /// The closure for outcomes that nobody takes is still wanted.
    pub(crate) reclaim: bool,
    pub(crate) reclaimed: Vec<End>,
    pub(crate) waker: bool,
    pub(crate) woken: bool,
    /// The closure has been asked to stop while it ran.
    asked: bool,
    /// What it saw of that in the end.
    pub(crate) saw_asked: Option<bool>,
}

impl Task {
    pub(crate) fn new(executor: usize, spec: Spec) -> Self {
        Self {
            executor,
            stage: Stage::Unsubmitted,
            end: None,
            hold: Hold::Patient,
            canceller: false,
            handed_back: false,
            captures: true,
            value: false,
            callbacks: Vec::new(),
            next_callback: 0,
            told: Vec::new(),
            reclaim: spec.reclaim,
            reclaimed: Vec::new(),
            waker: false,
            woken: false,
            asked: false,
            saw_asked: None,
            spec,
        }
    }

    pub(crate) fn status(&self) -> Status {
        match (self.end, self.stage) {
            (Some(End::Value), _) => Status::Finished,
            (Some(End::Cancelled), _) => Status::Cancelled,
            (Some(_), _) => Status::Failed,
            (None, Stage::Running) => Status::Running,
            (None, _) => Status::Pending,
        }
    }

    /// Whether anything refers to it.
    pub(crate) fn is_alive(&self) -> bool {
        let job = self.captures || self.stage == Stage::Pending || self.handed_back;
        job || self.canceller || self.hold != Hold::Gone
    }

    /// Whether the closure for outcomes that nobody takes still exists.
    pub(crate) fn has_reclaim(&self) -> bool {
        self.reclaim && self.is_alive()
    }

    fn tell(&mut self, end: End) {
        self.stage = Stage::Over;
        self.end = Some(end);
        self.told.extend(self.callbacks.drain(..).map(|callback| (callback, end)));
        self.woken |= std::mem::take(&mut self.waker);
    }

    pub(super) fn ask_to_stop(&mut self) {
        self.asked |= self.stage == Stage::Running;
    }

    /// Nobody wants this outcome.
    fn give_away(&mut self, end: End) {
        self.value = false;
        if std::mem::take(&mut self.reclaim) {
            self.reclaimed.push(end);
        }
    }
}

impl Model {
    /// A task that has not started ends.
    pub(crate) fn withdraw(&mut self, task: usize, end: End) {
        self.disarm(task, Due::Queue);
        let executor = self.tasks[task].executor;
        self.executors[executor].unlink(task);
        self.tasks[task].captures = false;
        self.tasks[task].tell(end);
        self.grant_room(executor);
        self.check_over(executor);
    }

    /// A task whose closure runs ends, and the closure runs on.
    pub(super) fn expire_run(&mut self, task: usize) {
        self.tasks[task].ask_to_stop();
        self.tasks[task].tell(End::RunLimit);
    }

    /// The closure is called and returns.
    pub(super) fn run_closure(&mut self, task: usize) {
        self.ran.push(task);
        match self.tasks[task].spec.body.clone() {
            Body::Return | Body::Panic => {}
            Body::Advance(by) => self.advance(by),
            Body::Cancel(other) => {
                let other = self.task_named(other);
                if self.tasks[other].canceller {
                    self.cancel(other);
                }
            }
            Body::Drop(other) => {
                let other = self.task_named(other);
                self.drop_handle(other);
            }
            Body::Submit(to) => {
                let to = usize::from(to) % self.executors.len();
                if self.executors[to].user {
                    self.submit(to, Spec::plain());
                }
            }
            Body::Shutdown(of, mode) => {
                let of = usize::from(of) % self.executors.len();
                if self.executors[of].user {
                    self.shutdown(of, mode);
                }
            }
        }
        self.disarm(task, Due::Run);
        let this = &mut self.tasks[task];
        this.saw_asked = (this.spec.body != Body::Panic).then_some(this.asked);
        this.captures = false;
        let end = if this.spec.body == Body::Panic { End::Panicked } else { End::Value };
        if this.stage == Stage::Over {
            this.give_away(end);
            return;
        }
        this.value = end == End::Value;
        this.tell(end);
        if this.hold == Hold::Gone {
            this.give_away(end);
        }
    }

    pub(crate) fn task_named(&self, number: u8) -> usize {
        usize::from(number) % self.tasks.len()
    }

    /// Among the submissions that wait for room.
    pub(crate) fn patient_named(&self, number: u8) -> Option<usize> {
        let waits = |at: &usize| self.tasks[*at].hold == Hold::Patient;
        let patients: Vec<usize> = (0..self.tasks.len()).filter(waits).collect();
        let at = usize::from(number).checked_rem(patients.len())?;
        Some(patients[at])
    }

    pub(crate) fn cancel(&mut self, task: usize) {
        self.tasks[task].ask_to_stop();
        if self.tasks[task].stage == Stage::Pending {
            self.withdraw(task, End::Cancelled);
        }
    }

    /// The handle goes, whatever it is.
    pub(crate) fn drop_handle(&mut self, task: usize) {
        match std::mem::replace(&mut self.tasks[task].hold, Hold::Gone) {
            Hold::Patient => self.drop_patient(task),
            Hold::Task | Hold::Limit { .. } => {
                self.disarm(task, Due::Await);
                self.cancel(task);
                let this = &mut self.tasks[task];
                if let Some(end @ (End::Value | End::Panicked)) = this.end {
                    this.give_away(end);
                }
            }
            Hold::Gone => {}
        }
    }

    pub(crate) fn detach(&mut self, task: usize) {
        let this = &mut self.tasks[task];
        this.hold = Hold::Gone;
        this.reclaim = false;
        this.value &= this.stage != Stage::Over;
    }

    /// What a poll gives; `None`: not yet.
    pub(crate) fn poll(&mut self, task: usize) -> Option<End> {
        if let (None, Hold::Limit { at, armed }) = (self.tasks[task].end, self.tasks[task].hold) {
            if self.now >= at {
                self.withdraw(task, End::AwaitLimit);
            } else if !armed {
                let limit = u8::try_from(at - self.now).expect("limits are small");
                self.tasks[task].hold = Hold::Limit { at, armed: true };
                self.set_timer(task, limit, Due::Await);
            }
        }
        self.look(task).or_else(|| {
            let this = &mut self.tasks[task];
            (this.waker, this.woken) = (true, false);
            None
        })
    }

    /// Takes the outcome, if there is one.
    pub(crate) fn look(&mut self, task: usize) -> Option<End> {
        let end = self.tasks[task].end?;
        self.disarm(task, Due::Await);
        self.tasks[task].value = false;
        self.tasks[task].hold = Hold::Gone;
        Some(end)
    }

    pub(crate) fn limit(&mut self, task: usize, limit: u8) {
        self.tasks[task].hold = Hold::Limit { at: self.now + u64::from(limit), armed: false };
    }

    /// The number of the callback.
    pub(crate) fn add_callback(&mut self, task: usize) -> usize {
        let this = &mut self.tasks[task];
        let number = this.next_callback;
        this.next_callback += 1;
        match this.end {
            Some(end) => this.told.push((number, end)),
            None => this.callbacks.push(number),
        }
        number
    }

    /// Whether it had not been told.
    pub(crate) fn remove_callback(&mut self, task: usize, callback: usize) -> bool {
        let callbacks = &mut self.tasks[task].callbacks;
        let found = callbacks.iter().position(|own| *own == callback);
        found.map(|at| callbacks.remove(at)).is_some()
    }
}
