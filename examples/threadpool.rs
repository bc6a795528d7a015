//! A backend of one's own, over the `threadpool` crate: `cargo run --example threadpool`.

#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use std::num::NonZeroUsize;

use poolbridge::{Backend, Executor, StartError, Worker};
use threadpool::ThreadPool;

struct Threads(ThreadPool);

impl Backend for Threads {
    fn start(&self, worker: Worker) -> Result<(), StartError> {
        self.0.execute(move || worker.run());
        Ok(())
    }

    fn parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::new(self.0.max_count()).unwrap_or(NonZeroUsize::MIN)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let threads = ThreadPool::with_name("theirs".into(), 2);
    let pool = Executor::on(Threads(threads.clone())).build()?;

    let tasks: Vec<_> = (1..=5_u64).map(|n| pool.submit(move || n * n)).collect();
    let squares: Result<Vec<_>, _> = tasks.into_iter().map(|task| task.wait()).collect();
    println!("the squares are {:?}", squares?);

    // A panic stays in its task: the pool has lost no thread.
    assert!(pool.submit(|| panic!("on purpose")).wait().is_err());
    println!("{} threads died of it", threads.panic_count());
    Ok(())
}
