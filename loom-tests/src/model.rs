//! One model: a closure that is run in many orders, or all within a bound, once per plan.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

use poolbridge::__verify::plan::{self, Plan};

use crate::explore::{self, Limits};

/// What a model is run with. `check` runs it and panics if it does not hold.
#[must_use = "nothing is checked before `check`"]
#[derive(Debug)]
pub struct Model {
    case: &'static str,
    bound: usize,
    deep: Option<usize>,
    plans: Vec<Plan>,
    sees: Vec<&'static str>,
    nothing_else: bool,
    single: bool,
}

#[derive(Default)]
struct Seen {
    iterations: usize,
    outcomes: BTreeSet<String>,
    /// More orders were left when its time was over.
    cut_off: bool,
}

impl Model {
    /// At most `bound` preemptions per execution, unless `PB_BOUND` says otherwise.
    pub fn bound(bound: usize) -> Self {
        Self {
            case: "",
            bound,
            deep: None,
            plans: vec![Plan::NONE],
            sees: Vec::new(),
            nothing_else: false,
            single: false,
        }
    }

    /// Too big for all orders: for the forms that try some.
    #[cfg(not(poolbridge_loom))]
    pub fn sampled() -> Self {
        Self::bound(0)
    }

    /// The bound of a deep run, where it would not end without one.
    pub fn deep(self, bound: usize) -> Self {
        Self { deep: Some(bound), ..self }
    }

    /// Tells apart several checks in one model function.
    pub fn case(self, case: &'static str) -> Self {
        Self { case, ..self }
    }

    /// Outcomes, as `{:?}` prints them, that must be seen under one plan or another. A model
    /// that names none proves only that nothing panics, deadlocks, races or leaks.
    pub fn sees(self, outcomes: &[&'static str]) -> Self {
        Self { sees: outcomes.to_vec(), ..self }
    }

    /// As [`sees`](Self::sees), and no others may be.
    pub fn sees_exactly(self, outcomes: &[&'static str]) -> Self {
        Self { nothing_else: true, ..self.sees(outcomes) }
    }

    /// Runs once per plan instead of once without one.
    pub fn plans(self, plans: impl IntoIterator<Item = Plan>) -> Self {
        Self { plans: plans.into_iter().collect(), ..self }
    }

    /// Without a plan, and with each of the first three limited waits timing out.
    pub fn with_timeouts(self) -> Self {
        self.plans([Plan::NONE].into_iter().chain((0..3).map(Plan::timeout)))
    }

    /// Without a plan, and with each of the first three waits returning for nothing.
    pub fn with_spurious_wakes(self) -> Self {
        self.plans([Plan::NONE].into_iter().chain((0..3).map(Plan::spurious)))
    }

    /// One execution is all there is: nothing in the model races.
    pub fn expect_single(self) -> Self {
        Self { single: true, ..self }
    }

    /// Explores; the closure's value is the outcome of one execution.
    pub fn check<T: Debug>(self, model: impl Fn() -> T + Send + Sync + 'static) {
        explore::prepare();
        watch_panics();
        let started = Instant::now();
        let model = Arc::new(move || format!("{:?}", model()));
        let seen: Vec<Seen> = (self.plans.iter().enumerate())
            .map(|(number, plan)| {
                let share = time().map(|all| {
                    let left = all.saturating_sub(started.elapsed());
                    left / u32::try_from(self.plans.len() - number).expect("few plans")
                });
                self.explore(*plan, share, &model)
            })
            .collect();
        self.judge(&seen, started);
    }

    fn limits(&self, time: Option<Duration>) -> Limits {
        let given = if deep() { self.deep } else { Some(self.bound) };
        Limits { bound: bound_from_env(given), races: !self.single, time }
    }

    fn explore(
        &self,
        plan: Plan,
        time: Option<Duration>,
        model: &Arc<impl Fn() -> String + Send + Sync + 'static>,
    ) -> Seen {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (model, note) = (Arc::clone(model), Arc::clone(&seen));
        // A checker stops at a deadlock with its own words only: say under which plan it was.
        let trace = OnPanic(plan);
        let began = Instant::now();
        explore::explore(&self.limits(time), move || {
            plan::begin(plan);
            let outcome = model();
            assert_no_panic();
            let mut seen = note.lock().unwrap_or_else(PoisonError::into_inner);
            seen.iterations += 1;
            seen.outcomes.insert(outcome);
        });
        assert_no_panic();
        drop(trace);
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        let cut_off = time.is_some_and(|time| began.elapsed() >= time);
        Seen { cut_off, ..std::mem::take(&mut *seen) }
    }

    fn judge(&self, seen: &[Seen], started: Instant) {
        let name = crate::runner::current();
        let iterations: usize = seen.iter().map(|seen| seen.iterations).sum();
        let outcomes: BTreeSet<&str> =
            seen.iter().flat_map(|seen| seen.outcomes.iter().map(String::as_str)).collect();
        let cut_off = seen.iter().any(|seen| seen.cut_off);
        println!(
            "MODEL {name}{}{} {}{} plans={} iterations={iterations} ms={} outcomes={outcomes:?}",
            if self.case.is_empty() { "" } else { "/" },
            self.case,
            explore::how(&self.limits(None)),
            if cut_off { " cut-off" } else { "" },
            self.plans.len(),
            started.elapsed().as_millis(),
        );
        let wanted: BTreeSet<&str> = self.sees.iter().copied().collect();
        let others: Vec<_> = outcomes.difference(&wanted).collect();
        assert!(!self.nothing_else || others.is_empty(), "forbidden outcomes: {others:?}");
        if cut_off || !explore::is_exhaustive() {
            return;
        }
        let missed: Vec<_> = wanted.difference(&outcomes).collect();
        assert!(missed.is_empty(), "vacuous: never saw {missed:?}");
        let raced = seen.iter().any(|seen| seen.iterations > 1);
        assert!(raced != self.single, "{iterations} iterations: does anything race, or should it?");
    }
}

/// Prints the plan if it is dropped by a panic.
struct OnPanic(Plan);

impl Drop for OnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the plan was {:?}", self.0);
        }
    }
}

static PANICKED: AtomicBool = AtomicBool::new(false);

/// The crate contains panics of user code, and what loom finds inside user code is a panic too:
/// containing it would make it vanish. So each one is noted where it begins.
fn watch_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            PANICKED.store(true, Ordering::Relaxed);
            print(info);
        }));
    });
}

fn assert_no_panic() {
    assert!(!PANICKED.load(Ordering::Relaxed), "a panic was contained: see above");
}

/// The panic of user code that a model is about: the only one that it may contain.
pub fn planned_panic() -> ! {
    // Resuming does not call the hook.
    std::panic::resume_unwind(Box::new("planned"))
}

/// Whether this is a deep run.
fn deep() -> bool {
    time().is_some()
}

/// What each check may take in a deep run, `PB_DEEP` seconds: what does not end by then has tried
/// some of its orders only, and says so.
fn time() -> Option<Duration> {
    explore::setting("PB_DEEP").map(Duration::from_secs)
}

fn bound_from_env(given: Option<usize>) -> Option<usize> {
    let number = |text: String| text.parse().expect("a bound is a number, or `none` for PB_BOUND");
    let bound = match std::env::var("PB_BOUND") {
        Err(_) => given,
        Ok(text) if text == "none" => None,
        Ok(text) => Some(number(text)),
    };
    match std::env::var("PB_BOUND_AT_MOST") {
        Err(_) => bound,
        Ok(text) => {
            Some(bound.map_or_else(|| number(text.clone()), |b: usize| b.min(number(text.clone()))))
        }
    }
}
