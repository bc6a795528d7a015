//! Bigger scenarios than loom can go through: four workers, eight tasks and more, everything at once.
//! In shuttle's random orders, and on real threads.

use std::sync::Arc;
use std::time::Duration;

use loom_tests::{Drops, Entry, Model, block_on, models, thread};
use poolbridge::__verify::plan::{self, Plan};
use poolbridge::__verify::{Parker, fire_due};
use poolbridge::{Executor, OnFull, Shutdown, Task, TaskError};

use crate::stub::{Answer, Count, Log, Stub, Threads, Word, ending};

pub(crate) const MODELS: &[Entry] = models![
    no_job_of_a_crowd_is_lost_or_doubled,
    no_job_is_lost_in_the_shutdown_of_a_crowd,
    no_limit_is_exceeded_by_a_crowd,
    no_key_is_out_of_order_in_a_crowd,
    no_wait_in_a_crowd_hangs,
    no_room_is_lost_in_a_crowd,
    no_deadline_of_a_crowd_is_lost_or_doubled,
    no_job_of_a_crowd_is_stranded_by_threads_that_come_and_go,
    no_callback_of_a_crowd_is_lost_or_doubled,
    no_wait_that_could_end_is_refused_in_a_crowd,
    no_wait_is_refused_while_a_turn_comes_to_rest,
];

const WORKERS: usize = 4;
const TASKS: usize = 8;

/// Closures whose drops are counted, submitted from two threads.
fn submit_from_two(
    submit: impl Fn(usize) -> Task<usize> + Clone + Send + 'static,
) -> Vec<Task<usize>> {
    let other = submit.clone();
    let second = thread::spawn(move || (TASKS / 2..TASKS).map(&other).collect::<Vec<_>>());
    let mut tasks: Vec<_> = (0..TASKS / 2).map(submit).collect();
    tasks.extend(second.join().unwrap());
    tasks
}

fn endings(tasks: Vec<Task<usize>>) -> Vec<Word> {
    tasks.into_iter().map(|task| ending(&task.wait())).collect()
}

fn count(endings: &[Word], which: &str) -> usize {
    endings.iter().filter(|ending| ending.0 == which).count()
}

/// Two submitters, four workers, a canceller of every other task. Each job runs once or never, as
/// its task says, and what it captured is dropped once. Outcome: whether all ended.
fn no_job_of_a_crowd_is_lost_or_doubled() {
    Model::sampled().sees_exactly(&["true"]).check(|| {
        let (threads, ran, drops) = (Threads::new(), Count::new(), Drops::new());
        let executor = threads.executor(WORKERS);
        let (own, runs, probes) = (executor.clone(), ran.clone(), drops.clone());
        let tasks = submit_from_two(move |n| {
            let (runs, probe) = (runs.clone(), probes.probe());
            own.submit(move || {
                probe.touch();
                runs.add();
                n
            })
        });
        let cancellers: Vec<_> = tasks.iter().step_by(2).map(Task::canceller).collect();
        let canceller = thread::spawn(move || {
            cancellers.iter().for_each(|canceller| {
                let _ = canceller.cancel();
            });
        });
        let endings = endings(tasks);
        canceller.join().unwrap();
        drop(executor);
        threads.join();
        assert_eq!(drops.count(), TASKS);
        let values = count(&endings, "value");
        assert_eq!(values, ran.get());
        assert!(threads.starts() <= WORKERS);
        values + count(&endings, "cancelled") == TASKS
    });
}

