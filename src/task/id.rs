//! Names for tasks.

use std::fmt;

use crate::sync::{AtomicUsize, Ordering, global};

/// The name of one task, unique among the tasks of this process.
///
/// It prints as `pool.number`: the executor that made the task (0: no executor) and the task's
/// number there.
///
/// # Examples
/// ```
/// let (_promise, task) = poolbridge::promise::<u8>();
/// assert!(task.id().to_string().starts_with("0."));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(u64);

const NUMBER_BITS: u32 = 40;

impl TaskId {
    /// Task `number` of executor `pool`. Pools beyond 16 million and tasks beyond a million
    /// million reuse numbers.
    pub(crate) fn new(pool: u32, number: u64) -> Self {
        let number = number & ((1 << NUMBER_BITS) - 1);
        Self((u64::from(pool) << NUMBER_BITS) | number)
    }

    /// The executor that made the task; 0: none.
    pub(crate) fn pool(self) -> u32 {
        (self.0 >> NUMBER_BITS) as u32
    }

    /// The task's number in its executor.
    #[inline]
    pub(crate) fn number(self) -> u64 {
        self.0 & ((1 << NUMBER_BITS) - 1)
    }

    /// The next name for a task that no executor made.
    pub(crate) fn homeless() -> Self {
        // ORDERING: Relaxed, a unique number is all that is wanted.
        Self::new(0, homeless_count().fetch_add(1, Ordering::Relaxed) as u64)
    }
}

global! {
    fn homeless_count() -> AtomicUsize = AtomicUsize::new(1);
}

global! {
    fn pool_count() -> AtomicUsize = AtomicUsize::new(1);
}

/// The next executor's number.
pub(crate) fn next_pool() -> u32 {
    // ORDERING: Relaxed, a unique number is all that is wanted.
    (pool_count().fetch_add(1, Ordering::Relaxed) & 0xFF_FFFF) as u32
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.pool(), self.number())
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskId({self})")
    }
}
