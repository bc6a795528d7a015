//! One operation on both sides. The model says whether it can be; what the calls answer is compared
//! here, what they leave behind in `compare.rs`.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use poolbridge::{Cancel, Executor, OnFull, Task};

use super::World;
use super::model::{Attempt, End, Hold, Stage};
use super::op::{Finale, How, Kind, Mode, Op, Spec};
use super::real::{self, Ending, Handle, Live, Pool, Wakes};

impl World {
    pub(super) fn step(&mut self, op: &Op) {
        match op {
            Op::View { of, kind } => self.view(usize::from(*of), *kind),
            Op::Submit { to, how, spec } => self.submit(usize::from(*to), *how, spec),
            Op::RunOne => {
                assert_eq!(self.real.manual().run_one(), self.model.run_one(), "a job was run");
            }
            Op::RunAll => {
                assert_eq!(self.real.manual().run_all(), self.model.run_all(), "jobs run");
            }
            Op::Advance(by) => {
                self.real.manual().advance(real::seconds(*by));
                self.model.advance(*by);
            }
            Op::Shutdown(of, mode) => self.shutdown(usize::from(*of), *mode),
            Op::PollEnd(at) => self.poll_end(usize::from(*at)),
            Op::DropEnd(at) => self.drop_end(usize::from(*at)),
            Op::RunJob(at) => self.take_job(usize::from(*at), true),
            Op::DropJob(at) => self.take_job(usize::from(*at), false),
            Op::DropExecutor(of) => {
                let of = usize::from(*of) % self.model.executors.len();
                self.model.executors[of].user = false;
                let pool = self.real.pools()[of].take();
                drop(pool);
            }
            Op::SetMax { of, max } => self.set_max(usize::from(*of), usize::from(*max)),
            Op::PollPatient(at) => {
                let patient = self.model.patient_named(*at);
                patient.into_iter().for_each(|at| self.poll_patient(at));
            }
            Op::DropPatient(at) => {
                let patient = self.model.patient_named(*at);
                patient.into_iter().for_each(|at| self.drop_if(at, |_| true));
            }
            _ if self.model.tasks.is_empty() => {}
            _ => self.step_on_task(op),
        }
    }

    fn step_on_task(&mut self, op: &Op) {
        let number = |number: &u8| self.model.task_named(*number);
        match op {
            Op::Drop(at) => self.drop_if(number(at), |hold| hold != Hold::Patient),
            Op::Cancel(at) => self.cancel(number(at)),
            Op::Detach(at) => self.detach(number(at), Task::detach),
            Op::Shield(at) => self.detach(number(at), |task| drop(task.shield())),
            Op::Poll(at) => self.poll(number(at)),
            Op::Look(at) => self.look(number(at)),
            Op::Limit(at, limit) => self.limit(number(at), *limit),
            Op::AddCallback(at) => self.add_callback(number(at)),
            Op::RemoveCallback(at, which) => self.remove_callback(number(at), *which),
            Op::DropCanceller(at) => {
                let at = number(at);
                self.model.tasks[at].canceller = false;
                let canceller = self.real.tasks()[at].canceller.take();
                drop(canceller);
            }
            _ => unreachable!("seen to above"),
        }
    }

    fn view(&mut self, of: usize, kind: Kind) {
        let of = of % self.model.executors.len();
        let Some(pool) = self.real.pool(of) else { return };
        let (view, kind) = match (&pool, kind) {
            (Pool::Keyed(keyed), Kind::Lane(key)) => (Pool::Plain(keyed.lane(key)), kind),
            (Pool::Keyed(keyed), _) => (Pool::Plain(keyed.lane(1)), Kind::Lane(1)),
            (Pool::Plain(pool), Kind::Serial | Kind::Lane(_)) => {
                (Pool::Plain(pool.serial()), Kind::Serial)
            }
            (Pool::Plain(pool), Kind::Limited(max)) => {
                (Pool::Plain(pool.limited(max.into())), kind)
            }
            (Pool::Plain(pool), Kind::Keyed) => (Pool::Keyed(pool.keyed()), kind),
            (Pool::Plain(pool), Kind::Bounded { max, capacity, drop_oldest, share }) => {
                let policy = if drop_oldest { OnFull::DropOldest } else { OnFull::Reject };
                let view = Executor::on(pool.clone())
                    .max_workers(max.into())
                    .queue_capacity(capacity.into())
                    .fair_share(share.into())
                    .on_full(policy);
                (Pool::Plain(view.build().unwrap()), kind)
            }
        };
        self.real.pools().push(Some(view));
        self.model.view(of, kind);
    }

