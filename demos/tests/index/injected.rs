//! What no real disk does on demand, put in where the program opens its files.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use demos::index::failure::{Failure, Kind};
use demos::index::options::Options;
use demos::index::progress::Progress;
use demos::index::run::run;
use demos::index::source::{Disk, Open, Source, Stamp};
use demos::index::summary::Summary;

/// Runs over three files, `a`, `b` and `c`, opened by `open`.
fn run_over_three(open: impl Open + 'static) -> Summary {
    let root = tempfile::tempdir().unwrap();
    for name in ["a", "b", "c"] {
        std::fs::write(root.path().join(name), name).unwrap();
    }
    let options = Options::new(root.path().into());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let run = run(options, Arc::new(open), Progress::hidden(), std::future::pending::<()>());
    runtime.block_on(run).unwrap()
}

/// The only failure is that of `b`, of this kind.
fn only_b_failed(summary: &Summary, kind: Kind) {
    assert_eq!((summary.files, summary.failed()), (2, 1), "{summary}");
    let path = &summary.failures[&kind].examples[0].0;
    assert!(path.ends_with("b"), "{summary}");
}

struct Denied;

impl Open for Denied {
    fn open(&self, path: &Path) -> Result<Box<dyn Source>, Failure> {
        if path.ends_with("b") {
            return Err(io::Error::from(io::ErrorKind::PermissionDenied).into());
        }
        Disk.open(path)
    }
}

#[test]
fn a_file_that_may_not_be_read() {
    let summary = run_over_three(Denied);
    only_b_failed(&summary, Kind::Permission);
    assert!(summary.to_string().contains("permission denied"), "{summary}");
}

struct Vanishing;

impl Open for Vanishing {
    fn open(&self, path: &Path) -> Result<Box<dyn Source>, Failure> {
        if path.ends_with("b") {
            std::fs::remove_file(path)?;
        }
        Disk.open(path)
    }
}

#[test]
fn a_file_that_vanishes_after_it_was_listed() {
    only_b_failed(&run_over_three(Vanishing), Kind::Vanished);
}

/// A file that is longer each time it is looked at.
struct Growing(File, AtomicU64);

impl Read for Growing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Source for Growing {
    fn stamp(&self) -> io::Result<Stamp> {
        Ok(Stamp { length: self.1.fetch_add(1, Ordering::Relaxed), ..self.0.stamp()? })
    }
}

struct Grows;

impl Open for Grows {
    fn open(&self, path: &Path) -> Result<Box<dyn Source>, Failure> {
        if path.ends_with("b") {
            return Ok(Box::new(Growing(File::open(path)?, AtomicU64::new(1))));
        }
        Disk.open(path)
    }
}

#[test]
fn a_file_that_grows_while_it_is_read() {
    only_b_failed(&run_over_three(Grows), Kind::Changed);
}

struct Panics;

impl Open for Panics {
    fn open(&self, path: &Path) -> Result<Box<dyn Source>, Failure> {
        assert!(!path.ends_with("b"), "a bug of ours");
        Disk.open(path)
    }
}

#[test]
fn a_panic_costs_one_file() {
    let summary = run_over_three(Panics);
    only_b_failed(&summary, Kind::Panicked);
    assert!(summary.to_string().contains("a bug of ours"), "{summary}");
}
