// Options: what many threads call is `Sync`, and each kind of executor has its own.
use poolbridge::{Executor, PoolThread, ThreadPoolBuilder, Worker};
use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

/// E0277: Rc<u8> + cannot be sent between threads
fn an_initializer_is_send(builder: ThreadPoolBuilder) {
    let shared = Rc::new(1_u8); //-
    let shared = Arc::new(1_u8); //+
    drop(builder.initializer(move || Ok::<_, io::Error>(*shared)));
}

/// E0277: Cell<u8> + cannot be shared between threads
fn an_initializer_is_sync(builder: ThreadPoolBuilder) {
    let count = Cell::new(1_u8); //-
    let count = Mutex::new(1_u8); //+
    drop(builder.initializer(move || Ok::<_, io::Error>(drop(&count))));
}

/// E0373: may outlive the current function + `text`
fn an_initializer_does_not_borrow(builder: ThreadPoolBuilder) {
    let text = String::from("text");
    drop(builder.initializer(|| Ok::<_, io::Error>(text.len()))); //-
    drop(builder.initializer(move || Ok::<_, io::Error>(text.len()))); //+
}

/// E0521: borrowed data escapes outside of
fn a_workers_state_does_not_borrow(builder: ThreadPoolBuilder, text: &str) {
    drop(builder.initializer(move || Ok::<_, io::Error>(text))); //-
    let text = text.to_owned(); //+
    drop(builder.initializer(move || Ok::<_, io::Error>(text.clone()))); //+
}

/// E0308: expected `Result<_, _>`
fn an_initializer_may_fail(builder: ThreadPoolBuilder) {
    drop(builder.initializer(|| 1_u8)); //-
    drop(builder.initializer(|| Ok::<_, io::Error>(1_u8))); //+
}

/// E0277: Rc<str> + Error
fn an_initializer_fails_with_an_error(builder: ThreadPoolBuilder) {
    drop(builder.initializer(|| Err::<u8, Rc<str>>("no".into()))); //-
    drop(builder.initializer(|| Err::<u8, Box<str>>("no".into()).map_err(String::from))); //+
}

/// E0599: no method named `initializer` found for struct `ExecutorBuilder`
fn only_own_threads_have_an_initializer(pool: Executor) {
    let builder = Executor::on(pool); //-
    let builder = Executor::threads(); //+
    drop(builder.initializer(|| Ok::<_, io::Error>(1_u8)));
}

/// E0599: no method named `keep_alive` found for struct `ExecutorBuilder`
fn only_own_threads_stay_when_idle(pool: Executor) {
    let builder = Executor::on(pool); //-
    let builder = Executor::threads(); //+
    drop(builder.keep_alive(std::time::Duration::ZERO));
}

/// E0599: no method named `fair_share` found for struct `ThreadPoolBuilder`
fn own_threads_share_with_nobody(pool: Executor) {
    let builder = Executor::threads(); //-
    let builder = Executor::on(pool); //+
    drop(builder.fair_share(1));
}

/// E0277: Rc<u8> + cannot be sent between threads
fn a_job_hook_is_send(builder: ThreadPoolBuilder) {
    let shared = Rc::new(1_u8); //-
    let shared = Arc::new(1_u8); //+
    drop(builder.before_job(move |_| drop(&shared)));
}

/// E0277: Cell<u8> + cannot be shared between threads
fn a_job_hook_is_sync(builder: ThreadPoolBuilder) {
    let count = Cell::new(1_u8); //-
    let count = Mutex::new(1_u8); //+
    drop(builder.after_job(move |_| drop(&count)));
}

/// E0277: Cell<u8> + cannot be shared between threads
fn a_job_hook_over_a_backend_is_sync(pool: Executor) {
    let count = Cell::new(1_u8); //-
    let count = Mutex::new(1_u8); //+
    drop(Executor::on(pool).before_job(move |_| drop(&count)));
}

/// E0373: may outlive the current function + `text`
fn a_job_hook_does_not_borrow(builder: ThreadPoolBuilder) {
    let text = String::from("text");
    drop(builder.before_job(|_| drop(text.len()))); //-
    drop(builder.before_job(move |_| drop(text.len()))); //+
}

/// E0277: Cell<u8> + cannot be shared between threads
fn a_thread_hook_is_sync(builder: ThreadPoolBuilder) {
    let count = Cell::new(1_u8); //-
    let count = Mutex::new(1_u8); //+
    drop(builder.on_thread_start(move || drop(&count)));
}

/// E0277: Rc<u8> + cannot be sent between threads
fn a_thread_hook_is_send(builder: ThreadPoolBuilder) {
    let shared = Rc::new(1_u8); //-
    let shared = Arc::new(1_u8); //+
    drop(builder.on_thread_stop(move || drop(&shared)));
}

/// E0277: Rc<u8> + cannot be sent between threads
fn who_starts_threads_is_send(builder: ThreadPoolBuilder) {
    let shared = Rc::new(1_u8); //-
    let shared = Arc::new(1_u8); //+
    drop(builder.spawn_handler(move |_| Ok(drop(&shared))));
}

/// E0277: Cell<u8> + cannot be shared between threads
fn who_starts_threads_is_sync(builder: ThreadPoolBuilder) {
    let count = Cell::new(1_u8); //-
    let count = Mutex::new(1_u8); //+
    drop(builder.spawn_handler(move |_| Ok(drop(&count))));
}

/// E0382: use of moved value: `thread`
fn a_pools_thread_runs_once(thread: PoolThread) {
    thread.run();
    thread.run(); //-
}

/// E0382: use of moved value: `builder`
fn a_builder_builds_once(builder: ThreadPoolBuilder) {
    drop(builder.build());
    drop(builder.build()); //-
}

/// E0599: no method named `clone` found for struct `ThreadPoolBuilder`
fn a_builder_is_not_cloned(builder: ThreadPoolBuilder) {
    drop(builder.clone()); //-
    drop(builder); //+
}

/// E0277: `Worker: Backend` is not satisfied
fn a_worker_is_no_backend(
    worker: Worker, //-
    worker: Executor, //+
) {
    drop(Executor::on(worker));
}
