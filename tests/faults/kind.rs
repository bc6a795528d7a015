//! Executors of each kind, with one thread at most, and hooks where a place wants them.

use std::sync::Arc;
use std::time::Duration;

use poolbridge::backends::{Inline, Rayon};
use poolbridge::{Executor, Manual};

use crate::place::Place;
use crate::scene::Scene;
use crate::support::{Gate, eventually};
use crate::tally::Tally;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    OwnThread,
    /// A serial view of own threads.
    Serial,
    /// A rayon pool of one thread.
    Rayon,
    Inline,
    /// Run by hand, by the test.
    Manual,
}

impl Kind {
    pub(crate) fn has_own_threads(self) -> bool {
        matches!(self, Self::OwnThread | Self::Serial)
    }

    /// Whether it has the options of what it is a view of.
    pub(crate) fn is_view(self) -> bool {
        matches!(self, Self::Serial)
    }

    /// Whether its worker can be kept busy while tasks are queued.
    pub(crate) fn can_be_held(self) -> bool {
        !matches!(self, Self::Inline | Self::Manual)
    }

    /// Builds the executor of a scene.
    pub(crate) fn build(self, place: Place, scene: &Arc<Scene>, tally: &Tally) -> Option<Manual> {
        let (own, manual) = match self {
            Self::OwnThread | Self::Serial => (own_thread(place, scene, tally), None),
            Self::Rayon => {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
                (over(Executor::on(Rayon::pool(Arc::new(pool))), place, scene, tally), None)
            }
            Self::Inline => (over(Executor::on(Inline), place, scene, tally), None),
            Self::Manual => {
                let (pool, manual) = Executor::manual();
                let hooked = matches!(place, Place::BeforeJob | Place::AfterJob);
                let hooked = hooked || place.bound().is_some();
                let pool =
                    if hooked { over(Executor::on(pool), place, scene, tally) } else { pool };
                (pool, Some(manual))
            }
        };
        if self == Self::Serial {
            scene.set_pool(own.serial(), Some(own));
        } else {
            scene.set_pool(own, None);
        }
        manual
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

fn over(
    builder: poolbridge::ExecutorBuilder,
    place: Place,
    scene: &Arc<Scene>,
    tally: &Tally,
) -> Executor {
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
