//! `tests/conformance.md` against the tests: nothing listed that does not exist, nothing left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What has to be there: a letter and its numbers.
const WANTED: &[(char, std::ops::RangeInclusive<u32>, usize)] = &[
    ('F', 1..=21, 2),
    ('E', 1..=21, 2),
    ('T', 1..=6, 2),
    ('S', 1..=20, 2),
    ('I', 1..=3, 2),
    ('X', 1..=16, 2),
    ('G', 1..=20, 2),
    ('R', 1..=34, 1),
    ('D', 1..=13, 1),
    ('B', 1..=1, 2),
    ('B', 22..=27, 2),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn wanted() -> BTreeSet<String> {
    let numbers = |(letter, range, width): &(char, std::ops::RangeInclusive<u32>, usize)| {
        let (letter, width) = (*letter, *width);
        range.clone().map(move |n| format!("{letter}{n:0width$}")).collect::<Vec<_>>()
    };
    WANTED.iter().flat_map(numbers).collect()
}

/// Row name and last column of each row of the list.
fn listed() -> Vec<(String, String)> {
    let text = fs::read_to_string(root().join("tests/conformance.md")).unwrap();
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<_> = line.strip_prefix("| ")?.split(" | ").collect();
        let [row, _, last] = cells[..] else { return None };
        let is_row = row.chars().skip(1).all(|c| c.is_ascii_digit()) && row.len() > 1;
        is_row.then(|| (row.to_owned(), last.trim_end_matches(" |").to_owned()))
    });
    rows.collect()
}

/// The rows that each test names in its comment, by `module::test`.
fn tests() -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(root().join("tests/it")).unwrap() {
        let path = entry.unwrap().path();
        let module = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let (mut rows, mut is_test) = (BTreeSet::new(), false);
        for line in fs::read_to_string(&path).unwrap().lines() {
            if let Some(comment) = line.strip_prefix("/// ") {
                let words = comment.split(|c: char| !c.is_ascii_alphanumeric());
                let known = wanted();
                rows.extend(words.filter(|word| known.contains(*word)).map(String::from));
            } else if line.starts_with("#[") {
                is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            } else {
                let name = line.trim_start_matches("async ").strip_prefix("fn ");
                if let (true, Some(name)) = (is_test, name) {
                    let name = name.split('(').next().unwrap();
                    found.insert(format!("{module}::{name}"), std::mem::take(&mut rows));
                }
                rows.clear();
                is_test = false;
            }
        }
    }
    found
}

/// The tests, models and excuses of one row; a text that is none of them is an error.
fn named<'a>(row: &str, last: &'a str) -> Vec<&'a str> {
    if last.starts_with("later: ") || last.starts_with("n/a: ") {
        return Vec::new();
    }
    let names: Vec<_> = last.split(", ").map(|name| name.trim_matches('`')).collect();
    assert!(names.iter().all(|name| name.contains("::") || name.starts_with("loom: ")), "{row}");
    names
}

#[test]
fn the_list_has_every_row_once() {
    let rows: Vec<_> = listed().into_iter().map(|(row, _)| row).collect();
    let set: BTreeSet<_> = rows.iter().cloned().collect();
    assert_eq!(rows.len(), set.len(), "a row stands twice");
    let missing: Vec<_> = wanted().difference(&set).cloned().collect();
    assert!(missing.is_empty(), "rows are missing: {missing:?}");
}

#[test]
fn every_test_of_the_list_exists_and_names_its_row() {
    let tests = tests();
    assert!(tests.len() > 100, "the tests are not found");
    let mut models = String::new();
    for entry in fs::read_dir(root().join("loom-tests/tests/models")).into_iter().flatten() {
        models += &fs::read_to_string(entry.unwrap().path()).unwrap();
    }
    for (row, last) in listed() {
        for name in named(&row, &last) {
            if let Some(model) = name.strip_prefix("loom: ") {
                assert!(models.contains(model), "{row}: there is no model {model}");
                continue;
            }
            let rows = tests.get(name).unwrap_or_else(|| panic!("{row}: there is no test {name}"));
            assert!(rows.contains(&row), "{row}: {name} does not name it");
        }
    }
}

#[test]
fn every_test_that_names_a_row_is_in_the_list() {
    let listed: BTreeMap<_, _> = listed().into_iter().collect();
    for (test, rows) in tests() {
        for row in rows {
            let last = &listed[&row];
            assert!(named(&row, last).contains(&test.as_str()), "{row} does not list {test}");
        }
    }
}
