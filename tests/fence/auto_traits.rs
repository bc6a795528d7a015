//! Every public type has the auto traits that stand here, and no others.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::marker::{PhantomData, PhantomPinned};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;
use std::sync::MutexGuard;

use poolbridge::*;

use crate::exports::exported_types;

/// `Send` and not `Sync`.
type NotSync = Cell<u8>;
/// `Sync` and not `Send`.
type NotSend = MutexGuard<'static, u8>;
type Neither = Rc<Cell<u8>>;
type Pinned = PhantomPinned;

/// One type: its name as the table has it, what it should have and what it has.
struct Row {
    name: &'static str,
    wanted: String,
    found: String,
}

/// True if the type has the trait: the constant of the type itself, where it exists, goes before that
/// of a trait that everything has.
macro_rules! has {
    ($of:ty, $auto:ident) => {{
        #[allow(dead_code)]
        trait Lacks {
            const HAS: bool = false;
        }
        impl<T: ?Sized> Lacks for T {}
        #[allow(dead_code)]
        struct Probe<T: ?Sized>(PhantomData<T>);
        #[allow(dead_code)]
        impl<T: ?Sized + $auto> Probe<T> {
            const HAS: bool = true;
        }
        <Probe<$of>>::HAS
    }};
}

fn listed(traits: &[(&str, bool)]) -> String {
    let present = traits.iter().filter(|(_, has)| *has).map(|(name, _)| *name);
    present.collect::<Vec<_>>().join(" ")
}

macro_rules! rows {
    ($($of:ty: $($auto:ident)*;)*) => {
        vec![$(Row {
            name: stringify!($of),
            wanted: <[&str]>::join(&[$(stringify!($auto)),*], " "),
            found: listed(&[
                ("Send", has!($of, Send)),
                ("Sync", has!($of, Sync)),
                ("Unpin", has!($of, Unpin)),
                ("UnwindSafe", has!($of, UnwindSafe)),
                ("RefUnwindSafe", has!($of, RefUnwindSafe)),
            ]),
        }),*]
    };
}

/// Handles: whatever they carry, they may be shared, because sharing one gives no value away.
fn of_tasks() -> Vec<Row> {
    rows! {
        Task<NotSync>: Send Sync Unpin UnwindSafe RefUnwindSafe;
        Task<Pinned>: Send Sync Unpin UnwindSafe RefUnwindSafe;
        Task<Neither>: Send Sync Unpin UnwindSafe RefUnwindSafe;
        Task<NotSend>: Send Sync Unpin UnwindSafe RefUnwindSafe;
        Shielded<NotSync>: Send Sync Unpin UnwindSafe RefUnwindSafe;
        Shielded<Neither>: Send Sync Unpin UnwindSafe RefUnwindSafe;
        Timeout<NotSync>: Send Sync Unpin;
        Timeout<Neither>: Send Sync Unpin;
        TimeoutOr<u8>: Send Sync Unpin;
        TimeoutOr<NotSync>: Send Unpin;
        TimeoutOr<NotSend>: Sync Unpin;
        TimeoutOr<Pinned>: Send Sync Unpin;
        Flatten<NotSync, Rc<u8>>: Send Sync Unpin UnwindSafe RefUnwindSafe;
        Flatten<u8, u8, Timeout<Result<u8, u8>>>: Send Sync Unpin;
        Flatten<u8, u8, Rc<u8>>: Unpin UnwindSafe RefUnwindSafe;
        Promise<u8>: Send Sync Unpin UnwindSafe RefUnwindSafe;
        Promise<NotSync>: Send Sync Unpin UnwindSafe RefUnwindSafe;
        Promise<Pinned>: Send Sync Unpin UnwindSafe RefUnwindSafe;
        Canceller: Send Sync Unpin UnwindSafe RefUnwindSafe;
        Stopped: Send Sync Unpin UnwindSafe RefUnwindSafe;
        TaskId: Send Sync Unpin UnwindSafe RefUnwindSafe;
        CallbackId: Send Sync Unpin UnwindSafe RefUnwindSafe;
        Status: Send Sync Unpin UnwindSafe RefUnwindSafe;
        Cancel: Send Sync Unpin UnwindSafe RefUnwindSafe;
        Expired: Send Sync Unpin UnwindSafe RefUnwindSafe;
        Context: Send Sync Unpin UnwindSafe RefUnwindSafe;
        context::Context: Send Sync Unpin UnwindSafe RefUnwindSafe;
        OnCancel: Send Sync Unpin UnwindSafe RefUnwindSafe;
        context::OnCancel: Send Sync Unpin UnwindSafe RefUnwindSafe;
        Job: Send Sync Unpin UnwindSafe RefUnwindSafe;
    }
}

/// Errors go anywhere.
fn of_errors() -> Vec<Row> {
    rows! {
        TaskError: Send Sync Unpin;
        Panic: Send Sync Unpin UnwindSafe RefUnwindSafe;
        Reason: Send Sync Unpin;
        Broken: Send Sync Unpin;
        WouldDeadlock: Send Sync Unpin UnwindSafe RefUnwindSafe;
        WaitTimeout: Send Sync Unpin UnwindSafe RefUnwindSafe;
        Cancelled: Send Sync Unpin UnwindSafe RefUnwindSafe;
        BuildError: Send Sync Unpin UnwindSafe RefUnwindSafe;
        StartError: Send Sync Unpin;
        Rejected<u8>: Send Sync Unpin;
        Rejected<NotSync>: Send Unpin;
        Rejected<NotSend>: Sync Unpin;
        Rejected<Pinned>: Send Sync;
    }
}

