//! The error of a wait that could never end, and the circle of tasks that it names.

use std::error::Error;
use std::fmt;

use super::id::TaskId;
use crate::sync::SharedArc;

/// A wait that could never end: what it waits for waits, in the end, for the waiting thread.
///
/// # Examples
/// ```
/// use poolbridge::{Executor, Shutdown};
/// let pool = Executor::threads().build()?;
/// let own = pool.clone();
/// let task = pool.submit(move || own.shutdown(Shutdown::run_queued()).wait());
/// let error = task.wait().unwrap().unwrap_err(); // the job is what the shutdown waits for
/// assert!(error.to_string().contains("wait for it elsewhere"));
/// # Ok::<(), poolbridge::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct WouldDeadlock(SharedArc<Deadlock>);

#[derive(Debug)]
struct Deadlock {
    how: How,
    circle: Circle,
}

#[derive(Debug)]
enum How {
    Itself,
    OwnLane,
    Circle,
    Shutdown,
}

/// Tasks of which each waits for the next one, and the last for one before it.
#[derive(Debug, Default)]
pub(crate) struct Circle {
    tasks: Vec<TaskId>,
    names: Vec<Option<SharedArc<str>>>,
    /// Where it closes.
    back_to: Option<TaskId>,
}

impl Circle {
    /// The way leads to that task. True: it was there before, and the circle is closed.
    pub(crate) fn comes_to(&mut self, task: TaskId, name: Option<SharedArc<str>>) -> bool {
        if self.tasks.last() == Some(&task) {
            return false;
        }
        if self.tasks.contains(&task) {
            self.back_to = Some(task);
            return true;
        }
        self.tasks.push(task);
        self.names.push(name);
        false
    }

    fn of(tasks: impl IntoIterator<Item = TaskId>) -> Self {
        let mut circle = Self::default();
        for task in tasks {
            circle.comes_to(task, None);
        }
        circle
    }
}

impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (task, name)) in self.tasks.iter().zip(&self.names).enumerate() {
            f.write_str(if at == 0 { "task " } else { " waits for " })?;
            write!(f, "{task}")?;
            if let Some(name) = name {
                write!(f, " ({name})")?;
            }
            if at > 0 && (at + 1 < self.tasks.len() || self.back_to.is_some()) {
                f.write_str(", which")?;
            }
        }
        match self.back_to {
            Some(task) => write!(f, " waits for {task}"),
            None => Ok(()),
        }
    }
}

impl WouldDeadlock {
    fn new(how: How, circle: Circle) -> Self {
        Self(SharedArc::new(Deadlock { how, circle }))
    }

    pub(crate) fn waiting_for_itself(task: TaskId) -> Self {
        Self::new(How::Itself, Circle::of([task]))
    }

    /// `waiter` keeps the lane busy that `task` is queued in.
    pub(crate) fn in_own_lane(waiter: Option<TaskId>, task: TaskId) -> Self {
        Self::new(How::OwnLane, Circle::of(waiter.into_iter().chain([task])))
    }

    pub(crate) fn in_circle(circle: Circle) -> Self {
        Self::new(How::Circle, circle)
    }

    pub(crate) fn shutdown_from_worker() -> Self {
        Self::new(How::Shutdown, Circle::default())
    }

    /// The tasks in the circle, the waiting one first: each waits for the next, or is queued behind
    /// it, and the last for one before it. Empty where a worker waits for its executor's end.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::{Executor, TaskError};
    /// let pool = Executor::threads().build()?;
    /// let lane = pool.serial();
    /// let inner = lane.clone();
    /// let outer = lane.submit(move || inner.submit(|| "comes later").wait());
    /// let id = outer.id();
    /// let Ok(Err(TaskError::WouldDeadlock(error))) = outer.wait() else { panic!() };
    /// assert_eq!(error.tasks()[0], id);
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    #[must_use]
    pub fn tasks(&self) -> &[TaskId] {
        &self.0.circle.tasks
    }
}

impl fmt::Display for WouldDeadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Deadlock { how, circle } = &*self.0;
        match (how, circle.tasks.as_slice()) {
            (How::Itself, [task]) => write!(
                f,
                "waiting for task {task} from its own closure or callback would never end; \
                 wait for it elsewhere"
            ),
            (How::OwnLane, [waiter, task]) => write!(
                f,
                "task {waiter} waits for task {task}, which comes after it in the same lane: that \
                 would never end; wait for it elsewhere, or submit it elsewhere"
            ),
            (How::Circle, [_, ..]) => write!(
                f,
                "this wait would never end: {circle}; wait elsewhere, or give one of the executors \
                 more workers"
            ),
            (How::Shutdown, _) => f.write_str(
                "waiting for an executor's shutdown from one of its own workers would never end; \
                 wait for it elsewhere, or drop the Termination",
            ),
            _ => f.write_str("this wait would never end; wait elsewhere"),
        }
    }
}

impl Error for WouldDeadlock {}
