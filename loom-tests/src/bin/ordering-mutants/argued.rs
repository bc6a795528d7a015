//! `mutants.toml`: the mutants that no model can notice, and why.
//!
//! Understands what that file needs of TOML: `[[argued]]`, `key = "text"` on one line, comments.

use std::fmt;
use std::path::Path;

use crate::{Failure, Mutant, scan};

/// One entry. The site is named by what its source says, so that lines may shift.
#[derive(Default)]
pub(crate) struct Argument {
    /// As in the compiler's messages: `src/task/state.rs`.
    pub(crate) file: String,
    /// The function, where the file has the same statement twice; else empty.
    function: String,
    /// A part of the statement; white space does not count.
    code: String,
    role: String,
    to: String,
    why: String,
}

impl Argument {
    pub(crate) fn covers(&self, mutant: &Mutant<'_>) -> bool {
        let Some(call) = mutant.call else { return false };
        mutant.site.file == self.file
            && mutant.site.role == self.role
            && mutant.to == self.to
            && (self.function.is_empty() || call.function == self.function)
            && call.statement.contains(&scan::squeezed(&self.code))
    }
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}` {} -> {}", self.file, self.code, self.role, self.to)
    }
}

pub(crate) fn read(path: &Path) -> Result<Vec<Argument>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    parse(&text)
}

fn parse(text: &str) -> Result<Vec<Argument>, Failure> {
    let mut arguments: Vec<Argument> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let wrong = |what: &str| format!("mutants.toml:{}: {what}", index + 1);
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line == "[[argued]]" {
            arguments.push(Argument::default());
            continue;
        }
        let (key, value) = line.split_once('=').ok_or_else(|| wrong("no `key = \"text\"`"))?;
        let value = quoted(value.trim()).ok_or_else(|| wrong("the text is not in quotes"))?;
        let last = arguments.last_mut().ok_or_else(|| wrong("`[[argued]]` comes first"))?;
        let field = match key.trim() {
            "file" => &mut last.file,
            "fn" => &mut last.function,
            "code" => &mut last.code,
            "role" => &mut last.role,
            "to" => &mut last.to,
            "why" => &mut last.why,
            _ => return Err(wrong("keys are file, fn, code, role, to, why")),
        };
        value.clone_into(field);
    }
    for argument in &arguments {
        let Argument { file, code, role, to, why, .. } = argument;
        if [file, code, role, to, why].iter().any(|field| field.is_empty()) {
            return Err(format!("mutants.toml: {argument}: only `fn` may be left out"));
        }
    }
    Ok(arguments)
}

/// The text between the quotes; escapes are not understood, single quotes make them needless.
fn quoted(value: &str) -> Option<&str> {
    let between = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    between('"').filter(|text| !text.contains('\\')).or_else(|| between('\''))
}
