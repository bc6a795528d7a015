//! Many tasks awaited as one future.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::future::join_all;
use futures::stream::FuturesUnordered;

use super::{Side, check};
use crate::THREADS;
use crate::peers::Peer;
use crate::rounds::Workload;
use crate::verdicts::Target;

/// How they are put together.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    JoinAll,
    Unordered,
}

pub(crate) struct Together {
    pub(crate) way: Way,
    pub(crate) tasks: usize,
    pub(crate) side: Side,
}

async fn once<P: Peer>(pool: Arc<P>, way: Way, tasks: usize) -> Duration {
    let start = Instant::now();
    let handles = (0..tasks as u64).map(|n| pool.submit(move || n));
    let sum = match way {
        Way::JoinAll => join_all(handles).await.into_iter().sum(),
        Way::Unordered => {
            let mut handles: FuturesUnordered<_> = handles.collect();
            let mut sum = 0;
            while let Some(answer) = handles.next().await {
                sum += answer;
            }
            sum
        }
    };
    let taken = start.elapsed();
    check(tasks, [sum]);
    taken
}

impl Workload for Together {
    fn name(&self) -> String {
        let way = match self.way {
            Way::JoinAll => "join_all",
            Way::Unordered => "FuturesUnordered",
        };
        format!("{way} of {}{}", self.tasks, self.side.suffix())
    }

    fn tasks(&self) -> usize {
        self.tasks
    }

    fn targets(&self) -> &'static [Target] {
        &[Target::Best(0.9)]
    }

    fn prepare<P: Peer>(&self) -> Box<dyn FnMut() -> Duration> {
        let (pool, driver) = (Arc::new(P::new(THREADS)), self.side.driver());
        let (way, tasks) = (self.way, self.tasks);
        Box::new(move || driver.run(once(pool.clone(), way, tasks)))
    }
}
