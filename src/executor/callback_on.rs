//! Callbacks on an executor of your choice.

use super::Executor;
use crate::task::Task;
use crate::task::error::TaskError;
use crate::task::observer::CallbackId;

impl<T: Clone + Send + 'static> Task<T> {
    /// As [`add_done_callback`](Self::add_done_callback), but `f` runs on `executor`, with a clone
    /// of the outcome that is made on the completing thread before any waiter is released. So a
    /// slow `f` delays nobody. If the executor refuses it, it runs on the completing thread.
    ///
    /// It is asyncio's way: callbacks are scheduled (`call_soon`), not run inline.
    ///
    /// # Panics
    /// If the outcome was taken before.
    ///
    /// # Examples
    /// ```
    /// use std::sync::mpsc;
    /// let (tell, told) = mpsc::channel();
    /// let pool = poolbridge::Executor::threads().build()?;
    /// let mut task = pool.submit(|| 5);
    /// task.add_done_callback_on(&pool, move |outcome| tell.send(outcome.unwrap()).unwrap());
    /// assert_eq!(task.wait().unwrap(), 5);
    /// assert_eq!(told.recv().unwrap(), 5);
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    pub fn add_done_callback_on(
        &mut self,
        executor: &Executor,
        f: impl FnOnce(Result<T, TaskError>) + Send + 'static,
    ) -> CallbackId {
        let executor = executor.clone();
        self.add_done_callback(move |outcome| {
            let outcome = outcome.clone();
            match executor.try_submit(move || f(outcome)) {
                Ok(task) => task.detach(),
                Err(rejected) => (rejected.into_inner())(),
            }
        })
    }
}
