//! Where user code is run by the crate.

use poolbridge::OnFull;

use crate::deed::Deed;
use crate::kind::Kind;

macro_rules! places {
    ($($(#[$meta:meta])* $name:ident,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Place {
            $($(#[$meta])* $name,)*
        }

        impl Place {
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];
        }
    };
}

places! {
    CaptureAfterRun,
    LargeCaptureAfterRun,
    CaptureAtCancel,
    CaptureAtDeadline,
    /// Of a job that is one too many.
    CaptureRefused,
    /// Of a job that makes way for a newer one.
    CaptureDisplaced,
    /// Of a job that a shutdown cancels.
    CaptureAtShutdown,
    /// Of a job that a shutdown has handed back.
    CaptureHandedBack,
    /// Of a detached task.
    OutcomeOnWorker,
    /// Of a task that is dropped when it is over.
    OutcomeOfHandle,
    PanicPayload,
    CallbackBody,
    CallbackCaptures,
    CallbackRemoved,
    CallbackOnExecutor,
    WakerWake,
    WakerClone,
    WakerDrop,
    StoppedWake,
    /// Of an await with a limit, by the end of the task.
    LimitedWake,
    /// By the end of the time.
    DeadlineWake,
    LimitedDrop,
    /// Of who waits for room in a bounded queue.
    RoomWake,
    /// Of who waits for the end of the executor.
    EndWake,
    BeforeJob,
    AfterJob,
    ThreadStart,
    ThreadStop,
    /// What a job has left in its thread.
    ThreadLocal,
    Initializer,
    StateDrop,
    /// Asked to stop by the closure itself.
    CancelHookInside,
    /// Asked to stop by another thread.
    CancelHookOutside,
    OnAbandoned,
}

use Place::*;

impl Place {
    /// Whether there is such a place, and the deed is legal there.
    pub(crate) fn fits(self, kind: Kind, deed: Deed) -> bool {
        if self.is_of_threads() && !kind.has_own_threads() {
            return false;
        }
        // Rust's own rule: such a panic ends the process.
        if self == ThreadLocal && deed.panics() {
            return false;
        }
        if kind == Kind::Inline && (self.wants_queue() || deed == Deed::CancelsVictim) {
            return false;
        }
        if self.bound().is_some() && kind.is_view() {
            return false;
        }
        if self == CancelHookOutside && !kind.can_be_held() {
            return false;
        }
        deed != Deed::Waits || self.may_wait(kind)
    }

    /// Whether a wait there for another job of the one thread can end.
    fn may_wait(self, kind: Kind) -> bool {
        match self {
            // Only this thread could run it.
            ThreadStart | Initializer => false,
            // The thread waits until the hook is over, so that it hits no later job.
            CancelHookOutside => false,
            _ => kind != Kind::Manual || self.is_in_run(),
        }
    }

    fn is_of_threads(self) -> bool {
        matches!(self, ThreadStart | ThreadStop | ThreadLocal | Initializer | StateDrop)
    }

    /// Whether a thread that goes is the place.
    pub(crate) fn is_at_leaving(self) -> bool {
        matches!(self, ThreadStop | ThreadLocal | StateDrop)
    }

    pub(crate) fn is_waker(self) -> bool {
        matches!(self, WakerWake | WakerClone | WakerDrop | StoppedWake) || self.is_limited()
    }

    pub(crate) fn is_limited(self) -> bool {
        matches!(self, LimitedWake | DeadlineWake | LimitedDrop)
    }

    fn wants_queue(self) -> bool {
        let queued = matches!(
            self,
            CaptureAtCancel
                | CaptureAtDeadline
                | CaptureAtShutdown
                | CaptureHandedBack
                | EndWake
                | CancelHookInside
        );
        queued || self.is_waker() || self.bound().is_some()
    }

    /// How many jobs may wait, where that matters.
    pub(crate) fn bound(self) -> Option<(usize, OnFull)> {
        match self {
            CaptureRefused => Some((2, OnFull::Reject)),
            CaptureDisplaced => Some((3, OnFull::DropOldest)),
            RoomWake => Some((3, OnFull::Reject)),
            _ => None,
        }
    }

    /// Whether a worker does it, in the midst of its turn.
    fn is_in_run(self) -> bool {
        matches!(
            self,
            CaptureAfterRun
                | LargeCaptureAfterRun
                | OutcomeOnWorker
                | PanicPayload
                | CallbackBody
                | CallbackCaptures
                | CallbackOnExecutor
                | WakerWake
                | StoppedWake
                | LimitedWake
                | RoomWake
                | BeforeJob
                | AfterJob
                | CancelHookInside
        )
    }

    /// Whether the deed is done as soon as the own task is submitted.
    pub(crate) fn is_at_submission(self) -> bool {
        matches!(self, CaptureAtDeadline | CaptureRefused)
    }

    /// Whether the deed is done before the own task has started, perhaps.
    pub(crate) fn is_early(self) -> bool {
        matches!(
            self,
            ThreadStart
                | Initializer
                | CallbackRemoved
                | WakerClone
                | WakerDrop
                | DeadlineWake
                | RoomWake
        )
    }

    /// Whether the test shuts the executor down to get there.
    pub(crate) fn ends_executor(self) -> bool {
        matches!(self, CaptureAtShutdown | CaptureHandedBack | EndWake)
    }

    /// Whether that cancels all that is queued.
    pub(crate) fn cancels_all(self) -> bool {
        matches!(self, CaptureAtShutdown | CaptureHandedBack)
    }
}
