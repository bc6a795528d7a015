//! Many queued tasks that own 1 KiB each, all cancelled while the only thread is busy.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::{Exact, each};
use crate::alloc::Count;
use crate::gate::with_busy;
use crate::peers::{Handle, Peer};
use crate::rounds::nanos_each;

const KIB: usize = 1024;

static LOADS: AtomicUsize = AtomicUsize::new(0);

/// A capture that says whether it is still there.
struct Load(Vec<u8>);

impl Load {
    fn new() -> Self {
        LOADS.fetch_add(1, Ordering::SeqCst);
        Self(vec![1; KIB])
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        LOADS.fetch_sub(1, Ordering::SeqCst);
    }
}

pub(crate) struct CancelStorm {
    pub(crate) tasks: usize,
}

impl Exact for CancelStorm {
    fn rows(&self) -> Vec<String> {
        let storm = format!("cancel storm of {}", self.tasks);
        [
            "captures alive after the loop, %",
            "bytes held a task after the loop",
            "queue length after the loop",
            "handles live",
            "ns a cancel",
        ]
        .iter()
        .map(|row| format!("{storm}: {row}"))
        .collect()
    }

    fn cells<P: Peer>(&self) -> Vec<String> {
        let pool = P::new(1);
        let tasks = self.tasks;
        let cells = with_busy(&pool, |_| {
            let mut handles = Vec::with_capacity(tasks);
            let mut live = Vec::with_capacity(tasks);
            let count = Count::start();
            handles.extend((0..tasks).map(|_| {
                let load = Load::new();
                pool.submit(move || load.0.len())
            }));
            let start = Instant::now();
            live.extend(handles.drain(..).filter_map(Handle::cancel));
            let taken = start.elapsed();
            vec![
                format!("{:.0}", 100.0 * each(LOADS.load(Ordering::SeqCst), tasks)),
                format!("{:.0}", each(count.held().unsigned_abs(), tasks)),
                pool.queued().map_or("?".into(), |length| length.to_string()),
                if live.len() == tasks { "yes" } else { "no, dropped" }.into(),
                format!("{:.0}", nanos_each(taken, tasks)),
            ]
        });
        while LOADS.load(Ordering::SeqCst) > 0 {
            std::thread::yield_now();
        }
        cells
    }
}
