//! A look into an executor.

use super::core::Core;
use crate::sync::SharedArc;
use crate::task::cell::CellRef;
use crate::task::id::TaskId;
use crate::task::state::{State, Status};

/// What an executor has in hand at one moment; made by
/// [`Executor::snapshot`](crate::Executor::snapshot).
///
/// The lists and each task's status are taken together, under the executor's lock. What is submitted
/// to a view (`limited`, `serial`, `keyed`) is in the view's snapshot, not in that of the executor below.
///
/// # Examples
/// ```
/// let pool = poolbridge::Executor::threads().max_workers(1).build()?;
/// let (open, gate) = std::sync::mpsc::channel::<()>();
/// let busy = pool.job(move || gate.recv()).name("busy").submit();
/// let waits = pool.job(|| ()).name("waits").submit();
/// let names = |tasks: &[poolbridge::TaskInfo]| -> Vec<_> {
///     tasks.iter().filter_map(|task| task.name.as_deref().map(String::from)).collect()
/// };
/// while pool.snapshot().running.is_empty() {
///     std::thread::yield_now();
/// }
/// let seen = pool.snapshot();
/// assert_eq!((names(&seen.running), names(&seen.queued)), (vec!["busy".into()], vec!["waits".into()]));
/// drop(open);
/// # let _ = (busy.wait(), waits.wait());
/// # Ok::<(), poolbridge::BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Snapshot {
    /// Tasks that wait for a thread, the next one first.
    pub queued: Vec<TaskInfo>,
    /// Tasks that have a thread, also abandoned ones.
    pub running: Vec<TaskInfo>,
    /// Workers alive or being started, idle ones included.
    pub workers: usize,
    /// Workers with nothing to do.
    pub idle: usize,
    /// Whether new submissions are refused.
    pub closed: bool,
}

/// One task in a [`Snapshot`].
///
/// # Examples
/// ```
/// use poolbridge::{Executor, Status};
/// let (pool, _manual) = Executor::manual();
/// let task = pool.job(|| 1).name("report 17").label("nightly").submit();
/// let seen = &pool.snapshot().queued[0];
/// assert_eq!((seen.id, seen.status, seen.awaited), (task.id(), Status::Pending, true));
/// assert_eq!(seen.label.as_deref(), Some("nightly"));
/// task.detach();
/// assert!(!pool.snapshot().queued[0].awaited);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskInfo {
    /// Its name among all tasks.
    pub id: TaskId,
    /// What [`Submission::name`](crate::Submission::name) said.
    pub name: Option<SharedArc<str>>,
    /// What [`Submission::label`](crate::Submission::label) said.
    pub label: Option<SharedArc<str>>,
    /// Whether a `Task` still waits for it; false after `detach` as well.
    pub awaited: bool,
    /// Whether it has been asked to stop.
    pub asked_to_stop: bool,
    /// Where it stands. `Failed` or `Cancelled` among the running: abandoned, its thread has not
    /// come back yet.
    pub status: Status,
}

impl Snapshot {
    /// The running tasks that were given up: they timed out, or their `Task` was dropped, and
    /// their threads have not come back yet.
    ///
    /// # Examples
    /// ```
    /// use std::sync::mpsc;
    /// let pool = poolbridge::Executor::threads().build()?;
    /// let (open, gate) = mpsc::channel::<()>();
    /// let (tell, started) = mpsc::channel();
    /// let stuck = pool.job(move || (tell.send(()), gate.recv())).name("stuck").submit();
    /// started.recv()?;
    /// drop(stuck); // it is asked to stop, and does not look
    /// let names: Vec<_> = pool.snapshot().abandoned().map(|task| task.name.clone()).collect();
    /// assert_eq!(names, [Some("stuck".into())]);
    /// # drop(open);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn abandoned(&self) -> impl Iterator<Item = &TaskInfo> {
        let given_up =
            |task: &&TaskInfo| task.status.is_done() || (task.asked_to_stop && !task.awaited);
        self.running.iter().filter(given_up)
    }
}

pub(super) fn take(core: &Core) -> Snapshot {
    let (queued, running, mut snapshot) = {
        let queue = core.lock();
        let rest = Snapshot {
            queued: Vec::new(),
            running: Vec::new(),
            workers: queue.workers,
            idle: queue.idle.len(),
            closed: queue.refusal().is_some(),
        };
        let stand = |cell: CellRef| {
            let state = cell.state();
            (cell, state)
        };
        // While a task is on a list it is not over, unless a deadline or a cancel ended it.
        let queued: Vec<_> = queue.lines.lists.pending_tasks().into_iter().map(stand).collect();
        let running: Vec<_> = queue.lines.lists.running_tasks().into_iter().map(stand).collect();
        (queued, running, rest)
    };
    snapshot.queued = queued.into_iter().map(describe).collect();
    snapshot.running = running.into_iter().map(describe).collect();
    snapshot
}

fn describe((cell, state): (CellRef, State)) -> TaskInfo {
    let (name, label) =
        cell.plan(|plan| (plan.name.clone(), plan.label.clone())).unwrap_or_default();
    TaskInfo {
        id: cell.id(),
        name,
        label,
        awaited: state.has_handle(),
        asked_to_stop: state.is_stop_asked(),
        status: state.status(),
    }
}
