//! The summary as text.

use std::fmt;

use super::summary::{Duplicates, Summary};
use super::text::{count, one_line, size};

/// Where the second column begins.
const LEFT: usize = 20;

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.totals(f)?;
        self.what_failed(f)?;
        self.what_is_large(f)?;
        self.what_is_double(f)
    }
}

impl Summary {
    fn totals(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.time.as_secs_f64();
        let rate = if seconds > 0.0 { self.bytes as f64 / 1e6 / seconds } else { 0.0 };
        row(f, "files", count(self.files))?;
        row(f, "bytes", format_args!("{} ({})", count(self.bytes), size(self.bytes)))?;
        row(f, "time", format_args!("{seconds:.2} s"))?;
        row(f, "MB/s", format_args!("{rate:.1}"))?;
        row(f, "skipped", count(self.skipped.values().sum()))?;
        for (what, number) in &self.skipped {
            row(f, format_args!("  {what}"), count(*number))?;
        }
        row(f, "failures", count(self.failed()))
    }

    fn what_failed(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, failures) in &self.failures {
            row(f, format_args!("  {kind}"), count(failures.count))?;
            for (path, detail) in &failures.examples {
                let colon = if detail.is_empty() { "" } else { ": " };
                writeln!(f, "      {}{colon}{detail}", one_line(path))?;
            }
            and_more(f, failures.count, failures.examples.len())?;
        }
        if self.late > 0 {
            row(f, "ended late", count(self.late))?;
        }
        if self.stuck > 0 {
            row(f, "threads left behind", self.stuck)?;
        }
        Ok(())
    }

    fn what_is_large(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.largest.is_empty() {
            writeln!(f, "\nlargest")?;
        }
        self.largest
            .iter()
            .try_for_each(|(bytes, path)| writeln!(f, "  {:>10}  {}", size(*bytes), one_line(path)))
    }

    fn what_is_double(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.duplicate_groups == 0 {
            return Ok(());
        }
        let (groups, wasted) = (count(self.duplicate_groups), size(self.wasted));
        let plural = if self.duplicate_groups == 1 { "" } else { "s" };
        writeln!(f, "\nduplicates: {groups} group{plural} of equal files, {wasted} to be saved")?;
        for Duplicates { size: bytes, count: copies, paths } in &self.duplicates {
            writeln!(f, "  {:>10}  {} copies", size(*bytes), count(*copies))?;
            paths.iter().try_for_each(|path| writeln!(f, "      {}", one_line(path)))?;
            and_more(f, *copies, paths.len())?;
        }
        let left = self.duplicate_groups - self.duplicates.len() as u64;
        if left > 0 { writeln!(f, "  and {} more groups", count(left)) } else { Ok(()) }
    }
}

fn row(
    f: &mut fmt::Formatter<'_>,
    name: impl fmt::Display,
    value: impl fmt::Display,
) -> fmt::Result {
    // Composed names don't pad by themselves.
    writeln!(f, "{:LEFT$}  {value}", name.to_string())
}

fn and_more(f: &mut fmt::Formatter<'_>, count_of_all: u64, shown: usize) -> fmt::Result {
    let left = count_of_all - shown as u64;
    if left > 0 { writeln!(f, "      and {} more", count(left)) } else { Ok(()) }
}