    fn submit(&mut self, to: usize, how: How, spec: &Spec) {
        let to = to % self.model.executors.len();
        if !self.model.executors[to].user {
            return;
        }
        let refused = self.real.submit(to, how, spec);
        let spec = spec.clone();
        let expected = match how {
            How::Submit => {
                self.model.submit(to, spec);
                None
            }
            How::WhenReady => {
                self.model.submit_when_ready(to, spec);
                None
            }
            How::Try => match self.model.try_submit(to, spec) {
                Attempt::Refused(end) => Some(end),
                Attempt::Queued | Attempt::Waits => None,
            },
        };
        assert_eq!(refused, expected, "why it was refused");
    }

    fn poll_patient(&mut self, at: usize) {
        let Handle::Patient(mut patient) = self.take_if(at, |hold| hold == Hold::Patient) else {
            return;
        };
        let waker = self.real.fresh_waker(at);
        let polled = std::pin::Pin::new(&mut patient).poll(&mut Context::from_waker(&waker));
        let attempt = match polled {
            Poll::Pending => {
                self.real.put(at, Handle::Patient(patient));
                Attempt::Waits
            }
            Poll::Ready(Ok(task)) => {
                self.real.enter(at, task);
                Attempt::Queued
            }
            Poll::Ready(Err(rejected)) => Attempt::Refused(real::end_by(rejected.reason())),
        };
        assert_eq!(attempt, self.model.poll_patient(at), "what became of the submission");
    }

    /// The handle, to be put back, if it is of that kind.
    fn take_if(&self, at: usize, is: impl Fn(Hold) -> bool) -> Handle {
        if is(self.model.tasks[at].hold) { self.real.take_handle(at) } else { Handle::Gone }
    }

    fn drop_if(&mut self, at: usize, is: impl Fn(Hold) -> bool) {
        if is(self.model.tasks[at].hold) {
            drop(self.real.take_handle(at));
            self.model.drop_handle(at);
        }
    }

    fn cancel(&mut self, at: usize) {
        let Some(canceller) = self.real.canceller(at) else { return };
        let task = &self.model.tasks[at];
        let expected = match (task.stage, task.end) {
            (Stage::Pending, _) | (_, Some(End::Cancelled)) => Cancel::Prevented,
            _ => Cancel::TooLate,
        };
        assert_eq!(canceller.cancel(), expected);
        self.model.cancel(at);
    }

    fn detach(&mut self, at: usize, detach: impl FnOnce(Task<Live>)) {
        if let Handle::Task(task) = self.take_if(at, |hold| hold == Hold::Task) {
            detach(task);
            self.model.detach(at);
        }
    }

    fn poll(&mut self, at: usize) {
        let mut handle = self.take_if(at, |hold| hold != Hold::Patient);
        let waker = match handle {
            Handle::Gone => return,
            _ => self.real.fresh_waker(at),
        };
        let cx = &mut Context::from_waker(&waker);
        let polled = match &mut handle {
            Handle::Task(task) => std::pin::Pin::new(task).poll(cx),
            Handle::Limit(limit) => std::pin::Pin::new(limit).poll(cx),
            Handle::Patient(_) | Handle::Gone => unreachable!("asked of the model"),
        };
        let end = match &polled {
            Poll::Pending => {
                self.real.put(at, handle);
                None
            }
            Poll::Ready(outcome) => Some(real::end_of(outcome)),
        };
        drop(polled);
        assert_eq!(end, self.model.poll(at), "what the poll gives");
    }

    fn look(&mut self, at: usize) {
        if let Handle::Task(mut task) = self.take_if(at, |hold| hold == Hold::Task) {
            let end = match task.result(Duration::ZERO) {
                Ok(outcome) => Some(real::end_of(&outcome)),
                Err(_) => {
                    self.real.put(at, Handle::Task(task));
                    None
                }
            };
            assert_eq!(end, self.model.look(at), "what there is to take");
        }
    }

