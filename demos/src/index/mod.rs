//! Reads every file below a folder, hashes it, and keeps the result in a database.
//!
//! ```text
//!            ┌──────────┐  bounded   ┌────────────────────────────────────────┐
//!   folder ─▶│   walk   │──channel──▶│ run: one async loop, 2 × limit files   │
//!            │ 1 worker │            │ in flight, each an `entry::index` call │
//!            └──────────┘            └──┬──────────────▲──┬────────▲──┬───────┘
//!                          path, limit  │     chunks   │  │ chunks │  │ 256 rows a time
//!                                    ┌──▼──────────────┴┐┌▼────────┴┐┌▼─────────┐
//!                                    │ readers          ││ hash     ││ store    │
//!                                    │ `limit` workers  ││ 1 a core ││ 1 worker │
//!                                    └──────────────────┘└──────────┘└──────────┘
//! ```
//!
//! A worker never waits for another executor's job to start: a hashing job gets bytes that are
//! there already, and a reader that has run ahead waits for the loop, which waits for the hasher.
//! So a pipe without a writer costs one reader and nothing else.
//!
//! Reading order: `failure` (what goes wrong), `source` (the only way to a file's bytes), `walk`
//! and `walkers`, `read` and `readers`, `entry` (one file from start to end), `store`, then `run`
//! (the loop), `interrupt` (its early end), `summary` and `report` (what is told).

mod chunk;
mod entry;
pub mod error;
pub mod failure;
mod interrupt;
pub mod options;
pub mod progress;
mod read;
mod readers;
mod report;
pub mod run;
pub mod source;
mod store;
pub mod summary;
mod text;
mod walk;
mod walkers;
