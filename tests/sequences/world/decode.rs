//! Sequences from bytes, for fuzzing: any bytes are a sequence.

use super::op::{Body, Busy, Finale, How, Kind, Mode, Op, Queue, Spec};

/// More steps than that say nothing new.
const STEPS: usize = 120;

/// Reads zeros when it is at its end.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn next(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// About half of all bytes are none.
    fn limit(&mut self) -> Option<u8> {
        let byte = self.next();
        (byte < 128).then_some(byte % 6)
    }
}

pub(crate) fn decode(bytes: &[u8]) -> (Vec<Op>, Finale) {
    let mut bytes = Bytes(bytes);
    let finale = if bytes.next() % 4 == 0 { Finale::Abandon } else { Finale::Run };
    let mut ops = Vec::new();
    while !bytes.0.is_empty() && ops.len() < STEPS {
        ops.push(op(&mut bytes));
    }
    (ops, finale)
}

fn op(bytes: &mut Bytes<'_>) -> Op {
    match bytes.next() % 40 {
        0 | 1 => Op::View { of: bytes.next(), kind: kind(bytes) },
        2 => Op::PollPatient(bytes.next()),
        3 => Op::DropPatient(bytes.next()),
        4 => Op::Cancel(bytes.next()),
        5 => Op::Drop(bytes.next()),
        6 => Op::Detach(bytes.next()),
        7 => Op::Poll(bytes.next()),
        8 => Op::Look(bytes.next()),
        9 => Op::Limit(bytes.next(), bytes.next() % 6),
        10 => Op::AddCallback(bytes.next()),
        11 => Op::RemoveCallback(bytes.next(), bytes.next()),
        12 => Op::DropCanceller(bytes.next()),
        13 => Op::Advance(bytes.next() % 6),
        14 => {
            let of = bytes.next();
            Op::Shutdown(of, mode(bytes))
        }
        15 => Op::PollEnd(bytes.next()),
        16 => Op::DropEnd(bytes.next()),
        17 => Op::RunJob(bytes.next()),
        18 => Op::DropJob(bytes.next()),
        19 => Op::DropExecutor(bytes.next()),
        20 => Op::SetMax { of: bytes.next(), max: bytes.next() % 4 },
        21 => Op::RunAll,
        22..=27 => Op::RunOne,
        28 => Op::Shield(bytes.next()),
        _ => Op::Submit { to: bytes.next(), how: how(bytes), spec: spec(bytes) },
    }
}

fn mode(bytes: &mut Bytes<'_>) -> Mode {
    let how = usize::from(bytes.next());
    Mode {
        queued: [Queue::Run, Queue::Cancel, Queue::HandBack][how % 3],
        running: [Busy::Wait, Busy::Request, Busy::Abandon][how / 3 % 3],
    }
}

fn kind(bytes: &mut Bytes<'_>) -> Kind {
    match bytes.next() % 6 {
        0 => Kind::Limited(1 + bytes.next() % 3),
        1 => Kind::Serial,
        2 => Kind::Keyed,
        3 => Kind::Lane(bytes.next() % 3),
        _ => {
            let (size, other) = (bytes.next(), bytes.next());
            Kind::Bounded {
                max: 1 + size % 2,
                capacity: 1 + size / 2 % 3,
                drop_oldest: other % 2 == 1,
                share: 1 + other / 2 % 4,
            }
        }
    }
}

fn how(bytes: &mut Bytes<'_>) -> How {
    [How::Submit, How::Submit, How::Try, How::WhenReady][usize::from(bytes.next() % 4)]
}

fn spec(bytes: &mut Bytes<'_>) -> Spec {
    let place = bytes.next();
    let (queue_limit, run_limit) = (bytes.limit(), bytes.limit());
    let body = match bytes.next() % 13 {
        0 => Body::Panic,
        1 | 2 => Body::Advance(bytes.next() % 6),
        3 => Body::Cancel(bytes.next()),
        4 => Body::Drop(bytes.next()),
        5 | 6 => Body::Submit(bytes.next()),
        7 => {
            let of = bytes.next();
            Body::Shutdown(of, mode(bytes))
        }
        _ => Body::Return,
    };
    Spec { place: place % 3, queue_limit, run_limit, reclaim: place >= 128, body }
}
