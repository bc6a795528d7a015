//! What the library shows, read from its sources.

use std::collections::BTreeSet;

use crate::sources::{Source, code, sources};

/// The public modules: their path for users, and the file that says what is in them.
const ROOMS: [(&str, &str); 4] = [
    ("", "src/lib.rs"),
    ("backends::", "src/executor/backends.rs"),
    ("context::", "src/task/context.rs"),
    ("conformance::", "src/conformance/mod.rs"),
];

/// What a statement like `pub use a::{self, B, c::D};` exports.
fn used(statement: &str) -> Vec<String> {
    assert!(!statement.contains('*') && !statement.contains(" as "), "say it by name: {statement}");
    let names = statement.trim_start_matches("pub use ").trim_end_matches(';');
    let list = names.split_once('{').map_or(names, |(_, list)| list.trim_end_matches('}'));
    let last = |name: &str| name.trim().rsplit("::").next().unwrap_or_default().to_owned();
    list.split(',').map(last).filter(|name| !name.is_empty()).collect()
}

/// The names that a file exports: those that it uses publicly, and those that it defines.
fn exported(source: &Source) -> Vec<String> {
    let (mut names, mut open) = (Vec::new(), None::<String>);
    for line in source.lines.iter().map(|line| code(line).trim_end()) {
        if line.starts_with("pub use ") {
            open = Some(String::new());
        }
        if let Some(statement) = &mut open {
            *statement += line;
            if line.ends_with(';') {
                names.extend(used(&open.take().unwrap_or_default()));
            }
        }
        names.extend(defined(line, &["struct", "enum", "union", "type"]));
    }
    names
}

/// The public item of one of these kinds that a line begins.
fn defined(line: &str, kinds: &[&str]) -> Option<String> {
    let item = line.strip_prefix("pub ")?;
    let (kind, name) = item.split_once(' ')?;
    let name = name.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    kinds.contains(&kind).then(|| name.to_owned())
}

/// Every public type by its path in this crate, without traits, functions and modules.
pub(crate) fn exported_types() -> BTreeSet<String> {
    let sources = sources("src");
    let traits: BTreeSet<_> = sources
        .iter()
        .flat_map(|source| source.lines.iter().filter_map(|line| defined(line, &["trait"])))
        .collect();
    let mut types = BTreeSet::new();
    for (path, file) in ROOMS {
        let source = sources.iter().find(|source| source.name == file).expect(file);
        let is_type = |name: &String| {
            name.starts_with(|c: char| c.is_ascii_uppercase()) && !traits.contains(name)
        };
        types.extend(exported(source).iter().filter(|n| is_type(n)).map(|n| format!("{path}{n}")));
    }
    types
}

/// A public module that nobody told `exported_types` of would hide its types from it.
#[test]
fn the_public_modules_are_known() {
    let sources = sources("src");
    let library = sources.iter().find(|source| source.name == "src/lib.rs").unwrap();
    let modules = library.lines.iter().filter_map(|line| defined(line, &["mod"]));
    let reexported = exported(library).into_iter();
    let lower = |name: &String| name.starts_with(|c: char| c.is_ascii_lowercase());
    let known: BTreeSet<_> = ROOMS.iter().map(|(path, _)| path.trim_end_matches("::")).collect();
    for name in modules.chain(reexported).filter(lower) {
        let module = |source: &Source| {
            source.lines.iter().any(|line| line.trim_start() == format!("pub mod {name};"))
        };
        // Only there in models.
        if name == "model" {
            continue;
        }
        let is_module = name == "self" || sources.iter().any(module);
        assert!(!is_module || name == "self" || known.contains(name.as_str()), "{name} is unknown");
    }
}
