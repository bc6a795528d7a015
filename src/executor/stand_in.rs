//! Threads that stand in for blocked ones.
//!
//! A worker that blocks elsewhere says so ([`context::blocking`](crate::context::blocking)); while it
//! does, the limit of the executor whose thread it is may be exceeded by one, up to `stand_ins`. When
//! it comes back it goes on at once, and the next worker that has ended its job leaves. So the limit
//! is exceeded for the length of a job at most, and the count cannot drift: it is the number of threads
//! inside, nothing that is added to or taken from by guess (the fault of JDK's and Scala's
//! compensation, L61). A limit of a child is never exceeded.

use super::seat;

/// This thread enters code that blocks elsewhere, or comes back.
pub(super) fn set_blocked(blocked: bool) {
    if !seat::nest_blocked(blocked) {
        return;
    }
    // The job may be an inline one: then the thread is that of a seat further out.
    let roots = seat::all().into_iter().rev().map(|core| core.root());
    let Some(core) = roots.into_iter().find(|core| core.config.stand_ins > 0) else { return };
    let (surplus, claims) = {
        let mut queue = core.lock();
        queue.set_blocked(blocked);
        (queue.dismiss_surplus(), queue.claim_more(1))
    };
    surplus.into_iter().for_each(|bed| bed.unpark());
    claims.into_iter().for_each(|claim| core.honour(claim));
}
