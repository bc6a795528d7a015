//! What sequences are made of, and how often.

use proptest::prelude::*;

use crate::world::op::{Body, Busy, Finale, How, Kind, Mode, Op, Queue, Spec};

pub(crate) fn finale() -> impl Strategy<Value = Finale> {
    prop_oneof![3 => Just(Finale::Run), 1 => Just(Finale::Abandon)]
}

/// Small numbers are met more often than once.
fn number() -> impl Strategy<Value = u8> {
    prop_oneof![0..6_u8, any::<u8>()]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        (1..4_u8).prop_map(Kind::Limited),
        Just(Kind::Serial),
        Just(Kind::Keyed),
        (0..3_u8).prop_map(Kind::Lane),
        bounds(),
    ]
}

fn bounds() -> impl Strategy<Value = Kind> {
    (1..3_u8, 1..4_u8, any::<bool>(), 1..5_u8).prop_map(|(max, capacity, drop_oldest, share)| {
        Kind::Bounded { max, capacity, drop_oldest, share }
    })
}

pub(crate) fn view() -> impl Strategy<Value = Op> {
    (number(), kind()).prop_map(|(of, kind)| Op::View { of, kind })
}

pub(crate) fn bounded() -> impl Strategy<Value = Op> {
    bounds().prop_map(|kind| Op::View { of: 0, kind })
}

fn body() -> impl Strategy<Value = Body> {
    prop_oneof![
        6 => Just(Body::Return),
        1 => Just(Body::Panic),
        2 => (0..4_u8).prop_map(Body::Advance),
        1 => number().prop_map(Body::Cancel),
        1 => number().prop_map(Body::Drop),
        1 => number().prop_map(Body::Submit),
        1 => (number(), mode()).prop_map(|(of, mode)| Body::Shutdown(of, mode)),
    ]
}

fn limit() -> impl Strategy<Value = Option<u8>> {
    prop_oneof![2 => Just(None), 1 => (0..5_u8).prop_map(Some)]
}

fn how() -> impl Strategy<Value = How> {
    prop_oneof![2 => Just(How::Submit), 1 => Just(How::Try), 1 => Just(How::WhenReady)]
}

fn spec() -> impl Strategy<Value = Spec> {
    (0..3_u8, limit(), limit(), any::<bool>(), body()).prop_map(
        |(place, queue_limit, run_limit, reclaim, body)| Spec {
            place,
            queue_limit,
            run_limit,
            reclaim,
            body,
        },
    )
}

fn submit() -> impl Strategy<Value = Op> {
    (number(), how(), spec()).prop_map(|(to, how, spec)| Op::Submit { to, how, spec })
}

/// Without limits, and never refused.
fn plain_submit() -> impl Strategy<Value = Op> {
    let body = prop_oneof![8 => Just(Body::Return), 1 => number().prop_map(Body::Submit)];
    (number(), 0..3_u8, body).prop_map(|(to, place, body)| Op::Submit {
        to,
        how: How::Submit,
        spec: Spec { place, body, ..Spec::plain() },
    })
}

fn set_max() -> impl Strategy<Value = Op> {
    (number(), 0..4_u8).prop_map(|(of, max)| Op::SetMax { of, max })
}

fn mode() -> impl Strategy<Value = Mode> {
    let queued = prop_oneof![Just(Queue::Run), Just(Queue::Cancel), Just(Queue::HandBack)];
    let running =
        prop_oneof![2 => Just(Busy::Wait), 1 => Just(Busy::Request), 1 => Just(Busy::Abandon)];
    (queued, running).prop_map(|(queued, running)| Mode { queued, running })
}

pub(crate) fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => view(),
        14 => submit(),
        3 => number().prop_map(Op::PollPatient),
        1 => number().prop_map(Op::DropPatient),
        2 => number().prop_map(Op::Cancel),
        2 => number().prop_map(Op::Drop),
        1 => number().prop_map(Op::Detach),
        1 => number().prop_map(Op::Shield),
        4 => number().prop_map(Op::Poll),
        2 => number().prop_map(Op::Look),
        2 => (number(), 0..5_u8).prop_map(|(at, limit)| Op::Limit(at, limit)),
        4 => number().prop_map(Op::AddCallback),
        1 => (number(), number()).prop_map(|(at, which)| Op::RemoveCallback(at, which)),
        1 => number().prop_map(Op::DropCanceller),
        8 => Just(Op::RunOne),
        1 => Just(Op::RunAll),
        3 => (0..4_u8).prop_map(Op::Advance),
        1 => (number(), mode()).prop_map(|(of, mode)| Op::Shutdown(of, mode)),
        2 => number().prop_map(Op::PollEnd),
        1 => number().prop_map(Op::DropEnd),
        1 => number().prop_map(Op::RunJob),
        1 => number().prop_map(Op::DropJob),
        1 => number().prop_map(Op::DropExecutor),
        2 => set_max(),
    ]
}

pub(crate) fn busy_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        12 => plain_submit(),
        6 => Just(Op::RunOne),
        1 => prop::bool::weighted(0.3).prop_map(|all| if all { Op::RunAll } else { Op::RunOne }),
        1 => set_max(),
        1 => number().prop_map(Op::Cancel),
    ]
}

pub(crate) fn room_op() -> impl Strategy<Value = Op> {
    let submit = (0..2_u8, how(), spec()).prop_map(|(to, how, spec)| Op::Submit { to, how, spec });
    prop_oneof![
        10 => submit,
        8 => number().prop_map(Op::PollPatient),
        2 => number().prop_map(Op::DropPatient),
        3 => Just(Op::RunOne),
        2 => number().prop_map(Op::Cancel),
        1 => number().prop_map(Op::Drop),
        1 => (0..3_u8).prop_map(Op::Advance),
        1 => prop::bool::weighted(0.1)
            .prop_map(|end| if end {
                Op::Shutdown(1, Mode { queued: Queue::Run, running: Busy::Wait })
            } else {
                Op::RunOne
            }),
    ]
}
