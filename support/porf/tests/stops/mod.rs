//! Explorations in which one thread is stopped for ever.

use std::collections::BTreeSet;
use std::sync::Arc;

use porf::model::{Builder, Report, Standstill, Stops, Verdict};
use porf::thread;

/// Any thread is stopped.
pub(crate) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.check_duplicates = true;
    builder.stops = Stops::Anyone;
    builder
}

/// Explores with each thread stopped, and returns who waits.
pub(crate) fn standstills(model: impl Fn() + Send + Sync + 'static) -> (Report, Vec<Standstill>) {
    let (report, standstills) = builder().explore_standstills(model);
    assert_eq!(report.verdict, Verdict::Exhausted);
    assert!(report.stopped > 0, "nobody was ever stopped: {report:?}");
    assert_eq!(report.standstills > 0, !standstills.is_empty());
    (report, standstills)
}

/// Asserts that nobody waits for a stopped thread.
pub(crate) fn is_lock_free(model: impl Fn() + Send + Sync + 'static) {
    let (_, standstills) = standstills(model);
    assert!(standstills.is_empty(), "{}", standstills[0]);
}

/// Which operation waits for a thread that is stopped in which other one.
pub(crate) fn waits(model: impl Fn() + Send + Sync + 'static) -> BTreeSet<String> {
    let (_, standstills) = standstills(model);
    let text = |standstill: &Standstill| {
        let of = |operation: Option<&'static str>| operation.unwrap_or("-");
        let waiters: Vec<&str> =
            standstill.waiters.iter().map(|waiter| of(waiter.operation)).collect();
        format!("{} <- {}", of(standstill.operation), waiters.join(" "))
    };
    standstills.iter().map(text).collect()
}

/// What [`waits`] must return.
pub(crate) fn texts<const N: usize>(texts: [&str; N]) -> BTreeSet<String> {
    texts.map(String::from).into()
}

/// Runs each body on a thread of its own, all of them on one shared value.
pub(crate) fn threads<T: Send + Sync + 'static, const N: usize>(
    new: impl Fn() -> T + Send + Sync + 'static,
    bodies: [fn(&T); N],
) -> impl Fn() + Send + Sync + 'static {
    move || {
        let shared = Arc::new(new());
        let handles = bodies.map(|body| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || body(&shared))
        });
        handles.into_iter().for_each(|handle| handle.join().unwrap());
    }
}
