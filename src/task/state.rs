//! The one word that decides: what may happen to a task, as pure functions.
//!
//! A task has two sides. The *job side* says who owns the storage of the closure; the *outcome
//! side* says how far the ending has come. Every promise about a race is one compare-exchange
//! from a state that a function below accepts to the state that it returns.
//!
//! ```text
//!             job side                         outcome side
//!    Queued ──1,2──▶ Taken ──5,7,9──▶ Gone     Open ──2,4,6──▶ Telling ──7,8──▶ Released
//!
//!                       ┌───────────────3 requested (a flag)
//!                       ▼     │
//!  (Queued,Open) ──1──▶ (Taken,Open) ──4──▶ (Taken,Telling v) ──7──▶ (Gone,Released v)
//!        │                 │   └──────────────5─────────────────────▶     ▲
//!        │                 └──6──▶ (Taken,Telling Expired) ──8──▶ (Taken,Released Expired)
//!        │                               │9                              │9
//!        │                               ▼                               ▼
//!        │                         (Gone,Telling Expired) ──8──▶ (Gone,Released Expired)
//!        └──2──▶ (Taken,Telling v) ──7──▶ (Gone,Released v)
//! ```
//!
//! | arrow | function | called by |
//! |---|---|---|
//! | 1 | [`State::start`] | a worker's pop, `Job::run`, `Promise::set_running` |
//! | 2 | [`State::withdraw`] | `cancel` before the start, a queue deadline, a refusal, a broken pool, a dropped job or promise, `Promise::complete` before `set_running` |
//! | 3 | [`State::request`] | `cancel` of a running task |
//! | 4 | [`State::settle`] | the end of the closure, `Promise::complete`, when somebody observes |
//! | 5 | [`State::settle_and_release`] | the same when nobody observes |
//! | 6 | [`State::expire`] | a run deadline or an awaited timeout of a running task |
//! | 7 | [`State::release`] | whoever did 2 or 4, after the callbacks |
//! | 8 | [`State::release_expired`] | whoever did 6, after the callbacks |
//! | 9 | [`State::let_go`] | the end of a closure whose task expired meanwhile |
//!
//! `Telling` lasts from the decision until the callbacks have run; only `Released` shows an
//! outcome to a waiter. The reference count lives in the same word, so that the last step of a
//! job and the drop of its reference are one operation.

use std::fmt;

/// Why a deadline ended a task.
///
/// # Examples
/// ```
/// use poolbridge::{Expired, TaskError};
/// // What never ran can be submitted again; what runs on, abandoned, would run twice.
/// let again = |error: &TaskError| matches!(error, TaskError::TimedOut(Expired::Queue));
/// assert!(!again(&TaskError::TimedOut(Expired::Run)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Expired {
    /// It was still queued when its queue deadline passed: it never ran.
    Queue,
    /// Its run deadline passed; the closure runs on, abandoned.
    Run,
    /// The time given to [`Task::timeout`](crate::Task::timeout) passed; a closure that had
    /// started runs on, abandoned.
    Await,
}

/// Where a task stands.
///
/// # Examples
/// ```
/// let (promise, task) = poolbridge::promise::<u8>();
/// drop(promise); // nobody will complete it
/// assert_eq!(task.status(), poolbridge::Status::Failed);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// Not started.
    Pending,
    /// Started and not released: the closure runs, or its callbacks do.
    Running,
    /// Over, with a value.
    Finished,
    /// Over, with an error other than cancellation.
    Failed,
    /// Over: cancelled.
    Cancelled,
}

impl Status {
    /// Whether the task is over.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::Status;
    /// assert!(Status::Cancelled.is_done());
    /// assert!(!Status::Running.is_done());
    /// ```
    #[must_use]
    pub const fn is_done(self) -> bool {
        matches!(self, Status::Finished | Status::Failed | Status::Cancelled)
    }
}

