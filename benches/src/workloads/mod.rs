//! What is timed.

mod burst;
mod in_flight;
mod queued;
mod round_trip;
mod side;
mod submitters;
mod timeouts;
mod together;

pub(crate) use burst::{Burst, here as burst_here};
pub(crate) use in_flight::work;
pub(crate) use queued::here as queued_here;
pub(crate) use round_trip::{RoundTrip, here as round_trips_here, trips as round_trips};
pub(crate) use side::{Side, current_thread};

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::args::Plan;
use crate::peers::{Peer, Poolbridge, Visit, visit_all};
use crate::place::Place;
use crate::rounds::{Column, Workload, measure, measure_two};
use crate::table::Table;
use crate::verdicts::Verdicts;
use side::SIDES;
use together::{Together, Way};

/// Adds a round's results up and holds them against what they have to be: task `n` answers `n`.
pub(crate) fn check(tasks: usize, answers: impl IntoIterator<Item = u64>) {
    let tasks = tasks as u64;
    let sum: u64 = answers.into_iter().sum();
    assert_eq!(sum, tasks * (tasks - 1) / 2, "a task got another's answer, or none");
}

/// Rounds that are a process of their own each, with these arguments. It says how many nanoseconds
/// its round took.
fn elsewhere<const N: usize>(arguments: [&str; N]) -> Box<dyn FnMut() -> Duration> {
    let arguments = arguments.map(String::from);
    Box::new(move || {
        let program = std::env::current_exe().expect("this program is a file");
        let output = Command::new(program)
            .args(&arguments)
            .stderr(Stdio::inherit())
            .output()
            .expect("this program starts");
        let text = String::from_utf8_lossy(&output.stdout);
        Duration::from_nanos(text.trim().parse().expect("a number of nanoseconds"))
    })
}

struct Names<'a>(&'a Plan, Vec<&'static str>);

impl Visit for Names<'_> {
    fn visit<P: Peer>(&mut self) {
        if self.0.wants_peer(P::NAME) {
            self.1.push(P::NAME);
        }
    }
}

/// The peers that are measured.
pub(crate) fn names(plan: &Plan) -> Vec<&'static str> {
    let mut names = Names(plan, Vec::new());
    visit_all(&mut names);
    names.1
}

pub(crate) fn print(plan: &Plan, verdicts: &mut Verdicts) {
    let mut table = Table::new("ns a task; (times the first column's)", names(plan));
    for (side, place) in round_trip::KINDS {
        add((&mut table, verdicts), &RoundTrip { side, place, trips: plan.trips }, plan);
    }
    for tasks in plan.bursts {
        add((&mut table, verdicts), &Burst::of(*tasks), plan);
    }
    for side in [Side::BlockOn, Side::MultiThread] {
        add((&mut table, verdicts), &Burst { side, ..Burst::of(plan.burst) }, plan);
    }
    for (work, share) in [(1, 1), (50, 10)] {
        let (tasks, work) = (plan.burst / share, Duration::from_micros(work));
        for side in SIDES {
            add((&mut table, verdicts), &in_flight::InFlight { tasks, work, side }, plan);
        }
    }
    // Enough that waking the submitters is not what is timed.
    let tasks = 5 * plan.burst;
    for threads in [1, 4, 16] {
        add((&mut table, verdicts), &submitters::Submitters { threads, tasks }, plan);
    }
    for way in [Way::JoinAll, Way::Unordered] {
        for tasks in plan.together {
            add(
                (&mut table, verdicts),
                &Together { way, tasks: *tasks, side: Side::CurrentThread },
                plan,
            );
        }
        for side in [Side::BlockOn, Side::MultiThread] {
            add((&mut table, verdicts), &Together { way, tasks: plan.burst, side }, plan);
        }
    }
    for side in [Side::CurrentThread, Side::MultiThread] {
        add((&mut table, verdicts), &timeouts::Timeouts { tasks: plan.burst, side }, plan);
    }
    for side in [Side::CurrentThread, Side::MultiThread] {
        add((&mut table, verdicts), &timeouts::Expiries { tasks: plan.burst, side }, plan);
    }
    verdicts.compare("burst of 1000000", "burst of 1000", 1.5);
    verdicts.compare("16 submitting threads", "1 submitting thread", 2.0);
    prices_of_timeouts(verdicts, plan);
    if !table.is_empty() {
        println!("{table}");
    }
}

fn add((table, verdicts): (&mut Table, &mut Verdicts), workload: &impl Workload, plan: &Plan) {
    if plan.wants_row(&workload.name()) {
        let columns = measure(workload, plan);
        verdicts.note(&workload.name(), &columns, workload.targets());
        table.row(workload.name(), columns.iter().map(|column| cell(column, &columns[0])));
        if workload.shows_best() {
            let best = columns.iter().map(|column| format!("{:.0}", column.best()));
            table.row(format!("{}, best round", workload.name()), best);
        }
    }
}

/// Tasks with a limit beside tasks without one, in turns. With `block_on` the clock is ours, inside tokio
/// it is tokio's.
fn prices_of_timeouts(verdicts: &mut Verdicts, plan: &Plan) {
    let tasks = plan.burst;
    for side in SIDES {
        let without = Together { way: Way::JoinAll, tasks, side };
        price(verdicts, plan, &timeouts::Timeouts { tasks, side }, &without);
    }
    for place in [Place::Free, Place::OneProcessor] {
        let [limited, without] =
            [true, false].map(|limited| queued::Queued { tasks, place, limited });
        price(verdicts, plan, &limited, &without);
    }
}

fn price(verdicts: &mut Verdicts, plan: &Plan, limited: &impl Workload, without: &impl Workload) {
    let (name, other) = (limited.name(), without.name());
    if plan.wants_row(&format!("{name} beside {other}")) && plan.wants_peer(Poolbridge::NAME) {
        let columns = measure_two::<Poolbridge>(limited, without, plan.rounds);
        verdicts.in_turns(&name, &other, &columns, 1.3);
    }
}

fn cell(column: &Column, first: &Column) -> String {
    let time = column.time();
    if column.peer == first.peer {
        return format!("{:.0} [{:.0}-{:.0}]", time.median, time.low, time.high);
    }
    let ratio = column.ratio_to(first);
    format!("{:.0} ({:.2} [{:.2}-{:.2}])", time.median, ratio.median, ratio.low, ratio.high)
}
