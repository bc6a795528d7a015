//! What can be checked about the sources themselves: where the rooms' arrows point, who may be
//! unsafe, that every ordering is explained.

use std::path::{Path, PathBuf};

const ROOMS: [&str; 6] = ["sync", "task", "time", "executor", "wrap", "conformance"];
const UNSAFE: [&str; 5] = [
    "src/executor/list.rs",
    "src/sync/fork.rs",
    "src/sync/loom.rs",
    "src/task/body.rs",
    "src/task/cell.rs",
];

struct Source {
    /// With slashes, from the package's root.
    name: String,
    lines: Vec<String>,
}

fn root() -> &'static Path {
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

fn sources(folder: &str) -> Vec<Source> {
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

fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

/// Lines of code that break a rule, as `file:line: text`.
fn offenders(sources: &[Source], breaks: impl Fn(&Source, usize) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        for (at, line) in source.lines.iter().enumerate() {
            if breaks(source, at) {
                found.push(format!("{}:{}: {}", source.name, at + 1, line.trim()));
            }
        }
    }
    found
}

fn assert_none(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}

#[test]
fn arrows_point_down() {
    let found = offenders(&sources("src"), |source, at| {
        let Some(room) =
            ROOMS.iter().position(|room| source.name.starts_with(&format!("src/{room}")))
        else {
            return false;
        };
        let line = code(&source.lines[at]);
        ROOMS[room + 1..].iter().any(|higher| line.contains(&format!("crate::{higher}::")))
    });
    assert_none(&found, "a lower room never names a higher one");
}

/// The suite is for anybody's backend: it sees what anybody sees.
#[test]
fn the_conformance_suite_uses_public_names_only() {
    let suite = sources("src/conformance");
    assert!(suite.len() > 5, "the suite is not found");
    let found = offenders(&suite, |source, at| {
        let line = code(&source.lines[at]);
        ROOMS[..5].iter().any(|room| line.contains(&format!("crate::{room}::")))
    });
    assert_none(&found, "a check names what a user cannot");
}

#[test]
fn only_four_files_of_the_library_are_unsafe() {
    let found = offenders(&sources("src"), |source, at| {
        let line = code(&source.lines[at]);
        line.contains("unsafe ") && !UNSAFE.contains(&source.name.as_str())
    });
    assert_none(&found, "unsafe code lives in its files");
}

#[test]
fn every_ordering_is_explained_beside_it() {
    let found = offenders(&sources("src"), |source, at| {
        let facade = ["src/sync/loom", "src/sync/std.rs"];
        if facade.iter().any(|name| source.name.starts_with(name)) {
            return false;
        }
        let line = code(&source.lines[at]);
        let orders = line.contains("Ordering::") && !line.trim_start().starts_with("use ");
        orders && !source.lines[at.saturating_sub(8)..=at].iter().any(|l| l.contains("ORDERING:"))
    });
    assert_none(&found, "an atomic operation names its partner");
}

/// Tokio has two faces here, each with a file: a clock and a pool.
#[test]
fn each_foreign_crate_has_its_file() {
    const FILES: [(&str, &[&str]); 5] = [
        ("futures_executor::", &["src/executor/futures.rs"]),
        ("loom::", &["src/sync/", "src/verify.rs"]),
        ("rayon::", &["src/executor/rayon.rs"]),
        ("rustix::", &["src/wrap/child.rs"]),
        ("tokio::", &["src/time/tokio.rs", "src/executor/tokio.rs"]),
    ];
    let found = offenders(&sources("src"), |source, at| {
        let line = code(&source.lines[at]);
        FILES.iter().any(|(name, files)| {
            let own = format!("super::{name}");
            let named = line.contains(name) && !line.contains(&own);
            named && !files.iter().any(|file| source.name.starts_with(file))
        })
    });
    assert_none(&found, "one file names a foreign crate");
}

#[test]
fn nothing_is_unfinished_or_switched_off() {
    let marks = [concat!("to", "do!("), concat!("unimple", "mented!("), concat!("#[ig", "nore")];
    for folder in ["src", "tests", "examples"] {
        let found = offenders(&sources(folder), |source, at| {
            marks.iter().any(|mark| source.lines[at].contains(mark))
        });
        assert_none(&found, "no stubs, no tests switched off");
    }
}

#[test]
fn the_changelog_knows_this_version() {
    let changelog = std::fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
    let head = changelog.lines().find(|line| line.starts_with("## ")).unwrap();
    let version = format!("## [{}]", env!("CARGO_PKG_VERSION"));
    assert!(head == "## [Unreleased]" || head.starts_with(&version), "{head}");
}

#[test]
fn the_links_of_the_documents_lead_somewhere() {
    let mut links = 0;
    for document in ["README.md", "ARCHITECTURE.md", "tests/conformance.md", "loom-tests/README.md"]
    {
        let text = std::fs::read_to_string(root().join(document)).unwrap();
        let folder = Path::new(document).parent().unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().unwrap_or_default();
            if path.is_empty() || path.contains("://") {
                continue;
            }
            links += 1;
            assert!(root().join(folder).join(path).exists(), "{document} links to {path}");
        }
    }
    assert!(links > 10, "{links} links only: are they still found?");
}