/// Submitters against a shutdown of each kind. What was accepted ends as the report says. Outcome:
/// what is left.
fn no_job_is_lost_in_the_shutdown_of_a_crowd() {
    let modes = [
        ("run", Shutdown::run_queued()),
        ("cancel", Shutdown::cancel_queued()),
        ("hand back", Shutdown::hand_back()),
    ];
    for (case, mode) in modes {
        Model::sampled().case(case).sees_exactly(&["0"]).check(move || {
            let (threads, ran) = (Threads::new(), Count::new());
            let executor = threads.executor(WORKERS);
            let view = executor.limited(2);
            let closing = executor.clone();
            let closer = thread::spawn(move || {
                let mut end = closing.shutdown(mode);
                let jobs = end.take_handed_back();
                (jobs.into_iter().map(|job| job.run()).count(), end.wait().unwrap())
            });
            let (own, runs) = (executor.clone(), ran.clone());
            let tasks = submit_from_two(move |n| {
                let runs = runs.clone();
                let target = if n % 2 == 0 { &own } else { &view };
                target.submit(move || {
                    runs.add();
                    n
                })
            });
            let endings = endings(tasks);
            let (handed_back, report) = closer.join().unwrap();
            assert_eq!(count(&endings, "cancelled"), report.cancelled);
            let values = count(&endings, "value");
            assert_eq!(values, ran.get());
            assert!(report.finished + handed_back <= values);
            assert_eq!(values + report.cancelled + count(&endings, "rejected"), TASKS);
            drop(executor);
            threads.join();
            report.still_running
        });
    }
}

/// Two views of one pool, their limits two and one. Outcome: the most that ran at once in each.
fn no_limit_is_exceeded_by_a_crowd() {
    let all = ["(1, 1)", "(2, 1)"];
    Model::sampled().sees_exactly(&all).check(|| {
        let threads = Threads::new();
        let executor = threads.executor(WORKERS);
        let views = [executor.limited(2), executor.serial()];
        let inside = [Log::new(), Log::new()];
        let most = [Log::new(), Log::new()];
        let (targets, logs, tops) = (views.clone(), inside.clone(), most.clone());
        let tasks = submit_from_two(move |n| {
            let (inside, most) = (logs[n % 2].clone(), tops[n % 2].clone());
            targets[n % 2].submit(move || {
                inside.push(());
                most.push(inside.len());
                thread::yield_now();
                inside.pop();
                n
            })
        });
        assert_eq!(count(&endings(tasks), "value"), TASKS);
        drop((views, executor));
        threads.join();
        let [two, one] = most.map(|most| most.take().into_iter().max().unwrap());
        (two, one)
    });
}

/// Two keys, a submitter each, and cancels between. Each key's jobs run one by one and in order.
/// Outcome: whether they did.
fn no_key_is_out_of_order_in_a_crowd() {
    Model::sampled().sees_exactly(&["true"]).check(|| {
        let threads = Threads::new();
        let executor = threads.executor(WORKERS);
        let keyed = executor.keyed::<u8>();
        let log = Log::new();
        let (own, seen) = (keyed.clone(), log.clone());
        let tasks = submit_from_two(move |n| {
            let (seen, key) = (seen.clone(), u8::from(n < TASKS / 2));
            own.submit(key, move || {
                seen.push((key, n));
                thread::yield_now();
                seen.push((key, n));
                n
            })
        });
        let _ = (tasks[1].cancel(), tasks[TASKS - 2].cancel());
        let endings = endings(tasks);
        drop((keyed, executor));
        threads.join();
        let seen = log.take();
        assert_eq!(seen.len(), 2 * count(&endings, "value"));
        (0..=1).all(|key| {
            let own: Vec<_> = seen.iter().filter(|(of, _)| *of == key).map(|(_, n)| *n).collect();
            own.chunks(2).all(|pair| pair[0] == pair[1]) && own.is_sorted()
        })
    });
}

/// Two pools of two, whose jobs wait for jobs of the other, four at each end. A wait that closes a
/// circle is refused, every other ends. Outcome: nothing else.
fn no_wait_in_a_crowd_hangs() {
    Model::sampled().sees_exactly(&["true"]).check(|| {
        let threads = [Threads::new(), Threads::new()];
        let pools = [threads[0].executor(2), threads[1].executor(2)];
        let both = pools.clone();
        let tasks = submit_from_two(move |n| {
            let other = both[(n + 1) % 2].clone();
            both[n % 2].submit(move || match other.submit(move || n).wait() {
                Ok(n) => n,
                Err(TaskError::WouldDeadlock(_)) => TASKS,
                Err(error) => panic!("{error}"),
            })
        });
        let ended = count(&endings(tasks), "value") == TASKS;
        drop(pools);
        threads.iter().for_each(Threads::join);
        ended
    });
}

