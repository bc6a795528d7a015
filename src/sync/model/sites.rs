//! Call sites of orderings, fences and notifications: recorded, and one of them weakened.
//!
//! `PB_SITES=path` appends each site reached, as `file:line:column:role:ordering`.
//! `PB_MUTANT=file:line:column:role:weaker` weakens that one, so a single build serves all
//! mutants. A fence and a notification can be left out (`drop`, `skip`).

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::panic::Location;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, OnceLock, PoisonError};

type Role = &'static str;
type Caller = &'static Location<'static>;

struct Setup {
    mutant: Option<Mutant>,
    record: Option<Mutex<Record>>,
}

struct Mutant {
    file: String,
    line: u32,
    column: u32,
    role: String,
    weaker: String,
}

struct Record {
    file: File,
    seen: BTreeSet<(&'static str, u32, u32, Role)>,
}

impl Mutant {
    fn parse(text: &str) -> Option<Self> {
        // From the right: a file name may have colons, the rest has none.
        let mut parts = text.rsplitn(5, ':');
        let weaker = parts.next()?.to_owned();
        let role = parts.next()?.to_owned();
        let column = parts.next()?.parse().ok()?;
        let line = parts.next()?.parse().ok()?;
        Some(Self { file: parts.next()?.to_owned(), line, column, role, weaker })
    }

    fn is_at(&self, role: Role, caller: Caller) -> bool {
        (self.line, self.column) == (caller.line(), caller.column())
            && self.role == role
            && self.file == caller.file()
    }
}

fn setup() -> &'static Setup {
    static SETUP: OnceLock<Setup> = OnceLock::new();
    SETUP.get_or_init(|| Setup {
        mutant: std::env::var("PB_MUTANT")
            .ok()
            .map(|text| Mutant::parse(&text).expect("PB_MUTANT=file:line:column:role:weaker")),
        record: std::env::var_os("PB_SITES").map(|path| {
            let file = File::options().create(true).append(true).open(path);
            let file = file.expect("PB_SITES names a file that can be written");
            Mutex::new(Record { file, seen: BTreeSet::new() })
        }),
    })
}

/// Records the site; what it is to be weakened to, if it is the mutant.
fn visit(role: Role, order: Option<Ordering>, caller: Caller) -> Option<&'static str> {
    let setup = setup();
    if let Some(record) = &setup.record {
        let mut record = record.lock().unwrap_or_else(PoisonError::into_inner);
        let (file, line, column) = (caller.file(), caller.line(), caller.column());
        if record.seen.insert((file, line, column, role)) {
            let was = order.map_or_else(|| "call".to_owned(), |order| format!("{order:?}"));
            writeln!(record.file, "{file}:{line}:{column}:{role}:{was}").expect("PB_SITES");
        }
    }
    let mutant = setup.mutant.as_ref()?;
    mutant.is_at(role, caller).then_some(mutant.weaker.as_str())
}

fn ordering(name: &str) -> Ordering {
    match name {
        "Relaxed" => Ordering::Relaxed,
        "Acquire" => Ordering::Acquire,
        "Release" => Ordering::Release,
        "AcqRel" => Ordering::AcqRel,
        _ => panic!("PB_MUTANT: no weaker ordering is called {name}"),
    }
}

/// The ordering with which an atomic is accessed.
pub(super) fn access(role: Role, order: Ordering, caller: Caller) -> Ordering {
    // loom takes a SeqCst access for AcqRel: what it then reports, or does not, means nothing.
    assert!(order != Ordering::SeqCst, "SeqCst access at {caller}: only fences may be SeqCst");
    visit(role, Some(order), caller).map_or(order, ordering)
}

/// The ordering of a fence; `None`: it is left out.
pub(super) fn fence(order: Ordering, caller: Caller) -> Option<Ordering> {
    match visit("fence", Some(order), caller) {
        Some("drop") => None,
        weaker => Some(weaker.map_or(order, ordering)),
    }
}

/// Whether the step is made: a notification sent, a second look taken.
pub(super) fn is_made(role: Role, caller: Caller) -> bool {
    visit(role, None, caller).is_none()
}
