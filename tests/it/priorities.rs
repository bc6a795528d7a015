//! Who is first, and who has waited long enough.

use poolbridge::{Cancel, Executor, OnFull, Priority, Reason, Task, TaskError};

use crate::support::{Log, occupy, one_worker, outcome, value};

use Priority::{High, Low, Normal};

/// A job that notes its name.
fn note(pool: &Executor, log: &Log, priority: Priority, name: impl Into<String>) -> Task<()> {
    let (log, name) = (log.clone(), name.into());
    pool.job(move || log.note(name)).priority(priority).submit()
}

/// One worker that is busy while `queue` queues jobs; the names in the order of their starts.
fn order(pool: &Executor, queue: impl Fn(&Log) -> Vec<Task<()>>) -> Vec<String> {
    let busy = occupy(pool);
    let log = Log::new();
    let tasks = queue(&log);
    busy.finish();
    tasks.into_iter().for_each(value);
    log.lines()
}

/// `count` names of each kind.
fn many(count: usize, name: &str) -> Vec<String> {
    (0..count).map(|n| format!("{name}{n}")).collect()
}

#[test]
fn a_more_urgent_job_starts_first_and_equals_in_order() {
    for pool in [one_worker(), one_worker().limited(1), one_worker().serial()] {
        let seen = order(&pool, |log| {
            let mut tasks = Vec::new();
            for n in 0..3 {
                tasks.push(note(&pool, log, Low, format!("low{n}")));
                tasks.push(note(&pool, log, Normal, format!("normal{n}")));
                tasks.push(note(&pool, log, High, format!("high{n}")));
            }
            // Those that say nothing are normal.
            let plain = log.clone();
            tasks.push(pool.submit(move || plain.note("normal3")));
            tasks
        });
        assert_eq!(seen, [many(3, "high"), many(4, "normal"), many(3, "low")].concat());
    }
}

/// After 16 starts that passed a level over, its first job is next.
#[test]
fn a_level_is_passed_over_sixteen_times() {
    let pool = one_worker();
    let seen = order(&pool, |log| {
        let mut tasks = vec![note(&pool, log, Low, "low0"), note(&pool, log, Low, "low1")];
        tasks.extend(many(40, "high").into_iter().map(|name| note(&pool, log, High, name)));
        tasks
    });
    let high = many(40, "high");
    let low = |n: usize| vec![format!("low{n}")];
    let wanted = [&high[..16], &low(0), &high[16..32], &low(1), &high[32..]].concat();
    assert_eq!(seen, wanted);
}

#[test]
fn each_level_waits_for_itself() {
    let pool = one_worker();
    let seen = order(&pool, |log| {
        let mut tasks = vec![note(&pool, log, Low, "low"), note(&pool, log, Normal, "normal")];
        tasks.extend(many(40, "high").into_iter().map(|name| note(&pool, log, High, name)));
        tasks
    });
    let at = |name: &str| seen.iter().position(|line| line == name).unwrap();
    let mut late = [at("low"), at("normal")];
    late.sort_unstable();
    assert_eq!(late, [16, 17], "{seen:?}");
}

/// However much comes that is more urgent.
#[test]
fn nothing_starves() {
    fn again(pool: &Executor, log: &Log, left: usize) {
        log.note("high");
        if left > 0 {
            let (inner, noted) = (pool.clone(), log.clone());
            let job = pool.job(move || again(&inner, &noted, left - 1));
            job.priority(High).submit().detach();
        }
    }
    let pool = one_worker();
    let log = Log::new();
    let busy = occupy(&pool);
    let low = note(&pool, &log, Low, "low");
    let (inner, noted) = (pool.clone(), log.clone());
    pool.job(move || again(&inner, &noted, 100)).priority(High).submit().detach();
    busy.finish();
    value(low);
    assert_eq!(log.lines().iter().position(|line| line == "low"), Some(16));
}

/// A view's turn is a normal entry of its pool's queue, whatever its jobs are.
#[test]
fn a_views_turn_is_passed_over_like_a_normal_job() {
    let pool = one_worker();
    let view = pool.serial();
    let seen = order(&pool, |log| {
        let mut tasks = vec![note(&view, log, High, "view"), note(&pool, log, Low, "low")];
        tasks.extend(many(20, "high").into_iter().map(|name| note(&pool, log, High, name)));
        tasks
    });
    let at = |name: &str| seen.iter().position(|line| line == name).unwrap();
    assert!(at("high0") < at("view") && (16..=17).contains(&at("view")), "{seen:?}");
}

#[test]
fn a_job_can_be_cancelled_at_each_level() {
    let pool = one_worker();
    let seen = order(&pool, |log| {
        let mut kept = Vec::new();
        for priority in [Low, Normal, High] {
            let [head, middle, tail] =
                ["head", "middle", "tail"].map(|name| note(&pool, log, priority, name));
            assert_eq!(middle.cancel(), Cancel::Prevented);
            assert_eq!(head.cancel(), Cancel::Prevented);
            kept.push(tail);
        }
        assert_eq!(pool.snapshot().queued.len(), 3);
        kept
    });
    assert_eq!(seen, ["tail"; 3]);
}

/// The one that has waited longest at the least urgent level, and never one that is more urgent than
/// the new one.
#[test]
fn the_oldest_of_the_least_urgent_makes_way() {
    let pool = Executor::threads().max_workers(1).queue_capacity(3).on_full(OnFull::DropOldest);
    let pool = pool.build().unwrap();
    let busy = occupy(&pool);
    let log = Log::new();
    let note = |priority, name: &str| note(&pool, &log, priority, name);
    let (high, low0, low1) = (note(High, "high"), note(Low, "low0"), note(Low, "low1"));
    let displaced = |task| matches!(outcome(task), Err(TaskError::Rejected(Reason::Displaced)));
    let normal = note(Normal, "normal");
    assert!(displaced(low0));
    let urgent = note(High, "urgent");
    assert!(displaced(low1));
    // All that waits is more urgent than this.
    let refused = note(Low, "refused");
    assert!(matches!(outcome(refused), Err(TaskError::Rejected(Reason::Full))));
    let last = note(High, "last");
    assert!(displaced(normal));
    busy.finish();
    [high, urgent, last].into_iter().for_each(value);
    assert_eq!(log.lines(), ["high", "urgent", "last"]);
}