    fn limit(&mut self, at: usize, limit: u8) {
        if let Handle::Task(task) = self.take_if(at, |hold| hold == Hold::Task) {
            self.real.put(at, Handle::Limit(task.timeout(real::seconds(limit))));
            self.model.limit(at, limit);
        }
    }

    fn add_callback(&mut self, at: usize) {
        if let Handle::Task(mut task) = self.take_if(at, |hold| hold == Hold::Task) {
            let number = self.model.add_callback(at);
            let log = Arc::clone(&self.real.tasks()[at].log);
            let id = task.add_done_callback(real::callback(&log, number));
            self.real.tasks()[at].callbacks.push(id);
            self.real.put(at, Handle::Task(task));
        }
    }

    fn remove_callback(&mut self, at: usize, which: u8) {
        let known = self.real.tasks()[at].callbacks.clone();
        if known.is_empty() {
            return;
        }
        if let Handle::Task(task) = self.take_if(at, |hold| hold == Hold::Task) {
            let which = usize::from(which) % known.len();
            let removed = task.remove_done_callback(known[which]);
            self.real.put(at, Handle::Task(task));
            assert_eq!(removed, self.model.remove_callback(at, which), "whether it was there");
        }
    }

    fn set_max(&mut self, of: usize, max: usize) {
        let of = of % self.model.executors.len();
        if let Some(Pool::Plain(pool)) = self.real.pool(of) {
            let done = pool.set_max_workers(max).is_ok();
            assert_eq!(done, self.model.set_max(of, max), "whether the limit may be changed");
        }
    }

    fn shutdown(&mut self, of: usize, mode: Mode) {
        let of = of % self.model.executors.len();
        if self.real.shutdown(of, mode) {
            self.model.shutdown(of, mode);
        }
    }

    fn poll_end(&mut self, at: usize) {
        let Some(at) = at.checked_rem(self.model.endings.len()) else { return };
        let Some(mut termination) = self.real.ends()[at].termination.take() else { return };
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(Arc::clone(&wakes));
        let polled = std::pin::Pin::new(&mut termination).poll(&mut Context::from_waker(&waker));
        let report = match polled {
            Poll::Ready(report) => Some(report.expect("nobody waits inside")),
            Poll::Pending => {
                self.real.ends()[at] =
                    Ending { termination: Some(termination), waker: Some(wakes) };
                None
            }
        };
        let expected = self.model.poll_end(at);
        assert_eq!(report.as_ref().map(|report| report.finished), expected, "jobs that have ended");
        if let Some(report) = report {
            assert_eq!(report.cancelled, self.model.endings[at].cancelled, "jobs cancelled");
            assert_eq!((report.still_running, report.handed_back.len()), (0, 0));
        }
    }

    fn drop_end(&mut self, at: usize) {
        let Some(at) = at.checked_rem(self.model.endings.len()) else { return };
        let termination = self.real.ends()[at].termination.take();
        drop(termination);
        self.model.endings[at].gone = true;
    }

    fn take_job(&mut self, at: usize, run: bool) {
        let Some(at) = at.checked_rem(self.real.jobs().len()) else { return };
        let job = self.real.jobs().remove(at);
        let task = self.task(job.task_id());
        if run {
            job.run();
            self.model.run_job(task);
        } else {
            drop(job);
            self.model.drop_job(task);
        }
    }

    /// Runs everything, or has nobody run anything any more; then nothing may be left.
    pub(super) fn end(&mut self, finale: Finale) {
        match finale {
            Finale::Run => {
                self.step(&Op::RunAll);
                self.model.close_forgotten();
                self.compare();
            }
            Finale::Abandon => {
                for at in 0..self.model.tasks.len() {
                    self.drop_if(at, |hold| hold == Hold::Patient);
                }
                self.real.drop_manual();
                self.model.abandon();
                self.compare_tasks();
            }
        }
        for at in 0..self.model.tasks.len() {
            self.drop_if(at, |_| true);
            let canceller = self.real.tasks()[at].canceller.take();
            drop(canceller);
            self.model.tasks[at].canceller = false;
        }
        while !self.real.jobs().is_empty() {
            self.take_job(0, false);
        }
        self.real.clear();
        self.compare_tasks();
        assert_eq!(self.real.references(), 1, "closures that are left");
    }
}
