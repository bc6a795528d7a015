//! The crate's source, as far as it must be understood to find every ordering in it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::Failure;
use crate::run::Site;

/// A call that takes orderings, a notification, or a second look.
pub(crate) struct Call {
    pub(crate) file: String,
    /// Of the method's name, which is where the compiler says that the call is.
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) name: String,
    is_method: bool,
    /// The enclosing function.
    pub(crate) function: String,
    /// The statement up to the end of the call, without white space and comments.
    pub(crate) statement: String,
}

impl Call {
    pub(crate) fn is_at(&self, site: &Site) -> bool {
        // The place of a function call is where its path begins.
        let column = self.column == site.column || (!self.is_method && self.column > site.column);
        self.file == site.file && self.line == site.line && column
    }
}

pub(crate) fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// The facade's own passing-on, what a process keeps for itself, and the suite for backends, which is a
/// test itself.
const NOT_MODELLED: [&str; 4] =
    ["src/sync/model/", "src/sync/std.rs", "src/sync/fork.rs", "src/conformance/"];

/// The facade's steps that can be left out.
const STEPS: [&str; 3] = ["notify_one", "is_made", "second_look"];

/// All calls in `src` that models can reach; unit tests are none.
pub(crate) fn calls(root: &Path) -> Result<Vec<Call>, Failure> {
    let mut files = Vec::new();
    rust_files(&root.join("src"), &mut files).map_err(|e| format!("src: {e}"))?;
    files.sort();
    let mut sources = Vec::new();
    for path in files {
        let name = path.strip_prefix(root).map_err(|e| e.to_string())?;
        let name = name.to_string_lossy().replace('\\', "/");
        if NOT_MODELLED.iter().any(|prefix| name.starts_with(prefix)) || name.ends_with("/tests.rs")
        {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(|e| format!("{name}: {e}"))?;
        sources.push((name, Code::new(&text)));
    }
    let steps = steps(sources.iter().map(|(_, code)| code));
    let mut calls = Vec::new();
    for (name, code) in &sources {
        calls.extend(calls_in(name, code, &steps)?);
    }
    Ok(calls)
}

/// What is called to make a step that can be left out: the facade's own, and functions whose caller
/// is the site of one.
fn steps<'a>(sources: impl Iterator<Item = &'a Code>) -> BTreeSet<String> {
    let mut steps: BTreeSet<String> = STEPS.iter().map(|name| (*name).to_owned()).collect();
    for code in sources {
        for (at, word) in code.words() {
            if STEPS.contains(&&*word) && code.passes_its_caller_on(at) {
                steps.insert(code.function(at));
            }
        }
    }
    steps
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            rust_files(&path, found)?;
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

fn calls_in(file: &str, code: &Code, steps: &BTreeSet<String>) -> Result<Vec<Call>, Failure> {
    let mut calls: Vec<Call> = Vec::new();
    for (at, word) in code.words() {
        let name_at = match word.as_str() {
            "Relaxed" | "Acquire" | "Release" | "AcqRel" | "SeqCst" => match code.callee(at) {
                Some(name_at) => name_at,
                // An alias or a helper's argument would hide the ordering from the mutants.
                None if code.before(at).ends_with("Ordering::") => {
                    let (line, column) = code.place(at);
                    return Err(format!("{file}:{line}:{column}: {word} outside of a call"));
                }
                None => continue,
            },
            step if steps.contains(step) && code.is_call(at) => at,
            _ => continue,
        };
        let (line, column) = code.place(name_at);
        if calls.iter().any(|call| (call.line, call.column) == (line, column)) {
            continue;
        }
        calls.push(Call {
            file: file.to_owned(),
            line,
            column,
            name: code.word(name_at),
            is_method: code.before(name_at).ends_with('.'),
            function: code.function(name_at),
            statement: code.statement(name_at),
        });
    }
    Ok(calls)
}

/// Source whose comments, texts and unmodelled items are blanks.
struct Code(Vec<char>);

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl Code {
    fn new(text: &str) -> Self {
        let mut code = Self(text.chars().collect());
        code.blank_comments_and_texts();
        for attribute in ["#[cfg(test", "#[cfg(all(test", "#[cfg(not(poolbridge_loom)"] {
            code.blank_items(&attribute.chars().collect::<Vec<_>>());
        }
        code
    }

    fn blank(&mut self, from: usize, to: usize) {
        let to = to.min(self.0.len());
        self.0[from..to].iter_mut().filter(|c| **c != '\n').for_each(|c| *c = ' ');
    }

    fn blank_comments_and_texts(&mut self) {
        let mut at = 0;
        while at < self.0.len() {
            let end = match (self.0[at], self.0.get(at + 1)) {
                ('/', Some('/')) => self.find_from(at, |rest| rest[0] == '\n'),
                ('/', Some('*')) => {
                    self.find_from(at + 2, |rest| rest.starts_with(&['*', '/'])) + 2
                }
                ('r', Some('"' | '#')) if at == 0 || !is_word(self.0[at - 1]) => self.raw_end(at),
                ('"', _) => self.text_end(at, '"'),
                // A lifetime has no closing quote right after its first letter.
                ('\'', Some('\\')) => self.text_end(at, '\''),
                ('\'', _) if self.0.get(at + 2) == Some(&'\'') => at + 3,
                _ => {
                    at += 1;
                    continue;
                }
            };
            self.blank(at, end);
            at = end;
        }
    }

    fn find_from(&self, from: usize, hit: impl Fn(&[char]) -> bool) -> usize {
        (from..self.0.len()).find(|at| hit(&self.0[*at..])).unwrap_or(self.0.len())
    }

    fn text_end(&self, start: usize, quote: char) -> usize {
        let mut at = start + 1;
        while at < self.0.len() && self.0[at] != quote {
            at += if self.0[at] == '\\' { 2 } else { 1 };
        }
        at + 1
    }

    /// The end of `r#"text"#`, or just past the `r` if it is something else.
    fn raw_end(&self, start: usize) -> usize {
        let hashes = self.0[start + 1..].iter().take_while(|c| **c == '#').count();
        let open = start + 1 + hashes;
        if self.0.get(open) != Some(&'"') {
            return start + 1;
        }
        let close: Vec<char> = std::iter::once('"').chain(vec!['#'; hashes]).collect();
        self.find_from(open + 1, |rest| rest.starts_with(&close)) + close.len()
    }

    /// Blanks each item that follows an attribute with this beginning, to its `;` or closing
    /// brace.
    fn blank_items(&mut self, attribute: &[char]) {
        loop {
            let start = self.find_from(0, |rest| rest.starts_with(attribute));
            if start == self.0.len() {
                return;
            }
            let body = self.find_from(start, |rest| matches!(rest[0], '{' | ';'));
            let mut depth = 0;
            let mut end = body;
            while end < self.0.len() {
                match self.0[end] {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
                end += 1;
                if depth == 0 {
                    break;
                }
            }
            self.blank(start, end);
        }
    }

    fn word(&self, at: usize) -> String {
        self.0[at..].iter().take_while(|c| is_word(**c)).collect()
    }

    fn words(&self) -> impl Iterator<Item = (usize, String)> + '_ {
        let starts =
            move |at: &usize| is_word(self.0[*at]) && (*at == 0 || !is_word(self.0[at - 1]));
        (0..self.0.len()).filter(starts).map(|at| (at, self.word(at)))
    }

    /// What stands on the same line before `at`, without white space.
    fn before(&self, at: usize) -> String {
        let start = (0..at).rev().find(|i| self.0[*i] == '\n').map_or(0, |i| i + 1);
        squeezed(&self.0[start..at].iter().collect::<String>())
    }

    /// Where the name of the operation begins in whose parentheses `at` lies.
    fn callee(&self, at: usize) -> Option<usize> {
        let mut depth = 0;
        for i in (0..at).rev() {
            match self.0[i] {
                ')' | ']' | '}' => depth += 1,
                '(' if depth == 0 => {
                    let end = (0..i).rev().find(|j| !self.0[*j].is_whitespace())?;
                    let start = (0..=end).rev().take_while(|j| is_word(self.0[*j])).last()?;
                    let name = self.word(start);
                    let known = ["load", "store", "swap", "fence"].contains(&&*name)
                        || name.starts_with("compare_exchange")
                        || name.starts_with("fetch_");
                    return known.then_some(start);
                }
                '(' | '[' => depth -= 1,
                '{' if depth > 0 => depth -= 1,
                '{' | ';' if depth == 0 => return None,
                _ => {}
            }
        }
        None
    }

    /// Line and column, from 1.
    fn place(&self, at: usize) -> (u32, u32) {
        let newlines = self.0[..at].iter().filter(|c| **c == '\n').count();
        let column = self.0[..at].iter().rev().take_while(|c| **c != '\n').count();
        let from_one = |n: usize| u32::try_from(n + 1).expect("a file of sane length");
        (from_one(newlines), from_one(column))
    }

    /// Where the enclosing function's `fn` stands.
    fn function_at(&self, at: usize) -> Option<usize> {
        let is_fn = |i: &usize| {
            let is_fn = self.0[*i..].starts_with(&['f', 'n', ' ']);
            is_fn && (*i == 0 || !is_word(self.0[i - 1]))
        };
        (0..at).rev().find(is_fn)
    }

    fn function(&self, at: usize) -> String {
        self.function_at(at).map_or_else(String::new, |i| self.word(i + 3))
    }

    /// Whether the enclosing function says that its caller is the place of what it does.
    fn passes_its_caller_on(&self, at: usize) -> bool {
        let Some(end) = self.function_at(at) else { return false };
        let starts = |i: &usize| matches!(self.0[*i], ';' | '{' | '}');
        let start = (0..end).rev().find(starts).map_or(0, |i| i + 1);
        self.0[start..end].iter().collect::<String>().contains("#[track_caller]")
    }

    /// Whether the word is the name of what is called here; a step inside a function that passes its
    /// caller on has its place there.
    fn is_call(&self, at: usize) -> bool {
        let after = self.0[at..].iter().skip_while(|c| is_word(**c)).find(|c| !c.is_whitespace());
        let before = self.before(at);
        let other = before.ends_with("fn") || before.ends_with("Waker::");
        after == Some(&'(') && !other && !self.passes_its_caller_on(at)
    }

    fn statement(&self, at: usize) -> String {
        let starts = |i: &usize| matches!(self.0[*i], ';' | '{' | '}');
        let start = (0..at).rev().find(starts).map_or(0, |i| i + 1);
        let mut depth = 0;
        let end = (at..self.0.len()).find(|i| {
            match self.0[*i] {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => return false,
            }
            depth == 0
        });
        let end = end.map_or(self.0.len(), |i| i + 1);
        squeezed(&self.0[start..end].iter().collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::{Call, Code, calls_in, steps};
    use crate::Failure;

    fn calls(text: &str) -> Result<Vec<Call>, Failure> {
        let code = Code::new(text);
        calls_in("x.rs", &code, &steps([&code].into_iter()))
    }

    #[test]
    fn finds_each_call_once_and_where_the_compiler_says_it_is() {
        let text = "fn take(&self) {\n    // load(Ordering::Acquire)\n    self.token\n        \
                    .compare_exchange(\n            EMPTY, '{', \"Ordering::Relaxed(\",\n            \
                    Ordering::AcqRel, Ordering::Relaxed);\n    a.load(Relaxed)\n}\n\
                    #[cfg(test)]\nmod tests { fn t() { a.load(Relaxed); } }\n";
        let calls = calls(text).unwrap();
        let found: Vec<_> = calls.iter().map(|c| (c.line, c.column, &*c.name)).collect();
        assert_eq!(found, [(4, 10, "compare_exchange"), (7, 7, "load")]);
        assert_eq!(calls[0].function, "take");
        assert!(calls[0].statement.starts_with("self.token.compare_exchange("));
    }

    #[test]
    fn finds_steps_where_the_caller_of_those_that_pass_it_on_stands() {
        let text = "#[track_caller]\nfn wake(bed: Bed) {\n    if is_made(\"wake\") {}\n}\n\
                    fn rise() {\n    if second_look(x()) { super::wake(bed); }\n}\n";
        let calls = calls(text).unwrap();
        let found: Vec<_> = calls.iter().map(|c| (c.line, &*c.name)).collect();
        assert_eq!(found, [(6, "second_look"), (6, "wake")]);
    }

    #[test]
    fn refuses_orderings_that_hide() {
        assert!(calls("const O: Ordering = Ordering::Acquire;").is_err());
    }
}
