//! What a cancel or a deadline gives back at once, and bounded queues.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use poolbridge::{
    BuildError, Cancel, Executor, Expired, OnFull, Reason, Status, TaskError, context,
};

use crate::support::{
    Counter, FAR, Gate, HANG, Log, eventually, occupy, one_worker, outcome, value, within,
};

fn bounded(capacity: usize, policy: OnFull) -> Executor {
    let pool = Executor::threads().max_workers(1).queue_capacity(capacity).on_full(policy);
    pool.build().unwrap()
}

/// G09: a cancelled job leaves the queue at once.
#[test]
fn cancel_takes_a_job_out_of_the_queue_at_once() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let tasks: Vec<_> = (0..5).map(|n| pool.submit(move || n)).collect();
    for (n, position) in [(2, "middle"), (0, "head"), (4, "tail")] {
        assert_eq!(tasks[n].cancel(), Cancel::Prevented, "{position}");
    }
    let queued: Vec<_> = pool.snapshot().queued.iter().map(|info| info.id).collect();
    assert_eq!(queued, [tasks[1].id(), tasks[3].id()]);
    busy.finish();
    let ended: Vec<_> = tasks.into_iter().map(|task| outcome(task).ok()).collect();
    assert_eq!(ended, [None, Some(1), None, Some(3), None]);
}

/// G09: its place in a bounded queue is free at once.
#[test]
fn a_cancelled_job_frees_its_place() {
    let pool = bounded(1, OnFull::Reject);
    let busy = occupy(&pool);
    let first = pool.submit(|| 1);
    assert!(pool.try_submit(|| 2).is_err());
    assert_eq!(first.cancel(), Cancel::Prevented);
    let second = pool.try_submit(|| 2).unwrap();
    busy.finish();
    assert_eq!(value(second), 2);
}

/// A job whose queue deadline has passed frees its place and its captures at once.
#[test]
fn an_expired_job_frees_its_place_and_its_captures() {
    let pool = bounded(1, OnFull::Reject);
    let busy = occupy(&pool);
    let dropped = Counter::new();
    let capture = dropped.on_drop();
    let job = pool.job(move || drop(capture)).queue_timeout(Duration::from_millis(1));
    assert!(matches!(outcome(job.submit()), Err(TaskError::TimedOut(Expired::Queue))));
    assert_eq!(dropped.get(), 1);
    let next = pool.try_submit(|| 2).unwrap();
    busy.finish();
    assert_eq!(value(next), 2);
}

#[test]
fn a_queue_needs_room_for_a_job() {
    let error = Executor::threads().queue_capacity(0).build().unwrap_err();
    assert_eq!(error, BuildError::NoCapacity);
}

/// Running jobs don't count.
#[test]
fn a_full_queue_rejects() {
    let pool = bounded(2, OnFull::Reject);
    let busy = occupy(&pool);
    let tasks = [pool.submit(|| 1), pool.submit(|| 2)];
    let (dropped, capture) = {
        let dropped = Counter::new();
        let capture = dropped.on_drop();
        (dropped, capture)
    };
    let refused = pool.submit(move || drop(capture));
    assert_eq!((dropped.get(), refused.status()), (1, Status::Failed));
    assert!(matches!(outcome(refused), Err(TaskError::Rejected(Reason::Full))));
    let rejected = pool.try_submit(|| 4).unwrap_err();
    assert!(matches!(rejected.reason(), Reason::Full));
    let source = std::error::Error::source(&rejected).and_then(|source| source.downcast_ref());
    assert!(matches!(source, Some(Reason::Full)));
    assert_eq!((rejected.into_inner())(), 4);
    busy.finish();
    assert_eq!(tasks.map(value), [1, 2]);
    assert_eq!(value(pool.submit(|| 5)), 5);
}

#[test]
fn a_full_queue_blocks_the_submitter_until_there_is_room() {
    let pool = bounded(1, OnFull::Block);
    let busy = occupy(&pool);
    let first = pool.submit(|| 1);
    let clone = pool.clone();
    let (tell, told) = mpsc::channel();
    let submitter = thread::spawn(move || {
        let task = clone.submit(|| 2);
        tell.send(()).unwrap();
        task
    });
    assert!(pool.try_submit(|| 3).is_err());
    assert!(told.try_recv().is_err());
    busy.finish();
    assert_eq!(value(first), 1);
    assert_eq!(value(within(move || submitter.join()).unwrap()), 2);
    told.recv().unwrap();
}

/// A cancel makes room for a blocked submitter too.
#[test]
fn a_blocked_submitter_gets_the_place_of_a_cancelled_job() {
    let pool = bounded(1, OnFull::Block);
    let busy = occupy(&pool);
    let first = pool.submit(|| 1);
    let clone = pool.clone();
    let submitter = thread::spawn(move || clone.submit(|| 2));
    assert_eq!(first.cancel(), Cancel::Prevented);
    let second = within(move || submitter.join()).unwrap();
    assert_eq!(pool.snapshot().queued.len(), 1);
    busy.finish();
    assert_eq!(value(second), 2);
}

/// Many submitters, a small queue: every job runs, never more than the capacity are queued.
#[test]
fn blocked_submitters_all_get_through() {
    let pool = bounded(2, OnFull::Block);
    let ran = Counter::new();
    let submitters: Vec<_> = (0..8)
        .map(|_| {
            let (pool, ran) = (pool.clone(), ran.clone());
            thread::spawn(move || {
                for _ in 0..50 {
                    let ran = ran.clone();
                    pool.submit(move || ran.add()).detach();
                    assert!(pool.snapshot().queued.len() <= 2);
                }
            })
        })
        .collect();
    for submitter in submitters {
        within(move || submitter.join()).unwrap();
    }
    eventually(|| ran.get() == 400);
}

