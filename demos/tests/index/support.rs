//! Starting the program, and never waiting for it in vain.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, kill_process};

/// When a test is taken to hang. Nothing is measured against it.
const GUARD: Duration = Duration::from_secs(60);

/// Starts the program, with its output caught.
pub(crate) fn start<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Child {
    Command::new(env!("CARGO_BIN_EXE_index"))
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits for the program; kills it if it hangs.
pub(crate) fn finish(child: Child) -> Finished {
    let pid = Pid::from_child(&child);
    let (tell, told) = mpsc::channel();
    thread::spawn(move || tell.send(child.wait_with_output()));
    let Ok(output) = told.recv_timeout(GUARD) else {
        let _ = kill_process(pid, Signal::KILL);
        panic!("the program hangs");
    };
    Finished::from(output.unwrap())
}

pub(crate) fn run<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Finished {
    finish(start(args))
}

/// How the program ended and what it said.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        let [out, err] =
            [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        Self { code: output.status.code(), out, err }
    }
}

impl Finished {
    /// The value in the table's row `name`.
    pub(crate) fn row(&self, name: &str) -> &str {
        let value = |line: &'_ str| line.trim_start().starts_with(&format!("{name}  "));
        let Some(line) = self.out.lines().find(|line| value(line)) else {
            panic!("no row {name} in\n{}", self.out)
        };
        line.trim_start()[name.len()..].trim()
    }
}

/// A pipe without a writer: whoever opens it to read waits for ever.
pub(crate) fn pipe(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::RWXU, 0).unwrap();
}

/// The rows of the database at `path`: the bytes of each path with its hash.
pub(crate) fn rows(path: &Path) -> Vec<(Vec<u8>, String)> {
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut query = connection.prepare("SELECT path, hash FROM files").unwrap();
    let rows = query.query_map([], |row| Ok((row.get_ref(0)?.as_bytes()?.to_vec(), row.get(1)?)));
    let mut rows: Vec<_> = rows.unwrap().collect::<Result<_, _>>().unwrap();
    rows.sort();
    rows
}
