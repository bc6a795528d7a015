//! The tables of `loom-tests/README.md` against the sources: each model stands in the index, each rule and
//! each historic bug has its row, and whatever a row names is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::sources::{root, sources};

/// What has to have a row: a letter, how many, and how wide its numbers are.
const WANTED: [(char, usize, usize); 7] =
    [('R', 34, 1), ('L', 67, 2), ('t', 18, 2), ('q', 7, 2), ('k', 4, 2), ('p', 10, 2), ('a', 3, 2)];

/// The rows of a table of the README, by the heading of its first column.
fn rows(first: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(root().join("loom-tests/README.md")).unwrap();
    let heading = format!("| {first} |");
    let table = text.lines().skip_while(|line| !line.starts_with(&heading)).skip(2);
    let rows = table.take_while(|line| line.starts_with("| "));
    let cells = |line: &str| {
        let line = line.trim_start_matches("| ").trim_end_matches(" |");
        line.split(" | ").map(String::from).collect()
    };
    rows.map(cells).collect()
}

/// Each model in a list of models, with its bound as the index has it.
fn models() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for source in sources("loom-tests/tests/models") {
        let module = source.name.rsplit('/').next().unwrap().trim_end_matches(".rs");
        let text = source.lines.join("\n");
        let Some((_, list)) = text.split_once("models![") else { continue };
        let list = list.split(']').next().unwrap();
        for name in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let (_, body) = text.split_once(&format!("\nfn {name}()")).unwrap();
            let body = body.split("\n}\n").next().unwrap();
            let bound = match body.split_once("Model::bound(") {
                _ if body.contains("Model::sampled()") => "random",
                Some((_, rest)) => rest.split(')').next().unwrap(),
                None => panic!("{module}::{name} has no bound of its own"),
            };
            found.insert(format!("{module}::{name}"), bound.to_owned());
        }
    }
    assert!(found.len() > 100, "the models are not found");
    found
}

fn unquoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(", ").map(|name| name.trim_matches('`')).filter(|name| name.contains("::"))
}

#[test]
fn every_model_stands_in_the_index_with_its_bound() {
    let listed: Vec<_> = rows("model").into_iter().map(|row| row.join(" | ")).collect();
    let names = listed.iter().map(|row| row.split('`').nth(1).unwrap().to_owned());
    let names: Vec<_> = names.collect();
    let set: BTreeSet<_> = names.iter().cloned().collect();
    assert_eq!(names.len(), set.len(), "a model stands twice");
    let models = models();
    let there: BTreeSet<_> = models.keys().cloned().collect();
    let wrong: Vec<_> = there.symmetric_difference(&set).collect();
    assert!(wrong.is_empty(), "in the index or in the sources alone: {wrong:?}");
    for row in rows("model") {
        let [name, _, bound, _] = &row[..] else { panic!("{row:?} has not four columns") };
        let real = &models[name.trim_matches('`')];
        // One whose cases differ has a variable there.
        let fits = real == bound || !(real == "random" || real.parse::<usize>().is_ok());
        assert!(fits, "{name} has the bound {real}");
    }
}

#[test]
fn every_rule_and_every_historic_bug_has_a_row_that_names_what_is_there() {
    let wanted = WANTED.iter().flat_map(|(letter, last, width)| {
        (1..=*last).map(move |number| format!("{letter}{number:0width$}"))
    });
    let rows = rows("id");
    let listed: Vec<_> = rows.iter().map(|row| row[0].clone()).collect();
    assert_eq!(listed, wanted.collect::<Vec<_>>(), "all rows, once, in order");
    let models = models();
    let mut tests = BTreeSet::new();
    for source in sources("tests/it") {
        let module = source.name.rsplit('/').next().unwrap().trim_end_matches(".rs").to_owned();
        let lines = source.lines.iter().map(|line| line.trim_start_matches("async "));
        let names = lines.filter_map(|line| line.strip_prefix("fn ")?.split('(').next());
        tests.extend(names.map(|name| format!("{module}::{name}")));
    }
    for row in rows {
        let [id, _, of_models, of_tests] = &row[..] else { panic!("{row:?} has not four columns") };
        for name in unquoted(of_models) {
            assert!(models.contains_key(name), "{id}: there is no model {name}");
        }
        let excused = of_tests.starts_with("later: ") || of_tests.starts_with("n/a: ");
        for name in unquoted(of_tests).filter(|_| !excused) {
            assert!(tests.contains(name), "{id}: there is no test {name}");
        }
        let held = unquoted(of_models).chain(unquoted(of_tests)).next().is_some();
        assert!(held || excused, "{id} is held by nothing");
    }
}
