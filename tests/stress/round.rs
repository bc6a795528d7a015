//! The executors of one round, and what its threads share.

use std::any::Any;
use std::cell::Cell;
use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use poolbridge::{Canceller, Context, Executor, Keyed, OnFull, Submission, Task, backends};

use crate::dice::Dice;
use crate::ledger::{Ledger, Thing};

/// How many threads submit at once.
pub(crate) const DRIVERS: usize = 4;

/// Somewhere to submit to.
#[derive(Clone)]
pub(crate) enum Target {
    Plain(Executor),
    Keyed(Keyed<usize>),
}

/// An executor that is nobody's view, and how many jobs its hooks have seen.
pub(crate) struct Root {
    pub(crate) name: &'static str,
    pub(crate) executor: Executor,
    pub(crate) after: Arc<AtomicUsize>,
    pub(crate) capacity: Option<usize>,
    /// A pool of somebody else's.
    foreign: Option<Box<dyn Any + Send + Sync>>,
}

thread_local! {
    /// Its place in `Round::at`; jobs have none of their own.
    static ME: Cell<usize> = const { Cell::new(DRIVERS + 1) };
}

pub(crate) struct Round {
    pub(crate) seed: u64,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) roots: Mutex<Vec<Root>>,
    pub(crate) targets: Mutex<Vec<Target>>,
    pub(crate) cancellers: Mutex<Vec<Canceller>>,
    /// Tasks that whoever comes by may take.
    pub(crate) tasks: Mutex<Vec<Task<Thing>>>,
    /// What each thread is at.
    at: [Mutex<String>; DRIVERS + 2],
}

/// Builders share these options, but no trait.
macro_rules! with_hooks {
    ($builder:expr, $dice:expr) => {{
        let after = Arc::new(AtomicUsize::new(0));
        let (count, before_dice, after_dice) =
            (Arc::clone(&after), Mutex::new($dice.child()), Mutex::new($dice.child()));
        let noise = |dice: &Mutex<Dice>| dice.lock().unwrap().child().noise();
        let builder = $builder.before_job(move |_: &Context| noise(&before_dice));
        let executor = builder.after_job(move |_: &Context| {
            noise(&after_dice);
            count.fetch_add(1, Ordering::SeqCst);
        });
        (executor.build().unwrap(), after)
    }};
}

impl Root {
    fn own(dice: &mut Dice, name: &'static str, max: usize, full: Option<(usize, OnFull)>) -> Self {
        let mut builder = Executor::threads().max_workers(max).thread_name(name);
        if let Some((capacity, policy)) = full {
            builder = builder.queue_capacity(capacity).on_full(policy);
        }
        if dice.once_in(3) {
            builder = builder.keep_alive(dice.short());
        }
        let (executor, after) = with_hooks!(builder.stand_ins(dice.roll(2)), dice);
        let capacity = full.map(|(capacity, _)| capacity);
        Self { name, executor, after, capacity, foreign: None }
    }

    fn rayon(dice: &mut Dice) -> Self {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2);
        let pool = Arc::new(pool.thread_name(|n| format!("pbs-ray-{n}")).build().unwrap());
        let builder = Executor::on(backends::Rayon::pool(Arc::clone(&pool)));
        let (executor, after) = with_hooks!(builder.fair_share(1 + dice.roll(8)), dice);
        Self { name: "pbs-ray", executor, after, capacity: None, foreign: Some(Box::new(pool)) }
    }

    fn tokio(dice: &mut Dice) -> Self {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).thread_name("pbs-tok").build().unwrap();
        let backend = backends::TokioBlocking::new(runtime.handle().clone());
        let builder = Executor::on(backend).max_workers(2).fair_share(1 + dice.roll(8));
        let (executor, after) = with_hooks!(builder, dice);
        Self { name: "pbs-tok", executor, after, capacity: None, foreign: Some(Box::new(runtime)) }
    }

    fn futures(dice: &mut Dice) -> Self {
        let mut pool = futures::executor::ThreadPool::builder();
        let pool = pool.pool_size(2).name_prefix("pbs-fut-").create().unwrap();
        let builder = Executor::on(backends::FuturesPool::new(pool.clone())).queue_capacity(4);
        let (executor, after) = with_hooks!(builder.on_full(OnFull::Reject), dice);
        let (capacity, foreign) = (Some(4), Some(Box::new(pool) as Box<_>));
        Self { name: "pbs-fut", executor, after, capacity, foreign }
    }

    fn inline(dice: &mut Dice) -> Self {
        let (executor, after) = with_hooks!(Executor::on(backends::Inline), dice);
        Self { name: "pbs-here", executor, after, capacity: None, foreign: None }
    }

    pub(crate) fn target(&self) -> Target {
        Target::Plain(self.executor.clone())
    }

    /// The executor's last handle goes here, and what it lives on.
    pub(crate) fn drop_all(self) -> &'static str {
        drop(self.executor);
        drop(self.foreign);
        self.name
    }
}

