//! The test binary's `main`: each model in a process of its own, as many at once as there are
//! processors.
//!
//! Understands of libtest's command line what people and cargo-nextest use: filters, `--exact`,
//! `--list`. `--exact` with one name runs that model in this process.

use std::process::{Command, ExitCode, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Instant;

/// A model's name and the function that checks it. Built by [`models!`](crate::models).
pub type Entry = (&'static str, fn());

/// A module's table of models: `models![a, b]`. A function left out of it is dead code, which
/// the compiler reports.
#[macro_export]
macro_rules! models {
    ($($name:ident),* $(,)?) => {
        &[$((concat!(module_path!(), "::", stringify!($name)), $name as fn())),*]
    };
}

static CURRENT: OnceLock<&'static str> = OnceLock::new();

/// The name of the model that this process runs.
#[cfg(modelled)]
pub(crate) fn current() -> &'static str {
    CURRENT.get().copied().unwrap_or("?")
}

/// Runs the models that the command line asks for.
pub fn main(tables: &[&'static [Entry]]) -> ExitCode {
    if !cfg!(modelled) {
        eprintln!(
            "error: built without `--cfg poolbridge_loom`, so there is nothing to check here.\n\
             Run the models with `cargo loom`, `cargo shuttle` or `cargo stress`. If that is what \
             you did: a RUSTFLAGS variable replaces the flags they set; unset it."
        );
        return ExitCode::FAILURE;
    }
    // Names without the test binary's own: `parker::unpark_before_park`.
    let all = tables.iter().flat_map(|table| table.iter());
    let all = all.map(|(path, run)| (path.split_once("::").map_or(*path, |(_, name)| name), *run));
    let wanted = Wanted::from_args();
    let chosen: Vec<Entry> = all.filter(|(name, _)| wanted.matches(name)).collect();
    if wanted.list {
        chosen.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    match (&chosen[..], wanted.exact) {
        ([], _) => {
            eprintln!("error: no model is called that");
            ExitCode::FAILURE
        }
        ([(name, run)], true) => {
            CURRENT.get_or_init(|| name);
            run();
            ExitCode::SUCCESS
        }
        _ if cfg!(miri) => in_this_process(&chosen),
        _ => in_processes(&chosen),
    }
}

#[derive(Default)]
struct Wanted {
    names: Vec<String>,
    exact: bool,
    list: bool,
    ignored: bool,
}

impl Wanted {
    fn from_args() -> Self {
        let mut wanted = Self::default();
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--exact" => wanted.exact = true,
                "--list" => wanted.list = true,
                "--ignored" => wanted.ignored = true,
                "--format" | "--test-threads" | "--color" => drop(args.next()),
                flag if flag.starts_with('-') => {}
                _ => wanted.names.push(arg),
            }
        }
        wanted
    }

    fn matches(&self, name: &str) -> bool {
        let hit = |part: &String| if self.exact { name == part } else { name.contains(&**part) };
        // No model is ever marked as ignored.
        !self.ignored && (self.names.is_empty() || self.names.iter().any(hit))
    }
}

/// An interpreter starts no processes. One model after the other, until one fails.
fn in_this_process(models: &[Entry]) -> ExitCode {
    for (name, run) in models {
        println!("{name}");
        run();
    }
    println!("{} models: 0 failed", models.len());
    ExitCode::SUCCESS
}

fn in_processes(models: &[Entry]) -> ExitCode {
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    let executions = AtomicUsize::new(0);
    let cut_off = Mutex::new(Vec::new());
    let began = Instant::now();
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers.min(models.len()) {
            scope.spawn(|| {
                while let Some((name, _)) = models.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let output = run_alone(name);
                    executions.fetch_add(executions_in(&output), Ordering::Relaxed);
                    if has_been_cut_off(&output) {
                        cut_off.lock().unwrap_or_else(PoisonError::into_inner).push(*name);
                    }
                    if !report(name, &output) {
                        failed.lock().unwrap_or_else(PoisonError::into_inner).push(*name);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    let executions = executions.into_inner();
    let cut_off = cut_off.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !cut_off.is_empty() {
        println!("{} models with orders left when their time was over: {cut_off:?}", cut_off.len());
    }
    let (all, bad, seconds) = (models.len(), failed.len(), began.elapsed().as_secs());
    println!("{all} models: {bad} failed {failed:?}; {executions} executions in {seconds} s");
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What the model's lines say that were run.
fn executions_in(output: &Output) -> usize {
    let words = String::from_utf8_lossy(&output.stdout);
    let counts = words.split_whitespace().filter_map(|word| word.strip_prefix("iterations="));
    counts.filter_map(|count| count.parse::<usize>().ok()).sum()
}

/// Whether one of the model's lines says that its time was over first.
fn has_been_cut_off(output: &Output) -> bool {
    String::from_utf8_lossy(&output.stdout).split_whitespace().any(|word| word == "cut-off")
}

fn run_alone(name: &str) -> Output {
    let binary = std::env::current_exe().expect("the path of this binary");
    let output = Command::new(binary).args(["--exact", name]).output();
    output.expect("a process for the model")
}

fn report(name: &str, output: &Output) -> bool {
    print!("{}", String::from_utf8_lossy(&output.stdout));
    let passed = output.status.success();
    if !passed {
        let words = String::from_utf8_lossy(&output.stderr);
        println!("FAILED {name} ({})\n{words}", output.status);
    }
    passed
}
