//! The end of a round: everything ends, and adds up.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use poolbridge::{Running, Shutdown};

use crate::dice::Dice;
use crate::driver;
use crate::fates::settle;
use crate::job::take_any;
use crate::ledger::{Sums, unplanned_panics};
use crate::round::{DRIVERS, Root, Round};
use crate::support::eventually;

/// More jobs than ever run at once.
const AT_ONCE: usize = 200;

pub(crate) fn play_to_the_end(round: Arc<Round>) -> Sums {
    let drivers: Vec<_> = (0..DRIVERS)
        .map(|thread| {
            let round = Arc::clone(&round);
            thread::spawn(move || driver::run(&round, thread))
        })
        .collect();
    for driver in drivers {
        driver.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload));
    }
    round.enter(DRIVERS);
    let mut dice = Dice::new(round.seed ^ 0x5EED);
    // Views whose handles are gone run what is queued; some stay for the shutdown to end.
    let roots: Vec<_> = round.roots.lock().unwrap().iter().map(Root::target).collect();
    let targets = std::mem::replace(&mut *round.targets.lock().unwrap(), roots);
    let (stay, go): (Vec<_>, Vec<_>) = targets.into_iter().partition(|_| dice.once_in(2));
    drop(go);
    end_executors(&round, &mut dice);
    drop(stay);
    end_tasks(&round, &mut dice);
    round.targets.lock().unwrap().clear();
    let roots = std::mem::take(&mut *round.roots.lock().unwrap());
    for name in roots.into_iter().map(Root::drop_all) {
        round.note(format!("waits for the threads of {name}"));
        eventually(|| threads_named(name) == 0);
    }
    check(&round)
}

fn end_executors(round: &Arc<Round>, dice: &mut Dice) {
    let roots: Vec<_> = {
        let roots = round.roots.lock().unwrap();
        roots.iter().map(|root| (root.name, root.executor.clone(), root.after.clone())).collect()
    };
    for (name, executor, after) in roots {
        round.note(format!("ends {name}"));
        let mode = match dice.roll(4) {
            0 => Shutdown::cancel_queued(),
            1 => Shutdown::hand_back(),
            _ => Shutdown::run_queued(),
        };
        let mode = if dice.once_in(2) { mode.running(Running::Request) } else { mode };
        let before = after.load(Ordering::SeqCst);
        let mut termination = executor.shutdown(mode);
        let begun = after.load(Ordering::SeqCst);
        // What runs may wait for one of them.
        for job in termination.take_handed_back() {
            if dice.once_in(2) { job.run() } else { drop(job) }
        }
        let report = termination.wait().expect("no worker of it waits");
        let ended = after.load(Ordering::SeqCst);
        assert_eq!(report.still_running, 0, "{name}: {report:?}");
        assert!(report.finished >= ended - begun, "{name}: {report:?}, {begun} to {ended}");
        assert!(report.finished <= ended - before + AT_ONCE, "{name}: {report:?}");
        let seen = executor.snapshot();
        let left = seen.queued.len() + seen.running.len() + seen.workers;
        assert!(left == 0 && seen.closed, "{name}: {seen:?}");
    }
}

fn end_tasks(round: &Arc<Round>, dice: &mut Dice) {
    round.note("ends what lies about");
    while let Some(task) = take_any(round, dice) {
        // It may be put back.
        settle(round, dice, task);
    }
    for canceller in std::mem::take(&mut *round.cancellers.lock().unwrap()) {
        round.note(format!("waits for {canceller:?}"));
        eventually(|| canceller.status().is_done());
    }
}

fn check(round: &Round) -> Sums {
    let ledger = &round.ledger;
    round.note("waits for everything to be dropped");
    eventually(|| ledger.live.load(Ordering::SeqCst) == 0);
    let added = ledger.callbacks_added.load(Ordering::SeqCst);
    let told = ledger.callbacks_told.load(Ordering::SeqCst);
    let removed = ledger.callbacks_removed.load(Ordering::SeqCst);
    assert_eq!(told + removed, added, "callbacks told and taken back");
    assert_eq!(unplanned_panics(), 0, "panics that nobody has planned; they are shown above");
    ledger.sums()
}

/// How many threads of this process have a name that begins so; elsewhere nobody tells.
fn threads_named(name: &str) -> usize {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return 0 };
    let comm = |task: std::io::Result<std::fs::DirEntry>| {
        std::fs::read_to_string(task.ok()?.path().join("comm")).ok()
    };
    tasks.filter_map(comm).filter(|own| own.starts_with(name)).count()
}
