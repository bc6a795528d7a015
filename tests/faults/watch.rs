//! Many cases in one test: each is named when it fails or hangs.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::sync::mpsc;
use std::thread;

use crate::support::HANG;
use crate::tally::{BadPayload, Value};

pub(crate) type Cases = Vec<(String, Box<dyn FnOnce() + Send>)>;

/// Runs each case on a thread of its own; a case that hangs is left behind, and ends the test.
#[track_caller]
pub(crate) fn watch_all(cases: Cases) {
    silence_injected_panics();
    let count = cases.len();
    let mut failures = Vec::new();
    for (name, case) in cases {
        let (tell, told) = mpsc::channel();
        thread::spawn(move || {
            let _ = tell.send(catch_unwind(AssertUnwindSafe(case)));
        });
        // Longer than any wait inside the case, which knows better what it waits for.
        match told.recv_timeout(HANG * 2) {
            Ok(Ok(())) => {}
            Ok(Err(payload)) => failures.push(format!("{name}: {}", text(&*payload))),
            Err(_) => {
                failures.push(format!("{name}: hangs"));
                break;
            }
        }
    }
    assert!(failures.is_empty(), "{} of {count}:\n{}", failures.len(), failures.join("\n"));
    println!("{count} cases");
}

fn text(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic")
}

/// The panics that the cases want are not reported: there are hundreds.
pub(crate) fn silence_injected_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let payload = info.payload();
            let injected = payload.is::<Value>()
                || payload.is::<BadPayload>()
                || payload.downcast_ref::<&str>().is_some_and(|text| text.starts_with("injected"));
            if !injected {
                report(info);
            }
        }));
    });
}
