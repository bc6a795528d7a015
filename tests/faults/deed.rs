//! What user code does where it should not be expected to.

use poolbridge::{Running, Shutdown};

/// How a shutdown is asked for: what is queued, and what runs.
pub(crate) const ENDS: [Deed; 6] = [
    Deed::ShutsDown(Shutdown::run_queued()),
    Deed::ShutsDown(Shutdown::cancel_queued()),
    Deed::ShutsDown(Shutdown::hand_back()),
    Deed::ShutsDown(Shutdown::cancel_queued().running(Running::Request)),
    Deed::ShutsDown(Shutdown::run_queued().running(Running::Request)),
    Deed::ShutsDown(Shutdown::hand_back().running(Running::Abandon)),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Panics,
    /// With a payload that panics when it is dropped.
    PanicsTwice,
    /// To the executor itself, in two ways.
    Submits,
    /// To a limited, a serial and a keyed view, made there.
    SubmitsToViews,
    /// Another task, queued behind.
    CancelsVictim,
    /// The task that the place belongs to.
    CancelsOwn,
    DropsLastHandle,
    ShutsDown(Shutdown),
    /// For a job that is submitted there.
    Waits,
}

impl Deed {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        use Deed::*;
        let others = [
            Panics,
            PanicsTwice,
            Submits,
            SubmitsToViews,
            CancelsVictim,
            CancelsOwn,
            DropsLastHandle,
            Waits,
        ];
        others.into_iter().chain(ENDS)
    }

    pub(crate) fn panics(self) -> bool {
        matches!(self, Deed::Panics | Deed::PanicsTwice)
    }

    /// Whether what is queued may end without having run.
    pub(crate) fn cancels_all(self) -> bool {
        matches!(self, Deed::ShutsDown(mode) if mode.queued != poolbridge::Queued::Run)
    }

    /// Whether there is a handle left that takes work.
    pub(crate) fn leaves_a_handle(self) -> bool {
        !matches!(self, Deed::ShutsDown(_) | Deed::DropsLastHandle)
    }
}
