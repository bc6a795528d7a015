//! What people build by hand: boxed closures through `crossbeam-channel`, answers through
//! `oneshot`.

use super::results::Expect;
use super::{Handle, Peer};
use crossbeam_channel::Sender;
use oneshot::AsyncReceiver;

type Boxed = Box<dyn FnOnce() + Send>;

pub(crate) struct Channel {
    queue: Sender<Boxed>,
    threads: usize,
}

impl Peer for Channel {
    const NAME: &'static str = "channel+oneshot";

    fn new(threads: usize) -> Self {
        let (queue, jobs) = crossbeam_channel::unbounded::<Boxed>();
        for _ in 0..threads {
            let jobs = jobs.clone();
            std::thread::spawn(move || jobs.iter().for_each(|job| job()));
        }
        Self { queue, threads }
    }

    fn threads(&self) -> usize {
        self.threads
    }

    #[inline]
    fn submit<T, F>(&self, f: F) -> impl Handle<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let (answer, handle) = oneshot::async_channel();
        let job = Box::new(move || drop(answer.send(f())));
        assert!(self.queue.send(job).is_ok(), "the threads live as long as the pool");
        Expect(handle)
    }

    fn queued(&self) -> Option<usize> {
        Some(self.queue.len())
    }
}

impl<T: Send> Handle<T> for Expect<AsyncReceiver<T>> {
    #[inline]
    fn cancel(self) -> Option<Self> {
        // Nobody listens any more; the job itself will run.
        drop(self);
        None
    }
}
