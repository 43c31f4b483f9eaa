//! Rows by which the pipeline checks itself: a lost increment, found by each of the searches.

use loom_tests::Check;
use shuttle::sync::Arc;
use shuttle::sync::atomic::{AtomicU64, Ordering};

use crate::check;

/// The self-checks.
#[must_use]
pub fn checks() -> Vec<Check> {
    let lost = "an increment was lost";
    let outcomes = ["count 1".to_string(), "count 2".to_string()].into();
    vec![
        check::dfs("self", "increments", increments).expect_exactly(outcomes, 2),
        check::dfs("self", "lost_increment", lost_increment).expect_failure(lost),
        check::pct("self", "lost_increment", 2, 1_000, 1, lost_increment).expect_failure(lost),
        check::random("self", "lost_increment", 1_000, 1, lost_increment).expect_failure(lost),
    ]
}

/// Two threads that increment by a load and a store.
fn increments() -> String {
    let count = Arc::new(AtomicU64::new(0));
    let increment = |count: &AtomicU64| {
        let seen = count.load(Ordering::SeqCst);
        count.store(seen + 1, Ordering::SeqCst);
    };
    let other = Arc::clone(&count);
    let thread = shuttle::thread::spawn(move || increment(&other));
    increment(&count);
    thread.join().expect("the other thread does not panic");
    format!("count {}", count.load(Ordering::SeqCst))
}

fn lost_increment() -> String {
    let outcome = increments();
    assert_eq!(outcome, "count 2", "an increment was lost");
    outcome
}
