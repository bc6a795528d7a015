//! Waiting on a thread and awaiting on any runtime.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use poolbridge::{Backend, Cancel, Executor, StartError, Status, Task, TaskError, Worker, promise};

use crate::support::{
    CountingWaker, FAR, Gate, HANG, drive, eventually, occupy, one_worker, poll_once, poll_with,
    value, within, workers,
};

/// E01, X11
#[test]
fn wait_blocks_until_the_job_is_over() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let task = pool.submit(|| 2_u32.pow(8));
    let waiter = thread::spawn(move || task.wait());
    busy.finish();
    assert_eq!(within(move || waiter.join()).unwrap().unwrap(), 256);
}

/// X09: a completion from another thread wakes an idle runtime.
#[test]
fn tokios_current_thread_runtime_is_woken() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (side, task) = promise();
    let gate = Gate::new();
    let opened = gate.clone();
    let setter = thread::spawn(move || {
        opened.pass();
        side.set_result(1).unwrap();
    });
    let value = runtime.block_on(async {
        let join = tokio::spawn(async move { task.await.unwrap() });
        tokio::task::yield_now().await;
        gate.open();
        join.await.unwrap()
    });
    assert_eq!(value, 1);
    setter.join().unwrap();
}

/// X11, X14
#[test]
fn tokios_multi_thread_runtime_awaits_many_tasks_at_once() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let pool = workers(4);
    let joins: Vec<_> = (0..100_u32)
        .map(|n| {
            let task = pool.submit(move || n * 2);
            runtime.spawn(async move { task.await.unwrap() })
        })
        .collect();
    runtime.block_on(async {
        for (n, join) in joins.into_iter().enumerate() {
            assert_eq!(join.await.unwrap(), n as u32 * 2);
        }
    });
}

/// B24: no runtime is asked for.
#[test]
fn smol_pollster_and_futures_await_tasks() {
    let pool = one_worker();
    assert_eq!(smol::block_on(pool.submit(|| 1)).unwrap(), 1);
    assert_eq!(pollster::block_on(pool.submit(|| 2)).unwrap(), 2);
    assert_eq!(futures::executor::block_on(pool.submit(|| 3)).unwrap(), 3);
    let task = pool.submit(|| 4);
    assert_eq!(smol::block_on(smol::spawn(task)).unwrap(), 4);
}

/// No type with a cooperative budget lies in the way of a completion: a foreign `block_on`
/// inside a tokio task never refills it.
#[test]
fn a_thousand_awaits_under_a_foreign_block_on_inside_tokio_do_not_hang() {
    within(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let pool = one_worker();
        runtime.block_on(async {
            futures::executor::block_on(async {
                for n in 0..1000 {
                    assert_eq!(pool.submit(move || n).await.unwrap(), n);
                }
                for n in 0..1000 {
                    assert_eq!(pool.submit(move || n).timeout(FAR).await.unwrap(), n);
                }
            });
        });
    });
}

/// The same in a spawned task of the multi-thread runtime.
#[test]
fn a_thousand_awaits_in_one_spawned_tokio_task_do_not_hang() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let pool = one_worker();
    let join = runtime.spawn(async move {
        futures::executor::block_on(async {
            for n in 0..1000 {
                assert_eq!(pool.submit(move || n).await.unwrap(), n);
            }
        });
    });
    within(move || runtime.block_on(join)).unwrap();
}

#[test]
fn the_latest_waker_wins() {
    let (side, mut task) = promise();
    let (first_count, first) = CountingWaker::new();
    let (second_count, second) = CountingWaker::new();
    assert!(poll_with(&mut task, &first).is_pending());
    assert!(poll_with(&mut task, &first).is_pending());
    assert!(poll_with(&mut task, &second).is_pending());
    side.set_result(1).unwrap();
    assert_eq!((first_count.wakes(), second_count.wakes()), (0, 1));
    assert!(matches!(poll_once(&mut task), Poll::Ready(Ok(1))));
}

/// A polled task goes to another tokio task, which hears of the end.
#[test]
fn a_polled_task_can_move_to_another_tokio_task() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let (side, mut task) = promise();
    let (give, take) = std::sync::mpsc::channel();
    let first = runtime.spawn(async move {
        assert!(futures::poll!(&mut task).is_pending());
        give.send(task).unwrap();
    });
    runtime.block_on(first).unwrap();
    let polled = Gate::new();
    let at_polled = polled.clone();
    let second = runtime.spawn(async move {
        let mut task = take.recv().unwrap();
        assert!(futures::poll!(&mut task).is_pending());
        at_polled.open();
        task.await.unwrap()
    });
    polled.pass();
    side.set_result(8).unwrap();
    assert_eq!(runtime.block_on(second).unwrap(), 8);
}