/// A shutdown wakes who is blocked.
#[test]
fn a_shutdown_rejects_a_blocked_submitter() {
    let pool = bounded(1, OnFull::Block);
    let busy = occupy(&pool);
    let first = pool.submit(|| 1);
    let clone = pool.clone();
    let submitter = thread::spawn(move || clone.submit(|| 2));
    let termination = pool.shutdown(poolbridge::Shutdown::run_queued());
    let refused = within(move || submitter.join()).unwrap();
    assert!(matches!(outcome(refused), Err(TaskError::Rejected(Reason::Closed))));
    busy.finish();
    assert_eq!(value(first), 1);
    assert_eq!(termination.wait().unwrap().still_running, 0);
}

/// From its own worker a blocking submission could never end.
#[test]
fn a_worker_is_not_blocked_by_its_own_full_queue() {
    let pool = bounded(1, OnFull::Block);
    let clone = pool.clone();
    let (gate, begun) = (Gate::new(), Gate::new());
    let (at_gate, at_begun) = (gate.clone(), begun.clone());
    let task = pool.submit(move || {
        at_begun.open();
        at_gate.pass();
        clone.submit(|| ()).wait()
    });
    begun.pass();
    let queued = pool.submit(|| 2);
    gate.open();
    let refused = value(task);
    assert!(matches!(refused, Err(TaskError::Rejected(Reason::WouldDeadlock))), "{refused:?}");
    assert_eq!(value(queued), 2);
}

#[test]
fn a_full_queue_can_run_the_job_on_the_caller() {
    let log = Log::new();
    let (before, after) = (log.clone(), log.clone());
    let pool = Executor::threads()
        .max_workers(1)
        .queue_capacity(1)
        .on_full(OnFull::RunOnCaller)
        .before_job(move |_| before.note("before"))
        .after_job(move |_| after.note("after"))
        .build()
        .unwrap();
    let busy = occupy(&pool);
    let queued = pool.submit(|| ());
    let (here, note) = (thread::current().id(), log.clone());
    let mut task = pool.submit(move || {
        note.note("job");
        (thread::current().id() == here, context::current().map(|cx| cx.task_id()))
    });
    let id = task.id();
    assert_eq!(task.result(Duration::ZERO).unwrap().unwrap(), (true, Some(id)));
    assert_eq!(log.lines(), ["before", "before", "job", "after"]);
    busy.finish();
    value(queued);
}

/// A job on the caller that panics is a failed task, not a panic of `submit`.
#[test]
fn a_panic_on_the_caller_stays_in_the_task() {
    let pool = bounded(1, OnFull::RunOnCaller);
    let busy = occupy(&pool);
    let queued = pool.submit(|| ());
    let task = pool.submit(|| panic!("on the caller"));
    assert!(matches!(outcome::<()>(task), Err(TaskError::Panicked(_))));
    busy.finish();
    value(queued);
}

/// Not with an initializer: the caller has no worker state.
#[test]
fn running_on_the_caller_excludes_an_initializer() {
    let builder = Executor::threads().queue_capacity(1).on_full(OnFull::RunOnCaller);
    let error = builder.initializer(|| Ok::<_, std::io::Error>(())).build().unwrap_err();
    assert_eq!(error, BuildError::CallerHasNoState);
}

/// It gives way with an error, its captures gone, its callbacks told.
#[test]
fn a_full_queue_can_drop_the_oldest_job() {
    let pool = bounded(2, OnFull::DropOldest);
    let busy = occupy(&pool);
    let (dropped, log) = (Counter::new(), Log::new());
    let (capture, note) = (dropped.on_drop(), log.clone());
    let mut oldest = pool.submit(move || drop(capture));
    oldest.add_done_callback(move |outcome| note.note(outcome.as_ref().unwrap_err().to_string()));
    let second = pool.submit(|| 2);
    let third = pool.submit(|| 3);
    assert_eq!((dropped.get(), log.lines().len()), (1, 1));
    assert!(matches!(outcome(oldest), Err(TaskError::Rejected(Reason::Displaced))));
    let queued: Vec<_> = pool.snapshot().queued.iter().map(|info| info.id).collect();
    assert_eq!(queued, [second.id(), third.id()]);
    busy.finish();
    assert_eq!([second, third].map(value), [2, 3]);
}

/// The deadlines of the new job stand, whatever happens while the oldest one is told.
#[test]
fn a_run_deadline_stands_when_the_job_starts_before_its_submission_returns() {
    let pool = bounded(1, OnFull::DropOldest);
    let busy = occupy(&pool);
    let (gate, begun) = (busy.gate(), Gate::new());
    let mut victim = pool.submit(|| ());
    let started = begun.clone();
    victim.add_done_callback(move |_| {
        gate.open();
        started.pass();
    });
    let at_begun = begun.clone();
    let (tell, told) = mpsc::channel();
    let task = pool
        .job(move || {
            let cx = context::current().unwrap();
            let (stop, stopped) = mpsc::channel();
            cx.on_cancel(move || stop.send(()).unwrap());
            at_begun.open();
            tell.send(stopped.recv_timeout(HANG / 6).is_ok()).unwrap();
        })
        .queue_timeout(FAR)
        .run_timeout(Duration::from_millis(20))
        .submit();
    let asked = told.recv_timeout(HANG).unwrap();
    assert!(asked, "arming the queue deadline has disarmed the run deadline");
    assert!(matches!(outcome(task), Err(TaskError::TimedOut(Expired::Run))));
    busy.finish();
}
