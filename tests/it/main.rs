#![allow(clippy::disallowed_types, clippy::disallowed_methods)]
use poolbridge::*;
use std::time::Duration;
#[test]
fn smoke() {
    let pool = Executor::threads().max_workers(2).build().unwrap();
    assert_eq!(pool.submit(|| 5).wait().unwrap(), 5);
    let t: Vec<_> = (0..1000).map(|n| pool.submit(move || n)).collect();
    for (n, t) in t.into_iter().enumerate() {
        assert_eq!(t.wait().unwrap(), n);
    }
    let t = pool.submit_with(|cx| {
        while !cx.is_cancelled() {
            std::thread::yield_now()
        }
    });
    let s = t.stopped();
    assert!(matches!(
        futures::executor::block_on(t.timeout(Duration::from_millis(10))),
        Err(TaskError::TimedOut(Expired::Await))
    ));
    futures::executor::block_on(s);
    let r = pool.shutdown(Shutdown::run_queued()).wait().unwrap();
    assert_eq!(r.still_running, 0);
    let t = std::thread::spawn(|| 0);
    t.join().unwrap();
}
