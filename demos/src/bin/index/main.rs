//! Hashes every file below a folder; see `index --help`.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

mod args;
mod ctrl_c;

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use demos::index::error::Error;
use demos::index::progress::Progress;
use demos::index::run::run;
use demos::index::source::Disk;
use demos::index::summary::{Interruption, Summary};

use self::args::{Args, Wish};

/// It could not run: bad arguments, no such folder, no database.
const COULD_NOT_RUN: u8 = 2;
/// What a shell says of a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let args = match args::parse() {
        Ok(Wish::Run(args)) => args,
        Ok(Wish::Help) => return tell(&args::HELP, ExitCode::SUCCESS),
        Err(error) => return could_not_run(&error),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_time().build() {
        Ok(runtime) => runtime,
        Err(error) => return could_not_run(&error),
    };
    // The process ends when `main` returns. Threads that are stuck in a read hold nothing up:
    // poolbridge joins nobody at exit.
    match runtime.block_on(index(args)) {
        Ok(summary) => tell(&summary, exit_code(&summary)),
        Err(error) => could_not_run(&error),
    }
}

async fn index(args: Args) -> Result<Summary, Error> {
    let Args { options, quiet } = args;
    let first = ctrl_c::first();
    if !quiet {
        let (limit, grace) = (options.limit, humantime::format_duration(options.grace));
        eprintln!(
            "index: reading {}, up to {limit} files at once; Ctrl-C stops it within {grace}",
            options.folder.display()
        );
    }
    let progress = if quiet { Progress::hidden() } else { Progress::on_stderr() };
    let (grace, bar) = (options.grace, progress.clone());
    let interrupted = async {
        first.await;
        if !quiet {
            bar.line("index: stopping; Ctrl-C again ends it at once");
        }
    };
    let outcome = run(options, Arc::new(Disk), progress.clone(), interrupted).await;
    progress.end();
    let summary = outcome?;
    if let Some(Interruption { cancelled, finished, given_up, .. }) = summary.interruption {
        let grace = humantime::format_duration(grace);
        eprintln!("index: interrupted: {cancelled} files were not begun and are cancelled");
        eprintln!("index: {finished} were begun and finished, {given_up} ran on after {grace}");
    }
    Ok(summary)
}

fn exit_code(summary: &Summary) -> ExitCode {
    if summary.interruption.is_some() {
        ExitCode::from(INTERRUPTED)
    } else if summary.failed() > 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// Writes to standard output; a reader who has seen enough (`index | head`) is no failure.
fn tell(text: &dyn std::fmt::Display, code: ExitCode) -> ExitCode {
    match write!(io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => could_not_run(&error),
        _ => code,
    }
}

fn could_not_run(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("index: {error}");
    ExitCode::from(COULD_NOT_RUN)
}
