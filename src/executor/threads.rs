//! Own threads: started on demand, kept for a while, gone when idle for long.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::time::Duration;

use super::Executor;
use super::backend::{Backend, StartError};
use super::child::Source;
use super::config::{BuildError, Config, OnFull, common_options, default_workers};
use super::worker::Worker;
use crate::sync::{self, AtomicUsize, Ordering};
use crate::task::contain::Quiet;
use crate::task::context::Context;
use crate::task::id::next_pool;

/// How long an idle thread stays unless told otherwise.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Describes an executor over threads of its own; made by [`Executor::threads`].
///
/// # Examples
/// ```
/// use poolbridge::{Executor, OnFull};
/// use std::time::Duration;
/// let pool = Executor::threads()
///     .max_workers(4)
///     .thread_name("disk")
///     .keep_alive(Duration::from_secs(1))
///     .queue_capacity(1000)
///     .on_full(OnFull::Reject)
///     .build()?;
/// let name = pool.submit(|| std::thread::current().name().map(String::from));
/// assert_eq!(name.wait().unwrap().as_deref(), Some("disk-0"));
/// # Ok::<(), poolbridge::BuildError>(())
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct ThreadPoolBuilder {
    config: Config,
    name: Option<String>,
    stack_size: Option<usize>,
    spawner: Option<Spawner>,
}

type Spawner = Box<dyn Fn(PoolThread) -> io::Result<()> + Send + Sync>;

/// A thread that an executor wants started; see [`ThreadPoolBuilder::spawn_handler`].
///
/// # Examples
/// ```
/// use std::thread;
/// let pool = poolbridge::Executor::threads()
///     .thread_name("pinned")
///     .spawn_handler(|own| {
///         let mut thread = thread::Builder::new().name(own.name().into());
///         if let Some(bytes) = own.stack_size() {
///             thread = thread.stack_size(bytes);
///         }
///         thread.spawn(move || /* pin it, then */ own.run()).map(drop)
///     })
///     .build()?;
/// let name = pool.submit(|| thread::current().name().map(String::from));
/// assert_eq!(name.wait().unwrap().as_deref(), Some("pinned-0"));
/// # Ok::<(), poolbridge::BuildError>(())
/// ```
pub struct PoolThread {
    name: String,
    stack_size: Option<usize>,
    worker: Worker,
}

impl PoolThread {
    /// The name that the thread should have.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The stack that the thread should have, in bytes, if the executor was told one.
    #[must_use]
    pub fn stack_size(&self) -> Option<usize> {
        self.stack_size
    }

    /// Serves the executor on this thread, until there is nothing to do for `keep_alive`.
    pub fn run(self) {
        self.worker.run();
    }
}

