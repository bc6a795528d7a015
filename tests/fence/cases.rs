//! Small programs that must not compile, each with a twin that does.
//!
//! A file of `cases/` holds the cases of one theme. A case is a function whose first line of
//! documentation says what the compiler has to answer: the error's code, `error` if it has none, and
//! parts of the text, joined by ` + `. Lines that end in `//-` are in the program that is refused only, those that end
//! in `//+` in its twin only; the rest is the same in both. What stands outside of cases belongs to all.

/// One pair.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) code: String,
    pub(crate) parts: Vec<String>,
    /// What must not compile.
    pub(crate) refused: String,
}

/// The cases of one file.
pub(crate) struct Theme {
    pub(crate) cases: Vec<Case>,
    /// All twins in one program.
    pub(crate) accepted: String,
}

fn verdict(line: &str) -> Option<(&str, &str)> {
    let (code, parts) = line.strip_prefix("/// ")?.split_once(": ")?;
    let is_code = code == "error"
        || (code.len() == 5 && code.starts_with('E') && code[1..].parse::<u16>().is_ok());
    is_code.then_some((code, parts))
}

fn without(text: &str, mark: &str) -> String {
    text.lines().filter(|line| !line.ends_with(mark)).fold(String::new(), |all, l| all + l + "\n")
}

impl Theme {
    pub(crate) fn read(text: &str) -> Self {
        let (mut common, mut found) = (String::new(), Vec::new());
        let mut open: Option<(String, String, String)> = None;
        for line in text.lines() {
            match (&mut open, verdict(line)) {
                (None, Some((code, parts))) => {
                    open = Some((code.to_owned(), parts.to_owned(), format!("{line}\n")));
                }
                (None, None) => {
                    assert!(!line.ends_with("//-"), "outside of a case: {line}");
                    common += line;
                    common += "\n";
                }
                (Some((_, _, body)), _) => {
                    *body += line;
                    *body += "\n";
                    if line == "}" {
                        found.extend(open.take());
                    }
                }
            }
        }
        assert!(open.is_none(), "a case has no end: {open:?}");
        let accepted = found.iter().map(|(_, _, body)| without(body, "//-"));
        let accepted = accepted.fold(common.clone(), |all, twin| all + &twin);
        let cases = found.into_iter().map(|(code, parts, body)| {
            assert!(body.contains("//-\n") || body.contains("//+\n"), "no difference: {body}");
            let name = body.lines().find_map(|line| line.split_once("fn ")).map(|(_, name)| name);
            let name = name.and_then(|name| name.split(['(', '<']).next()).unwrap().to_owned();
            let parts = parts.split(" + ").map(String::from).collect();
            Case { name, code, parts, refused: common.clone() + &without(&body, "//+") }
        });
        Self { cases: cases.collect(), accepted }
    }
}
