//! poolbridge beside its peers: one command, one Markdown table. `README.md` says what the rows
//! mean.
//!
//! Reading order: [`peers`] (who is measured), [`rounds`] (how wall times are taken), [`workloads`]
//! (what is timed), [`pairs`] (two at a time, with targets), [`latency`] (quantiles under load), [`exact`] (what is
//! counted instead), [`floors`] (what this machine takes for the least steps), [`verdicts`] (the targets beside the figures), [`single`] (one workload of one peer, for strace and callgrind).
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

mod alloc;
mod args;
mod exact;
mod floors;
mod gate;
mod latency;
mod pairs;
mod peers;
mod place;
mod rounds;
mod single;
mod table;
mod verdicts;
mod workloads;

use std::process::ExitCode;

use args::Command;

/// Threads of every pool.
const THREADS: usize = 2;

fn main() -> ExitCode {
    peers::blocking::limit_threads(THREADS);
    match args::parse(std::env::args().skip(1)) {
        Ok(Command::Compare(plan)) => {
            alloc::settle();
            let mut verdicts = verdicts::Verdicts::new();
            workloads::print(&plan, &mut verdicts);
            pairs::print(&plan);
            exact::print(&plan, &mut verdicts);
            floors::print(&plan);
            if !verdicts.is_empty() {
                println!("{verdicts}");
            }
        }
        Ok(Command::Single(single)) => return single.run(),
        Err(problem) => {
            eprintln!("{problem}\n\n{}", args::USAGE);
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
