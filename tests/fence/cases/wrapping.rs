// Sources of others as tasks.
use poolbridge::{Blocking, ConcurrentFuture, Task, wrap_future};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;

/// E0277: Rc<u8> + cannot be sent between threads
fn the_value_of_a_thread_is_send(
    thread: JoinHandle<Rc<u8>>, //-
    thread: JoinHandle<Arc<u8>>, //+
) {
    wrap_future(thread).detach();
}

/// E0277: Rc<u8> + cannot be sent between threads
fn what_is_received_is_send(
    receiver: Receiver<Rc<u8>>, //-
    receiver: Receiver<Arc<u8>>, //+
) {
    wrap_future(receiver).detach();
}

/// E0277: Rc<u8> + cannot be sent between threads
fn a_wrapped_capture_is_send() {
    let shared = Rc::new(1_u8); //-
    let shared = Arc::new(1_u8); //+
    wrap_future(Blocking::new(move || *shared)).detach();
}

/// E0277: Rc<u8> + cannot be sent between threads
fn a_wrapped_value_is_send() {
    wrap_future(Blocking::new(|| Rc::new(1_u8))).detach(); //-
    wrap_future(Blocking::new(|| Arc::new(1_u8))).detach(); //+
}

/// E0373: may outlive the current function + `text`
fn a_wrapped_source_does_not_borrow() {
    let text = String::from("text");
    let source = Blocking::new(|| text.len()); //-
    let source = Blocking::new(move || text.len()); //+
    wrap_future(source).detach();
}

/// E0277: Rc<u8> + cannot be sent between threads
fn what_interrupts_a_source_is_send() {
    let shared = Rc::new(1_u8); //-
    let shared = Arc::new(1_u8); //+
    drop(Blocking::new(|| ()).on_cancel(move || drop(shared)));
}

/// E0373: may outlive the current function + `text`
fn what_interrupts_a_source_does_not_borrow() {
    let text = String::from("text");
    drop(Blocking::new(|| ()).on_cancel(|| drop(text.len()))); //-
    drop(Blocking::new(|| ()).on_cancel(move || drop(text.len()))); //+
}

/// E0277: Rc<u8> + cannot be sent between threads
fn a_source_of_ones_own_yields_what_is_send() {
    struct Mine;
    impl ConcurrentFuture for Mine {
        type Output = Rc<u8>; //-
        type Output = Arc<u8>; //+
        fn into_task(self) -> Task<Self::Output> {
            poolbridge::promise().1
        }
    }
}

/// E0277: `u8: ConcurrentFuture` is not satisfied
fn a_value_is_no_source() {
    wrap_future(1_u8).detach(); //-
    wrap_future(Blocking::new(|| 1_u8)).detach(); //+
}

/// E0277: `std::future::Ready<u8>: ConcurrentFuture` is not satisfied
fn a_future_is_no_blocking_source() {
    wrap_future(std::future::ready(1_u8)).detach(); //-
    wrap_future(poolbridge::promise::<u8>().1).detach(); //+
}

/// E0382: use of moved value: `thread`
fn a_wrapped_thread_is_not_joined_again(thread: JoinHandle<u8>) {
    wrap_future(thread).detach();
    drop(thread.join()); //-
}
