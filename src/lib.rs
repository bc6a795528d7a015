#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]
#![cfg_attr(
    any(poolbridge_loom, poolbridge_shuttle, poolbridge_stress),
    allow(
        missing_docs,
        missing_debug_implementations,
        unnameable_types,
        clippy::new_without_default
    )
)]

#[cfg(any(poolbridge_loom, poolbridge_shuttle, poolbridge_stress))]
#[doc(hidden)]
#[path = "verify.rs"]
pub mod __verify;

#[cfg(feature = "conformance")]
pub mod conformance;
mod executor;
#[cfg(any(poolbridge_loom, poolbridge_shuttle, poolbridge_stress))]
pub mod model;
mod sync;
mod task;
mod time;
mod wrap;

pub use executor::backend::{Backend, StartError, Worker};
pub use executor::backends;
pub use executor::config::{BuildError, OnFull};
pub use executor::default::{default_executor, run_in_executor, set_default_executor};
pub use executor::exit_guard::ExitGuard;
pub use executor::keyed::Keyed;
pub use executor::lines::Priority;
pub use executor::manual::Manual;
pub use executor::rejected::Rejected;
pub use executor::room::SubmitWhenReady;
pub use executor::shutdown::{Queued, Report, Running, Shutdown, Termination, TerminationTimeout};
pub use executor::snapshot::{Snapshot, TaskInfo};
pub use executor::submission::Submission;
pub use executor::threads::{PoolThread, ThreadPoolBuilder};
pub use executor::{Executor, ExecutorBuilder};
pub use task::Task;
pub use task::canceller::{Canceller, Stopped};
pub use task::context::{self, Context, OnCancel};
pub use task::deadlock::WouldDeadlock;
pub use task::error::{Broken, Cancelled, Panic, Reason, TaskError, WaitTimeout};
pub use task::flatten::Flatten;
pub use task::id::TaskId;
pub use task::job::Job;
pub use task::observer::CallbackId;
pub use task::promise::{Promise, promise};
pub use task::shield::Shielded;
pub use task::state::{Cancel, Expired, Status};
pub use time::timeout::{Timeout, TimeoutOr};
pub use wrap::{Blocking, ConcurrentFuture, wrap_future, wrapped_sources};
