//! What may happen to a world. Numbers name executors, tasks and so on modulo how many there are;
//! among patients, submissions that wait for room.

/// One step of a sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    View {
        of: u8,
        kind: Kind,
    },
    Submit {
        to: u8,
        how: How,
        spec: Spec,
    },
    /// Polls a submission that waits for room.
    PollPatient(u8),
    DropPatient(u8),
    Cancel(u8),
    Drop(u8),
    Detach(u8),
    /// Shields it, and drops the shield.
    Shield(u8),
    Poll(u8),
    /// Looks for the result once.
    Look(u8),
    /// Awaits it with a limit from now on.
    Limit(u8, u8),
    AddCallback(u8),
    RemoveCallback(u8, u8),
    DropCanceller(u8),
    RunOne,
    RunAll,
    Advance(u8),
    Shutdown(u8, Mode),
    PollEnd(u8),
    DropEnd(u8),
    RunJob(u8),
    DropJob(u8),
    DropExecutor(u8),
    SetMax {
        of: u8,
        max: u8,
    },
}

/// Of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Limited(u8),
    Serial,
    Keyed,
    /// Of a keyed view; of another one it is a serial view.
    Lane(u8),
    Bounded {
        max: u8,
        capacity: u8,
        drop_oldest: bool,
        share: u8,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Submit,
    Try,
    WhenReady,
}

/// What is submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spec {
    /// A level, or a key where there are lanes.
    pub(crate) place: u8,
    pub(crate) queue_limit: Option<u8>,
    pub(crate) run_limit: Option<u8>,
    /// Outcomes that nobody takes are wanted.
    pub(crate) reclaim: bool,
    pub(crate) body: Body,
}

/// What the closure does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Return,
    Panic,
    /// Moves the clock.
    Advance(u8),
    Cancel(u8),
    Drop(u8),
    /// Submits a job that returns.
    Submit(u8),
    Shutdown(u8, Mode),
}

/// Of a shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mode {
    pub(crate) queued: Queue,
    pub(crate) running: Busy,
}

/// What a shutdown does with what is queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Queue {
    Run,
    Cancel,
    HandBack,
}

/// What a shutdown does with what runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Busy {
    Wait,
    Request,
    Abandon,
}

/// How a world comes to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finale {
    /// Everything is run.
    Run,
    /// Nobody will run anything any more.
    Abandon,
}
