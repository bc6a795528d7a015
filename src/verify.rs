//! What the models see of the inside; there only under `--cfg poolbridge_loom`.

pub use crate::sync::loom::*;
pub use crate::sync::parker::Parker;
