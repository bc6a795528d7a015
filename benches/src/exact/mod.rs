//! What is counted or looked up instead of being compared by the clock.

mod allocations;
mod cancel_storm;
mod executors;
mod idle;
mod pending;
mod queue_length;

pub(crate) use idle::report as report_idle;

use crate::args::Plan;
use crate::latency;
use crate::peers::{Peer, Visit, visit_all};
use crate::table::Table;
use crate::verdicts::Verdicts;
use crate::workloads::names;

/// Some rows about each peer.
trait Exact {
    /// Names of the rows.
    fn rows(&self) -> Vec<String>;

    /// One peer's cells, one for each row.
    fn cells<P: Peer>(&self) -> Vec<String>;
}

struct Fill<'a, E> {
    exact: &'a E,
    plan: &'a Plan,
    columns: Vec<Vec<String>>,
}

impl<E: Exact> Visit for Fill<'_, E> {
    fn visit<P: Peer>(&mut self) {
        if self.plan.wants_peer(P::NAME) {
            self.columns.push(self.exact.cells::<P>());
        }
    }
}

pub(crate) fn print(plan: &Plan, verdicts: &mut Verdicts) {
    let mut table = Table::new("exact", names(plan));
    add((&mut table, verdicts), &allocations::Allocations { tasks: plan.burst }, plan);
    add((&mut table, verdicts), &pending::Pending { tasks: plan.storm }, plan);
    add((&mut table, verdicts), &cancel_storm::CancelStorm { tasks: plan.storm }, plan);
    for &length in plan.queues {
        add((&mut table, verdicts), &queue_length::QueueLength { length }, plan);
    }
    latency::add(&mut table, plan);
    if plan.wants_row(idle::ROWS[0]) {
        idle::add(&mut table, verdicts, plan);
    }
    if !table.is_empty() {
        println!("{table}");
    }
    verdicts.at_most("allocations a task, burst", 1.0);
    verdicts.at_most("bytes a task, burst", 96.0);
    let storm = format!("cancel storm of {}", plan.storm);
    verdicts.at_most(&format!("{storm}: captures alive after the loop, %"), 0.0);
    for length in plan.queues {
        let on = format!("on a queue of {length}");
        verdicts.compare(&format!("ns a cancel, {on}"), &format!("ns a submit, {on}"), 0.5);
    }
    if let [shortest, .., longest] = plan.queues {
        let [longest, shortest] =
            [longest, shortest].map(|n| format!("ns a cancel, on a queue of {n}"));
        verdicts.compare(&longest, &shortest, 1.5);
    }
    verdicts.at_most(idle::ROWS[1], 0.0);
    executors::print(plan);
}

fn add((table, verdicts): (&mut Table, &mut Verdicts), exact: &impl Exact, plan: &Plan) {
    let rows = exact.rows();
    if !rows.iter().any(|row| plan.wants_row(row)) {
        return;
    }
    let mut fill = Fill { exact, plan, columns: Vec::new() };
    visit_all(&mut fill);
    for (at, row) in rows.into_iter().enumerate() {
        if let Some(ours) = fill.columns.first() {
            verdicts.figure(&row, &ours[at]);
        }
        table.row(row, fill.columns.iter().map(|column| column[at].clone()));
    }
}

#[allow(clippy::cast_precision_loss)]
fn each(sum: usize, tasks: usize) -> f64 {
    sum as f64 / tasks as f64
}