/// What a call to `cancel` did.
///
/// CPython's `Future.cancel` answers with a boolean that means "prevented" or one of two other
/// things; here each has its name.
///
/// # Examples
/// ```
/// let (promise, task) = poolbridge::promise();
/// promise.set_running();
/// assert_eq!(task.cancel(), poolbridge::Cancel::Requested);
/// promise.set_result(1).unwrap(); // it did not look
/// assert_eq!(task.cancel(), poolbridge::Cancel::TooLate);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "a running task is only asked to stop; see the variants"]
pub enum Cancel {
    /// The closure has not run and never will.
    Prevented,
    /// It runs and has been asked to stop: its token is set. The closure's outcome ends the task.
    Requested,
    /// It was over already.
    TooLate,
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A value lies in the cell.
    Value,
    /// An error lies in the cell.
    Error,
    /// Cancelled before it started.
    Prevented,
    /// Its producer said that it was cancelled.
    Cancelled,
    /// A deadline passed.
    Expired(Expired),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobSide {
    Queued = 0,
    Taken = 1,
    Gone = 2,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Open = 0,
    Telling = 4,
    Released = 8,
}

/// A snapshot of the word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct State(usize);

/// The bits of the [`JobSide`], and with them those of the [`Stage`].
const JOB: usize = 0b0011;
const SIDES: usize = 0b1111;
const VERDICT_SHIFT: u32 = 4;
/// Verdicts from here on are `Expired`.
const EXPIRED: usize = 5;
const REQUESTED: usize = 1 << 7;
const RAN: usize = 1 << 8;
const HANDLE: usize = 1 << 9;
const LINKED: usize = 1 << 10;
/// Somebody but the handle's waker observes: endings take the cell's lock from now on.
pub(crate) const OBSERVED: usize = 1 << 11;
/// The handle's waker lies in the cell.
const WATCHED: usize = 1 << 12;
/// One reference.
pub(crate) const REF: usize = 1 << 13;
const MAX_REFS: usize = usize::MAX / REF / 2;

impl State {
    /// Not started, referred to by its job and its handle.
    pub(crate) const fn new(linked: bool) -> Self {
        Self((2 * REF) | HANDLE | if linked { LINKED } else { 0 })
    }

    pub(crate) const fn from_word(word: usize) -> Self {
        Self(word)
    }

    pub(crate) const fn word(self) -> usize {
        self.0
    }

    pub(crate) const fn job(self) -> JobSide {
        match self.0 & JOB {
            0 => JobSide::Queued,
            1 => JobSide::Taken,
            _ => JobSide::Gone,
        }
    }

    pub(crate) const fn stage(self) -> Stage {
        match self.0 & SIDES & !JOB {
            0 => Stage::Open,
            4 => Stage::Telling,
            _ => Stage::Released,
        }
    }

    pub(crate) const fn verdict(self) -> Option<Verdict> {
        match self.verdict_bits() {
            0 => None,
            1 => Some(Verdict::Value),
            2 => Some(Verdict::Error),
            3 => Some(Verdict::Prevented),
            4 => Some(Verdict::Cancelled),
            5 => Some(Verdict::Expired(Expired::Queue)),
            6 => Some(Verdict::Expired(Expired::Run)),
            _ => Some(Verdict::Expired(Expired::Await)),
        }
    }

    /// Whether a waiter may have the outcome.
    pub(crate) const fn is_released(self) -> bool {
        matches!(self.stage(), Stage::Released)
    }

    /// Whether the thread that had the closure has let go of it.
    pub(crate) const fn is_stopped(self) -> bool {
        matches!(self.job(), JobSide::Gone)
    }

    /// Whether the closure has been asked to stop.
    pub(crate) const fn is_requested(self) -> bool {
        self.0 & REQUESTED != 0
    }

