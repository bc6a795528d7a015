//! A worker's fair share of jobs.

/// How many jobs a worker may run before it hands its turn over.
#[derive(Debug)]
pub(super) struct Share {
    left: Option<usize>,
    pub(super) used: usize,
    /// The thread is a parent's worker.
    lent: bool,
}

impl Share {
    pub(super) fn of(left: Option<usize>, lent: bool) -> Self {
        Self { left, used: 0, lent }
    }

    pub(super) fn is_used_up(&self) -> bool {
        self.left == Some(0)
    }

    pub(super) fn is_lent(&self) -> bool {
        self.lent
    }

    pub(super) fn uses(&mut self, jobs: usize) {
        self.used += jobs;
        self.left = self.left.map(|left| left.saturating_sub(jobs));
    }

    /// What a child's turn gets of it: the child's own share, or what is left if that is less.
    pub(super) fn for_child(&self, own: Option<usize>) -> Self {
        let left = match (self.left, own) {
            (Some(left), Some(own)) => Some(left.min(own)),
            (left, own) => left.or(own),
        };
        Self::of(left, true)
    }
}
