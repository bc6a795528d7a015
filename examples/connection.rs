//! A connection for each worker, opened on its thread: `cargo run --example connection`.

#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use std::cell::RefCell;
use std::io;

use poolbridge::{Context, Executor};

/// Stands for a driver's connection, which is not `Sync`.
struct Connection {
    queries: u32,
}

impl Connection {
    fn open() -> io::Result<Self> {
        Ok(Self { queries: 0 })
    }

    fn query(&mut self, text: &str) -> String {
        self.queries += 1;
        format!("{text}: answer {} of this connection", self.queries)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let database = Executor::threads()
        .max_workers(2)
        .thread_name("db")
        .initializer(|| Connection::open().map(RefCell::new))
        .build()?;

    let query = |text: &'static str| {
        database.submit_with(move |cx: &Context| {
            cx.state::<RefCell<Connection>>().borrow_mut().query(text)
        })
    };
    let answers = [query("first"), query("second"), query("third")];
    for answer in answers {
        println!("{}", answer.wait()?);
    }
    Ok(())
}
