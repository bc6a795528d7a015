//! What was promised, beside what was measured: one row for each target.

use std::collections::BTreeMap;
use std::fmt;

use crate::peers::{Peer, Poolbridge};
use crate::rounds::Column;
use crate::table::Table;

/// What a time may be at most, in terms of another of the same run; or else 1.05 of the floor's, where
/// no peer is below that.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    /// Of the best peer's.
    Best(f64),
    /// Of that peer's.
    Peer(&'static str, f64),
}

const FLOOR: &str = "floor";
const NEAR_THE_FLOOR: f64 = 1.05;

/// The rows so far.
pub(crate) struct Verdicts {
    table: Table,
    /// Our medians, by row.
    ours: BTreeMap<String, f64>,
}

impl Verdicts {
    pub(crate) fn new() -> Self {
        let columns = ["ours", "beside", "theirs", "ratio", "target", ""];
        Self { table: Table::new("targets (times in ns a task)", columns), ours: BTreeMap::new() }
    }

    /// Notes a row of the table of times, of which ours is the first column.
    pub(crate) fn note(&mut self, name: &str, columns: &[Column], targets: &[Target]) {
        let Some((ours, peers)) = columns.split_first() else { return };
        if ours.peer != Poolbridge::NAME {
            return;
        }
        self.ours.insert(name.into(), ours.time().median);
        let by_floor = by_floor(ours, peers);
        for target in targets {
            let (other, most) = match *target {
                Target::Best(most) => (best(peers), most),
                Target::Peer(name, most) => (peers.iter().find(|peer| peer.peer == name), most),
            };
            let Some(other) = other else { continue };
            let ratio = ours.ratio_to(other).median;
            let verdict = match by_floor {
                _ if ratio <= most => "met".into(),
                Some(by_floor) => format!("met: {by_floor:.2} of the floor"),
                None => "not met".into(),
            };
            let theirs = format!("{:.0}", other.time().median);
            let mine = format!("{:.0}", ours.time().median);
            self.row(name.into(), [mine, other.peer.into(), theirs], ratio, most, verdict);
        }
    }

    /// Holds a row of ours against another one of ours.
    pub(crate) fn compare(&mut self, name: &str, with: &str, most: f64) {
        let Some((mine, theirs)) = self.ours.get(name).zip(self.ours.get(with)) else { return };
        let (ratio, shown) = (
            mine / theirs,
            [format!("{mine:.0}"), format!("ours, {with}"), format!("{theirs:.0}")],
        );
        self.row(name.into(), shown, ratio, most, plainly(ratio <= most));
    }

    /// Holds one thing of ours against another, both measured in turns.
    pub(crate) fn in_turns(&mut self, name: &str, with: &str, columns: &[Column], most: f64) {
        let [mine, theirs] = columns else { return };
        let ratio = mine.ratio_to(theirs).median;
        let median = |column: &Column| format!("{:.0}", column.time().median);
        let shown = [median(mine), format!("ours, {with}"), median(theirs)];
        self.row(name.into(), shown, ratio, most, plainly(ratio <= most));
    }

    /// Notes a figure of ours that is counted.
    pub(crate) fn figure(&mut self, name: &str, cell: &str) {
        if let Ok(number) = cell.parse() {
            self.ours.insert(name.into(), number);
        }
    }

    /// Holds a figure of ours against a number.
    pub(crate) fn at_most(&mut self, name: &str, most: f64) {
        let Some(&mine) = self.ours.get(name) else { return };
        let cells =
            [mine.to_string(), String::new(), String::new(), String::new(), most.to_string()];
        self.table.row(name, cells.into_iter().chain([plainly(mine <= most)]));
    }

    fn row(&mut self, name: String, shown: [String; 3], ratio: f64, most: f64, verdict: String) {
        let numbers = [format!("{ratio:.2}"), format!("{most:.2}"), verdict];
        self.table.row(name, shown.into_iter().chain(numbers));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }
}

fn plainly(met: bool) -> String {
    if met { "met" } else { "not met" }.into()
}

/// How near ours is to the floor, if it is near. Where a peer is below it, it is none.
fn by_floor(ours: &Column, peers: &[Column]) -> Option<f64> {
    let floor = peers.iter().find(|peer| peer.peer == FLOOR)?;
    let lowest = best(peers)?.time().median * NEAR_THE_FLOOR;
    let ratio = ours.ratio_to(floor).median;
    (floor.time().median <= lowest && ratio <= NEAR_THE_FLOOR).then_some(ratio)
}

/// The fastest of those with a name.
fn best(peers: &[Column]) -> Option<&Column> {
    let named = peers.iter().filter(|peer| peer.peer != FLOOR);
    named.min_by(|a, b| a.time().median.total_cmp(&b.time().median))
}

impl fmt::Display for Verdicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.table.fmt(f)
    }
}
