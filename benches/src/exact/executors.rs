//! Heap blocks of a task on every kind of executor of ours.

use super::Exact;
use super::allocations::Allocations;
use crate::args::Plan;
use crate::peers::ours::{
    EachItsKey, Inline, Limited, OnFutures, OnRayon, OnTokio, OneKey, Ours, Serial,
};
use crate::peers::{Peer, Poolbridge};
use crate::table::Table;

/// Blocks a task, at most.
const TARGET: f64 = 1.1;

const NAME: &str = "allocations a task, by executor";

pub(crate) fn print(plan: &Plan) {
    if !plan.wants_row(NAME) {
        return;
    }
    let columns = ["burst", "bytes", "one at a time", "bytes", "target, burst", ""];
    let mut table = Table::new(NAME, columns);
    add::<Poolbridge>(&mut table, plan);
    add::<Ours<OnRayon>>(&mut table, plan);
    add::<Ours<OnTokio>>(&mut table, plan);
    add::<Ours<OnFutures>>(&mut table, plan);
    add::<Ours<Inline>>(&mut table, plan);
    add::<Ours<Limited>>(&mut table, plan);
    add::<Ours<Serial>>(&mut table, plan);
    add::<Ours<EachItsKey>>(&mut table, plan);
    add::<Ours<OneKey>>(&mut table, plan);
    if !table.is_empty() {
        println!("{table}");
    }
}

fn add<P: Peer>(table: &mut Table, plan: &Plan) {
    if !plan.wants_peer(P::NAME) {
        return;
    }
    let mut cells = Allocations { tasks: plan.burst }.cells::<P>();
    let met = cells[0].parse::<f64>().is_ok_and(|blocks| blocks <= TARGET);
    cells.push(format!("{TARGET:.2}"));
    cells.push(if met { "met" } else { "not met" }.into());
    table.row(P::NAME, cells);
}