impl Target {
    pub(crate) fn job<T, F>(&self, key: usize, f: F) -> Submission<'_, T, F>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        match self {
            Target::Plain(executor) => executor.job(f),
            Target::Keyed(keyed) => keyed.job(key % 3, f),
        }
    }

    pub(crate) fn executor(&self) -> Option<&Executor> {
        match self {
            Target::Plain(executor) => Some(executor),
            Target::Keyed(_) => None,
        }
    }
}

impl Round {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let dice = &mut dice;
        let roots = vec![
            Root::own(dice, "pbs-one", 1, None),
            Root::own(dice, "pbs-few", 3, None),
            Root::own(dice, "pbs-blk", 2, Some((3, OnFull::Block))),
            Root::own(dice, "pbs-old", 1, Some((3, OnFull::DropOldest))),
            Root::own(dice, "pbs-cal", 1, Some((2, OnFull::RunOnCaller))),
            Root::rayon(dice),
            Root::tokio(dice),
            Root::futures(dice),
            Root::inline(dice),
        ];
        let mut targets = Vec::new();
        for root in &roots {
            targets.push(Target::Plain(root.executor.clone()));
            let keyed = root.executor.keyed();
            targets.push(match dice.roll(5) {
                0 => Target::Plain(root.executor.limited(1 + dice.roll(2))),
                1 => Target::Plain(root.executor.serial()),
                2 => Target::Plain(keyed.lane(dice.roll(3))),
                3 => Target::Plain(root.executor.limited(2).serial()),
                _ => Target::Keyed(keyed),
            });
        }
        Self {
            seed,
            ledger: Arc::default(),
            roots: Mutex::new(roots),
            targets: Mutex::new(targets),
            cancellers: Mutex::default(),
            tasks: Mutex::default(),
            at: Default::default(),
        }
    }

    pub(crate) fn target(&self, dice: &mut Dice) -> Target {
        let targets = self.targets.lock().unwrap();
        targets[dice.roll(targets.len())].clone()
    }

    /// This thread is that one, for the watchdog.
    pub(crate) fn enter(&self, thread: usize) {
        ME.set(thread);
    }

    /// What this thread is at, for the watchdog.
    pub(crate) fn note(&self, what: impl Into<String>) {
        *self.at[ME.get()].lock().unwrap() = what.into();
    }

    /// For the watchdog: who is at what, what is queued, what runs, what lives.
    pub(crate) fn outstanding(&self) -> String {
        let mut text = String::new();
        for (thread, at) in self.at.iter().enumerate() {
            let at = at.lock().map_or_else(|_| "panicked".into(), |at| at.clone());
            let _ = writeln!(text, "thread {thread}: {at}");
        }
        for root in self.roots.lock().map(|roots| format_roots(&roots)).unwrap_or_default() {
            text.push_str(&root);
        }
        let cancellers = self.cancellers.lock().map(|all| all.clone()).unwrap_or_default();
        for canceller in cancellers.iter().filter(|task| !task.status().is_done()) {
            let _ = writeln!(text, "not over: {canceller:?}");
        }
        let _ = writeln!(text, "{:?}", self.ledger);
        text
    }
}

fn format_roots(roots: &[Root]) -> Vec<String> {
    let format = |root: &Root| {
        let seen = root.executor.snapshot();
        format!(
            "{}: {} workers, {} idle, closed: {}, queued {:?}, running {:?}\n",
            root.name, seen.workers, seen.idle, seen.closed, seen.queued, seen.running
        )
    };
    roots.iter().map(format).collect()
}
