//! What hears of a job's end only when its thread knows what it does next.

use super::core::CoreRef;
use crate::task::contain::contain;
use crate::task::ending::Ended;

/// What a worker has to let go of once it is known what it does next: the waiters of the job it
/// has run, and the children whose turns it has served to the end.
#[derive(Default)]
pub(super) struct Parting {
    pub(super) ended: Option<Ended>,
    pub(super) left: Vec<CoreRef>,
}

impl Parting {
    /// The children's turns are over for good.
    #[inline]
    pub(super) fn let_go(&mut self) {
        if !self.left.is_empty() {
            self.let_children_go();
        }
    }

    #[cold]
    fn let_children_go(&mut self) {
        for core in self.left.drain(..) {
            core.let_go();
            contain(move || drop(core));
        }
    }
}