    /// Whether the work has been told to stop, or will never be wanted.
    pub(crate) fn is_stop_asked(self) -> bool {
        let ended = matches!(self.verdict(), Some(Verdict::Prevented | Verdict::Expired(_)));
        self.is_requested() || ended
    }

    /// Whether the closure was ever started.
    pub(crate) const fn has_run(self) -> bool {
        self.0 & RAN != 0
    }

    /// Whether a `Task` still wants the outcome.
    pub(crate) const fn has_handle(self) -> bool {
        self.0 & HANDLE != 0
    }

    /// Whether a queue may know the task: who withdraws it has to tell that queue.
    pub(crate) const fn is_linked(self) -> bool {
        self.0 & LINKED != 0
    }

    pub(crate) const fn is_observed(self) -> bool {
        self.0 & OBSERVED != 0
    }

    pub(crate) const fn is_watched(self) -> bool {
        self.0 & WATCHED != 0
    }

    /// The closure is in somebody's hands, nothing is decided, and nobody is to be told but the
    /// handle's waker.
    #[inline]
    pub(crate) const fn is_running_unobserved(self) -> bool {
        self.is(JobSide::Taken, Stage::Open) && !self.is_observed()
    }

    pub(crate) const fn refs(self) -> usize {
        self.0 / REF
    }

    /// Whether one more reference could overflow into nonsense.
    pub(crate) const fn too_many_refs(self) -> bool {
        self.refs() > MAX_REFS
    }

    /// What the outside sees.
    pub(crate) const fn status(self) -> Status {
        match (self.verdict(), self.stage()) {
            (Some(Verdict::Prevented | Verdict::Cancelled), _) => Status::Cancelled,
            (Some(Verdict::Value), Stage::Released) => Status::Finished,
            (Some(Verdict::Error), Stage::Released) | (Some(Verdict::Expired(_)), _) => {
                Status::Failed
            }
            _ if self.has_run() => Status::Running,
            _ => Status::Pending,
        }
    }

    const fn with(self, job: JobSide, stage: Stage) -> Self {
        Self(self.0 & !SIDES).set(job as usize).set(stage as usize)
    }

    const fn set(self, bits: usize) -> Self {
        Self(self.0 | bits)
    }

    const fn without(self, bits: usize) -> Self {
        Self(self.0 & !bits)
    }

    const fn judged(self, verdict: Verdict) -> Self {
        let bits = match verdict {
            Verdict::Value => 1,
            Verdict::Error => 2,
            Verdict::Prevented => 3,
            Verdict::Cancelled => 4,
            Verdict::Expired(Expired::Queue) => 5,
            Verdict::Expired(Expired::Run) => 6,
            Verdict::Expired(Expired::Await) => 7,
        };
        self.set(bits << VERDICT_SHIFT)
    }

    const fn is(self, job: JobSide, stage: Stage) -> bool {
        self.job() as u8 == job as u8 && self.stage() as u8 == stage as u8
    }

    /// The closure was abandoned: a deadline ended the task while it ran. Deciding and running have
    /// different owners from then on.
    pub(crate) fn is_abandoned(self) -> bool {
        self.has_run() && self.verdict_bits() >= EXPIRED
    }

    const fn verdict_bits(self) -> usize {
        (self.0 >> VERDICT_SHIFT) & 0b111
    }

    /// The verdict leaves the outcome in the cell; others say all there is to it.
    #[inline]
    pub(crate) const fn leaves_outcome(self) -> bool {
        matches!(self.verdict_bits(), 1 | 2)
    }

    /// Arrow 1.
    pub(crate) fn start(self) -> Option<Self> {
        self.is(JobSide::Queued, Stage::Open)
            .then(|| self.with(JobSide::Taken, Stage::Open).set(RAN))
    }

    /// Arrow 2.
    pub(crate) fn withdraw(self, verdict: Verdict) -> Option<Self> {
        self.is(JobSide::Queued, Stage::Open)
            .then(|| self.with(JobSide::Taken, Stage::Telling).judged(verdict))
    }

