//! Trees of executors whose jobs wait for one another by chance: every wait ends.

use std::sync::Arc;

use poolbridge::{Executor, Keyed, Shutdown, Task, TaskError};

use crate::narrow::narrow;
use crate::support::{outcome, value, within, workers};

/// Somewhere to submit to.
#[derive(Clone)]
enum Target {
    Executor(Executor),
    Keyed(Keyed<u32>),
}

impl Target {
    fn submit<T: Send + 'static>(&self, n: u32, f: impl FnOnce() -> T + Send + 'static) -> Task<T> {
        match self {
            Target::Executor(executor) => executor.submit(f),
            Target::Keyed(keyed) => keyed.submit(n % 3, f),
        }
    }
}

/// A pool and views of it.
fn tree(max: usize) -> Vec<Target> {
    tree_over(workers(max))
}

fn tree_over(pool: Executor) -> Vec<Target> {
    let keyed = pool.keyed::<u32>();
    let limited = pool.limited(2);
    vec![
        Target::Executor(pool.serial()),
        Target::Executor(limited.serial()),
        Target::Executor(keyed.lane(1)),
        Target::Executor(keyed.lane(2).limited(1)),
        Target::Executor(limited),
        Target::Keyed(keyed),
        Target::Executor(pool),
    ]
}

/// Not random, but mixed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % sides
    }
}

/// A job on one of the trees that `may` be used from a job on tree `from`, which submits others and
/// waits for them: how many there were, or the first refusal.
fn scatter(
    trees: &Arc<Vec<Vec<Target>>>,
    upward: bool,
    from: usize,
    depth: usize,
    seed: u64,
) -> Task<Result<usize, TaskError>> {
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    dice.roll(2);
    let at = if upward { from + dice.roll(trees.len() - from) } else { dice.roll(trees.len()) };
    let target = trees[at][dice.roll(trees[at].len())].clone();
    let (all, n) = (Arc::clone(trees), u32::try_from(dice.roll(64)).unwrap());
    target.submit(n, move || {
        let next = if upward { at + 1 } else { 0 };
        if depth == 0 || next >= all.len() {
            return Ok(1);
        }
        let fan = 1 + dice.roll(2);
        let below = |_| scatter(&all, upward, next, depth - 1, dice.roll(1 << 30) as u64);
        let tasks: Vec<_> = (0..fan).map(below).collect();
        let mut sum = 1;
        for task in tasks {
            sum += task.wait()??;
        }
        Ok(sum)
    })
}

/// Each job waits only for jobs of trees further up, so every wait can end, and none is refused.
#[test]
fn waits_that_can_end_are_never_refused() {
    let trees = Arc::new(vec![tree(1), tree(2), tree(1), tree(3)]);
    for round in 0..200 {
        let trees = Arc::clone(&trees);
        within(move || {
            let many = (0..20).map(|n| scatter(&trees, true, 0, 3, round * 31 + n));
            let tasks: Vec<_> = many.collect();
            for task in tasks {
                assert!(value(task).unwrap() >= 1);
            }
        });
    }
}

/// Waits in all directions: most close a circle with others. Each ends, one way or the other, and all
/// executors are as good as new.
#[test]
fn waits_in_all_directions_end() {
    let trees = Arc::new(vec![tree(1), tree(2), tree(1)]);
    for round in 0..200 {
        let trees = Arc::clone(&trees);
        within(move || {
            let many = (0..12).map(|n| scatter(&trees, false, 0, 3, round * 17 + n));
            let tasks: Vec<_> = many.collect();
            for task in tasks {
                match value(task) {
                    Ok(sum) => assert!(sum >= 1),
                    Err(TaskError::WouldDeadlock(_)) => {}
                    Err(other) => panic!("{other}"),
                }
            }
        });
    }
    for target in trees.iter().flatten() {
        assert_eq!(value(target.submit(1, || 1)), 1);
    }
}

/// The same over everybody's threads, while tasks are cancelled.
#[test]
fn waits_in_all_directions_end_over_any_threads_and_under_cancels() {
    let (runtimes, pools): (Vec<_>, Vec<_>) =
        narrow().into_iter().map(|(_, pool, runtime)| (runtime, pool)).unzip();
    let trees = Arc::new(pools.into_iter().map(tree_over).collect::<Vec<_>>());
    for round in 0..100 {
        let trees = Arc::clone(&trees);
        within(move || {
            let many = (0..12).map(|n| scatter(&trees, false, 0, 3, round * 13 + n));
            let tasks: Vec<_> = many.collect();
            for (n, task) in tasks.into_iter().enumerate() {
                if n % 3 == 0 {
                    let _ = task.cancel();
                }
                match outcome(task) {
                    Ok(Ok(sum)) => assert!(sum >= 1),
                    Ok(Err(TaskError::WouldDeadlock(_) | TaskError::Cancelled)) => {}
                    Err(TaskError::Cancelled) => {}
                    other => panic!("{other:?}"),
                }
            }
        });
    }
    for target in trees.iter().flatten() {
        assert_eq!(value(target.submit(1, || 1)), 1);
    }
    drop((trees, runtimes));
}

/// Jobs that shut executors down and wait for their ends, anywhere, while others wait for jobs.
#[test]
fn ends_awaited_in_all_directions_come() {
    for round in 0..150_usize {
        within(move || {
            let trees = Arc::new(vec![tree(1), tree(2)]);
            let many = (0..8).map(|n| scatter(&trees, false, 0, 2, (round * 7 + n) as u64));
            let tasks: Vec<_> = many.collect();
            let enders = (0..3).map(|n| {
                let (from, to) = (&trees[n % 2], &trees[(n + 1) % 2]);
                let target = to[(round + n) % to.len()].clone();
                // Jobs handed back would be in the hands of who waits: nobody sees that.
                let modes = [Shutdown::run_queued(), Shutdown::cancel_queued()];
                let mode = modes[(round + n) % 2];
                from[(round * n) % from.len()].submit(1, move || {
                    let termination = match target {
                        Target::Executor(executor) => executor.shutdown(mode),
                        Target::Keyed(keyed) => keyed.shutdown(mode),
                    };
                    termination.wait().is_ok()
                })
            });
            let enders: Vec<_> = enders.collect();
            let ended = |error: &TaskError| {
                matches!(
                    error,
                    TaskError::Cancelled | TaskError::Rejected(_) | TaskError::WouldDeadlock(_)
                )
            };
            for task in tasks {
                let outcome = outcome(task).and_then(|inner| inner);
                assert!(outcome.as_ref().err().is_none_or(ended), "{outcome:?}");
            }
            for ender in enders {
                let outcome = outcome(ender);
                assert!(outcome.as_ref().err().is_none_or(ended), "{outcome:?}");
            }
            for target in trees.iter().flatten() {
                let termination = match target {
                    Target::Executor(executor) => executor.shutdown(Shutdown::run_queued()),
                    Target::Keyed(keyed) => keyed.shutdown(Shutdown::run_queued()),
                };
                assert_eq!(termination.wait().unwrap().still_running, 0);
            }
        });
    }
}
