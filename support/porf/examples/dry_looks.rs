//! Why rows of `Quiescent` have so many executions: two threads that each look so many times at an
//! empty list, as `src/free_list/quiescent.rs` of the library does, and the same with parts of the
//! look left out. `cargo run --release -p porf --example dry_looks`.

use std::sync::Arc;

use porf::model::{Builder, Verdict};
use porf::sync::Mutex;
use porf::sync::atomic::AtomicUsize;
use porf::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use porf::thread;

/// More executions than this are not counted.
const MOST: usize = 1_000_000;

/// Which accesses a look has.
#[derive(Clone, Copy)]
struct Parts {
    name: &'static str,
    counts: bool,
    locks: bool,
    confirms: bool,
}

const PARTS: [Parts; 6] = [
    Parts { name: "the whole look", counts: true, locks: true, confirms: true },
    Parts { name: "without the lock", counts: true, locks: false, confirms: true },
    Parts { name: "without the count", counts: false, locks: true, confirms: true },
    Parts { name: "the count alone", counts: true, locks: false, confirms: false },
    Parts { name: "the two heads alone", counts: false, locks: false, confirms: true },
    Parts { name: "the lock alone", counts: false, locks: true, confirms: false },
];

#[derive(Default)]
struct List {
    poppers: AtomicUsize,
    main: AtomicUsize,
    second: AtomicUsize,
    lock: Mutex<()>,
}

impl List {
    fn add(&self, parts: Parts, value: usize, order: core::sync::atomic::Ordering) {
        if parts.counts {
            self.poppers.fetch_add(value, order);
        }
    }

    fn look(&self, parts: Parts) {
        let confirm = |head: &AtomicUsize| {
            if parts.confirms {
                _ = head.compare_exchange(0, 0, AcqRel, Acquire);
            }
        };
        self.add(parts, 1, Acquire);
        confirm(&self.main);
        self.add(parts, usize::MAX, Release);
        let guard = parts.locks.then(|| self.lock.lock());
        self.add(parts, 1, Acquire);
        confirm(&self.main);
        self.add(parts, 0, Acquire);
        confirm(&self.second);
        self.add(parts, usize::MAX, Release);
        drop(guard);
    }
}

fn main() {
    for looks in 1..=2 {
        for parts in PARTS {
            let mut builder = Builder::new();
            builder.max_permutations = Some(MOST);
            builder.check_duplicates = false;
            let report = builder.explore(move || {
                let list = Arc::new(List::default());
                let other = Arc::clone(&list);
                let handle = thread::spawn(move || (0..looks).for_each(|_| other.look(parts)));
                (0..looks).for_each(|_| list.look(parts));
                handle.join().expect("it does not panic");
            });
            let more = if report.verdict == Verdict::Exhausted { "" } else { "more than " };
            let (executions, blocked) = (report.executions, report.blocked);
            println!("{looks} looks, {}: {more}{executions}, {blocked} blocked", parts.name);
        }
    }
}
