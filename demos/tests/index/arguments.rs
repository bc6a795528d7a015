//! What can't be run ends with 2, before anything is read.

use std::fs;

use crate::support::run;

#[test]
fn a_missing_folder() {
    let end = run(["/no/such/folder"]);
    assert_eq!(end.code, Some(2));
    assert!(end.err.contains("/no/such/folder: "), "{}", end.err);
}

#[test]
fn a_file_in_place_of_the_folder() {
    assert_eq!(run([env!("CARGO_BIN_EXE_index")]).code, Some(2));
}

#[test]
fn a_database_that_cannot_be_opened() {
    let root = tempfile::tempdir().unwrap();
    let database = root.path().join("missing").join("index.db");
    let end = run(["--db".as_ref(), database.as_os_str(), root.path().as_os_str()]);
    assert_eq!(end.code, Some(2));
    assert!(end.err.contains("the database: "), "{}", end.err);
}

#[test]
fn a_database_that_is_none() {
    let root = tempfile::tempdir().unwrap();
    let database = root.path().join("notes.txt");
    fs::write(&database, "not a database, and longer than the header of one. ".repeat(10)).unwrap();
    let end = run(["--db".as_ref(), database.as_os_str(), root.path().as_os_str()]);
    assert_eq!(end.code, Some(2));
    assert!(fs::read_to_string(&database).unwrap().starts_with("not a database"));
}

#[test]
fn wrong_arguments() {
    for args in
        [&["--limit", "0"][..], &["--cpu", "gpu"], &["--grace", "soon"], &["--frob"], &["a", "b"]]
    {
        let end = run(args);
        assert_eq!((end.code, end.out.as_str()), (Some(2), ""), "{args:?}");
        assert!(end.err.starts_with("index: "), "{}", end.err);
    }
}

#[test]
fn help() {
    let end = run(["--help"]);
    assert_eq!((end.code, end.err.as_str()), (Some(0), ""));
    for option in ["--db", "--limit", "--cpu", "--file-timeout", "--grace", "--quiet"] {
        assert!(end.out.contains(option), "{option}");
    }
}

#[test]
fn an_empty_folder_is_no_failure() {
    let root = tempfile::tempdir().unwrap();
    let end = run([root.path()]);
    assert_eq!((end.code, end.row("files"), end.row("failures")), (Some(0), "0", "0"));
}
