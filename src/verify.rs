//! What the models see of the inside; there only under `--cfg poolbridge_loom`.

pub use crate::sync::loom::*;
pub use crate::sync::parker::Parker;

/// Deadlines that are set.
pub fn armed() -> usize {
    crate::time::clock::clock().armed()
}

/// Fires what is due on the calling thread.
pub fn fire_due() {
    crate::time::clock::clock().fire_due();
}
