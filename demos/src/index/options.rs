//! What a run is told.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use poolbridge::Executor;

use super::pool;

/// What to read and within which bounds.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder to read.
    pub folder: PathBuf,
    /// Where the result is kept; in memory if nowhere.
    pub database: Option<PathBuf>,
    /// How many files are read at once.
    pub limit: NonZeroUsize,
    /// Whose threads hash.
    pub cpu: Cpu,
    /// How long the reading of a file may take, for each [`TIMED_PIECE`] of it.
    pub file_timeout: Duration,
    /// How long an interrupted run waits for the files that it has begun.
    pub grace: Duration,
}

/// Whose threads hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cpu {
    /// Threads of our own, one for each processor.
    #[default]
    Threads,
    /// Rayon's global pool.
    Rayon,
}

impl Cpu {
    pub(super) fn executor(self) -> Executor {
        match self {
            Cpu::Threads => {
                let cores = std::thread::available_parallelism().map_or(2, Into::into);
                pool::executor("hash", cores)
            }
            Cpu::Rayon => Executor::rayon(),
        }
    }
}

impl FromStr for Cpu {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "threads" => Ok(Cpu::Threads),
            "rayon" => Ok(Cpu::Rayon),
            _ => Err("neither `threads` nor `rayon`"),
        }
    }
}

/// The part of a file that gets one `file_timeout`. Without it, a limit that catches a stuck file
/// soon would fail every big one.
pub const TIMED_PIECE: u64 = 16 << 20;

impl Options {
    /// The defaults, for `folder`.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            database: None,
            limit: const { NonZeroUsize::new(16).unwrap() },
            cpu: Cpu::default(),
            file_timeout: Duration::from_secs(10),
            grace: Duration::from_secs(5),
        }
    }

    /// How long the reading of a file of `size` bytes may take.
    pub(super) fn time_for(&self, size: u64) -> Duration {
        let pieces = u32::try_from(size / TIMED_PIECE).unwrap_or(u32::MAX).saturating_add(1);
        self.file_timeout.saturating_mul(pieces)
    }
}
