// What a running job may do with its context and its worker's state.
use poolbridge::{Context, Executor, context};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

/// error: lifetime may not live long enough
fn the_context_does_not_leave_as_a_borrow(pool: &Executor) {
    let task = pool.submit_with(|cx| cx); //-
    let task = pool.submit_with(|cx| cx.clone()); //+
    task.detach();
}

/// E0521: borrowed data escapes outside of
fn another_thread_gets_a_context_of_its_own(pool: &Executor) {
    let task = pool.submit_with(|cx| {
        let cx = cx.clone(); //+
        std::thread::spawn(move || cx.is_cancelled()).join().unwrap()
    });
    task.detach();
}

/// E0277: Rc<Cell<u8>> + cannot be sent between threads
fn the_workers_state_does_not_leave_as_a_value(pool: &Executor) {
    let task = pool.submit_with(|cx| cx.state::<Cell<u8>>()); //-
    let task = pool.submit_with(|cx| cx.state::<Cell<u8>>().get()); //+
    task.detach();
}

/// E0277: Rc<Cell<u8>> + cannot be sent between threads
fn the_workers_state_does_not_go_to_another_thread(cx: &Context) {
    let state = cx.state::<Cell<u8>>();
    let state = state.get(); //+
    std::thread::spawn(move || drop(state));
}

/// E0277: Cell<u8> + cannot be shared between threads
fn the_workers_state_is_not_shared_with_other_threads(cx: &Context) {
    let state = cx.state::<Cell<u8>>();
    let state = &*state; //-
    let state = state.get(); //+
    std::thread::scope(|scope| drop(scope.spawn(move || drop(state))));
}

/// E0277: Rc<Cell<u8>> + cannot be sent between threads
fn the_workers_state_does_not_go_into_another_job(pool: &Executor, cx: &Context) {
    let state = cx.try_state::<Cell<u8>>();
    let state = state.map(|state| state.get()); //+
    pool.submit(move || drop(state)).detach();
}

/// E0277: Rc<Cell<u8>> + cannot be sent between threads
fn the_workers_state_is_not_in_a_cancel_hook(cx: &Context) {
    let state = cx.state::<Cell<u8>>();
    let state = state.get(); //+
    cx.on_cancel(move || drop(state));
}

/// error: lifetime may not live long enough
fn a_state_that_is_asked_for_borrows_nothing<'a>(cx: &Context, _: &'a str) {
    drop(cx.try_state::<&'a str>()); //-
    drop(cx.try_state::<&'static str>()); //+
}

/// E0277: Rc<u8> + cannot be sent between threads
fn a_cancel_hook_is_send(cx: &Context) {
    let shared = Rc::new(1_u8); //-
    let shared = Arc::new(1_u8); //+
    cx.on_cancel(move || drop(shared));
}

/// E0373: may outlive the current function + `text`
fn a_cancel_hook_does_not_borrow(cx: &Context) {
    let text = String::from("text");
    cx.on_cancel(|| drop(text.len())); //-
    cx.on_cancel(move || drop(text.len())); //+
}

/// E0277: From<Cancelled> + std::fmt::Error
fn a_stop_that_is_passed_on_has_a_place(
    cx: &Context,
    end: fn(std::fmt::Error), //-
    end: fn(std::io::Error), //+
) {
    let job = || Ok(cx.check()?);
    job().unwrap_or_else(end)
}

/// E0560: struct `Context` has no field named `task`
fn a_context_is_not_made_up() {
    drop(Context { task: 1 }); //-
    drop(context::current()); //+
}
