//! What the types are: checked when this compiles. Which of them are `Send`, `Sync`, `Unpin` and safe to
//! unwind stands in `tests/fence/auto_traits.rs`.

use std::cell::Cell;
use std::error::Error;
use std::fmt::{Debug, Display};
use std::future::Future;
use std::hash::Hash;

use poolbridge::{
    Blocking, BuildError, CallbackId, Cancel, Cancelled, Canceller, Context, Executor,
    ExecutorBuilder, ExitGuard, Expired, Flatten, Job, Manual, OnCancel, OnFull, Panic, PoolThread,
    Promise, Queued, Reason, Rejected, Report, Running, Shielded, Shutdown, Snapshot, Status,
    Stopped, Submission, SubmitWhenReady, Task, TaskError, TaskId, Termination, TerminationTimeout,
    ThreadPoolBuilder, Timeout, TimeoutOr, WaitTimeout, Worker, WouldDeadlock,
};

fn debug<T: Debug>() {}
fn copy_eq_hash<T: Copy + Eq + Hash + Debug>() {}
fn error<T: Error + Send + Sync + Clone + 'static>() {}
fn future<T: Future + Unpin + Send>() {}

/// `Send` and not `Sync`.
type NotSync = Cell<u8>;
type F = fn() -> NotSync;

#[test]
fn futures_are_futures() {
    future::<Task<NotSync>>();
    future::<Timeout<NotSync>>();
    future::<TimeoutOr<NotSync>>();
    future::<Shielded<NotSync>>();
    future::<Flatten<NotSync, TaskError>>();
    future::<Stopped>();
    future::<Termination>();
    future::<TerminationTimeout>();
    future::<SubmitWhenReady<NotSync, F>>();
}

#[test]
fn small_values_are_plain() {
    copy_eq_hash::<TaskId>();
    copy_eq_hash::<CallbackId>();
    copy_eq_hash::<Status>();
    copy_eq_hash::<Cancel>();
    copy_eq_hash::<Expired>();
    copy_eq_hash::<OnFull>();
    assert!(TaskId::cmp(&id(), &id()).is_lt());
    let mode = Shutdown::run_queued();
    assert_eq!((mode, mode.queued, mode.running), (mode, Queued::Run, Running::Wait));
}

fn id() -> TaskId {
    poolbridge::promise::<()>().1.id()
}

#[test]
fn errors_are_errors() {
    error::<TaskError>();
    error::<Panic>();
    error::<Reason>();
    error::<poolbridge::Broken>();
    error::<WouldDeadlock>();
    error::<WaitTimeout>();
    error::<Cancelled>();
    error::<BuildError>();
    fn rejected<F>()
    where
        Rejected<F>: Error + Display,
    {
    }
    rejected::<NotSync>();
}

#[test]
fn everything_can_be_printed() {
    debug::<Task<NotSync>>();
    debug::<Shielded<NotSync>>();
    debug::<Flatten<NotSync, NotSync>>();
    debug::<Timeout<NotSync>>();
    debug::<TimeoutOr<NotSync>>();
    debug::<Promise<NotSync>>();
    debug::<SubmitWhenReady<u8, F>>();
    debug::<Submission<'static, NotSync, F>>();
    debug::<Executor>();
    debug::<ThreadPoolBuilder>();
    debug::<ExecutorBuilder>();
    debug::<PoolThread>();
    debug::<Worker>();
    debug::<Job>();
    debug::<Report>();
    debug::<Termination>();
    debug::<ExitGuard>();
    debug::<Manual>();
    debug::<TerminationTimeout>();
    debug::<Snapshot>();
    debug::<Canceller>();
    debug::<Stopped>();
    debug::<Context>();
    debug::<OnCancel>();
    debug::<Blocking<F>>();
}

/// A task is two words at most, a job one.
#[test]
fn handles_are_small() {
    let word = size_of::<usize>();
    assert!(size_of::<Task<[u64; 100]>>() <= 2 * word);
    assert!(size_of::<Shielded<[u64; 100]>>() <= 2 * word);
    assert_eq!(size_of::<Job>(), word);
    assert_eq!(size_of::<Canceller>(), word);
    assert_eq!(size_of::<Executor>(), word);
    assert!(size_of::<TaskError>() <= 2 * word);
}

/// A value that is only `Send` travels through.
#[test]
fn a_value_that_is_not_sync_travels_through() {
    let pool = crate::support::one_worker();
    let task = pool.submit(|| Cell::new(5));
    assert_eq!(crate::support::value(task).get(), 5);
}
