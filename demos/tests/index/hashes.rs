//! The hashes are those of `sha256sum`, whatever the file is called and however long it is.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::support::{rows, run};

/// Names that have broken tools, and lengths around the size of a chunk.
fn plant(root: &Path) -> Vec<(Vec<u8>, Vec<u8>)> {
    const CHUNK: usize = 256 << 10;
    let names: [&[u8]; 8] = [
        b"empty",
        b"a name",
        b"a\nnewline",
        b"not \xff utf-8",
        "grüße".as_bytes(),
        b"one less",
        b"whole",
        b"deep/er/file",
    ];
    let lengths = [0, 1, 7, 1000, CHUNK + 1, CHUNK - 1, CHUNK, 4 * CHUNK];
    fs::create_dir_all(root.join("deep/er")).unwrap();
    let planted = names.iter().zip(lengths).map(|(name, length)| {
        let path = root.join(OsStr::from_bytes(name));
        let content: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
        fs::write(&path, &content).unwrap();
        (path.into_os_string().as_bytes().to_vec(), content)
    });
    planted.collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn every_file_gets_the_hash_of_its_content_whosever_threads_hash() {
    let (root, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let planted = plant(root.path());
    let hash = |content: &[u8]| hex(&Sha256::digest(content));
    let mut wanted: Vec<_> =
        planted.into_iter().map(|(path, content)| (path, hash(&content))).collect();
    wanted.sort();
    for options in [&[][..], &["--cpu", "threads"], &["--cpu", "rayon"], &["--limit", "1"]] {
        let database = out.path().join(format!("index {options:?}.db"));
        let options = options.iter().map(AsRef::as_ref);
        let end = run(options.chain(["--db".as_ref(), database.as_os_str(), root.path().as_ref()]));
        assert_eq!((end.code, end.row("files")), (Some(0), "8"), "{end:?}");
        assert_eq!(rows(&database), wanted);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn sha256sum_says_the_same() {
    let (root, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let database = out.path().join("index.db");
    let planted = plant(root.path());
    let end = run(["--db".as_ref(), database.as_os_str(), root.path().as_os_str()]);
    assert_eq!(end.code, Some(0), "{end:?}");
    let paths = planted.iter().map(|(path, _)| OsStr::from_bytes(path));
    let sums = Command::new("sha256sum").arg("--zero").args(paths).output().unwrap();
    // `HASH  PATH\0`
    let lines = sums.stdout.split(|&byte| byte == 0).filter(|line| !line.is_empty());
    let mut wanted: Vec<_> = lines
        .map(|line| (line[66..].to_vec(), String::from_utf8(line[..64].to_vec()).unwrap()))
        .collect();
    wanted.sort();
    assert_eq!(rows(&database), wanted);
}

#[test]
fn a_database_inside_the_folder_is_not_read() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("file"), "x").unwrap();
    let database = root.path().join("index.db");
    for _ in 0..2 {
        let end = run(["--db".as_ref(), database.as_os_str(), root.path().as_os_str()]);
        assert_eq!((end.code, end.row("files")), (Some(0), "1"), "{end:?}");
        assert_eq!(rows(&database).len(), 1);
    }
}

#[test]
fn equal_files_are_told_and_empty_ones_are_not() {
    let root = tempfile::tempdir().unwrap();
    for (name, content) in
        [("a", "same"), ("b", "same"), ("c", "same"), ("d", "else"), ("e", ""), ("f", "")]
    {
        fs::write(root.path().join(name), content).unwrap();
    }
    let end = run([root.path()]);
    let (_, told) = end.out.split_once("duplicates: ").expect(&end.out);
    assert!(told.starts_with("1 group of equal files, 8 B to be saved\n"), "{told}");
    assert!(told.contains("3 copies"), "{told}");
    let name = |name: &str| told.contains(&root.path().join(name).display().to_string());
    assert_eq!(["a", "b", "c", "d", "e"].map(name), [true, true, true, false, false]);
}

#[test]
fn the_largest_come_first() {
    let root = tempfile::tempdir().unwrap();
    for length in 1..=12_usize {
        fs::write(root.path().join(format!("f{length:02}")), vec![0; length]).unwrap();
    }
    let end = run([root.path()]);
    let (_, told) = end.out.split_once("largest\n").expect(&end.out);
    let names: Vec<_> = told
        .lines()
        .take_while(|line| !line.is_empty())
        .map(|line| line.rsplit('/').next().unwrap().to_string())
        .collect();
    let wanted: Vec<_> = (3..=12).rev().map(|length| format!("f{length:02}")).collect();
    assert_eq!(names, wanted);
}
