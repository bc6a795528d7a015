//! What a pool costs while nobody asks anything of it: a process of its own for each peer.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::THREADS;
use crate::args::Plan;
use crate::peers::Peer;
use crate::table::Table;
use crate::verdicts::Verdicts;
use crate::workloads::{names, round_trips};

pub(crate) const ROWS: [&str; 4] = [
    "idle: CPU, %",
    "idle: voluntary context switches a second",
    "idle: threads",
    "a task each ms: CPU, µs a task",
];

/// The pace of the last row.
const PACE: Duration = Duration::from_millis(1);

/// Long enough for whoever spins before going to sleep.
const SETTLE: Duration = Duration::from_millis(500);

#[derive(Default)]
struct Usage {
    cpu_ns: u64,
    switches: u64,
    threads: u64,
}

/// Sums up over the threads of this process, without the main one if `pool_only`.
fn usage(pool_only: bool) -> Usage {
    let mut usage = Usage::default();
    let Ok(tasks) = fs::read_dir("/proc/self/task") else { return usage };
    let main = std::process::id().to_string();
    let wanted = |task: &fs::DirEntry| !pool_only || task.file_name() != main.as_str();
    for task in tasks.flatten().filter(wanted) {
        let text = |name: &str| fs::read_to_string(task.path().join(name)).unwrap_or_default();
        let first = |text: &str| text.split_whitespace().next().and_then(|n| n.parse().ok());
        usage.cpu_ns += first(&text("schedstat")).unwrap_or(0);
        let status = text("status");
        let switches =
            status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        usage.switches += switches.and_then(first).unwrap_or(0);
        usage.threads += 1;
    }
    usage
}

/// Warms a pool up, leaves it alone and prints what it used meanwhile.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn report<P: Peer>(span: Duration) {
    let pool = P::new(THREADS);
    futures::executor::block_on(round_trips(&pool, 10_000));
    std::thread::sleep(SETTLE);
    let before = usage(true);
    std::thread::sleep(span);
    let after = usage(true);
    let cpu = (after.cpu_ns - before.cpu_ns) as f64 / span.as_nanos() as f64 * 100.0;
    let rate = (after.switches - before.switches) as f64 / span.as_secs_f64();
    let paced = paced(&pool, span);
    println!("{cpu:.3} {rate:.1} {} {paced:.1}", after.threads);
}

/// Microseconds of CPU, the awaiting thread's included, for each of some lonely tasks.
#[allow(clippy::cast_precision_loss)]
fn paced<P: Peer>(pool: &P, span: Duration) -> f64 {
    let tasks = span.as_nanos() / PACE.as_nanos();
    let before = usage(false).cpu_ns;
    for _ in 0..tasks {
        std::thread::sleep(PACE);
        futures::executor::block_on(pool.submit(|| ()));
    }
    (usage(false).cpu_ns - before) as f64 / tasks as f64 / 1000.0
}

fn start(peer: &str, span: Duration) -> std::io::Result<Child> {
    Command::new(std::env::current_exe()?)
        .args(["idle", peer, &span.as_millis().to_string()])
        .stdout(Stdio::piped())
        .spawn()
}

/// All peers idle at the same time, which disturbs nobody.
pub(crate) fn add(table: &mut Table, verdicts: &mut Verdicts, plan: &Plan) {
    let children: Vec<_> = names(plan).iter().map(|peer| start(peer, plan.idle)).collect();
    let columns: Vec<Vec<String>> = children
        .into_iter()
        .map(|child| {
            let output = child.and_then(Child::wait_with_output).map(|output| output.stdout);
            let text = String::from_utf8(output.unwrap_or_default()).unwrap_or_default();
            text.split_whitespace().map(String::from).collect()
        })
        .collect();
    for (at, row) in ROWS.iter().enumerate() {
        let cell = |column: &Vec<String>| column.get(at).cloned().unwrap_or("?".into());
        if let Some(ours) = columns.first() {
            verdicts.figure(row, &cell(ours));
        }
        table.row(*row, columns.iter().map(cell));
    }
}
