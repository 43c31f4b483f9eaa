//! Rows by which the pipeline checks itself: the canary, faults that loom must find, litmus tests.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering};

use crate::canary;
use crate::explore::Bound;
use crate::harness::Check;
use crate::litmus;

/// The self-check of every checker, on its own words and threads: `increments`, and `lost_increment`,
/// which panics where one of the two is lost.
#[macro_export]
macro_rules! lost_increment {
    ($checker:ident) => {
        /// Two threads that increment by a load and a store.
        fn increments() -> String {
            use $checker::sync::Arc;
            use $checker::sync::atomic::{AtomicU64, Ordering};

            let count = Arc::new(AtomicU64::new(0));
            let increment = |count: &AtomicU64| {
                let seen = count.load(Ordering::SeqCst);
                count.store(seen + 1, Ordering::SeqCst);
            };
            let other = Arc::clone(&count);
            let thread = $checker::thread::spawn(move || increment(&other));
            increment(&count);
            thread.join().expect("the other thread does not panic");
            format!("count {}", count.load(Ordering::SeqCst))
        }

        fn lost_increment() -> String {
            let outcome = increments();
            assert_eq!(outcome, "count 2", "an increment was lost");
            outcome
        }
    };
}

/// The self-checks.
#[must_use]
pub fn checks() -> Vec<Check> {
    let canary = Check::new(
        "self",
        "canary",
        ledger::Checker::Loom,
        ledger::Limit::Unbounded,
        canary::explore,
    );
    let mut checks = vec![
        canary.expect_exactly(canary::outcomes(), 2),
        Check::loom("self", "lost_increment", Bound::Unbounded, lost_increment)
            .expect_failure("an increment was lost"),
        Check::loom("self", "lost_increment_by_outcome", Bound::Unbounded, increments)
            .expect_failure("count 1"),
        Check::loom("self", "unpublished_write", Bound::Unbounded, unpublished_write)
            .expect_failure("Causality violation"),
    ];
    #[cfg(crossbeam_loom)]
    checks.push(
        Check::loom("self", "epoch_canary", Bound::Unbounded, epoch_canary)
            .expect_exactly(["0", "1"].map(String::from).into(), 2),
    );
    checks.extend(litmus::checks());
    checks
}

/// Are crossbeam-epoch's atomics loom's? If not, nobody is ever between the store and the load.
#[cfg(crossbeam_loom)]
fn epoch_canary() -> String {
    use crossbeam_epoch::{Atomic, Shared};

    let shared = Arc::new(Atomic::<u64>::null());
    let other = Arc::clone(&shared);
    let thread = loom::thread::spawn(move || {
        other.store(Shared::null().with_tag(1), Ordering::Relaxed);
    });
    // SAFETY: nothing is dereferenced.
    let seen = shared.load(Ordering::Relaxed, unsafe { crossbeam_epoch::unprotected() }).tag();
    thread.join().expect("the other thread does not panic");
    seen.to_string()
}

crate::lost_increment!(loom);

/// Message passing whose flag publishes nothing.
fn unpublished_write() -> String {
    let shared = Arc::new((UnsafeCell::new(0_u64), AtomicU64::new(0)));
    let other = Arc::clone(&shared);
    let thread = loom::thread::spawn(move || {
        // SAFETY: a race on purpose; loom reports it before the access is made.
        other.0.with_mut(|cell| unsafe { *cell = 1 });
        other.1.store(1, Ordering::Relaxed);
    });
    let mut read = None;
    if shared.1.load(Ordering::Acquire) == 1 {
        // SAFETY: a race on purpose; loom reports it before the access is made.
        read = Some(shared.0.with(|cell| unsafe { *cell }));
    }
    thread.join().expect("the other thread does not panic");
    format!("read {read:?}")
}
