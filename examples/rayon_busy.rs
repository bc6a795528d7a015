//! How long a job waits that is submitted into a long `par_iter`, by where it goes:
//! `cargo run --release --example rayon_busy`.

#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use poolbridge::Executor;
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

const ITEM: Duration = Duration::from_millis(1);
const LOOP: Duration = Duration::from_secs(1);

/// Keeps all threads of the pool busy for about a second, a millisecond an item.
fn long_loop(pool: &ThreadPool) {
    let items = LOOP.as_millis() as usize * pool.current_num_threads();
    pool.install(|| {
        (0..items).into_par_iter().for_each(|_| {
            let start = Instant::now();
            while start.elapsed() < ITEM {
                std::hint::spin_loop();
            }
        });
    });
}

/// A job's wait for its thread, from 0.1 s into the loop on `busy`.
fn wait_in_loop(busy: &Arc<ThreadPool>, executor: &Executor) -> Duration {
    let pool = Arc::clone(busy);
    let runs = thread::spawn(move || long_loop(&pool));
    thread::sleep(Duration::from_millis(100));
    let submitted = Instant::now();
    let started = executor.submit(Instant::now).wait().expect("the job ends");
    let _ = runs.join();
    started - submitted
}

fn main() -> Result<(), ThreadPoolBuildError> {
    let new_pool = || ThreadPoolBuilder::new().build().map(Arc::new);
    let busy = new_pool()?;
    let own_threads = Executor::threads().build().expect("the default options go together");
    let routes = [
        ("the same rayon pool", Executor::rayon_pool(Arc::clone(&busy))),
        ("a rayon pool of its own", Executor::rayon_pool(new_pool()?)),
        ("threads of its own", own_threads),
    ];
    println!("waiting time of a job submitted 0.1 s into a par_iter of 1 s, by where it runs:");
    for (route, executor) in routes {
        println!("{route:>24}: {:8.2} ms", wait_in_loop(&busy, &executor).as_secs_f64() * 1e3);
    }
    Ok(())
}
