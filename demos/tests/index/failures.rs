//! What can't be read is told by kind, and ends nothing.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use crate::support::{pipe, rows, run};

#[test]
fn a_pipe_and_a_dangling_link_are_told_and_the_program_ends() {
    let root = tempfile::tempdir().unwrap();
    pipe(&root.path().join("pipe"));
    symlink("nowhere", root.path().join("dangling")).unwrap();
    fs::write(root.path().join("file"), "x").unwrap();
    for cpu in ["threads", "rayon"] {
        let options = ["--file-timeout", "500ms", "--cpu", cpu].map(AsRef::as_ref);
        let end = run(options.into_iter().chain([root.path().as_os_str()]));
        assert_eq!(end.code, Some(1), "{end:?}");
        assert_eq!((end.row("files"), end.row("failures")), ("1", "2"));
        assert_eq!((end.row("timed out"), end.row("dangling link")), ("1", "1"));
        assert_eq!(end.row("threads left behind"), "1");
    }
}

#[test]
fn more_pipes_than_readers_do_not_keep_the_files_from_being_read() {
    let root = tempfile::tempdir().unwrap();
    for number in 0..7 {
        pipe(&root.path().join(format!("pipe {number}")));
        fs::write(root.path().join(format!("file {number}")), "x").unwrap();
    }
    let options = ["--limit", "4", "--file-timeout", "500ms"].map(AsRef::as_ref);
    let end = run(options.into_iter().chain([root.path().as_os_str()]));
    assert_eq!(end.code, Some(1), "{end:?}");
    assert_eq!((end.row("files"), end.row("timed out")), ("7", "7"));
}

#[test]
fn stuck_readers_leave_the_database_a_thread() {
    // Two batches of rows, written while the only reader's place is lost again and again.
    let (root, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let database = out.path().join("index.db");
    for number in 0..4 {
        pipe(&root.path().join(format!("pipe {number}")));
    }
    for number in 0..600 {
        fs::write(root.path().join(format!("file {number}")), "x").unwrap();
    }
    let options = ["--limit", "1", "--file-timeout", "200ms", "--db"].map(AsRef::as_ref);
    let end = run(options.into_iter().chain([database.as_os_str(), root.path().as_os_str()]));
    assert_eq!(end.code, Some(1), "{end:?}");
    assert_eq!((end.row("files"), end.row("timed out")), ("600", "4"));
    assert_eq!(rows(&database).len(), 600);
}

#[test]
fn links_and_sockets_are_passed_over() {
    let root = tempfile::tempdir().unwrap();
    let _socket = UnixListener::bind(root.path().join("socket")).unwrap();
    fs::write(root.path().join("file"), "x").unwrap();
    symlink("file", root.path().join("link")).unwrap();
    symlink(".", root.path().join("loop")).unwrap();
    let end = run([root.path()]);
    assert_eq!((end.code, end.row("files")), (Some(0), "1"), "{end:?}");
    assert_eq!((end.row("symbolic link"), end.row("socket")), ("2", "1"));
}
