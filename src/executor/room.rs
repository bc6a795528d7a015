//! Waiting for room in a bounded queue, in line.
//!
//! A free place goes to the head of the line at once, as a grant that counts as taken: nobody who
//! comes later can snatch it. Who gives up after the grant passes it on exactly once.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::Executor;
use super::core::{Core, CoreRef, wake};
use super::lines::Place;
use super::rejected::Rejected;
use super::submission::{self, Details, Plain};
use super::waiting::{self, Awaited};
use crate::task::Task;
use crate::task::contain::contain;
use crate::task::error::Reason;
use crate::task::frame::{self, Patience};
use crate::task::handle::own_parker;
use crate::task::trampoline;

/// A future that queues a closure as soon as there is room; made by
/// [`Executor::submit_when_ready`].
///
/// # Errors
/// [`Rejected`] gives the closure back: the executor was shut down or is broken.
///
/// # Cancel safety
/// Dropping it before it resolves drops the closure un-run; the place in the line, or the room
/// that it was given already, goes to the next.
///
/// # Panics
/// Polling it after it has resolved panics.
///
/// # Examples
/// ```
/// use poolbridge::Executor;
/// # futures::executor::block_on(async {
/// let pool = Executor::threads().max_workers(1).queue_capacity(1).build()?;
/// let mut tasks = Vec::new();
/// for n in 0..20 {
///     tasks.push(pool.job(move || n).name(format!("row {n}")).submit_when_ready().await?);
/// }
/// for (n, task) in tasks.into_iter().enumerate() {
///     assert_eq!(task.await?, n);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct SubmitWhenReady<T, F> {
    executor: Executor,
    /// Gone once resolved.
    f: Option<F>,
    place: Place,
    details: Option<Details>,
    /// Our name in the line.
    key: Option<u64>,
    _type: PhantomData<fn() -> T>,
}

/// Who waits for room in a bounded queue, and who has been given some.
#[derive(Default)]
pub(super) struct Room {
    pub(super) waiting: VecDeque<(u64, Waker)>,
    pub(super) granted: Vec<u64>,
}

impl Room {
    /// Uses up the room that was given to `key`.
    pub(super) fn redeem(&mut self, key: u64) -> bool {
        let at = self.granted.iter().position(|other| *other == key);
        at.is_some_and(|at| {
            self.granted.swap_remove(at);
            true
        })
    }

    /// Waits in line, or moves the waker of who does; gives back a waker to drop.
    pub(super) fn wait(&mut self, key: u64, waker: Waker) -> Option<Waker> {
        if let Some((_, old)) = self.waiting.iter_mut().find(|(other, _)| *other == key) {
            return Some(std::mem::replace(old, waker));
        }
        self.waiting.push_back((key, waker));
        None
    }

    pub(super) fn is_waited_by(&self, key: u64) -> bool {
        self.waiting.iter().any(|(other, _)| *other == key)
    }

    /// Leaves the line: the waker to drop.
    pub(super) fn leave(&mut self, key: u64) -> Option<Waker> {
        let at = self.waiting.iter().position(|(other, _)| *other == key)?;
        self.waiting.remove(at).map(|(_, waker)| waker)
    }

    /// Everybody: there will be no room.
    #[must_use]
    pub(super) fn dismiss(&mut self) -> VecDeque<(u64, Waker)> {
        std::mem::take(&mut self.waiting)
    }
}

/// How a wait for room stands.
enum Standing {
    Granted,
    Waiting(Option<Waker>),
    Refused(Reason),
}

/// Gets room for `key`, or a place in the line.
fn ask(core: &Core, key: &mut Option<u64>, waker: Waker) -> Standing {
    let mut queue = core.lock();
    if let Some(reason) = queue.refusal() {
        return Standing::Refused(reason);
    }
    let key = *key.get_or_insert_with(|| {
        queue.keys += 1;
        queue.keys
    });
    if queue.reserve(key, core.config.capacity) {
        return Standing::Granted;
    }
    Standing::Waiting(queue.room.wait(key, waker))
}

/// Leaves the line; room that was given already goes to the next.
fn leave(core: &Core, key: u64) {
    let (waker, next) = {
        let mut queue = core.lock();
        let waker = queue.room.leave(key);
        if waker.is_none() {
            queue.room.redeem(key);
        }
        (waker, queue.grant_room(core.config.capacity))
    };
    contain(|| drop(waker));
    wake(next);
}

/// Waits on this thread until there is room: the key to push with.
pub(super) fn block(core: &CoreRef) -> Result<u64, Reason> {
    if frame::is_worker_of(core.pool()) {
        return Err(Reason::WouldDeadlock);
    }
    trampoline::flush();
    let parker = own_parker();
    let mut key = None;
    let mut patience = Patience::new();
    loop {
        match ask(core, &mut key, parker.waker()) {
            Standing::Granted => return key.ok_or(Reason::Full),
            Standing::Waiting(old) => drop(old),
            Standing::Refused(reason) => {
                key.into_iter().for_each(|key| leave(core, key));
                return Err(reason);
            }
        }
        let Some(own) = key else { continue };
        match waiting::enter(Awaited::Room(core.clone(), own)) {
            Ok(known) => drop((parker.park_until(known.look_again(&mut patience)), known)),
            Err(_) => {
                leave(core, own);
                return Err(Reason::WouldDeadlock);
            }
        }
    }
}

impl<T, F> SubmitWhenReady<T, F>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    pub(super) fn new(executor: Executor, f: F) -> Self {
        Self {
            executor,
            f: Some(f),
            place: Place::default(),
            details: None,
            key: None,
            _type: PhantomData,
        }
    }

    pub(super) fn with(mut self, place: Place, details: Details) -> Self {
        self.place = place;
        self.details = Some(details);
        self
    }
}

impl<T, F> Future for SubmitWhenReady<T, F>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    type Output = Result<Task<T>, Rejected<F>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        assert!(this.f.is_some(), "polled after it has resolved");
        let refused = match ask(this.executor.core(), &mut this.key, cx.waker().clone()) {
            Standing::Waiting(old) => {
                contain(|| drop(old));
                return Poll::Pending;
            }
            Standing::Granted => None,
            Standing::Refused(reason) => Some(reason),
        };
        let (Some(f), key) = (this.f.take(), this.key.take()) else {
            unreachable!("asserted above")
        };
        if let Some(reason) = refused {
            key.into_iter().for_each(|key| leave(this.executor.core(), key));
            return Poll::Ready(Err(Rejected::new(f, reason)));
        }
        let details = this.details.take();
        Poll::Ready(
            submission::try_submit(&this.executor, Plain(f), this.place, details, key)
                .map_err(|(Plain(f), reason)| Rejected::new(f, reason)),
        )
    }
}

// The closure is never pinned.
impl<T, F> Unpin for SubmitWhenReady<T, F> {}

impl<T, F> Drop for SubmitWhenReady<T, F> {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            leave(self.executor.core(), key);
        }
    }
}

impl<T, F> fmt::Debug for SubmitWhenReady<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubmitWhenReady").field("executor", &self.executor).finish_non_exhaustive()
    }
}
