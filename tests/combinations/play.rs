//! Plays one case, step by step, and checks each promise where it falls due.

use poolbridge::{Cancel, Canceller};

use crate::case::{CancelAt, Case, Last, Moment, Observer};
use crate::lab::Lab;
use crate::ledger::Ledger;
use crate::oracle::{Forecast, Kind, forecast};
use crate::scene::{Held, Scene, drop_planned};
use crate::support::{drive, eventually};

pub(crate) fn play(lab: &Lab, case: Case) -> Ledger {
    let forecast = forecast(case);
    let is_held = !case.is_inline()
        && (case.cancel == CancelAt::BeforeStart || case.lets_go_at() == Some(Moment::Queued));
    let hold = is_held.then(|| lab.hold());
    let mut scene = Scene::submit(lab, case);
    if case.cancel == CancelAt::Callback {
        scene.add_cancelling_callback();
    }
    scene.add_observers(lab, usize::from(case.cancel == CancelAt::Callback));
    while_queued(&mut scene, &forecast);
    lab.go(hold);
    while_running(&mut scene, &forecast);
    if case.last == Last::Handle && case.cancel != CancelAt::After {
        scene.remote = None;
    }
    scene.gate.open();
    when_over(&mut scene, &forecast);
    lab.go(None);
    let ledger = scene.ledger.clone();
    drop(scene);
    eventually(|| ledger.is_settled(case));
    lab.check_usable();
    ledger.check_final(case);
    check_cancel_inside(case, &ledger, &forecast);
    ledger
}

fn remote(scene: &Scene) -> &Canceller {
    scene.remote.as_ref().expect("kept while it is needed")
}

fn check_answer(answer: Cancel, forecast: &Forecast) {
    assert_eq!(Some(answer), forecast.answer, "what the cancel answers");
}

fn while_queued(scene: &mut Scene, forecast: &Forecast) {
    let case = scene.case;
    if case.is_inline() {
        return;
    }
    if case.cancel == CancelAt::BeforeStart {
        check_answer(remote(scene).cancel(), forecast);
        check_prevented(scene, forecast);
        check_answer(remote(scene).cancel(), forecast);
    }
    if case.lets_go_at() == Some(Moment::Queued) {
        scene.let_go();
        if forecast.runs {
            assert_eq!(remote(scene).status(), poolbridge::Status::Pending, "it stays queued");
        } else {
            check_prevented(scene, forecast);
        }
    }
}

/// When the call that prevented it has returned, it is over for everybody.
fn check_prevented(scene: &Scene, forecast: &Forecast) {
    assert_eq!(scene.ledger.captures.dropped(), 1, "captures go at once");
    assert_eq!(remote(scene).status(), forecast.status);
    if scene.case.observer != Observer::CallbackOn {
        assert_eq!(scene.ledger.told().len(), forecast.told, "observers hear at once");
    }
}

fn while_running(scene: &mut Scene, forecast: &Forecast) {
    let case = scene.case;
    if forecast.runs && !case.is_inline() {
        scene.begun.pass();
        assert_eq!(remote(scene).status(), poolbridge::Status::Running);
    }
    if case.cancel == CancelAt::Running {
        check_answer(remote(scene).cancel(), forecast);
        check_answer(remote(scene).cancel(), forecast);
    }
    if case.lets_go_at() == Some(Moment::Running) {
        scene.let_go();
    }
    if case.last == Last::Job {
        scene.remote = None;
    }
    if case.is_awaited() {
        scene.begin_wait();
    }
}

fn when_over(scene: &mut Scene, forecast: &Forecast) {
    let case = scene.case;
    if case.lets_go_at() == Some(Moment::Over) || case.cancel == CancelAt::After {
        let stopped = match (&scene.handle, &scene.remote) {
            (Held::Task(task), _) => task.stopped(),
            (_, Some(remote)) => remote.stopped(),
            _ => unreachable!("somebody is left"),
        };
        drive(stopped);
    }
    if case.cancel == CancelAt::After {
        match &scene.handle {
            Held::Task(task) => check_answer(task.cancel(), forecast),
            _ => check_answer(remote(scene).cancel(), forecast),
        }
        if case.last == Last::Handle {
            scene.remote = None;
        }
    }
    if case.lets_go_at() == Some(Moment::Over) {
        scene.let_go();
        check_nothing_is_left(scene, forecast);
    }
    if case.is_awaited() {
        let outcome = scene.finish_wait();
        check_outcome(scene, forecast, Kind::of(&outcome));
        drop_planned(outcome);
        check_nothing_is_left(scene, forecast);
    }
    if let Some(remote) = &scene.remote {
        drive(remote.stopped());
        assert_eq!(remote.status(), forecast.status);
        let answer = if forecast.runs { Cancel::TooLate } else { Cancel::Prevented };
        assert_eq!(remote.cancel(), answer, "over is over");
    }
}

/// Who hears of an outcome hears last.
fn check_outcome(scene: &Scene, forecast: &Forecast, kind: Kind) {
    assert_eq!(kind, forecast.kind, "the outcome");
    assert_eq!(scene.ledger.captures.dropped(), 1, "captures go before waiters hear");
    if scene.case.observer != Observer::CallbackOn {
        assert_eq!(scene.ledger.told().len(), forecast.told, "callbacks come before waiters");
    }
}

/// The outcome of a task that is over goes with its handle.
fn check_nothing_is_left(scene: &Scene, forecast: &Forecast) {
    let ledger = &scene.ledger;
    if scene.case.observer != Observer::CallbackOn {
        assert_eq!(ledger.outcomes.made(), usize::from(forecast.runs));
        assert!(ledger.outcomes.is_balanced(), "the outcome outlives its handle");
    }
    let abandoned = ledger.abandoned.lock().unwrap().len();
    assert_eq!(abandoned, usize::from(forecast.abandoned), "what nobody took is given away");
}

fn check_cancel_inside(case: Case, ledger: &Ledger, forecast: &Forecast) {
    let inside = ledger.cancelled_inside.lock().unwrap();
    if case.cancel != CancelAt::Callback {
        return assert!(inside.is_empty());
    }
    let expected = (forecast.answer.unwrap(), forecast.status_in_callback);
    assert_eq!(*inside, [expected], "a cancel from a callback");
}
