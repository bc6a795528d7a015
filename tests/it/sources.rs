//! The crate's own text, for tests that read it.

use std::path::{Path, PathBuf};

pub(crate) struct Source {
    /// With slashes, from the package's root.
    pub(crate) name: String,
    pub(crate) lines: Vec<String>,
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str) -> Vec<PathBuf> {
    let mut open = vec![root().join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                files.push(path);
            }
        }
    }
    files
}

pub(crate) fn sources(folder: &str) -> Vec<Source> {
    let sources: Vec<Source> = files(folder)
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
            let text = std::fs::read_to_string(&path).unwrap();
            Source { name, lines: text.lines().map(String::from).collect() }
        })
        .collect();
    assert!(!sources.is_empty(), "no sources in {folder}");
    sources
}

/// A line without its comment.
pub(crate) fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}
