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

pub(crate) fn print(plan: &Plan) {
    let mut table = Table::new("exact", names(plan));
    add(&mut table, &allocations::Allocations { tasks: plan.burst }, plan);
    add(&mut table, &pending::Pending { tasks: plan.storm }, plan);
    add(&mut table, &cancel_storm::CancelStorm { tasks: plan.storm }, plan);
    for &length in plan.queues {
        add(&mut table, &queue_length::QueueLength { length }, plan);
    }
    latency::add(&mut table, plan);
    if plan.wants_row(idle::ROWS[0]) {
        idle::add(&mut table, plan);
    }
    if !table.is_empty() {
        println!("{table}");
    }
    executors::print(plan);
}

fn add(table: &mut Table, exact: &impl Exact, plan: &Plan) {
    let rows = exact.rows();
    if !rows.iter().any(|row| plan.wants_row(row)) {
        return;
    }
    let mut fill = Fill { exact, plan, columns: Vec::new() };
    visit_all(&mut fill);
    for (at, row) in rows.into_iter().enumerate() {
        table.row(row, fill.columns.iter().map(|column| column[at].clone()));
    }
}

#[allow(clippy::cast_precision_loss)]
fn each(sum: usize, tasks: usize) -> f64 {
    sum as f64 / tasks as f64
}
