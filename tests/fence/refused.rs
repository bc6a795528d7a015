//! Each case is refused for the reason that it names, and its twin is not.

use std::collections::BTreeSet;

use crate::cases::{Case, Theme};
use crate::compiler::{Compiler, Complaint};

/// What is wrong with how the compiler took a case.
fn fault(case: &Case, complaints: &[Complaint]) -> Option<String> {
    let Case { name, code, parts, .. } = case;
    if complaints.is_empty() {
        return Some(format!("{name}: this compiles"));
    }
    let named = |complaint: &Complaint| {
        let text = complaint.text.replace("poolbridge::", "");
        complaint.code == *code && parts.iter().all(|part| text.contains(part))
    };
    // What follows from an error may be an error of another kind.
    if complaints.iter().any(named) {
        return None;
    }
    let said: String = complaints.iter().map(|complaint| complaint.text.as_str()).collect();
    Some(format!("{name}: refused, but not by {code} with {parts:?}:\n{said}"))
}

fn check(theme: &str, text: &str) {
    let compiler = Compiler::get();
    let Theme { cases, accepted } = Theme::read(text);
    assert!(!cases.is_empty(), "{theme} has no cases");
    let twins = compiler.check(theme, &accepted);
    let said: Vec<_> = twins.iter().map(|complaint| complaint.text.as_str()).collect();
    assert!(said.is_empty(), "twins of {theme} must compile:\n{}", said.join("\n"));
    let faults = cases.iter().filter_map(|case| {
        let name = format!("{theme}-{}", case.name);
        fault(case, &compiler.check(&name, &case.refused))
    });
    let faults: Vec<_> = faults.collect();
    println!("{theme}: {} cases", cases.len());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

macro_rules! themes {
    ($($theme:ident)*) => {
        const THEMES: &[&str] = &[$(stringify!($theme)),*];
        $(
            #[test]
            fn $theme() {
                check(stringify!($theme), include_str!(concat!("cases/", stringify!($theme), ".rs")));
            }
        )*
    };
}

themes! {
    backends builders conformance contexts endings keys must_use promises secrets submitting tasks
    wrapping
}

#[test]
fn every_theme_is_checked() {
    let folder = crate::sources::root().join("tests/fence/cases");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: BTreeSet<_> =
        files.map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert!(files.iter().eq(THEMES.iter().copied().collect::<BTreeSet<_>>()), "{files:?}");
}
