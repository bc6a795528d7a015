//! The bar.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::text;

/// What is shown while a run goes on. It counts bytes, because files differ; the whole is not
/// known at first and grows while a second walk of the folder looks ahead.
#[derive(Clone, Debug)]
pub struct Progress {
    bar: ProgressBar,
    files: Arc<Files>,
}

#[derive(Debug, Default)]
struct Files {
    found: AtomicU64,
    done: AtomicU64,
}

const SHAPE: &str = "{spinner} [{bar:28}] {decimal_bytes}/{decimal_total_bytes}, \
                     {decimal_bytes_per_sec}, {files} files";

impl Progress {
    /// No bar.
    #[must_use]
    pub fn hidden() -> Self {
        Self { bar: ProgressBar::hidden(), files: Arc::default() }
    }

    /// A bar on standard error; none if that is no terminal.
    #[must_use]
    pub fn on_stderr() -> Self {
        let files = Arc::new(Files::default());
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        if bar.is_hidden() {
            return Self::hidden();
        }
        let style = ProgressStyle::with_template(SHAPE);
        let style = style.unwrap_or_else(|error| unreachable!("{SHAPE}: {error}"));
        let shown = files.clone();
        bar.set_style(style.with_key("files", move |_: &ProgressState, out: &mut dyn Write| {
            let [done, found] = [&shown.done, &shown.found].map(|count| count.load(Relaxed));
            let _ = write!(out, "{}/{}", text::count(done), text::count(found.max(done)));
        }));
        // Drawn by the clock too: a stuck file must not look like a stuck program.
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar, files }
    }

    /// Whether looking ahead is of any use.
    pub(super) fn is_shown(&self) -> bool {
        !self.bar.is_hidden()
    }

    pub(super) fn found(&self, size: u64) {
        self.files.found.fetch_add(1, Relaxed);
        self.bar.inc_length(size);
    }

    pub(super) fn bytes_done(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    pub(super) fn file_done(&self) {
        self.files.done.fetch_add(1, Relaxed);
    }

    /// Writes a line of its own, above the bar if there is one.
    pub fn line(&self, text: &str) {
        if self.is_shown() { self.bar.println(text) } else { eprintln!("{text}") }
    }

    /// Clears the line.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}
