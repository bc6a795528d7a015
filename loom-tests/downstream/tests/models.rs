//! Models: `RUSTFLAGS="--cfg poolbridge_loom" cargo test --release`.
#![cfg(poolbridge_loom)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use loom::thread;
use poolbridge::model::{self, Plan};
use poolbridge::{Executor, TaskError};
use single_flight::Cache;

/// At most `preemptions` in each execution: two find nearly everything.
fn check(preemptions: usize, plan: Plan, execution: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 10_000;
    builder.check(move || {
        model::begin(plan);
        execution();
    });
}

/// One worker, two callers of one key: how often it was loaded.
fn loads(get: fn(&Cache<u8, u8>, Loads) -> u8) -> usize {
    let cache = Cache::new(Executor::threads().max_workers(1).build().unwrap());
    // Behind loom's back: counting must not order what the code leaves unordered.
    let loads = Loads(Arc::default());
    let (other, counted) = (cache.clone(), loads.clone());
    let caller = thread::spawn(move || get(&other, counted));
    assert_eq!(get(&cache, loads.clone()), 7);
    assert_eq!(caller.join().unwrap(), 7);
    // The last handle goes with this, and the pool's thread with it.
    drop(cache);
    loads.0.load(Ordering::Relaxed)
}

#[derive(Clone)]
struct Loads(Arc<AtomicUsize>);

impl Loads {
    fn one(&self) -> u8 {
        self.0.fetch_add(1, Ordering::Relaxed);
        7
    }
}

#[test]
fn two_callers_share_one_load() {
    check(2, Plan::NONE, || {
        let get = |cache: &Cache<u8, u8>, loads: Loads| cache.get(1, move || loads.one()).unwrap();
        assert_eq!(loads(get), 1);
    });
}

/// The bug that the model is there to find. It fails in a process of its own: when a model has failed,
/// what is left of its threads cannot be dropped in an orderly way, and the process aborts.
#[test]
fn the_model_finds_the_cache_that_loads_twice() {
    const PLANTED: &str = "PLANTED";
    if std::env::var_os(PLANTED).is_some() {
        return check(2, Plan::NONE, || {
            let get = |cache: &Cache<u8, u8>, loads: Loads| {
                cache.get_twice_at_times(1, move || loads.one()).unwrap()
            };
            assert_eq!(loads(get), 1, "loaded twice");
        });
    }
    let own = std::env::current_exe().unwrap();
    let this = ["--exact", "the_model_finds_the_cache_that_loads_twice", "--nocapture"];
    let failed = std::process::Command::new(own).args(this).env(PLANTED, "1").output().unwrap();
    let words = String::from_utf8_lossy(&failed.stderr);
    assert!(!failed.status.success() && words.contains("loaded twice"), "{words}");
}

/// No thread can be started: the caller hears, and the next one tries again.
#[test]
fn a_caller_without_a_thread_hears_so_and_the_next_one_loads() {
    check(2, Plan::spawn_fails(0), || {
        let cache = Cache::new(Executor::threads().max_workers(1).build().unwrap());
        assert!(matches!(cache.get(1, || 7), Err(TaskError::Broken(_))));
        assert_eq!(cache.get(1, || 7).unwrap(), 7);
    });
}

/// The time passes at any moment: the value or the limit, and never neither.
#[test]
fn a_load_with_a_limit_ends_either_way() {
    const LIMIT: Duration = Duration::from_secs(1);
    check(1, Plan::NONE, || {
        let cache = Cache::new(Executor::threads().max_workers(1).build().unwrap());
        let time = thread::spawn(|| model::pass(LIMIT));
        let outcome = model::block_on(cache.get_within(1, LIMIT, || 7));
        assert!(matches!(outcome, Ok(7) | Err(TaskError::TimedOut(_))), "{outcome:?}");
        drop(cache);
        time.join().unwrap();
    });
}

/// The default executor needs nobody who drops it.
#[test]
fn the_default_executor_ends_with_the_model() {
    check(2, Plan::NONE, || {
        let task = poolbridge::run_in_executor(None, || 7);
        assert_eq!(task.wait().unwrap(), 7);
    });
}
