// A source of threads of somebody's own.
use poolbridge::{Backend, Executor, StartError, Worker};
use std::cell::Cell;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard};

macro_rules! backend {
    ($of:ty $(, $life:lifetime)?) => {
        impl $(<$life>)? Backend for $of {
            fn start(&self, worker: Worker) -> Result<(), StartError> {
                worker.run();
                Ok(())
            }
            fn parallelism(&self) -> NonZeroUsize {
                NonZeroUsize::MIN
            }
        }
    };
}

/// E0277: Cell<u8> + cannot be shared between threads
fn a_backend_is_sync() {
    struct Mine(
        Cell<u8>, //-
        Mutex<u8>, //+
    );
    backend!(Mine);
}

/// E0277: MutexGuard + cannot be sent between threads
fn a_backend_is_send() {
    struct Mine(
        MutexGuard<'static, u8>, //-
        &'static Mutex<u8>, //+
    );
    backend!(Mine);
}

/// E0478: lifetime bound not satisfied
fn a_backend_borrows_nothing() {
    struct Mine<'a>(&'a str);
    backend!(Mine<'a>, 'a); //-
    backend!(Mine<'static>); //+
}

/// E0046: not all trait items implemented, missing: `parallelism`
fn a_backend_tells_its_size() {
    struct Mine;
    impl Backend for Mine {
        fn start(&self, worker: Worker) -> Result<(), StartError> {
            Ok(worker.run())
        }
        fn parallelism(&self) -> NonZeroUsize { NonZeroUsize::MIN } //+
    }
}

/// E0053: incompatible type for trait
fn a_backend_has_at_least_one_thread() {
    struct Mine;
    impl Backend for Mine {
        fn start(&self, worker: Worker) -> Result<(), StartError> {
            Ok(worker.run())
        }
        fn parallelism(&self) -> usize { 0 } //-
        fn parallelism(&self) -> NonZeroUsize { NonZeroUsize::MIN } //+
    }
}

/// E0382: use of moved value: `worker`
fn a_turn_is_run_once(worker: Worker) {
    worker.run();
    worker.run(); //-
}

/// E0382: use of moved value: `worker`
fn a_turn_that_was_given_back_is_gone(worker: Worker) {
    drop(worker);
    worker.run(); //-
}

/// E0599: no method named `clone` found for struct `Worker`
fn a_turn_is_not_copied(worker: Worker) {
    worker.clone().run(); //-
    worker.run(); //+
}

/// E0507: cannot move out of `*worker` which is behind a mutable reference
fn a_turn_is_run_by_its_owner(
    worker: &mut Worker, //-
    worker: Worker, //+
) {
    worker.run();
}

/// E0277: Rc<str> + cannot be sent between threads
fn the_cause_of_a_failed_start_is_send() {
    #[derive(Debug)]
    struct Cause(
        Rc<str>, //-
        Arc<str>, //+
    );
    impl std::fmt::Display for Cause {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            Ok(())
        }
    }
    impl std::error::Error for Cause {}
    drop(StartError::new(Cause("no".into())));
}

/// E0423: private fields
fn a_failed_start_is_made_by_new() {
    drop(StartError("no".into())); //-
    drop(StartError::new("no")); //+
}

/// E0277: `fn() -> u8: Backend` is not satisfied
fn a_function_is_no_backend(
    pool: fn() -> u8, //-
    pool: Executor, //+
) {
    drop(Executor::on(pool));
}