/// A queue with two places before two workers: submitters that block, some that await, and one that
/// gives up. Outcome: whether everybody got in who stayed.
fn no_room_is_lost_in_a_crowd() {
    Model::sampled().sees_exactly(&["true"]).check(|| {
        let (threads, ran) = (Threads::new(), Count::new());
        let pool = threads.builder(2).queue_capacity(2).on_full(OnFull::Block);
        let executor = pool.build().unwrap();
        let runs = ran.clone();
        let own = executor.clone();
        let awaiting = thread::spawn(move || {
            let mut tasks = Vec::new();
            for n in 0..3 {
                let runs = runs.clone();
                let mut room = own.submit_when_ready(move || runs.add());
                if n == 1 {
                    let waker = std::task::Waker::noop();
                    let cx = &mut std::task::Context::from_waker(waker);
                    match std::pin::pin!(&mut room).poll(cx) {
                        // Given up, perhaps with room in its hands.
                        std::task::Poll::Pending => continue,
                        std::task::Poll::Ready(task) => {
                            tasks.push(task.unwrap_or_else(|_| panic!()))
                        }
                    }
                } else {
                    tasks.push(block_on(room).unwrap_or_else(|_| panic!()));
                }
            }
            tasks.into_iter().map(|task| task.wait().unwrap()).count()
        });
        let (own, runs) = (executor.clone(), ran.clone());
        let tasks = submit_from_two(move |n| {
            let runs = runs.clone();
            own.submit(move || {
                runs.add();
                n
            })
        });
        let _ = tasks[0].cancel();
        let endings = endings(tasks);
        let awaited = awaiting.join().unwrap();
        assert_eq!(count(&endings, "value") + awaited, ran.get());
        assert!(executor.snapshot().queued.is_empty());
        drop(executor);
        threads.join();
        count(&endings, "value") + count(&endings, "cancelled") == TASKS
    });
}

/// Eight tasks with limits of three kinds, and a clock that goes on beside them. Outcome: whether
/// each ended with its value or by its limit.
fn no_deadline_of_a_crowd_is_lost_or_doubled() {
    const LIMIT: Duration = Duration::from_secs(1);
    Model::sampled().sees_exactly(&["true"]).check(|| {
        let (threads, drops) = (Threads::new(), Drops::new());
        let executor = threads.executor(2);
        let (own, probes) = (executor.clone(), drops.clone());
        let time = thread::spawn(|| {
            for _ in 0..3 {
                plan::advance(LIMIT);
                fire_due();
                thread::yield_now();
            }
        });
        let tasks = submit_from_two(move |n| {
            let probe = probes.probe();
            let job = own.job(move || {
                thread::yield_now();
                probe.touch();
                n
            });
            match n % 3 {
                0 => job.queue_timeout(LIMIT).submit(),
                1 => job.run_timeout(LIMIT).submit(),
                _ => job.queue_timeout(2 * LIMIT).run_timeout(LIMIT).submit(),
            }
        });
        let endings = endings(tasks);
        time.join().unwrap();
        drop(executor);
        threads.join();
        assert_eq!(drops.count(), TASKS);
        count(&endings, "value") + count(&endings, "timed out") == TASKS
    });
}

/// A backend that refuses some threads, drops some turns, and has some. Outcome: whether each task
/// ended with its value or as broken.
fn no_job_of_a_crowd_is_stranded_by_threads_that_come_and_go() {
    Model::sampled().sees_exactly(&["true"]).check(|| {
        let (stub, ran) = (
            Stub::new(|n| match n % 4 {
                0 | 3 => Answer::Spawn,
                1 => Answer::Refuse,
                _ => Answer::Drop,
            }),
            Count::new(),
        );
        let executor = stub.executor(WORKERS);
        let view = executor.limited(2);
        let (own, inner, runs) = (executor.clone(), view.clone(), ran.clone());
        let tasks = submit_from_two(move |n| {
            let runs = runs.clone();
            let target = if n % 3 == 0 { &inner } else { &own };
            target.submit(move || {
                runs.add();
                n
            })
        });
        let endings = endings(tasks);
        drop((view, executor));
        stub.join();
        assert_eq!(count(&endings, "value"), ran.get());
        count(&endings, "value") + count(&endings, "broken") == TASKS
    });
}

