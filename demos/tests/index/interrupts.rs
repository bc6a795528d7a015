//! Ctrl-C, as the terminal sends it.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Child;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Finished, finish, pipe, start};

/// A pipe that keeps the only reader, and files that wait for it.
fn plant(root: &Path) {
    pipe(&root.join("pipe"));
    for number in 0..20 {
        fs::write(root.join(format!("file {number}")), "x").unwrap();
    }
}

/// Starts the program with `grace` on a tree that it can't finish, and waits for its greeting:
/// from then on Ctrl-C is caught.
fn start_on(root: &Path, grace: &str) -> (Child, impl BufRead) {
    let options = ["--limit", "1", "--file-timeout", "1h", "--grace", grace].map(AsRef::as_ref);
    let mut child = start(options.into_iter().chain([root.as_os_str()]));
    let mut err = BufReader::new(child.stderr.take().unwrap());
    assert!(line(&mut err).contains("Ctrl-C"));
    (child, err)
}

fn line(err: &mut impl BufRead) -> String {
    let mut line = String::new();
    err.read_line(&mut line).unwrap();
    line
}

fn press(child: &Child) {
    kill_process(Pid::from_child(child), Signal::INT).unwrap();
}

#[test]
fn the_first_ends_it_with_both_numbers() {
    let root = tempfile::tempdir().unwrap();
    plant(root.path());
    let (child, mut err) = start_on(root.path(), "50ms");
    press(&child);
    let Finished { code, out, .. } = finish(child);
    let mut said = String::new();
    err.read_to_string(&mut said).unwrap();
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains(" files were not begun and are cancelled"), "{said}");
    assert!(said.contains(" were begun and finished, "), "{said}");
    assert!(out.starts_with("files "), "no table: {out}");
}

#[test]
fn the_second_ends_it_at_once() {
    let root = tempfile::tempdir().unwrap();
    // Nothing but pipes, so that the first can't end it once one is begun.
    for number in 0..3 {
        pipe(&root.path().join(format!("pipe {number}")));
    }
    // If it came before the first pipe was begun there was nothing to wait for: another try.
    let ended_by_the_second = || {
        let (child, mut err) = start_on(root.path(), "1h");
        press(&child);
        assert!(line(&mut err).contains("stopping"));
        press(&child);
        let end = finish(child);
        assert_eq!(end.code, Some(130));
        end.out.is_empty()
    };
    assert!((0..100).any(|_| ended_by_the_second()));
}