/// What carries a closure has what the closure has; the rest goes anywhere.
fn of_executors() -> Vec<Row> {
    rows! {
        Executor: Send Sync Unpin UnwindSafe RefUnwindSafe;
        ExecutorBuilder: Send Sync Unpin;
        ThreadPoolBuilder: Send Sync Unpin;
        PoolThread: Send Sync Unpin UnwindSafe RefUnwindSafe;
        Worker: Send Sync Unpin UnwindSafe RefUnwindSafe;
        OnFull: Send Sync Unpin UnwindSafe RefUnwindSafe;
        Priority: Send Sync Unpin UnwindSafe RefUnwindSafe;
        Keyed<u8>: Send Sync Unpin UnwindSafe RefUnwindSafe;
        Keyed<Neither>: Send Sync Unpin UnwindSafe RefUnwindSafe;
        Submission<'static, Neither, fn()>: Send Unpin;
        Submission<'static, u8, NotSync>: Send Unpin;
        Submission<'static, u8, NotSend>: Unpin;
        Submission<'static, u8, Pinned>: Send;
        SubmitWhenReady<Neither, fn()>: Send Unpin;
        SubmitWhenReady<u8, NotSync>: Send Unpin;
        SubmitWhenReady<u8, NotSend>: Unpin;
        SubmitWhenReady<u8, Pinned>: Send Unpin;
        Blocking<fn()>: Send Unpin;
        Blocking<NotSync>: Send Unpin;
        Blocking<NotSend>: Unpin;
        Blocking<Pinned>: Send;
        Snapshot: Send Sync Unpin UnwindSafe RefUnwindSafe;
        TaskInfo: Send Sync Unpin UnwindSafe RefUnwindSafe;
        Manual: Send Sync Unpin UnwindSafe RefUnwindSafe;
        backends::Inline: Send Sync Unpin UnwindSafe RefUnwindSafe;
        backends::Rayon: Send Sync Unpin;
        backends::TokioBlocking: Send Sync Unpin UnwindSafe RefUnwindSafe;
        backends::FuturesPool: Send Sync Unpin UnwindSafe RefUnwindSafe;
    }
}

/// Ends, and what comes back.
fn of_endings() -> Vec<Row> {
    rows! {
        Shutdown: Send Sync Unpin UnwindSafe RefUnwindSafe;
        Queued: Send Sync Unpin UnwindSafe RefUnwindSafe;
        Running: Send Sync Unpin UnwindSafe RefUnwindSafe;
        Report: Send Sync Unpin UnwindSafe RefUnwindSafe;
        Termination: Send Sync Unpin UnwindSafe RefUnwindSafe;
        TerminationTimeout: Send Sync Unpin;
        ExitGuard: Send Sync Unpin UnwindSafe RefUnwindSafe;
    }
}

/// The suite's own.
fn of_the_suite() -> Vec<Row> {
    rows! {
        conformance::Suite: Send Sync Unpin;
        conformance::Report: Send Sync Unpin UnwindSafe RefUnwindSafe;
        conformance::Verdict: Send Sync Unpin UnwindSafe RefUnwindSafe;
        conformance::Outcome: Send Sync Unpin UnwindSafe RefUnwindSafe;
        conformance::Check: Send Sync Unpin UnwindSafe RefUnwindSafe;
        conformance::Setup: Send Sync Unpin;
        conformance::NotApplicable: Send Sync Unpin UnwindSafe RefUnwindSafe;
        conformance::OwnThreads: Send Sync Unpin UnwindSafe RefUnwindSafe;
    }
}

fn table() -> Vec<Row> {
    [of_tasks(), of_errors(), of_executors(), of_endings(), of_the_suite()]
        .into_iter()
        .flatten()
        .collect()
}

#[test]
fn every_type_has_its_auto_traits_and_no_others() {
    let wrong = table().into_iter().filter(|row| row.wanted != row.found);
    let wrong: Vec<_> = wrong.map(|row| format!("{}: {}", row.name, row.found)).collect();
    assert!(
        wrong.is_empty(),
        "these have other auto traits than the table says:\n{}",
        wrong.join("\n")
    );
}

/// A new public type comes with its row, and a row goes with its type.
#[test]
fn every_public_type_has_a_row() {
    let names: BTreeSet<_> = table()
        .iter()
        .map(|row| row.name.split('<').next().unwrap().trim().replace(' ', ""))
        .collect();
    let exported = exported_types();
    assert!(exported.len() > 50, "the types are not found: {exported:?}");
    let missing: Vec<_> = exported.difference(&names).collect();
    assert!(missing.is_empty(), "types without a row: {missing:?}");
    let stale: Vec<_> = names.difference(&exported).collect();
    assert!(stale.is_empty(), "rows without a type: {stale:?}");
}
