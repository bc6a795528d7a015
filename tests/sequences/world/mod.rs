//! A library and a model of it that live through the same sequence of operations, and are compared
//! after each. Driven by the tests beside it and by the fuzz target.

mod compare;
pub(crate) mod decode;
mod model;
pub(crate) mod op;
mod real;
mod step;

use self::model::Model;
use self::op::{Finale, Op};
use self::real::Real;

/// Lets a world live through `ops`; panics where the two of it differ.
pub(crate) fn live(ops: &[Op], finale: Finale) {
    real::silence_planned_panics();
    let panics = real::unplanned_panics();
    let mut world = World { model: Model::new(), real: Real::new() };
    for (at, op) in ops.iter().enumerate() {
        let _naming = Naming(at, op);
        world.step(op);
        world.model.close_forgotten();
        world.compare();
    }
    let last = Op::RunAll;
    let _naming = Naming(ops.len(), &last);
    world.end(finale);
    assert_eq!(real::unplanned_panics(), panics, "a panic that nobody has planned was contained");
}

struct World {
    model: Model,
    real: Real,
}

/// Names the operation after which something is wrong.
struct Naming<'a>(usize, &'a Op);

impl Drop for Naming<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("after operation {}: {:?}", self.0, self.1);
        }
    }
}
