//! What only shows in a process of its own: these tests start themselves again.

use std::num::NonZeroUsize;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use poolbridge::{
    Backend, Executor, Running, Shutdown, StartError, Worker, default_executor, run_in_executor,
    set_default_executor,
};

use crate::support::{FAR, HANG, occupy, thread_name, value};

const CHILD: &str = "POOLBRIDGE_TEST_CHILD";

/// Runs `body` in a process of its own, which has to end well, and gives what it printed.
fn alone(test: &str, body: impl FnOnce()) -> Option<String> {
    if std::env::var_os(CHILD).is_some() {
        body();
        return None;
    }
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("processes::{test}"), "--nocapture"])
        .env(CHILD, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > HANG {
            child.kill().unwrap();
            panic!("the process hangs");
        }
        std::thread::yield_now();
    }
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// X05
#[test]
fn an_own_executor_can_be_the_default() {
    alone("an_own_executor_can_be_the_default", || {
        let mine = Executor::threads().thread_name("mine").build().unwrap();
        assert!(set_default_executor(mine.clone()).is_ok());
        assert_eq!(value(run_in_executor(None, thread_name)), "mine-0");
        assert_eq!(value(default_executor().submit(thread_name)), "mine-0");
        assert!(set_default_executor(mine).is_err());
    });
}

/// X06, D10: any source of threads can be.
#[test]
fn an_executor_over_foreign_threads_can_be_the_default() {
    struct Fresh;
    impl Backend for Fresh {
        fn start(&self, worker: Worker) -> Result<(), StartError> {
            let thread = std::thread::Builder::new().name("foreign".into());
            thread.spawn(move || worker.run()).map_err(StartError::new)?;
            Ok(())
        }
        fn parallelism(&self) -> NonZeroUsize {
            NonZeroUsize::MIN
        }
    }
    alone("an_executor_over_foreign_threads_can_be_the_default", || {
        assert!(set_default_executor(Executor::on(Fresh).build().unwrap()).is_ok());
        assert_eq!(value(run_in_executor(None, thread_name)), "foreign");
    });
}

/// The names of the default executor's threads.
#[test]
fn the_threads_of_the_default_executor_are_named_after_the_crate() {
    alone("the_threads_of_the_default_executor_are_named_after_the_crate", || {
        assert_eq!(value(run_in_executor(None, thread_name)), "poolbridge-0");
    });
}

/// D9, S06: a process ends though a job runs for ever; nobody joins.
#[test]
fn a_process_ends_while_jobs_run() {
    alone("a_process_ends_while_jobs_run", || {
        let pool = Executor::threads().max_workers(1).build().unwrap();
        std::mem::forget(occupy(&pool));
        pool.submit(|| ()).detach();
        run_in_executor(None, || {
            loop {
                std::thread::park();
            }
        })
        .detach();
    });
}

/// S14, D9: the job ran or was cancelled; the exit is clean either way.
#[test]
fn a_process_ends_right_after_a_cancelling_shutdown() {
    let printed = alone("a_process_ends_right_after_a_cancelling_shutdown", || {
        let pool = Executor::threads().build().unwrap();
        pool.submit(|| println!("the job")).detach();
        drop(pool.shutdown(Shutdown::cancel_queued().running(Running::Request)));
    });
    if let Some(printed) = printed {
        assert!(printed.matches("the job").count() <= 1);
    }
}

/// S02: who wants the queued work done before the exit waits for the shutdown.
#[test]
fn a_process_that_waits_for_its_shutdown_sees_its_work_done() {
    let printed = alone("a_process_that_waits_for_its_shutdown_sees_its_work_done", || {
        let pool = Executor::threads().max_workers(1).build().unwrap();
        for n in 0..10 {
            pool.submit(move || println!("job {n}")).detach();
        }
        pool.shutdown(Shutdown::run_queued()).wait().unwrap();
    });
    if let Some(printed) = printed {
        assert_eq!(printed.matches("job ").count(), 10, "{printed}");
    }
}

/// S02: or has a guard.
#[test]
fn a_process_with_a_guard_does_its_queued_work_before_it_exits() {
    let printed = alone("a_process_with_a_guard_does_its_queued_work_before_it_exits", || {
        let _guard = default_executor().exit_guard(FAR);
        let one = Executor::threads().max_workers(1).build().unwrap();
        let _other = one.exit_guard(FAR);
        let busy = occupy(&one);
        for n in 0..10 {
            one.submit(move || println!("job {n}")).detach();
            run_in_executor(None, move || println!("default {n}")).detach();
        }
        busy.open();
    });
    if let Some(printed) = printed {
        assert_eq!(printed.matches("job ").count(), 10, "{printed}");
        assert_eq!(printed.matches("default ").count(), 10, "{printed}");
    }
}

/// The job that keeps the guard waiting never ends; the process does.
#[test]
fn a_process_with_a_guard_waits_for_an_endless_job_no_longer_than_the_limit() {
    alone("a_process_with_a_guard_waits_for_an_endless_job_no_longer_than_the_limit", || {
        let pool = Executor::threads().max_workers(1).build().unwrap();
        let _guard = pool.exit_guard(Duration::from_millis(20));
        std::mem::forget(occupy(&pool));
        pool.submit(|| unreachable!("behind an endless job")).detach();
    });
}

/// Each outcome owns the next finished task: dropping the first drops them all. In a process of
/// its own because an overflow cannot be caught.
#[test]
fn a_long_cascade_of_outcomes_does_not_overflow_the_stack() {
    type Any = Box<dyn std::any::Any + Send>;
    alone("a_long_cascade_of_outcomes_does_not_overflow_the_stack", || {
        let mut task: poolbridge::Task<Any> = run_in_executor(None, || Box::new(()) as _);
        for _ in 0..100_000 {
            let (side, next) = poolbridge::promise::<Any>();
            assert!(side.set_result(Box::new(task)).is_ok());
            task = next;
        }
        drop(task);
    });
}
