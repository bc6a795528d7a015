//! One pool, three views: at most two downloads at a time, one writer, an order for each account.
//! `cargo run --example views`.

#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use std::sync::{Arc, Mutex};

use poolbridge::{Executor, Priority, Task};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pool = Executor::threads().max_workers(8).build()?;
    let downloads = pool.limited(2);
    let journal = pool.serial();
    let accounts = pool.keyed();

    let written: Arc<Mutex<Vec<String>>> = Arc::default();
    let write = |line: String| -> Task<()> {
        let written = Arc::clone(&written);
        journal.submit(move || written.lock().unwrap().push(line))
    };

    // In order for each account, side by side for both.
    let balance = Arc::new([Mutex::new(0), Mutex::new(0)]);
    let mut steps = Vec::new();
    for n in 1..=3 {
        for account in [0, 1] {
            let balance = Arc::clone(&balance);
            steps.push(accounts.submit(account, move || {
                let mut balance = balance[account].lock().unwrap();
                *balance = *balance * 10 + n;
                *balance
            }));
        }
    }

    // A job that waits for jobs of other views: they run in its place if no thread is free.
    let (inner, log) = (downloads.clone(), write("begin".into()));
    let page = pool.job(move || {
        log.wait()?;
        let parts: Vec<_> = (0..4).map(|n| inner.submit(move || format!("part {n}"))).collect();
        parts.into_iter().map(Task::wait).collect::<Result<Vec<_>, _>>()
    });
    let page = page.priority(Priority::High).submit().flatten().wait()?;
    write(format!("{} parts", page.len())).wait()?;

    for step in steps {
        step.wait()?;
    }
    println!("{:?} {:?}", balance, written.lock().unwrap());
    assert_eq!(*balance[0].lock().unwrap(), 123);
    assert_eq!(*written.lock().unwrap(), ["begin", "4 parts"]);
    Ok(())
}