/// Awaited first, waited for by a thread then.
#[test]
fn a_polled_task_can_be_waited_for_by_a_thread() {
    let (side, mut task) = promise();
    let (count, waker) = CountingWaker::new();
    assert!(poll_with(&mut task, &waker).is_pending());
    let waiter = thread::spawn(move || task.result(FAR));
    side.set_result(2).unwrap();
    assert_eq!(within(move || waiter.join()).unwrap().unwrap().unwrap(), 2);
    assert!(count.wakes() <= 1);
}

/// R20: nobody's waker stays behind, on a drop and on the end.
#[test]
fn no_waker_stays_behind() {
    let (side, mut task) = promise::<()>();
    let (count, waker) = CountingWaker::new();
    assert!(poll_with(&mut task, &waker).is_pending());
    drop(waker);
    assert_eq!(Arc::strong_count(&count), 2);
    let canceller = task.canceller();
    drop(task);
    assert_eq!(Arc::strong_count(&count), 1);
    drop((side, canceller));
    let (side, mut task) = promise();
    let (count, waker) = CountingWaker::new();
    assert!(poll_with(&mut task, &waker).is_pending());
    drop(waker);
    side.set_result(()).unwrap();
    assert_eq!((Arc::strong_count(&count), count.wakes()), (1, 1));
    value(task);
}

/// R20: nor while the work of a dropped task goes on, however long.
#[test]
fn no_waker_of_a_dropped_task_waits_for_its_end() {
    for leave in [drop::<Task<()>>, Task::detach] {
        let (side, mut task) = promise();
        assert!(side.set_running());
        let (count, waker) = CountingWaker::new();
        assert!(poll_with(&mut task, &waker).is_pending());
        drop(waker);
        leave(task);
        assert_eq!(Arc::strong_count(&count), 1);
        drop(side);
        assert_eq!(count.wakes(), 0);
    }
}

/// R20: nor that of `stopped`.
#[test]
fn no_waker_of_stopped_stays_behind() {
    let (_side, task) = promise::<()>();
    let (count, waker) = CountingWaker::new();
    let mut stopped = task.stopped();
    assert!(poll_with(&mut stopped, &waker).is_pending());
    assert!(poll_with(&mut stopped, &waker).is_pending());
    drop(waker);
    drop(stopped);
    assert_eq!(Arc::strong_count(&count), 1);
}

#[test]
fn polling_after_the_outcome_was_taken_panics() {
    let (side, mut task) = promise();
    side.set_result(1).unwrap();
    assert!(matches!(poll_once(&mut task), Poll::Ready(Ok(1))));
    assert!(catch_unwind(AssertUnwindSafe(|| poll_once(&mut task))).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| task.result(Duration::ZERO))).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| task.add_done_callback(|_| ()))).is_err());
    assert_eq!(task.cancel(), Cancel::TooLate);
    assert_eq!(task.status(), Status::Finished);
    assert!(catch_unwind(AssertUnwindSafe(|| task.wait())).is_err());
}

/// Dropping a future that borrows the task loses nothing.
#[test]
fn a_task_lost_in_a_select_can_be_awaited_again() {
    let (side, mut task) = promise();
    drive(async {
        futures::select_biased! {
            _ = &mut futures::FutureExt::fuse(&mut task) => unreachable!("it is not over"),
            () = futures::future::ready(()) => {}
        }
        side.set_result(3).unwrap();
        assert_eq!(task.await.unwrap(), 3);
    });
}

/// `stopped` is a future of its own: any number, from any handle, also after the end.
#[test]
fn stopped_resolves_when_the_worker_has_let_go() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let task = pool.submit(|| ());
    let mut stopped = [task.stopped(), task.canceller().stopped()];
    assert!(stopped.iter_mut().all(|stopped| poll_once(stopped).is_pending()));
    let canceller = task.canceller();
    busy.finish();
    stopped.into_iter().for_each(drive);
    drive(canceller.stopped());
    value(task);
}

/// A cancelled job has let go at once.
#[test]
fn a_prevented_job_is_stopped() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let task = pool.submit(|| ());
    let (count, waker) = CountingWaker::new();
    let mut stopped = task.stopped();
    assert!(poll_with(&mut stopped, &waker).is_pending());
    assert_eq!(task.cancel(), Cancel::Prevented);
    assert_eq!(count.wakes(), 1);
    assert!(poll_once(&mut stopped).is_ready());
    busy.finish();
}

