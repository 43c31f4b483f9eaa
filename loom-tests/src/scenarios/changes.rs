//! Counts of what has changed.
//!
//! There is no specification: each body lists the outcomes, and its assertions judge the rest.

use std::sync::Arc;

use stampool::raw::sync::{UnsafeCell, thread};
use stampool::raw::threads::Changes;

use super::listed::Listed;
use crate::one_at_a_time::operation;

/// The subject's name in the ledger.
pub const SUBJECT: &str = "Changes";

/// The scenarios, in order.
pub const SCENARIOS: &[Listed] = &[
    Listed { name: "changes/count_take", body: count_take, outcomes: &["0 1", "1 0"] },
    Listed {
        name: "changes/count_count_take",
        body: count_count_take,
        outcomes: &["0 2", "1 1", "2 0"],
    },
];

/// What the count stands for: a cell for each thread that changes it.
struct Changed {
    changes: Changes,
    cells: [UnsafeCell<u32>; 2],
}

// SAFETY: whether a thread reads a cell while another one writes it is what the checkers look for.
unsafe impl Sync for Changed {}
// SAFETY: as above.
unsafe impl Send for Changed {}

impl Changed {
    fn new() -> Arc<Self> {
        let cells = [UnsafeCell::new(0), UnsafeCell::new(0)];
        Arc::new(Self { changes: Changes::new(1), cells })
    }

    fn change(&self, cell: usize) {
        // SAFETY: this thread's cell until the change is counted.
        self.cells[cell].with_mut(|cell| unsafe { *cell = 1 });
        operation(|| self.changes.count(0));
    }

    fn take(&self) -> u64 {
        operation(|| self.changes.take(0))
    }

    fn assert_changed(&self, cell: usize) {
        // SAFETY: as in `change`: it is changed and counted.
        let value = self.cells[cell].with(|cell| unsafe { *cell });
        assert_eq!(value, 1, "a change was counted, and is not seen");
    }
}

/// One thread changes something, and another one looks, now and when the first one has ended.
fn count_take() -> String {
    let changed = Changed::new();
    let shared = Arc::clone(&changed);
    let other = thread::spawn(move || shared.change(0));
    let now = changed.take();
    if now == 1 {
        changed.assert_changed(0);
    }
    other.join().expect("no panic unreported");
    let later = changed.take();
    assert_eq!(now + later, 1, "a change was lost");
    format!("{now} {later}")
}

/// Two threads change something of their own, and a third one looks. If it sees two changes at once,
/// it sees those of both threads.
fn count_count_take() -> String {
    let changed = Changed::new();
    let change = |cell| {
        let shared = Arc::clone(&changed);
        thread::spawn(move || shared.change(cell))
    };
    let others = [change(0), change(1)];
    let now = changed.take();
    if now == 2 {
        changed.assert_changed(0);
        changed.assert_changed(1);
    }
    for other in others {
        other.join().expect("no panic unreported");
    }
    let later = changed.take();
    assert_eq!(now + later, 2, "a change was lost");
    format!("{now} {later}")
}
