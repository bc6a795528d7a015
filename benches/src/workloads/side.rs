//! Who awaits: a plain `block_on`, or a runtime of tokio.

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::THREADS;

/// On what the awaiting future is run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    BlockOn,
    CurrentThread,
    MultiThread,
}

pub(crate) const SIDES: [Side; 3] = [Side::BlockOn, Side::CurrentThread, Side::MultiThread];

const NAMES: [(Side, &str); 3] = [
    (Side::BlockOn, "block_on"),
    (Side::CurrentThread, "tokio-current-thread"),
    (Side::MultiThread, "tokio-multi-thread"),
];

/// A runtime to await on, without blocking threads of its own.
pub(crate) fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("a runtime")
}

impl Side {
    pub(crate) fn name(self) -> &'static str {
        NAMES.iter().find(|(side, _)| *side == self).map_or("", |(_, name)| name)
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, other)| *other == name).map(|(side, _)| *side)
    }

    /// The name as a table shows it.
    pub(crate) fn shown(self) -> String {
        self.name().replace("tokio-", "tokio ")
    }

    /// What a row's name says of it where most rows are of the current-thread runtime.
    pub(crate) fn suffix(self) -> String {
        match self {
            Side::CurrentThread => String::new(),
            _ => format!(", {}", self.shown()),
        }
    }

    pub(crate) fn driver(self) -> Driver {
        match self {
            Side::BlockOn => Driver::BlockOn,
            Side::CurrentThread => Driver::CurrentThread(current_thread()),
            Side::MultiThread => {
                let mut builder = Builder::new_multi_thread();
                let runtime = builder.worker_threads(THREADS).enable_time().build();
                Driver::MultiThread(runtime.expect("a runtime"))
            }
        }
    }
}

/// A side that is ready.
pub(crate) enum Driver {
    BlockOn,
    CurrentThread(Runtime),
    MultiThread(Runtime),
}

impl Driver {
    /// Runs a future that says how long its work took.
    pub(crate) fn run(&self, round: impl Future<Output = Duration> + Send + 'static) -> Duration {
        match self {
            Driver::BlockOn => futures::executor::block_on(round),
            Driver::CurrentThread(runtime) => runtime.block_on(round),
            // On a worker of the runtime, where users' tasks are.
            Driver::MultiThread(runtime) => {
                futures::executor::block_on(runtime.spawn(round)).expect("the round ends")
            }
        }
    }
}
