//! The executor that everybody shares who names none.

use super::Executor;
use crate::task::Task;

#[cfg(any(poolbridge_loom, poolbridge_shuttle, poolbridge_stress))]
use place_in_models as place;

/// The process-wide executor, started when first asked for: own threads, at most
/// min(32, processors + 4) (CPython's rule), named `poolbridge-0`, `poolbridge-1`, ….
///
/// A child made by `fork` has none of its parent's threads: the first call there starts a fresh
/// executor, whatever [`set_default_executor`] said in the parent. A reference from before the fork
/// still means the parent's; ask again.
///
/// # Panics
/// Never.
///
/// # Examples
/// ```
/// assert_eq!(poolbridge::default_executor().submit(|| 1).wait().unwrap(), 1);
/// ```
pub fn default_executor() -> &'static Executor {
    place::get()
}

/// Makes `executor` the process-wide one, if none has been used or set before.
///
/// # Errors
/// The executor comes back if there is a default already: threads of it may hold work.
///
/// # Examples
/// ```
/// use poolbridge::{Executor, set_default_executor};
/// let small = Executor::threads().max_workers(2).build()?;
/// assert!(set_default_executor(small.clone()).is_ok());
/// assert!(set_default_executor(small).is_err());
/// # Ok::<(), poolbridge::BuildError>(())
/// ```
pub fn set_default_executor(executor: Executor) -> Result<(), Executor> {
    place::set(executor)
}

/// Runs a blocking closure on `executor`, or on the default one, and returns its task, which is
/// queued already and can be awaited on any runtime.
///
/// The name and the meaning are those of asyncio's `loop.run_in_executor`.
///
/// # Examples
/// ```
/// use poolbridge::{Executor, run_in_executor};
/// # futures::executor::block_on(async {
/// let pool = Executor::threads().build()?;
/// assert_eq!(run_in_executor(&pool, || 1).await?, 1);
/// assert_eq!(run_in_executor(None, || 2).await?, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub fn run_in_executor<'a, T, F>(executor: impl Into<Option<&'a Executor>>, f: F) -> Task<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    executor.into().unwrap_or_else(|| default_executor()).submit(f)
}

#[cfg(not(any(poolbridge_loom, poolbridge_shuttle, poolbridge_stress)))]
mod place {
    use super::Executor;
    use crate::sync::fork::Slot;

    static DEFAULT: Slot<Executor> = Slot::new();

    extern "C" fn on_fork() {
        DEFAULT.forget();
    }

    pub(super) fn get() -> &'static Executor {
        let make = || match Executor::threads().thread_name("poolbridge").build() {
            Ok(executor) => executor,
            Err(_) => unreachable!("the default options go together"),
        };
        DEFAULT.get_or_init(on_fork, make)
    }

    pub(super) fn set(executor: Executor) -> Result<(), Executor> {
        DEFAULT.set(on_fork, executor)
    }
}

/// In a model there is a new one in each execution, and it ends with it: so its threads do not stay.
#[cfg(any(poolbridge_loom, poolbridge_shuttle, poolbridge_stress))]
mod place_in_models {
    use std::time::Duration;

    use super::Executor;
    use crate::sync::{Mutex, global};

    #[derive(Default)]
    pub(crate) struct Choice {
        executor: Option<Executor>,
        made: bool,
    }

    global! {
        fn choice() -> Mutex<Choice> = Mutex::new(Choice::default());
    }

    global! {
        fn default() -> Executor = make();
    }

    fn make() -> Executor {
        let chosen = {
            let mut choice = choice().lock();
            choice.made = true;
            choice.executor.take()
        };
        let own = || Executor::threads().max_workers(2).keep_alive(Duration::ZERO).build();
        match chosen.map_or_else(own, Ok) {
            Ok(executor) => executor,
            Err(_) => unreachable!("these options go together"),
        }
    }

    pub(super) fn get() -> &'static Executor {
        default()
    }

    pub(super) fn set(executor: Executor) -> Result<(), Executor> {
        let mut choice = choice().lock();
        if choice.made || choice.executor.is_some() {
            return Err(executor);
        }
        choice.executor = Some(executor);
        Ok(())
    }
}
