//! The executors under test, each with a way to keep jobs from starting.

use std::any::Any;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use poolbridge::{Executor, Keyed, Manual, Shutdown, Submission, backends};

use crate::case::Pool;
use crate::support::{Busy, Counter, CountsDrop, Gate, eventually, occupy, value};

/// The key of the lane under test.
const KEY: u32 = 7;

/// An executor and what it lives on.
pub(crate) struct Lab {
    /// Whose names its threads have.
    name: &'static str,
    executor: Executor,
    keyed: Option<Keyed<u32>>,
    hands: Option<Hands>,
    /// How many jobs run at a time.
    width: usize,
    hooks: Hooks,
    /// The executor below a view, and a foreign pool.
    below: Option<Executor>,
    foreign: Option<Box<dyn Any>>,
}

/// Jobs before, jobs after, and the drop of the hooks with the executor.
#[derive(Clone, Default)]
struct Hooks {
    before: Counter,
    after: Counter,
    gone: Counter,
}

/// Nothing starts while it lives.
pub(crate) struct Hold(Vec<Busy>);

/// A case that fails must not keep threads waiting.
impl Drop for Hold {
    fn drop(&mut self) {
        self.0.iter().for_each(Busy::open);
    }
}

/// A thread that runs what is queued, when it is told so, and opens a gate when it has.
struct Hands {
    tell: mpsc::Sender<Gate>,
    thread: JoinHandle<()>,
}

impl Hands {
    fn new(manual: Manual) -> Self {
        let (tell, told) = mpsc::channel::<Gate>();
        let work = move || {
            told.iter().for_each(|done| {
                manual.run_all();
                done.open();
            });
        };
        let thread = thread::Builder::new().name("comb-man".into()).spawn(work).unwrap();
        Self { tell, thread }
    }

    fn go(&self) -> Gate {
        let done = Gate::new();
        self.tell.send(done.clone()).unwrap();
        done
    }
}

/// Builders share these options, but no trait.
macro_rules! with_hooks {
    ($builder:expr, $hooks:expr) => {{
        let (before, after, gone) =
            ($hooks.before.clone(), $hooks.after.clone(), $hooks.gone.on_drop());
        let counted = move |_: &poolbridge::Context| {
            let _owned: &CountsDrop = &gone;
            before.add();
        };
        let counted_after = move |_: &poolbridge::Context| {
            after.add();
        };
        $builder.before_job(counted).after_job(counted_after).build().unwrap()
    }};
}

impl Lab {
    pub(crate) fn new(pool: Pool) -> Self {
        match pool {
            Pool::OneThread => Self::own("comb-one", 1),
            Pool::TwoThreads => Self::own("comb-two", 2),
            Pool::Limited => {
                let lab = Self::own("comb-lim", 2);
                let executor = lab.executor.limited(1);
                Self { width: 1, below: Some(lab.executor.clone()), executor, ..lab }
            }
            Pool::Keyed => {
                let lab = Self::own("comb-key", 2);
                Self { width: 1, keyed: Some(lab.executor.keyed()), ..lab }
            }
            Pool::Inline => {
                let hooks = Hooks::default();
                let executor = with_hooks!(Executor::on(backends::Inline), hooks);
                Self::of("comb-none", executor, hooks)
            }
            Pool::Manual => {
                let (executor, manual) = Executor::manual();
                let lab = Self::of("comb-man", executor, Hooks::default());
                Self { hands: Some(Hands::new(manual)), ..lab }
            }
            Pool::Rayon => {
                let name = |n| format!("comb-ray-{n}");
                let pool = rayon::ThreadPoolBuilder::new().num_threads(2).thread_name(name);
                let pool = Arc::new(pool.build().unwrap());
                Self::on("comb-ray", backends::Rayon::pool(Arc::clone(&pool)), Box::new(pool))
            }
            Pool::Tokio => {
                let mut runtime = tokio::runtime::Builder::new_multi_thread();
                let runtime = runtime.worker_threads(1).thread_name("comb-tok").build().unwrap();
                let backend = backends::TokioBlocking::new(runtime.handle().clone());
                Self::on("comb-tok", backend, Box::new(runtime))
            }
            Pool::Futures => {
                let mut pool = futures::executor::ThreadPool::builder();
                let pool = pool.pool_size(2).name_prefix("comb-fut-").create().unwrap();
                Self::on("comb-fut", backends::FuturesPool::new(pool.clone()), Box::new(pool))
            }
        }
    }

