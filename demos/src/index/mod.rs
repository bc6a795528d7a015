//! Reads every file below a folder, hashes it, and keeps the result in a database.
//!
//! ```text
//!            ┌──────────┐  bounded   ┌────────────────────────────────────────┐
//!   folder ─▶│   walk   │──channel──▶│ run: one async loop, 2 × limit files   │
//!            │ a view   │            │ in flight, each an `entry::index` call │
//!            └──────────┘            └──┬──────────────▲──┬────────▲──┬───────┘
//!                          path, limit  │     chunks   │  │ chunks │  │ 256 rows a time
//!                                    ┌──▼──────────────┴┐┌▼────────┴┐┌▼─────────┐
//!                                    │ readers          ││ hash     ││ store    │
//!                                    │ `limit` at once  ││ 1 a core ││ in order │
//!                                    └──────────────────┘└──────────┘└──────────┘
//! ```
//!
//! Walk, readers and store are views of one pool: `limited(2)`, `limited(limit)`, `serial()`. Hashing
//! is an executor of its own, over own threads or over rayon's (`--cpu`); nothing else knows which.
//!
//! A worker never waits for another executor's job to start: a hashing job gets bytes that are
//! there already, and a reader that has run ahead waits for the loop, which waits for the hasher.
//! So a pipe without a writer costs one thread and nothing else: `pool` says how.
//!
//! Reading order: `failure` (what goes wrong), `source` (the only way to a file's bytes), `pool`
//! (the threads), `walk` and `walkers`, `read` and `readers`, `entry` (one file from start to end), `store`, then `run`
//! (the loop), `interrupt` (its early end), `summary` and `report` (what is told).

mod chunk;
mod entry;
pub mod error;
pub mod failure;
mod interrupt;
pub mod options;
mod pool;
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