    /// Arrow 3; `None` where the token is set already or cannot help.
    pub(crate) fn request(self) -> Option<Self> {
        (self.is(JobSide::Taken, Stage::Open) && !self.is_requested()).then(|| self.set(REQUESTED))
    }

    /// Arrow 4.
    pub(crate) fn settle(self, verdict: Verdict) -> Option<Self> {
        self.is(JobSide::Taken, Stage::Open)
            .then(|| self.with(JobSide::Taken, Stage::Telling).judged(verdict))
    }

    /// Arrow 5, which takes the job's reference along, unless there is a waker to be taken yet.
    pub(crate) fn settle_and_release(self, verdict: Verdict) -> Option<Self> {
        self.is_running_unobserved().then(|| {
            let released = self.with(JobSide::Gone, Stage::Released).judged(verdict);
            if self.is_watched() { released.without(WATCHED) } else { Self(released.0 - REF) }
        })
    }

    /// Arrow 6.
    pub(crate) fn expire(self, why: Expired) -> Option<Self> {
        self.is(JobSide::Taken, Stage::Open).then(|| {
            let told = self.with(JobSide::Taken, Stage::Telling).judged(Verdict::Expired(why));
            told.set(REQUESTED)
        })
    }

    /// Arrow 7.
    pub(crate) fn release(self) -> Option<Self> {
        (self.is(JobSide::Taken, Stage::Telling) && !self.is_abandoned())
            .then(|| self.with(JobSide::Gone, Stage::Released).without(WATCHED))
    }

    /// Arrow 8.
    pub(crate) fn release_expired(self) -> Option<Self> {
        (self.is_abandoned() && self.stage() == Stage::Telling)
            .then(|| self.with(self.job(), Stage::Released).without(WATCHED))
    }

    /// Arrow 9.
    pub(crate) fn let_go(self) -> Option<Self> {
        (self.is_abandoned() && self.job() == JobSide::Taken)
            .then(|| self.with(JobSide::Gone, self.stage()))
    }

    /// The handle goes, and its waker with it.
    pub(crate) const fn without_handle(self) -> Self {
        self.without(HANDLE).without(WATCHED)
    }

    /// The handle has put its waker in place; `None` where nobody would come for it any more.
    pub(crate) fn watch(self) -> Option<Self> {
        (!self.is_released()).then(|| self.set(WATCHED))
    }

    /// The handle takes its waker back; `None` where there is none, or none any more.
    pub(crate) fn unwatch(self) -> Option<Self> {
        self.is_watched().then(|| self.without(WATCHED))
    }

    /// Out of every queue, still not started; `None` when it was started or withdrawn first.
    pub(crate) fn loosen(self) -> Option<Self> {
        self.is(JobSide::Queued, Stage::Open).then(|| self.without(LINKED))
    }

    /// What `cancel` answers where it changes nothing.
    pub(crate) fn cancel_answer(self) -> Cancel {
        match (self.stage(), self.verdict()) {
            (_, Some(Verdict::Prevented)) => Cancel::Prevented,
            (Stage::Open, _) => Cancel::Requested,
            _ => Cancel::TooLate,
        }
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}/{:?}", self.job(), self.stage())?;
        if let Some(verdict) = self.verdict() {
            write!(f, "/{verdict:?}")?;
        }
        let flags = [
            (self.is_requested(), "requested"),
            (self.has_run(), "ran"),
            (self.has_handle(), "handle"),
            (self.is_linked(), "linked"),
            (self.is_observed(), "observed"),
            (self.is_watched(), "watched"),
        ];
        for (_, flag) in flags.iter().filter(|(is_set, _)| *is_set) {
            write!(f, " {flag}")?;
        }
        write!(f, " refs {}", self.refs())
    }
}

#[cfg(all(test, not(poolbridge_loom)))]
mod tests;
