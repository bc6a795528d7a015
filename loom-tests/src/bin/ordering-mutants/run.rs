//! Finding the models' binary and running models, each in a process of its own.

use std::collections::BTreeMap;
use std::fmt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Failure;

/// A mutant that makes a model run this long, and ten times as long as without it, counts as
/// noticed.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Models {
    binary: String,
    bound: String,
    names: Vec<String>,
}

/// The models as they are: which of them reach a site, the quickest first.
pub(crate) struct Baseline {
    pub(crate) sites: BTreeMap<Site, Vec<String>>,
    times: BTreeMap<String, Duration>,
}

impl Baseline {
    pub(crate) fn patience(&self, name: &str) -> Duration {
        self.times.get(name).map_or(PATIENCE, |time| PATIENCE + 10 * *time)
    }
}

/// A call whose ordering can be weakened, as `PB_SITES` records it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Site {
    /// With `/` on every system.
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) role: String,
    pub(crate) was: String,
    /// The first four as recorded, for the way back in `PB_MUTANT`.
    key: String,
}

impl Site {
    fn parse(record: &str) -> Option<Self> {
        let (key, was) = record.rsplit_once(':')?;
        let mut parts = key.rsplitn(4, ':');
        let role = parts.next()?.to_owned();
        let column = parts.next()?.parse().ok()?;
        let line = parts.next()?.parse().ok()?;
        let file = parts.next()?.replace('\\', "/");
        Some(Self { file, line, column, role, was: was.to_owned(), key: key.to_owned() })
    }

    /// The value of `PB_MUTANT`.
    pub(crate) fn setting(&self, to: &str) -> String {
        format!("{}:{to}", self.key)
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{} {} {}", self.file, self.line, self.column, self.role, self.was)
    }
}

impl Models {
    pub(crate) fn find(binary: Option<&str>, bound: &str) -> Result<Self, Failure> {
        let binary = binary.map_or_else(build, |path| Ok(path.to_owned()))?;
        let listed = Command::new(&binary).arg("--list").output();
        let listed = listed.map_err(|e| format!("{binary}: {e}"))?;
        if !listed.status.success() {
            return Err(String::from_utf8_lossy(&listed.stderr).into_owned());
        }
        let listed = String::from_utf8_lossy(&listed.stdout);
        let names = listed.lines().filter_map(|line| line.strip_suffix(": test"));
        let names = names.map(str::to_owned).collect();
        Ok(Self { binary, bound: bound.to_owned(), names })
    }

    /// Runs all models unmutated; they must pass.
    pub(crate) fn baseline(&self) -> Result<Baseline, Failure> {
        let record = std::env::temp_dir().join(format!("poolbridge-sites-{}", std::process::id()));
        let mut runs = Vec::new();
        for name in &self.names {
            let _ = std::fs::remove_file(&record);
            let started = Instant::now();
            let output = self.command(name).env("PB_SITES", &record).output();
            let output = output.map_err(|e| e.to_string())?;
            if !output.status.success() {
                let words = String::from_utf8_lossy(&output.stderr);
                return Err(format!("{name} fails without any mutant\n{words}"));
            }
            // A model that comes by no site records nothing.
            let reached = std::fs::read_to_string(&record).unwrap_or_default();
            runs.push((started.elapsed(), name, reached));
        }
        let _ = std::fs::remove_file(&record);
        runs.sort();
        let mut sites: BTreeMap<Site, Vec<String>> = BTreeMap::new();
        for (_, name, reached) in &runs {
            // The models' own atomics are not the crate's.
            let reached = reached.lines().filter_map(Site::parse);
            for site in reached.filter(|site| site.file.starts_with("src/")) {
                sites.entry(site).or_default().push((*name).clone());
            }
        }
        let times = runs.iter().map(|(time, name, _)| ((*name).clone(), *time)).collect();
        Ok(Baseline { sites, times })
    }

    /// Whether the model takes no notice of the mutant.
    pub(crate) fn passes_with(&self, name: &str, mutant: &str, patience: Duration) -> bool {
        let mut command = self.command(name);
        command.env("PB_MUTANT", mutant).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("a process for the model");
        let started = Instant::now();
        loop {
            if let Some(status) = child.try_wait().expect("our own child") {
                return status.success();
            }
            if started.elapsed() > patience {
                let _ = child.kill();
                let _ = child.wait();
                return false;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(["--exact", name]).env("PB_BOUND_AT_MOST", &self.bound);
        command.env("RUST_BACKTRACE", "0").env_remove("PB_MUTANT").env_remove("PB_SITES");
        command.env_remove("PB_BOUND");
        command
    }
}

/// Builds the models and returns the path of their binary.
fn build() -> Result<String, Failure> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["loom", "--no-run", "--message-format=json-render-diagnostics"])
        // The workspace's root: `cargo loom` names its target folder relative to here.
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| format!("cargo loom: {e}"))?;
    let messages = String::from_utf8_lossy(&output.stdout);
    // An integration test brings the package's binaries along: this one is an executable too.
    let mut tests = messages.lines().filter(|line| line.contains("\"kind\":[\"test\"]"));
    let path = tests.find_map(|line| {
        let (_, rest) = line.split_once("\"executable\":\"")?;
        Some(rest.split_once('"')?.0.replace("\\\\", "\\"))
    });
    path.ok_or_else(|| "cargo loom built no test binary".to_owned())
}