/// Callbacks added while the tasks end. Each runs once and sees the value. Outcome: how many ran.
fn no_callback_of_a_crowd_is_lost_or_doubled() {
    Model::sampled().sees_exactly(&["16"]).check(|| {
        let (threads, ran) = (Threads::new(), Count::new());
        let executor = threads.executor(WORKERS);
        let own = executor.clone();
        let mut tasks = submit_from_two(move |n| own.submit(move || n));
        for (n, task) in tasks.iter_mut().enumerate() {
            for _ in 0..2 {
                let runs = ran.clone();
                task.add_done_callback(move |outcome| {
                    assert!(outcome.as_ref().is_ok_and(|value| *value == n));
                    runs.add();
                });
            }
        }
        let sum: usize = tasks.into_iter().map(|task| block_on(task).unwrap()).sum();
        assert_eq!(sum, (0..TASKS).sum());
        drop(executor);
        threads.join();
        ran.get()
    });
}

/// Jobs of a pool of two and of its views that wait for jobs of others of these, in no circle. Every
/// wait ends, and none is refused. Outcome: refusals.
fn no_wait_that_could_end_is_refused_in_a_crowd() {
    /// Where a job goes, and the one that it waits for.
    const TARGETS: [(usize, usize); TASKS] =
        [(0, 1), (1, 4), (2, 0), (3, 0), (4, 3), (0, 1), (1, 4), (2, 3)];
    Model::sampled().plans([Plan::looking_again()]).sees_exactly(&["0"]).check(|| {
        let threads = Threads::new();
        let pool = threads.executor(2);
        let keyed = pool.keyed::<u8>();
        let tree: Arc<[Executor]> = Arc::new([
            pool.clone(),
            pool.limited(2),
            pool.serial(),
            keyed.lane(1),
            pool.limited(1).serial(),
        ]);
        let all = Arc::clone(&tree);
        let tasks = submit_from_two(move |n| {
            let (own, other) = TARGETS[n];
            let (target, other) = (&all[own], all[other].clone());
            target.submit(move || usize::from(other.submit(move || n).wait().is_err()))
        });
        let refused = tasks.into_iter().map(|task| task.wait().unwrap()).sum::<usize>();
        drop((tree, keyed, pool));
        threads.join();
        refused
    });
}

/// Three workers. One sleeps until a job of a view is over whose turn the second has in its hands; that one
/// puts the turn back and leaves, because the limit was lowered meanwhile; the third waits for the first. A
/// search sees the sleeper before the turn is at rest, and the turn after: nobody but the sleeper can take it
/// by then, and it is told. Outcome: how both waits ended.
fn no_wait_is_refused_while_a_turn_comes_to_rest() {
    Model::sampled().plans([Plan::looking_again()]).sees_exactly(&["(value, value)"]).check(|| {
        let stub = Stub::keeping();
        let pool = stub.executor(3);
        let view = Executor::on(pool.clone()).max_workers(1).fair_share(1).build().unwrap();
        let (gate, slot, told) = (Parker::new(), Log::new(), Log::new());
        let (opened, lowered) = (gate.clone(), pool.clone());
        view.submit(move || {
            opened.park();
            lowered.set_max_workers(2).unwrap();
        })
        .detach();
        let first = pool.submit(move || ending(&view.submit(|| ()).wait()));
        let (awaited, note) = (slot.clone(), told.clone());
        pool.submit(move || {
            let first: Task<Word> = awaited.pop().unwrap();
            gate.unpark();
            note.push(first.wait());
        })
        .detach();
        slot.push(first);
        drop(pool);
        let own = stub.turn();
        let workers = [stub.turn(), stub.turn()].map(|turn| thread::spawn(move || turn.run()));
        own.run();
        workers.into_iter().for_each(|worker| worker.join().unwrap());
        let outcome = told.pop().unwrap();
        (outcome.clone().unwrap_or(Word("?")), ending(&outcome))
    });
}
