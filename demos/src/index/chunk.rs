//! The unit in which bytes travel.

/// How many bytes go from a reader to a hasher at once. Large enough that the hand-over costs
/// little beside the hashing, small enough that a hundred files in flight fit anywhere.
pub(super) const CHUNK: usize = 256 << 10;

/// A piece of a file. Only the last one is shorter than [`CHUNK`], and may be empty.
pub(super) type Chunk = Vec<u8>;
