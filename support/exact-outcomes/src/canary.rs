//! The canary: a cell that loom 0.7.3 without the patch gets wrong.
//!
//! An empty list of at most one block: `pop` loads the head and takes what it finds, `push` loads
//! the head and swings it to its block. `pop` may come first or second, so it may find nothing or
//! the block. Unpatched loom runs one execution and never sees the block, since a thread's own load
//! hides the other thread's earlier one. Every loom binary runs this before anything else.

use std::collections::BTreeSet;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering};

use crate::explore::{Bound, Exploration, explore_loom};
use crate::spec::{Object, interleavings};

const EMPTY: u64 = 0;
const BLOCK: u64 = 1;

/// Explores the canary's cell.
#[must_use]
pub fn explore() -> Exploration {
    explore_loom(Bound::Unbounded, pop_against_push)
}

/// The outcomes that the canary must see.
#[must_use]
pub fn outcomes() -> BTreeSet<String> {
    interleavings(Cell { block: false, popped: None }, &[vec![Op::Pop], vec![Op::Push]])
}

/// Explores the canary and compares.
///
/// # Errors
/// With an explanation, where loom did not see both outcomes.
pub fn sing() -> Result<Exploration, String> {
    let seen = explore();
    if seen.outcomes.keys().eq(&outcomes()) {
        return Ok(seen);
    }
    Err(format!(
        "the canary is dead: unpatched or misconfigured loom ({} executions, saw {:?}, must see {:?})",
        seen.executions,
        seen.outcomes.keys().collect::<Vec<_>>(),
        outcomes(),
    ))
}

fn pop_against_push() -> String {
    let head = Arc::new(AtomicU64::new(EMPTY));
    let pusher = {
        let head = Arc::clone(&head);
        loom::thread::spawn(move || {
            let mut seen = head.load(Ordering::Relaxed);
            while let Err(now) =
                head.compare_exchange(seen, BLOCK, Ordering::Release, Ordering::Relaxed)
            {
                seen = now;
            }
        })
    };
    let mut seen = head.load(Ordering::Acquire);
    while seen != EMPTY {
        match head.compare_exchange(seen, EMPTY, Ordering::Acquire, Ordering::Acquire) {
            Ok(_) => break,
            Err(now) => seen = now,
        }
    }
    pusher.join().expect("the pusher does not panic");
    describe(seen == BLOCK)
}

fn describe(popped: bool) -> String {
    if popped { "popped the block" } else { "popped nothing" }.into()
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Cell {
    block: bool,
    popped: Option<bool>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Op {
    Pop,
    Push,
}

impl Object for Cell {
    type Op = Op;

    fn apply(&self, _thread: usize, op: &Op) -> Vec<Self> {
        vec![match op {
            Op::Pop => Self { block: false, popped: Some(self.block) },
            Op::Push => Self { block: true, ..self.clone() },
        }]
    }

    fn outcome(&self) -> String {
        describe(self.popped == Some(true))
    }
}

// An ordinary test run links loom as it is published, so here the canary must die.
#[cfg(all(test, not(stampool_model = "loom")))]
mod tests {
    #[test]
    fn it_dies_under_published_loom() {
        let dead = super::sing().expect_err("a fixed loom was published: drop the patch");
        assert!(dead.contains("unpatched or misconfigured"), "{dead}");
        assert!(dead.contains("1 executions"), "{dead}");
    }
}
