//! A process whose global rayon pool could not be built. It has one such pool: hence a process.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use std::time::Duration;

use poolbridge::{Executor, TaskError};

#[test]
fn without_a_global_rayon_pool_tasks_are_broken_and_not_lost() {
    let failing = rayon::ThreadPoolBuilder::new().num_threads(1);
    let failing = failing.spawn_handler(|_| Err(std::io::Error::other("no threads")));
    assert!(failing.build_global().is_err());
    let pool = Executor::rayon();
    for _ in 0..3 {
        let outcome = pool.submit(|| ()).result(Duration::from_secs(60)).expect("the task hangs");
        assert!(matches!(outcome, Err(TaskError::Broken(_))));
    }
    assert_eq!(pool.snapshot().workers, 0);
}
