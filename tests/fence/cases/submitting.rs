// What a pool takes and gives back: only what may go to another thread and stay there.
use poolbridge::{Executor, run_in_executor};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard};
use std::sync::atomic::{AtomicU8, Ordering};

/// E0277: Rc<u8> + cannot be sent between threads
fn a_capture_is_send(pool: &Executor) {
    let shared = Rc::new(1_u8); //-
    let shared = Arc::new(1_u8); //+
    pool.submit(move || *shared).detach();
}

/// E0277: MutexGuard + cannot be sent between threads
fn a_guard_stays_on_its_thread(pool: &Executor, lock: &'static Mutex<u8>) {
    let guard = lock.lock().unwrap(); //-
    let guard = *lock.lock().unwrap(); //+
    pool.submit(move || drop(guard)).detach();
}

/// E0277: Cell<u8> + cannot be shared between threads
fn a_captured_reference_is_to_something_sync(
    pool: &Executor,
    shared: &'static Cell<u8>, //-
    shared: &'static Mutex<Cell<u8>>, //+
) {
    pool.submit(move || drop(shared)).detach();
}

/// E0277: *const u8 + cannot be sent between threads
fn a_raw_pointer_is_not_captured(pool: &Executor, text: &'static [u8]) {
    let first = text.as_ptr(); //-
    let first = text; //+
    pool.submit(move || drop(first)).detach();
}

/// E0373: may outlive the current function + `text`
fn a_local_is_not_borrowed(pool: &Executor) {
    let text = String::from("text");
    let task = pool.submit(|| text.len()); //-
    let task = pool.submit(move || text.len()); //+
    task.detach();
}

/// E0521: borrowed data escapes outside of function
fn a_borrow_of_the_caller_does_not_go_along(
    pool: &Executor,
    text: &str, //-
    text: &'static str, //+
) {
    pool.submit(move || text.len()).detach();
}

/// E0277: Rc<u8> + cannot be sent between threads
fn a_value_is_send(pool: &Executor) {
    let task = pool.submit(|| Rc::new(1_u8)); //-
    let task = pool.submit(|| Arc::new(1_u8)); //+
    task.detach();
}

/// E0277: MutexGuard + cannot be sent between threads
fn a_guard_is_no_value(pool: &Executor, lock: &'static Mutex<u8>) {
    let task = pool.submit(|| lock.lock().unwrap()); //-
    let task = pool.submit(|| *lock.lock().unwrap()); //+
    task.detach();
}

/// E0521: borrowed data escapes outside of function
fn a_value_does_not_borrow_from_the_caller(pool: &Executor, text: &str) {
    let task = pool.submit(move || text); //-
    let text = text.to_owned(); //+
    let task = pool.submit(move || text); //+
    task.detach();
}

/// E0515: cannot return value referencing
fn a_value_does_not_borrow_from_the_closure(pool: &Executor) {
    let task = pool.submit(|| String::from("text").as_str()); //-
    let task = pool.submit(|| String::from("text")); //+
    task.detach();
}

/// E0277: expected a `FnOnce()` closure
fn a_future_is_no_closure(pool: &Executor) {
    let job = async { 1_u8 }; //-
    let job = || 1_u8; //+
    pool.submit(job).detach();
}

/// E0277: Rc<u8> + cannot be sent between threads
fn a_capture_of_run_in_executor_is_send() {
    let shared = Rc::new(1_u8); //-
    let shared = Arc::new(1_u8); //+
    run_in_executor(None, move || *shared).detach();
}

/// E0277: Rc<u8> + cannot be sent between threads
fn a_value_of_run_in_executor_is_send(pool: &Executor) {
    run_in_executor(pool, || Rc::new(1_u8)).detach(); //-
    run_in_executor(pool, || Arc::new(1_u8)).detach(); //+
}

/// E0277: Rc<u8> + cannot be sent between threads
fn a_capture_of_submit_with_is_send(pool: &Executor) {
    let shared = Rc::new(1_u8); //-
    let shared = Arc::new(1_u8); //+
    pool.submit_with(move |_| *shared).detach();
}

