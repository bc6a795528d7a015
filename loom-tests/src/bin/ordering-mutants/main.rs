//! Weakens each ordering and fence of the crate, leaves out each notification and each second look,
//! one at a time, and demands that some model notices: `cargo ordering-mutants [--bound N] [--binary PATH] [part of a file name]`.
//!
//! What no model can notice must be argued for in `mutants.toml`. Fails if a mutant survives
//! without argument, if an argument has gone stale, or if an ordering is in no model's reach.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

mod argued;
mod run;
mod scan;

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::argued::Argument;
use crate::run::{Baseline, Models, Site};
use crate::scan::Call;

type Failure = String;

struct Options {
    bound: String,
    binary: Option<String>,
    filter: String,
}

/// A site and what it is weakened to.
struct Mutant<'a> {
    site: &'a Site,
    call: Option<&'a Call>,
    to: &'static str,
}

enum Verdict {
    Killed(String),
    Argued(usize),
    Survived,
}

fn main() -> ExitCode {
    match options().and_then(|options| check(&options)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Options, Failure> {
    let mut options = Options { bound: "2".to_owned(), binary: None, filter: String::new() };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--bound" => options.bound = args.next().ok_or("--bound needs a number")?,
            "--binary" => options.binary = args.next(),
            flag if flag.starts_with('-') => return Err(format!("unknown option {flag}")),
            _ => options.filter = arg,
        }
    }
    Ok(options)
}

/// True: every mutant is accounted for.
fn check(options: &Options) -> Result<bool, Failure> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = package.parent().ok_or("the package has a parent folder")?;
    let of_interest = |file: &str| file.contains(&options.filter);
    let mut calls = scan::calls(root)?;
    calls.retain(|call| of_interest(&call.file));
    let mut arguments = argued::read(&package.join("mutants.toml"))?;
    arguments.retain(|argument| of_interest(&argument.file));

    let models = Models::find(options.binary.as_deref(), &options.bound)?;
    let baseline = models.baseline()?;
    let mut sites: Vec<&Site> = baseline.sites.keys().collect();
    sites.retain(|site| of_interest(&site.file));
    let unreached = report_unreached(&calls, &sites);

    let mutants = mutants(&sites, &calls);
    let verdicts = judge_all(&mutants, &models, &baseline, &arguments);
    let stale = report_stale(&arguments, &mutants, &verdicts);
    let count = |wanted: fn(&Verdict) -> bool| verdicts.iter().filter(|v| wanted(v)).count();
    let survived = count(|verdict| matches!(verdict, Verdict::Survived));
    println!(
        "{} mutants: {} killed, {} argued, {survived} survived",
        mutants.len(),
        count(|verdict| matches!(verdict, Verdict::Killed(_))),
        count(|verdict| matches!(verdict, Verdict::Argued(_))),
    );
    Ok(survived + unreached + stale == 0)
}

/// Calls in the source that no model makes.
fn report_unreached(calls: &[Call], sites: &[&Site]) -> usize {
    let unreached: Vec<_> =
        calls.iter().filter(|call| !sites.iter().any(|site| call.is_at(site))).collect();
    for call in &unreached {
        println!("UNREACHED {}:{}:{} {}", call.file, call.line, call.column, call.name);
    }
    unreached.len()
}

fn weaker(role: &str, was: &str) -> &'static [&'static str] {
    match (role, was) {
        ("notify" | "wake" | "look", _) => &["skip"],
        ("fence", "SeqCst") => &["AcqRel", "drop"],
        ("fence", "AcqRel") => &["Acquire", "Release", "drop"],
        ("fence", _) => &["drop"],
        (_, "AcqRel") => &["Acquire", "Release", "Relaxed"],
        (_, "Acquire" | "Release") => &["Relaxed"],
        _ => &[],
    }
}

fn mutants<'a>(sites: &[&'a Site], calls: &'a [Call]) -> Vec<Mutant<'a>> {
    let of_site = |site: &'a Site| {
        let call = calls.iter().find(|call| call.is_at(site));
        weaker(&site.role, &site.was).iter().map(move |to| Mutant { site, call, to })
    };
    sites.iter().flat_map(|site| of_site(site)).collect()
}

/// Takes the mutants off one list, with as many threads as there are processors.
fn judge_all(
    mutants: &[Mutant<'_>],
    models: &Models,
    baseline: &Baseline,
    arguments: &[Argument],
) -> Vec<Verdict> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut judged = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(mutant) = mutants.get(index) else { return judged };
            let verdict = judge(mutant, models, baseline, arguments);
            let Mutant { site, to, .. } = mutant;
            match &verdict {
                Verdict::Killed(by) => println!("killed   {site} -> {to}, by {by}"),
                Verdict::Argued(_) => println!("argued   {site} -> {to}"),
                Verdict::Survived => println!("SURVIVED {site} -> {to}"),
            }
            judged.push((index, verdict));
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let mut judged: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no panic")).collect()
    });
    judged.sort_by_key(|(index, _)| *index);
    judged.into_iter().map(|(_, verdict)| verdict).collect()
}

fn judge(
    mutant: &Mutant<'_>,
    models: &Models,
    baseline: &Baseline,
    arguments: &[Argument],
) -> Verdict {
    let setting = mutant.site.setting(mutant.to);
    let reaching = &baseline.sites[mutant.site];
    let notices = |model: &&String| !models.passes_with(model, &setting, baseline.patience(model));
    if let Some(by) = reaching.iter().find(notices) {
        return Verdict::Killed(by.clone());
    }
    let argued = arguments.iter().position(|argument| argument.covers(mutant));
    argued.map_or(Verdict::Survived, Verdict::Argued)
}

/// Arguments for mutants that do not exist, or that a model kills after all.
fn report_stale(arguments: &[Argument], mutants: &[Mutant<'_>], verdicts: &[Verdict]) -> usize {
    let mut stale = 0;
    for (index, argument) in arguments.iter().enumerate() {
        let used = verdicts.iter().any(|v| matches!(v, Verdict::Argued(i) if *i == index));
        let killed = mutants.iter().zip(verdicts).find_map(|(mutant, verdict)| match verdict {
            Verdict::Killed(by) if argument.covers(mutant) => Some((mutant.site, by)),
            _ => None,
        });
        match killed {
            Some((site, by)) => println!("STALE {argument}: {by} kills {site}"),
            None if !used => println!("STALE {argument}: no such site"),
            None => continue,
        }
        stale += 1;
    }
    stale
}