impl fmt::Debug for PoolThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolThread").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ThreadPoolBuilder {
    pub(super) fn new() -> Self {
        let config = Config {
            max_workers: default_workers().get(),
            keep_alive: Some(KEEP_ALIVE),
            ..Config::default()
        };
        Self { config, name: None, stack_size: None, spawner: None }
    }

    /// At most this many threads. Default: processors + 4, at most 32 (CPython's rule).
    pub fn max_workers(mut self, max: usize) -> Self {
        self.config.max_workers = max;
        self
    }

    /// Threads are called `prefix-0`, `prefix-1`, …; the default prefix names the executor.
    pub fn thread_name(mut self, prefix: impl Into<String>) -> Self {
        self.name = Some(prefix.into());
        self
    }

    /// The threads' stack size in bytes; default: the platform's.
    ///
    /// # Examples
    /// ```
    /// /// A kilobyte of stack and more for each level.
    /// fn depth(levels: u32) -> u32 {
    ///     if levels == 0 { 0 } else { std::hint::black_box([1; 256])[0] + depth(levels - 1) }
    /// }
    /// let pool = poolbridge::Executor::threads().stack_size(32 << 20).build()?;
    /// assert_eq!(pool.submit(|| depth(5000)).wait().unwrap(), 5000);
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// How long a thread stays with nothing to do. Default: 10 s. [`Duration::MAX`]: for ever.
    pub fn keep_alive(mut self, stay: Duration) -> Self {
        self.config.keep_alive = Some(stay);
        self
    }

    /// At most this many threads more stand in for workers that are blocked inside
    /// [`context::blocking`](crate::context::blocking). Default: none.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::{Executor, context};
    /// let pool = Executor::threads().max_workers(1).stand_ins(1).build()?;
    /// let inner = pool.clone();
    /// let task = pool.submit(move || {
    ///     // A foreign `block_on` knows nothing of pools: with one thread it would wait for ever.
    ///     context::blocking(|| futures::executor::block_on(inner.submit(|| 7)))
    /// });
    /// assert_eq!(task.wait().unwrap().unwrap(), 7);
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    pub fn stand_ins(mut self, max: usize) -> Self {
        self.config.stand_ins = max;
        self
    }

    common_options!();

    /// Runs on each new thread before its first job, and makes what its jobs read with
    /// [`Context::state`]: a connection, a buffer. Dropped on that thread when it leaves.
    ///
    /// If it fails or panics, the executor is broken for ever: every queued task ends with
    /// [`TaskError::Broken`](crate::TaskError::Broken), later ones are rejected, and the cause is
    /// kept in the error.
    ///
    /// A thread that has been idle for [`keep_alive`](Self::keep_alive) leaves and takes its state
    /// along. State that must not be lost wants `keep_alive(Duration::MAX)`.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::{Executor, TaskError};
    /// use std::fs::File;
    /// let pool = Executor::threads().initializer(|| File::open("Cargo.toml")).build()?;
    /// let length = pool.submit_with(|cx| cx.state::<File>().metadata().map(|data| data.len()));
    /// assert!(length.wait().unwrap().unwrap() > 0);
    ///
    /// let broken = Executor::threads().initializer(|| File::open("no such file")).build()?;
    /// let Err(TaskError::Broken(why)) = broken.submit(|| ()).wait() else { panic!("it opened") };
    /// assert!(why.cause().unwrap().is::<std::io::Error>());
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    pub fn initializer<S, E>(
        mut self,
        make: impl Fn() -> Result<S, E> + Send + Sync + 'static,
    ) -> Self
    where
        S: 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let make = Quiet::new(make);
        let make = move || (*make)().map(|state| Rc::new(state) as Rc<dyn Any>).map_err(Into::into);
        self.config.initializer = Some(Box::new(make));
        self
    }

    /// Runs on each new thread, first of all. The thread counts as a worker already: a hook that
    /// waits for a job of this executor may wait for itself, and nobody would notice. The same goes
    /// for the [`initializer`](Self::initializer).
    ///
    /// # Examples
    /// ```
    /// use std::cell::Cell;
    /// thread_local!(static READY: Cell<bool> = const { Cell::new(false) });
    /// // A C library may want a call on each thread that uses it.
    /// let pool = poolbridge::Executor::threads().on_thread_start(|| READY.set(true)).build()?;
    /// assert!(pool.submit(|| READY.get()).wait().unwrap());
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    pub fn on_thread_start(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        let hook = Quiet::new(hook);
        self.config.on_thread_start = Some(Box::new(move || (*hook)()));
        self
    }

    /// Runs on each thread that leaves, last of all: its worker state is dropped already.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::{Executor, Shutdown};
    /// let (tell, told) = std::sync::mpsc::channel();
    /// let leave = move || tell.send("detached").unwrap();
    /// let pool = Executor::threads().on_thread_stop(leave).build()?;
    /// let task = pool.submit(|| ());
    /// pool.shutdown(Shutdown::run_queued()).wait()?; // the end of the hooks, too
    /// assert_eq!(told.try_recv()?, "detached");
    /// # drop(task);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_thread_stop(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        let hook = Quiet::new(hook);
        self.config.on_thread_stop = Some(Box::new(move || (*hook)()));
        self
    }

    /// Starts threads by `spawn` instead of by the standard library: to pin them, to give them a
    /// priority, to make the start fail in a test. `spawn` has to call [`PoolThread::run`] on the
    /// new thread; dropping the `PoolThread` says that there is none.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::{Executor, TaskError};
    /// let pool = Executor::threads()
    ///     .spawn_handler(|_thread| Err(std::io::ErrorKind::WouldBlock.into()))
    ///     .build()?;
    /// assert!(matches!(pool.submit(|| ()).wait(), Err(TaskError::Broken(_))));
    /// # Ok::<(), poolbridge::BuildError>(())
    /// ```
    pub fn spawn_handler(
        mut self,
        spawn: impl Fn(PoolThread) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.spawner = Some(Box::new(spawn));
        self
    }

    /// The executor. No thread is started yet.
    ///
    /// # Errors
    /// [`BuildError`] says which options don't go together.
    ///
    /// # Examples
    /// ```
    /// use poolbridge::{BuildError, Executor, OnFull};
    /// let counted = Executor::threads().initializer(|| Ok::<_, std::io::Error>(0_u32));
    /// // The submitting thread would have no such state.
    /// let built = counted.on_full(OnFull::RunOnCaller).build();
    /// assert_eq!(built.unwrap_err(), BuildError::CallerHasNoState);
    /// ```
    pub fn build(self) -> Result<Executor, BuildError> {
        self.config.check()?;
        let parallelism = NonZeroUsize::new(self.config.max_workers).unwrap_or(NonZeroUsize::MIN);
        let pool = next_pool();
        let threads = Threads {
            prefix: self.name.unwrap_or_else(|| format!("poolbridge-{pool}")),
            stack_size: self.stack_size,
            spawner: self.spawner.unwrap_or_else(|| Box::new(spawn)),
            started: AtomicUsize::new(0),
            parallelism,
        };
        Ok(Executor::assemble(pool, Source::backend(threads), self.config))
    }
}

fn spawn(thread: PoolThread) -> io::Result<()> {
    sync::spawn(thread.name.clone(), thread.stack_size, move || thread.run())
}

impl fmt::Debug for ThreadPoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPoolBuilder")
            .field("max_workers", &self.config.max_workers)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The backend.
struct Threads {
    prefix: String,
    stack_size: Option<usize>,
    spawner: Spawner,
    /// Threads started so far: the next one's number.
    started: AtomicUsize,
    parallelism: NonZeroUsize,
}

impl Backend for Threads {
    fn start(&self, worker: Worker) -> Result<(), StartError> {
        // ORDERING: Relaxed, a unique number is all that is wanted.
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{number}", self.prefix);
        let thread = PoolThread { name, stack_size: self.stack_size, worker };
        (self.spawner)(thread).map_err(StartError::new)
    }

    fn parallelism(&self) -> NonZeroUsize {
        self.parallelism
    }
}
