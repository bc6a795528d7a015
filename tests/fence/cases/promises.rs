// A promise: completed once, from anywhere, with what may go anywhere.
use poolbridge::{OnCancel, Promise, TaskError, promise};
use std::rc::Rc;
use std::sync::Arc;

/// E0277: Rc<u8> + cannot be sent between threads
fn what_is_promised_is_send() {
    drop(promise::<Rc<u8>>()); //-
    drop(promise::<Arc<u8>>()); //+
}

/// E0277: `T` cannot be sent between threads
fn not_even_the_type_of_such_a_promise_is_allowed<
    T: 'static, //-
    T: Send + 'static, //+
>(
    promise: Promise<T>,
) {
}

/// E0310: the parameter type `T` may not live long enough
fn what_is_promised_borrows_nothing<
    T: Send, //-
    T: Send + 'static, //+
>() {
    drop(promise::<T>());
}

/// E0597: `text` does not live long enough
fn a_promise_is_not_kept_with_a_borrow(promise: Promise<&'static str>) {
    let text = String::from("text"); //-
    let text = "text"; //+
    drop(promise.set_result(&text));
}

/// E0382: use of moved value: `promise`
fn a_promise_is_kept_once(promise: Promise<u8>) {
    drop(promise.set_result(1));
    drop(promise.set_result(2)); //-
}

/// E0382: use of moved value: `promise`
fn a_promise_is_kept_or_broken(promise: Promise<u8>) {
    drop(promise.set_result(1));
    drop(promise.set_error(TaskError::Lost)); //-
}

/// E0382: borrow of moved value: `promise`
fn a_completed_promise_is_gone(promise: Promise<u8>) {
    drop(promise.complete(Ok(1)));
    promise.set_running(); //-
}

/// E0507: cannot move out of `*promise` which is behind a shared reference
fn a_shared_promise_is_not_completed(
    promise: &Promise<u8>, //-
    promise: Promise<u8>, //+
) {
    drop(promise.complete(Ok(1)));
}

/// E0599: no method named `clone` found for struct `Promise<T>`
fn a_promise_has_one_owner(promise: Promise<u8>) {
    drop(promise.clone()); //-
    drop(promise); //+
}

/// E0308: mismatched types
fn a_promise_is_kept_with_its_type(promise: Promise<u8>) {
    drop(promise.set_result("text")); //-
    drop(promise.set_result(1)); //+
}

/// E0277: Rc<u8> + cannot be sent between threads
fn a_cancel_hook_is_send(promise: &Promise<u8>) {
    let shared = Rc::new(1_u8); //-
    let shared = Arc::new(1_u8); //+
    promise.on_cancel(move || drop(shared));
}

/// E0373: may outlive the current function + `text`
fn a_cancel_hook_does_not_borrow(promise: &Promise<u8>) {
    let text = String::from("text");
    promise.on_cancel(|| drop(text.len())); //-
    promise.on_cancel(move || drop(text.len())); //+
}

/// E0382: use of moved value: `hook`
fn a_cancel_hook_is_removed_once(hook: OnCancel) {
    hook.remove();
    hook.remove(); //-
}

// Types that differ in a lifetime only are two by their `TypeId`: completing would panic.
/// E0308: one type is more general than the other
fn a_promise_keeps_the_very_type_it_was_made_with(promise: Promise<fn(&'static u8)>) {
    let promise: Promise<fn(&u8)> = promise; //-
    let promise: Promise<fn(&'static u8)> = promise; //+
}