/// E0277: Rc<u8> + cannot be sent between threads
fn a_value_of_submit_with_is_send(pool: &Executor) {
    pool.submit_with(|_| Rc::new(1_u8)).detach(); //-
    pool.submit_with(|_| Arc::new(1_u8)).detach(); //+
}

/// E0277: Rc<u8> + cannot be sent between threads
fn a_capture_of_try_submit_is_send(pool: &Executor) {
    let shared = Rc::new(1_u8); //-
    let shared = Arc::new(1_u8); //+
    pool.try_submit(move || *shared).unwrap().detach();
}

/// E0277: Rc<u8> + cannot be sent between threads
fn a_value_of_try_submit_is_send(pool: &Executor) {
    pool.try_submit(|| Rc::new(1_u8)).unwrap().detach(); //-
    pool.try_submit(|| Arc::new(1_u8)).unwrap().detach(); //+
}

/// E0277: Rc<u8> + cannot be sent between threads
fn a_capture_that_waits_for_room_is_send(pool: &Executor) {
    let shared = Rc::new(1_u8); //-
    let shared = Arc::new(1_u8); //+
    drop(pool.submit_when_ready(move || *shared));
}

/// E0373: may outlive the current function + `text`
fn what_waits_for_room_does_not_borrow(pool: &Executor) {
    let text = String::from("text");
    drop(pool.submit_when_ready(|| text.len())); //-
    drop(pool.submit_when_ready(move || text.len())); //+
}

/// E0277: Rc<u8> + cannot be sent between threads
fn a_capture_of_a_described_job_is_send(pool: &Executor) {
    let shared = Rc::new(1_u8); //-
    let shared = Arc::new(1_u8); //+
    pool.job(move || *shared).name("name").submit().detach();
}

/// E0277: Rc<u8> + cannot be sent between threads
fn a_value_of_a_described_job_is_send(pool: &Executor) {
    pool.job(|| Rc::new(1_u8)).submit().detach(); //-
    pool.job(|| Arc::new(1_u8)).submit().detach(); //+
}

/// E0277: Rc<u8> + cannot be sent between threads
fn a_value_of_a_job_with_a_context_is_send(pool: &Executor) {
    pool.job_with(|_| Rc::new(1_u8)).submit().detach(); //-
    pool.job_with(|_| Arc::new(1_u8)).submit().detach(); //+
}

/// E0277: Rc<RefCell<u8>> + cannot be sent between threads
fn who_takes_late_outcomes_is_send(pool: &Executor) {
    let late = Rc::new(RefCell::new(0_u8)); //-
    let late = Arc::new(Mutex::new(0_u8)); //+
    pool.job(|| 1_u8).on_abandoned(move |_| drop(late)).submit().detach();
}

/// E0373: may outlive the current function + `late`
fn who_takes_late_outcomes_does_not_borrow(pool: &Executor) {
    let late = AtomicU8::new(0);
    pool.job(|| 1_u8).on_abandoned(|_| late.store(1, Ordering::SeqCst)).submit().detach(); //-
    pool.job(|| 1_u8).on_abandoned(move |_| late.store(1, Ordering::SeqCst)).submit().detach(); //+
}

/// E0631: Result<u16, _>
fn a_late_outcome_has_the_type_of_the_job(pool: &Executor) {
    let take = |late: Result<u16, poolbridge::TaskError>| drop(late); //-
    let take = |late: Result<u8, poolbridge::TaskError>| drop(late); //+
    pool.job(|| 1_u8).on_abandoned(take).submit().detach();
}

/// E0505: cannot move out of `pool` because it is borrowed
fn a_described_job_does_not_outlive_its_executor(pool: Executor) {
    let job = pool.job(|| 1_u8);
    drop(pool); //-
    job.submit().detach();
}

/// E0382: use of moved value: `job`
fn a_described_job_is_submitted_once(pool: &Executor) {
    let job = pool.job(|| 1_u8);
    job.submit().detach();
    job.submit().detach(); //-
}

/// E0382: use of moved value: `rejected`
fn a_rejected_closure_is_handed_back_once(pool: &Executor) {
    let Err(rejected) = pool.try_submit(|| 1_u8) else { return };
    drop(rejected.into_inner());
    drop(rejected.into_inner()); //-
}
