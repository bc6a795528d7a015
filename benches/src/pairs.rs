//! Two at a time: an executor of ours on somebody's threads beside that pool's own way, and a view
//! beside the pool below it.

use crate::args::Plan;
use crate::peers::ours::{EachItsKey, Limited, OnFutures, OnRayon, OnTokio, OneKey, Ours, Serial};
use crate::peers::{Peer, Poolbridge, Visit, futures, tokio, tokio_rayon};
use crate::place::Place;
use crate::rounds::{Column, Workload, measure_by};
use crate::table::Table;
use crate::workloads::{Burst, RoundTrip, Side};

/// What the times may be in terms of the other's.
struct Targets {
    burst: Option<f64>,
    round_trip: Option<f64>,
}

/// Where the threads are, each time.
const PLACES: [Place; 3] = [Place::Free, Place::OneProcessor, Place::TwoProcessors];

pub(crate) fn print(plan: &Plan) {
    let columns = ["ns", "the other's ns", "times the other's", "target", ""];
    let mut table = Table::new("ns a task, beside another", columns);
    let information = || Targets { burst: None, round_trip: None };
    let rayon = Targets { burst: Some(0.8), round_trip: Some(1.1) };
    pair::<Ours<OnRayon>, tokio_rayon::TokioRayon>(&mut table, plan, &rayon);
    let tokio_targets = Targets { burst: Some(0.7), round_trip: Some(1.1) };
    pair::<Ours<OnTokio>, tokio::Tokio>(&mut table, plan, &tokio_targets);
    pair::<Ours<OnFutures>, futures::Futures>(&mut table, plan, &information());
    let view = Targets { burst: Some(1.3), round_trip: None };
    pair::<Ours<Limited>, Poolbridge>(&mut table, plan, &view);
    pair::<Ours<Serial>, Poolbridge>(&mut table, plan, &information());
    pair::<Ours<EachItsKey>, Poolbridge>(&mut table, plan, &information());
    pair::<Ours<OneKey>, Poolbridge>(&mut table, plan, &information());
    if !table.is_empty() {
        println!("{table}");
    }
}

fn pair<A: Peer, B: Peer>(table: &mut Table, plan: &Plan, targets: &Targets) {
    if !plan.wants_peer(A::NAME) && !plan.wants_peer(B::NAME) {
        return;
    }
    for place in PLACES {
        let burst = Burst { place, ..Burst::of(plan.burst) };
        row::<A, B>(table, plan, &burst, targets.burst);
    }
    for place in PLACES {
        let trips = RoundTrip { side: Side::BlockOn, place, trips: plan.trips };
        row::<A, B>(table, plan, &trips, targets.round_trip);
    }
}

fn row<A: Peer, B: Peer>(
    table: &mut Table,
    plan: &Plan,
    workload: &impl Workload,
    target: Option<f64>,
) {
    let name = format!("{} beside {}: {}", A::NAME, B::NAME, workload.name());
    if !plan.wants_row(&name) {
        return;
    }
    let columns = measure_by(workload, plan.rounds, |prepare| {
        prepare.visit::<A>();
        prepare.visit::<B>();
    });
    let [this, other] = &columns[..] else { unreachable!("two were prepared") };
    let times = this.ratio_to(other);
    let verdict = match target {
        Some(most) if times.median <= most => "met",
        Some(_) => "not met",
        None => "",
    };
    let cells = [
        nanos(this),
        nanos(other),
        format!("{:.2} [{:.2}-{:.2}]", times.median, times.low, times.high),
        target.map_or(String::new(), |most| format!("{most:.2}")),
        verdict.into(),
    ];
    table.row(name, cells);
}

fn nanos(column: &Column) -> String {
    format!("{:.0}", column.time().median)
}
