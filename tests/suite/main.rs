//! `poolbridge::conformance`: what it says of backends that work, and of some that do not.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

mod backends;
mod broken;
mod faults;
mod findings;

use backends::{ChannelPool, FreshThreads};
use poolbridge::conformance::OwnThreads;
use poolbridge::{Backend, conformance_tests};

fn three_threads() -> impl Backend {
    ChannelPool::new(3)
}

// Another backend is another line.
conformance_tests!(own_threads, OwnThreads);
conformance_tests!(fresh_threads, || FreshThreads);
conformance_tests!(channel_pool, three_threads);
conformance_tests!(one_channel_thread, || ChannelPool::new(1));
