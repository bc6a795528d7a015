//! Unsafe code stands where ARCHITECTURE.md says: its table has each place, and no other.

use std::collections::{BTreeMap, BTreeSet};

use crate::sources::{Source, code, root, sources};

/// How often each function or impl is unsafe.
type Index = BTreeMap<(String, String), usize>;

/// The files that are unsafe for another reason than the library, or only in its tests.
const OUTSIDE: [&str; 6] =
    ["benches", "demos", "examples", "loom-tests/src", "loom-tests/tests", "tests"];

/// Unsafe blocks, functions and impls begun in a line; the types of unsafe functions are none.
fn sites(line: &str) -> usize {
    let words: Vec<_> = line.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let is_site = |at: usize| {
        words[at].trim_end() == "unsafe" && words.get(at + 1).is_none_or(|next| *next != "fn(")
    };
    (0..words.len()).filter(|at| is_site(*at)).count()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The name that follows a word of a line.
fn after<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let rest = line.split_once(word)?.1;
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().filter(|name| !name.is_empty())
}

/// Whose impl begins in this line.
fn subject(line: &str) -> Option<&str> {
    if line.contains("trait ") {
        return after(line, "trait ");
    }
    let line = line.strip_prefix("unsafe ").unwrap_or(line);
    line.starts_with("impl").then(|| after(line, " for ").or_else(|| after(line, " "))).flatten()
}

/// The function around a line, with its type; or what the line itself makes.
fn place(source: &Source, at: usize) -> String {
    let line = code(&source.lines[at]);
    if let Some(of) = line.strip_prefix("unsafe impl").and(subject(line)) {
        return format!("{} for {of}", if line.contains("Send") { "Send" } else { "Sync" });
    }
    let lines = || source.lines[..=at].iter().map(|line| code(line)).rev();
    let own = after(line, "unsafe fn ");
    let function = own.map(|name| (indent(line), name)).or_else(|| {
        let around = |l: &&str| indent(l) < indent(line) && l.contains("fn ");
        lines().filter(around).find_map(|l| Some((indent(l), after(l, "fn ")?)))
    });
    let (depth, name) = function.unwrap_or_else(|| panic!("{}:{}", source.name, at + 1));
    let of = lines().filter(|l| depth > 0 && indent(l) == 0).find_map(subject);
    of.map_or_else(|| name.to_owned(), |of| format!("{of}::{name}"))
}

/// What the sources have.
fn found() -> Index {
    let mut index = Index::new();
    for source in sources("src") {
        for at in 0..source.lines.len() {
            let count = sites(code(&source.lines[at]));
            if count > 0 {
                let file = source.name.trim_start_matches("src/").to_owned();
                *index.entry((file, place(&source, at))).or_default() += count;
            }
        }
    }
    index
}

/// The rows of the table: file, places, and the rest.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let section = text.split("## Unsafe").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"));
    rows.map(|row| row.split(" | ").collect()).collect()
}

/// What the table says.
fn listed() -> Index {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mut index = Index::new();
    for row in rows(&text) {
        let [file, places, _, _, _] = row[..] else { panic!("five columns: {row:?}") };
        for place in places.split(", ") {
            let (name, count) =
                place.rsplit_once("` ×").unwrap_or((place.trim_end_matches('`'), "1"));
            let key = (file.trim_matches('`').to_owned(), name.trim_matches('`').to_owned());
            let count = count.parse().unwrap_or_else(|_| panic!("no number: {place}"));
            assert!(index.insert(key, count).is_none(), "twice: {place}");
        }
    }
    index
}

#[test]
fn the_index_of_unsafe_code_is_true() {
    let (found, listed) = (found(), listed());
    assert!(found.len() > 40, "unsafe code is not found: {found:#?}");
    let named = |all: &Index, others: &Index| -> Vec<String> {
        let differs = all.iter().filter(|(key, count)| others.get(*key) != Some(*count));
        differs.map(|((file, name), count)| format!("{file}: `{name}` ×{count}")).collect()
    };
    let (missing, stale) = (named(&found, &listed), named(&listed, &found));
    assert!(missing.is_empty(), "the index of ARCHITECTURE.md lacks:\n{}", missing.join("\n"));
    assert!(stale.is_empty(), "the index of ARCHITECTURE.md has in vain:\n{}", stale.join("\n"));
}

/// The rules and the models that the index names.
#[test]
fn the_index_of_unsafe_code_names_rules_and_models_that_exist() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let all: String = sources("src").iter().map(|source| source.lines.join("\n")).collect();
    let models = root().join("loom-tests/tests/models");
    for row in rows(&text) {
        for rule in row[3].split(", ").filter(|rule| rule.len() == 2) {
            assert!(all.contains(&format!("* **{rule}")), "no rule {rule}");
        }
        let names = row[4].split('`').skip(1).step_by(2);
        for model in names.filter(|name| !name.contains("::") && models.exists()) {
            assert!(models.join(model).with_extension("rs").exists(), "no model {model}");
        }
    }
}

/// A file may be unsafe only by saying so itself, for a reason.
#[test]
fn the_lint_is_off_in_the_files_of_the_index_only() {
    let says = |source: &Source| source.lines.iter().any(|line| line.contains("allow(unsafe_code"));
    let open: BTreeSet<_> =
        sources("src").iter().filter(|s| says(s)).map(|s| s.name.clone()).collect();
    let indexed: BTreeSet<_> = found().into_keys().map(|(file, _)| format!("src/{file}")).collect();
    assert_eq!(open, indexed);
    let library = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    assert!(library.contains("\n#![deny(unsafe_code)]\n"));
    let package = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(package.contains("\nunsafe_op_in_unsafe_fn = \"deny\"\n"));
}

/// Allocators that count, wakers that panic, plain memory for the models to watch.
#[test]
fn unsafe_code_outside_of_the_library_is_listed() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let section = text.split("## Unsafe").nth(1).unwrap().split("\n## ").next().unwrap();
    let listed: BTreeSet<_> = section
        .lines()
        .filter_map(|line| line.strip_prefix("* `")?.split('`').next())
        .map(String::from)
        .collect();
    let folders = OUTSIDE.iter().filter(|folder| root().join(folder).exists());
    let has = |source: &Source| {
        !source.name.starts_with("tests/fence/") && source.lines.iter().any(|l| sites(code(l)) > 0)
    };
    let found = folders.flat_map(|folder| sources(folder)).filter(has).map(|source| source.name);
    assert_eq!(found.collect::<BTreeSet<_>>(), listed);
}