    fn of(name: &'static str, executor: Executor, hooks: Hooks) -> Self {
        let (keyed, hands, below, foreign) = (None, None, None, None);
        Self { name, executor, keyed, hands, width: 1, hooks, below, foreign }
    }

    fn own(name: &'static str, width: usize) -> Self {
        let hooks = Hooks::default();
        let builder = Executor::threads().max_workers(width).thread_name(name);
        Self { width, ..Self::of(name, with_hooks!(builder, hooks), hooks) }
    }

    fn on(name: &'static str, backend: impl poolbridge::Backend, pool: Box<dyn Any>) -> Self {
        let hooks = Hooks::default();
        let executor = with_hooks!(Executor::on(backend).max_workers(2), hooks);
        Self { width: 2, foreign: Some(pool), ..Self::of(name, executor, hooks) }
    }

    pub(crate) fn job<T, F>(&self, f: F) -> Submission<'_, T, F>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        match &self.keyed {
            Some(keyed) => keyed.job(KEY, f),
            None => self.executor.job(f),
        }
    }

    /// Where callbacks are sent that shall not run on the completing thread.
    pub(crate) fn executor(&self) -> &Executor {
        &self.executor
    }

    /// Keeps everything in the queue.
    pub(crate) fn hold(&self) -> Hold {
        if let Some(hands) = &self.hands {
            // Once it is through with what it was told, it does nothing.
            hands.go().pass();
            return Hold(Vec::new());
        }
        match &self.keyed {
            Some(keyed) => Hold(vec![occupy(&keyed.lane(KEY))]),
            None => Hold((0..self.width).map(|_| occupy(&self.executor)).collect()),
        }
    }

    /// Lets things start.
    pub(crate) fn go(&self, hold: Option<Hold>) {
        let held = hold.map(|mut hold| std::mem::take(&mut hold.0));
        held.into_iter().flatten().for_each(Busy::finish);
        if let Some(hands) = &self.hands {
            hands.go();
        }
    }

    /// It still does what it is for.
    pub(crate) fn check_usable(&self) {
        let task = self.job(|| 7).submit();
        self.go(None);
        assert_eq!(value(task), 7, "the executor is of no use any more");
    }

    /// Ends the executor: everything is accounted for, and its threads are gone.
    pub(crate) fn end(self) {
        let Self { name, executor, keyed, hands, hooks, below, foreign, width: _ } = self;
        let ends = [
            keyed.as_ref().map(|keyed| keyed.shutdown(Shutdown::run_queued())),
            Some(executor.shutdown(Shutdown::run_queued())),
            below.as_ref().map(|below| below.shutdown(Shutdown::run_queued())),
        ];
        for end in ends.into_iter().flatten() {
            let report = end.wait().unwrap();
            assert_eq!((report.still_running, report.cancelled), (0, 0), "{report:?}");
            assert!(report.handed_back.is_empty());
        }
        let left = executor.snapshot();
        assert!(left.queued.is_empty() && left.running.is_empty() && left.closed, "{left:?}");
        assert_eq!(left.workers, 0);
        assert_eq!(hooks.before.get(), hooks.after.get(), "hooks before and after");
        let has_hooks = hands.is_none();
        drop((executor, keyed, below));
        if let Some(Hands { tell, thread }) = hands {
            drop(tell);
            thread.join().unwrap();
        }
        drop(foreign);
        eventually(|| threads_named(name) == 0);
        eventually(|| hooks.gone.get() == usize::from(has_hooks));
    }
}

/// How many threads of this process have a name that begins so; elsewhere nobody tells.
fn threads_named(name: &str) -> usize {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return 0 };
    let comm = |task: std::io::Result<std::fs::DirEntry>| {
        std::fs::read_to_string(task.ok()?.path().join("comm")).ok()
    };
    tasks.filter_map(comm).filter(|own| own.starts_with(name)).count()
}
