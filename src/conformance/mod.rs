//! Proof that a [`Backend`](crate::Backend) keeps every promise: for who writes one.
//!
//! What the executor promises (a cancel, a limit, an order, an end for every task) it can keep only
//! over a backend that really runs its turns. This suite runs each promise over yours and says,
//! by name and in words, which one does not hold. In the tests of your crate one line does it,
//! [`conformance_tests!`](crate::conformance_tests); it takes an expression that makes a fresh
//! backend at each call:
//!
//! ```
//! # use poolbridge::{Backend, StartError, Worker};
//! # use std::num::NonZeroUsize;
//! # struct FreshThreads;
//! # impl Backend for FreshThreads {
//! #     fn start(&self, worker: Worker) -> Result<(), StartError> {
//! #         std::thread::Builder::new().spawn(move || worker.run()).map_err(StartError::new)?;
//! #         Ok(())
//! #     }
//! #     fn parallelism(&self) -> NonZeroUsize {
//! #         NonZeroUsize::new(4).unwrap()
//! #     }
//! # }
//! poolbridge::conformance_tests!(|| FreshThreads);
//! # fn main() {}
//! ```
//!
//! The same as a function, with the findings as values:
//!
//! ```
//! use poolbridge::{Backend, StartError, Worker};
//! use poolbridge::conformance;
//! use std::num::NonZeroUsize;
//!
//! /// Forgets that it was asked.
//! struct Forgetful;
//!
//! impl Backend for Forgetful {
//!     fn start(&self, worker: Worker) -> Result<(), StartError> {
//!         drop(worker);
//!         Ok(())
//!     }
//!     fn parallelism(&self) -> NonZeroUsize {
//!         NonZeroUsize::MIN
//!     }
//! }
//!
//! let report = conformance::Suite::new(|| Forgetful).only(["a_submitted_value_arrives"]).run();
//! let (name, fault) = report.failed().next().unwrap();
//! assert_eq!(name, "a_submitted_value_arrives");
//! assert!(fault.contains("dropped the last turn"), "{fault}");
//! ```
//!
//! # What it needs of a backend
//! * Two executors may use it at once; several are made over fresh backends in one check.
//! * Other work on the same threads makes checks slow, and may make them fail if it keeps
//!   threads for longer than the suite's [patience](Suite::patience).
//! * A backend that runs turns inline, on the submitting thread, is recognised; checks that need a
//!   job to be held while the test goes on are then not applicable.
//!
//! A check that hangs is a failed check: it is given up after a while, with its thread. The tests of
//! `conformance_tests!` run one at a time in a process, so subjects may share a pool.

// Tests in library's clothing: they use what any test uses, and are never modelled.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

mod lab;
mod probes;
mod report;
mod subject;
mod suite;
mod table;

mod cancelling;
mod closing;
mod ending;
mod failing;
mod nesting;
mod panicking;
mod room;
mod running;
mod timing;
mod views;
mod watching;

pub use self::report::{Outcome, Report, Verdict};
pub use self::subject::{NotApplicable, OwnThreads, Setup, Subject};
#[doc(hidden)]
pub use self::suite::assert_check;
pub use self::suite::{Suite, check};
pub use self::table::{Check, checks};
