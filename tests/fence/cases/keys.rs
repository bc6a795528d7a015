// Keys, and what is submitted under them.
use poolbridge::{Executor, Keyed};
use std::rc::Rc;
use std::sync::Arc;

/// E0599: `f64: Hash`
fn a_key_can_be_hashed(pool: &Executor) {
    drop(pool.keyed::<f64>().submit(1.0, || ())); //-
    drop(pool.keyed::<u64>().submit(1, || ())); //+
}

/// E0599: Rc<str>: Send
fn a_key_is_send(
    pool: &Keyed<Rc<str>>, //-
    pool: &Keyed<Arc<str>>, //+
) {
    drop(pool.submit("key".into(), || ()));
}

/// E0521: borrowed data escapes outside of function
fn a_key_borrows_nothing(
    pool: &Keyed<&'static str>,
    key: &str, //-
    key: &'static str, //+
) {
    pool.submit(key, || ()).detach();
}

/// E0308: mismatched types
fn a_key_has_the_type_of_its_executor(pool: &Keyed<u8>) {
    pool.submit("key", || ()).detach(); //-
    pool.submit(1, || ()).detach(); //+
}

/// E0061: takes 2 arguments but 1 argument was supplied
fn a_keyed_job_has_a_key(pool: &Keyed<u8>) {
    pool.submit(|| ()).detach(); //-
    pool.submit(1, || ()).detach(); //+
}

/// E0277: Rc<u8> + cannot be sent between threads
fn a_keyed_capture_is_send(pool: &Keyed<u8>) {
    let shared = Rc::new(1_u8); //-
    let shared = Arc::new(1_u8); //+
    pool.submit(1, move || *shared).detach();
}

/// E0277: Rc<u8> + cannot be sent between threads
fn a_keyed_value_is_send(pool: &Keyed<u8>) {
    pool.submit(1, || Rc::new(1_u8)).detach(); //-
    pool.submit(1, || Arc::new(1_u8)).detach(); //+
}

/// E0373: may outlive the current function + `text`
fn a_keyed_job_does_not_borrow(pool: &Keyed<u8>) {
    let text = String::from("text");
    pool.submit(1, || text.len()).detach(); //-
    pool.submit(1, move || text.len()).detach(); //+
}

/// E0277: Rc<u8> + cannot be sent between threads
fn a_keyed_capture_that_may_be_refused_is_send(pool: &Keyed<u8>) {
    let shared = Rc::new(1_u8); //-
    let shared = Arc::new(1_u8); //+
    drop(pool.try_submit(1, move || *shared));
}

/// E0277: Rc<u8> + cannot be sent between threads
fn a_capture_of_a_described_keyed_job_is_send(pool: &Keyed<u8>) {
    let shared = Rc::new(1_u8); //-
    let shared = Arc::new(1_u8); //+
    drop(pool.job(1, move || *shared));
}

/// E0277: Executor + Keyed<u8>
fn a_keyed_executor_has_no_jobs_without_a_key(pool: &Keyed<u8>) {
    poolbridge::run_in_executor(pool, || ()).detach(); //-
    poolbridge::run_in_executor(&pool.lane(1), || ()).detach(); //+
}
