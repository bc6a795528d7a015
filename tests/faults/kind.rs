//! Executors of each kind, with one thread at most, and hooks where a place wants them.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use poolbridge::backends::{FuturesPool, Inline, Rayon, TokioBlocking};
use poolbridge::{Executor, ExecutorBuilder, Manual};
use tokio::runtime::Runtime;

use crate::place::Place;
use crate::scene::Scene;
use crate::support::{Gate, eventually};
use crate::tally::Tally;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    OwnThread,
    /// Views of own threads.
    Limited,
    Serial,
    Lane,
    /// A rayon pool of one thread.
    Rayon,
    /// Tokio's blocking pool, at most one thread at a time.
    Tokio,
    Futures,
    Inline,
    /// Run by hand, by the test.
    Manual,
}

impl Kind {
    pub(crate) fn has_own_threads(self) -> bool {
        self == Self::OwnThread || self.is_view()
    }

    /// Whether it has the options of what it is a view of.
    pub(crate) fn is_view(self) -> bool {
        matches!(self, Self::Limited | Self::Serial | Self::Lane)
    }

    /// Whether its worker can be kept busy while tasks are queued.
    pub(crate) fn can_be_held(self) -> bool {
        !matches!(self, Self::Inline | Self::Manual)
    }

    /// Builds the executor of a scene.
    pub(crate) fn build(self, place: Place, scene: &Arc<Scene>, tally: &Tally) -> Option<Manual> {
        let (own, manual) = match self {
            Self::OwnThread | Self::Limited | Self::Serial | Self::Lane => {
                (own_thread(place, scene, tally), None)
            }
            Self::Rayon | Self::Tokio | Self::Futures | Self::Inline => {
                (over(self.foreign().max_workers(1), place, scene, tally), None)
            }
            Self::Manual => {
                let (pool, manual) = Executor::manual();
                let hooked = matches!(place, Place::BeforeJob | Place::AfterJob);
                let hooked = hooked || place.bound().is_some();
                let pool =
                    if hooked { over(Executor::on(pool), place, scene, tally) } else { pool };
                (pool, Some(manual))
            }
        };
        match self {
            Self::Limited => scene.set_pool(own.limited(1), Some(own)),
            Self::Serial => scene.set_pool(own.serial(), Some(own)),
            Self::Lane => scene.set_pool(own.keyed().lane("key"), Some(own)),
            _ => scene.set_pool(own, None),
        }
        manual
    }

    /// An executor over somebody else's threads.
    fn foreign(self) -> ExecutorBuilder {
        static RUNTIME: OnceLock<Runtime> = OnceLock::new();
        match self {
            Self::Rayon => {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
                Executor::on(Rayon::pool(Arc::new(pool)))
            }
            Self::Tokio => {
                let runtime = RUNTIME.get_or_init(|| Runtime::new().unwrap());
                Executor::on(TokioBlocking::new(runtime.handle().clone()))
            }
            Self::Futures => {
                let pool = futures::executor::ThreadPoolBuilder::new().pool_size(1).create();
                Executor::on(FuturesPool::new(pool.unwrap()))
            }
            _ => Executor::on(Inline),
        }
    }
}

macro_rules! with_options {
    ($builder:expr, $place:expr, $scene:expr, $tally:expr) => {{
        let (at, scene, capture) = ($place, Arc::clone($scene), $tally.value());
        let builder = match at.bound() {
            Some((bound, policy)) => $builder.queue_capacity(bound).on_full(policy),
            None => $builder,
        };
        match at {
            Place::BeforeJob => builder.before_job(move |cx| {
                let _capture = &capture;
                scene.act_for(cx.task_id());
            }),
            Place::AfterJob => builder.after_job(move |cx| {
                let _capture = &capture;
                scene.act_for(cx.task_id());
            }),
            _ => builder,
        }
    }};
}

fn over(builder: ExecutorBuilder, place: Place, scene: &Arc<Scene>, tally: &Tally) -> Executor {
    with_options!(builder, place, scene, tally).build().unwrap()
}

fn own_thread(place: Place, scene: &Arc<Scene>, tally: &Tally) -> Executor {
    let builder = with_options!(Executor::threads().max_workers(1), place, scene, tally);
    let (acts, tally) = (Arc::clone(scene), tally.clone());
    let builder = if place.is_at_leaving() { builder.keep_alive(Duration::ZERO) } else { builder };
    let builder = match place {
        Place::ThreadStart => builder.on_thread_start(move || {
            acts.hold.pass();
            acts.act();
        }),
        Place::ThreadStop => builder.on_thread_stop(move || acts.act()),
        Place::Initializer => builder.initializer(move || {
            acts.hold.pass();
            acts.act();
            Ok::<_, String>(tally.value())
        }),
        Place::StateDrop => builder.initializer(move || Ok::<_, String>(tally.acting(&acts))),
        _ => builder,
    };
    builder.build().unwrap()
}

/// Keeps the one worker busy until the scene's gate opens.
pub(crate) fn hold(kind: Kind, place: Place, scene: &Arc<Scene>) {
    if !kind.can_be_held() || matches!(place, Place::ThreadStart | Place::Initializer) {
        return;
    }
    let (gate, begun) = (scene.hold.clone(), Gate::new());
    let at_begun = begun.clone();
    scene
        .pool()
        .unwrap()
        .submit(move || {
            at_begun.open();
            gate.pass();
        })
        .detach();
    begun.pass();
}

/// Comes back when `done` says so; runs what a manual executor has queued meanwhile.
pub(crate) fn settle(manual: Option<&Manual>, done: impl Fn() -> bool) {
    eventually(|| {
        if let Some(manual) = manual {
            manual.run_all();
        }
        done()
    });
}
