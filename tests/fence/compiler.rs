//! rustc over small crates that use this one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::sources::root;

/// The library, checked once, and where cases are written.
pub(crate) struct Compiler {
    library: PathBuf,
    folder: PathBuf,
}

/// What the compiler has against a crate.
pub(crate) struct Complaint {
    /// `E0277`, or `error` where it has no number.
    pub(crate) code: String,
    /// As people read it.
    pub(crate) text: String,
}

impl Compiler {
    pub(crate) fn get() -> &'static Self {
        static COMPILER: OnceLock<Compiler> = OnceLock::new();
        COMPILER.get_or_init(Self::new)
    }

    /// In the target folder of this very test, so that what is there need not be made again.
    fn new() -> Self {
        let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let checked = Command::new(cargo)
            .args(["check", "--offline", "--lib", "--features", "conformance"])
            .args(["--message-format", "json", "--target-dir"])
            .arg(temporary.parent().unwrap())
            .current_dir(root())
            // A sanitizer's flags, say, are for the tests and not for this.
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .output()
            .expect("cargo cannot be started");
        let said = String::from_utf8_lossy(&checked.stdout);
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
        let is_library = |word: &&str| word.contains("libpoolbridge-") && word.ends_with(".rmeta");
        let library = said.split('"').find(is_library).expect("cargo says what it has made");
        let folder = temporary.join("fence");
        fs::create_dir_all(&folder).unwrap();
        Self { library: library.replace(r"\\", r"\").into(), folder }
    }

    /// Compiles as far as errors come, without making code.
    pub(crate) fn check(&self, name: &str, source: &str) -> Vec<Complaint> {
        let file = self.folder.join(name).with_extension("rs");
        fs::write(&file, source).unwrap();
        let mut library = std::ffi::OsString::from("poolbridge=");
        library.push(&self.library);
        let mut dependencies = std::ffi::OsString::from("dependency=");
        dependencies.push(self.library.parent().unwrap());
        let done = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
            .args(["--edition", "2024", "--test", "--emit", "metadata", "--color", "never"])
            .args(["--crate-name", "case", "-A", "warnings", "--extern"])
            .arg(library)
            .arg("-L")
            .arg(dependencies)
            .arg("-o")
            .arg(file.with_extension("rmeta"))
            .arg(&file)
            .output()
            .expect("rustc cannot be started");
        let said = String::from_utf8_lossy(&done.stderr);
        let complaints = complaints(&said);
        assert_eq!(done.status.success(), complaints.is_empty(), "{name}: {said}");
        complaints
    }
}

/// One for each `error` at the beginning of a line; what follows belongs to it.
fn complaints(said: &str) -> Vec<Complaint> {
    let mut complaints: Vec<Complaint> = Vec::new();
    for line in said.lines() {
        let head = line.split([':', ' ']).next().unwrap_or_default();
        let code = head.strip_prefix("error[").and_then(|code| code.strip_suffix(']'));
        if line.starts_with("error: aborting due to") {
            continue;
        }
        if head == "error" || code.is_some() {
            let code = code.unwrap_or("error").to_owned();
            complaints.push(Complaint { code, text: String::new() });
        }
        if let Some(complaint) = complaints.last_mut() {
            complaint.text += line;
            complaint.text += "\n";
        }
    }
    complaints
}
