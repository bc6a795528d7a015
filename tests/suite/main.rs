//! `poolbridge::conformance`: what it says of backends that work, and of some that do not.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

mod backends;
mod broken;
mod faults;
mod findings;

use poolbridge::conformance::OwnThreads;
use poolbridge::conformance_tests;

// Another backend is another line.
conformance_tests!(own_threads, OwnThreads);
conformance_tests!(fresh_threads, || backends::FreshThreads);
conformance_tests!(channel_pool, || backends::ChannelPool::new(3));
conformance_tests!(one_channel_thread, || backends::ChannelPool::new(1));