/// A task can be waited for by a thread that is itself a worker of another executor.
#[test]
fn a_worker_can_wait_for_a_task_of_another_executor() {
    let (outer, inner) = (one_worker(), one_worker());
    let task = outer.submit(move || inner.submit(|| 5).wait());
    assert_eq!(value(task).unwrap(), 5);
}

/// Waiting in the task's own closure is an error, and asks it to stop.
#[test]
fn waiting_for_a_task_in_its_own_closure_is_refused() {
    let pool = one_worker();
    let (give, take) = std::sync::mpsc::channel::<poolbridge::Task<bool>>();
    let (tell, told) = std::sync::mpsc::channel();
    let task = pool.submit_with(move |cx| {
        let me = take.recv().unwrap();
        tell.send(me.wait()).unwrap();
        cx.is_cancelled()
    });
    let stopped = task.stopped();
    give.send(task).unwrap();
    let refused = told.recv_timeout(crate::support::HANG).unwrap();
    assert!(matches!(refused, Err(TaskError::WouldDeadlock(_))));
    drive(stopped);
}

/// The text of the refusal names the task.
#[test]
fn a_refused_wait_names_the_task() {
    let pool = one_worker();
    let (give, take) = std::sync::mpsc::channel::<poolbridge::Task<()>>();
    let (tell, told) = std::sync::mpsc::channel();
    let task = pool.submit(move || {
        let mut me = take.recv().unwrap();
        tell.send(me.result(FAR)).unwrap();
        me.detach();
    });
    let id = task.id();
    give.send(task).unwrap();
    let refused = told.recv_timeout(crate::support::HANG).unwrap().unwrap();
    assert!(refused.unwrap_err().to_string().contains(&id.to_string()));
    eventually(|| pool.snapshot().running.is_empty());
}

/// G19: the callback's thread is the only one that could run the job: it runs it, or the wait is
/// refused. It does not hang.
#[test]
fn a_callback_that_waits_for_a_queued_job_of_its_own_one_worker_does_not_hang() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let (tell, told) = std::sync::mpsc::channel();
    let clone = pool.clone();
    let mut task = pool.submit(|| 1);
    task.add_done_callback(move |_| tell.send(clone.submit(|| 2).wait()).unwrap());
    busy.open();
    let waited = told.recv_timeout(crate::support::HANG / 6).expect("the wait hangs");
    assert!(matches!(waited, Ok(2) | Err(TaskError::WouldDeadlock(_))), "{waited:?}");
    assert_eq!(value(task), 1);
    busy.finish();
}

/// X02, R28, D8: the runtime is gone before the job ends: its end wakes nobody and harms nobody.
#[test]
fn a_completion_after_the_runtime_is_gone_harms_nobody() {
    let pool = one_worker();
    let busy = occupy(&pool);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let task = pool.submit(|| unreachable!("dropped with its runtime"));
    let (side, second) = promise();
    let canceller = task.canceller();
    runtime.block_on(async {
        tokio::spawn(async move { task.await.unwrap() });
        let mut second = second.shield();
        assert!(futures::poll!(&mut second).is_pending());
        tokio::spawn(second);
        tokio::task::yield_now().await;
    });
    drop(runtime);
    assert_eq!(canceller.status(), Status::Cancelled);
    side.set_result(1).unwrap();
    busy.finish();
    assert_eq!(value(pool.submit(|| 2)), 2);
}

/// Nobody looks again when `start` returns, so what it is in the middle of must not count.
#[test]
fn a_circle_is_seen_while_a_start_has_not_returned() {
    struct SlowToReturn(Gate);

    impl Backend for SlowToReturn {
        fn start(&self, worker: Worker) -> Result<(), StartError> {
            thread::spawn(move || worker.run());
            self.0.pass();
            Ok(())
        }

        fn parallelism(&self) -> NonZeroUsize {
            NonZeroUsize::MIN
        }
    }

    let gate = Gate::new();
    let left = Executor::on(SlowToReturn(gate.clone())).build().unwrap();
    let right = Executor::threads().max_workers(1).build().unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let own = left.clone();
    let submitter = thread::spawn(move || {
        let pool = left.clone();
        left.submit(move || {
            let inner = right.submit(move || own.submit(|| 1).wait());
            // Either may be the last to wait, and is refused.
            let refused = match inner.wait() {
                Ok(waited) => waited.map(drop),
                Err(error) => Err(error),
            };
            tell.send(refused).unwrap();
        })
        .detach();
        drop(pool);
    });
    let refused = told.recv_timeout(HANG).expect("the circle hangs");
    assert!(matches!(refused, Err(TaskError::WouldDeadlock(_))), "{refused:?}");
    gate.open();
    submitter.join().unwrap();
}
