//! Wall times on a noisy machine: all peers take turns in one process, round by round, and what
//! counts are ratios within a round.

use std::time::Duration;

use crate::args::Plan;
use crate::peers::{Peer, Visit, visit_wanted};
use crate::verdicts::Target;

/// Something to be timed.
pub(crate) trait Workload {
    fn name(&self) -> String;

    /// Tasks in one round.
    fn tasks(&self) -> usize;

    /// What its time has to be.
    fn targets(&self) -> &'static [Target] {
        &[]
    }

    /// Whether the best round gets a row of its own.
    fn shows_best(&self) -> bool {
        false
    }

    /// Makes a pool and gives what runs one round on it, checks the results and says how long it
    /// took.
    fn prepare<P: Peer>(&self) -> Box<dyn FnMut() -> Duration>;
}

/// What the rounds of one peer say.
pub(crate) struct Column {
    pub(crate) peer: &'static str,
    /// Nanoseconds per task, one sample a round.
    samples: Vec<f64>,
}

/// A median with the quartiles around it.
pub(crate) struct Spread {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
}

impl Column {
    pub(crate) fn time(&self) -> Spread {
        Spread::of(self.samples.clone())
    }

    pub(crate) fn best(&self) -> f64 {
        self.samples.iter().copied().fold(f64::MAX, f64::min)
    }

    /// This one's time in terms of `other`'s, round by round.
    pub(crate) fn ratio_to(&self, other: &Column) -> Spread {
        Spread::of(self.samples.iter().zip(&other.samples).map(|(mine, its)| mine / its).collect())
    }
}

impl Spread {
    fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let at = |quarter: usize| samples[(samples.len() - 1) * quarter / 4];
        Self { low: at(1), median: at(2), high: at(3) }
    }
}

/// Ready for the rounds.
struct Prepared {
    column: Column,
    tasks: usize,
    run: Box<dyn FnMut() -> Duration>,
}

impl Prepared {
    fn new<P: Peer>(workload: &impl Workload) -> Self {
        let column = Column { peer: P::NAME, samples: Vec::new() };
        Self { column, tasks: workload.tasks(), run: workload.prepare::<P>() }
    }
}

/// Makes whomever it visits ready for the rounds.
pub(crate) struct Prepare<'a, W> {
    workload: &'a W,
    prepared: Vec<Prepared>,
}

impl<W: Workload> Visit for Prepare<'_, W> {
    fn visit<P: Peer>(&mut self) {
        self.prepared.push(Prepared::new::<P>(self.workload));
    }
}

/// Rounds that are not counted.
const WARM_UP: usize = 1;

/// All of the first table.
pub(crate) fn measure<W: Workload>(workload: &W, plan: &Plan) -> Vec<Column> {
    // The biggest ones take a second each, of each peer.
    let rounds = if workload.tasks() >= 100_000 { plan.rounds.min(5) } else { plan.rounds };
    measure_by(workload, rounds, |prepare| visit_wanted(plan, prepare))
}

/// Those that `choose` lets it visit.
pub(crate) fn measure_by<W: Workload>(
    workload: &W,
    rounds: usize,
    choose: impl FnOnce(&mut Prepare<'_, W>),
) -> Vec<Column> {
    let mut prepare = Prepare { workload, prepared: Vec::new() };
    choose(&mut prepare);
    take_turns(prepare.prepared, rounds)
}

/// One peer's time for two different things.
pub(crate) fn measure_two<P: Peer>(
    one: &impl Workload,
    other: &impl Workload,
    rounds: usize,
) -> Vec<Column> {
    take_turns(vec![Prepared::new::<P>(one), Prepared::new::<P>(other)], rounds)
}

fn take_turns(mut prepared: Vec<Prepared>, rounds: usize) -> Vec<Column> {
    let peers = prepared.len();
    for round in 0..WARM_UP + rounds {
        // Nobody always comes after the same neighbour's caches first.
        for turn in 0..peers {
            let Prepared { column, tasks, run } = &mut prepared[(turn + round) % peers];
            let taken = run();
            if round >= WARM_UP {
                column.samples.push(nanos_each(taken, *tasks));
            }
        }
    }
    prepared.into_iter().map(|prepared| prepared.column).collect()
}

#[allow(clippy::cast_precision_loss)]
pub(crate) fn nanos_each(taken: Duration, tasks: usize) -> f64 {
    taken.as_nanos() as f64 / tasks as f64
}
