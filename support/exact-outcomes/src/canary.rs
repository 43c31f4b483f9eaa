//! The canary: a cell that loom 0.7.3 without the patch gets wrong.
//!
//! An empty list of at most one block: `pop` loads the head and takes what it finds, `push` loads
//! the head and swings it to its block. `pop` may come first or second, so it may find nothing or
//! the block. Unpatched loom runs one execution and never sees the block, since a thread's own load
//! hides the other thread's earlier one. Every check of the [`harness`](crate::harness) that loom runs
//! begins with this.

use std::collections::BTreeSet;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering};

use crate::explore::{Bound, Exploration, explore_loom};
use crate::spec::{Object, interleavings};

/// The version of loom that the patch is made for, and the patch.
const PATCHED: &str = "0.7.3";
const PATCH: &str = "loom-0.7.3-dpor.patch";

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
/// With what is wrong and what to do next, where loom did not see both outcomes.
pub fn sing() -> Result<Exploration, String> {
    let seen = explore();
    if seen.outcomes.keys().eq(&outcomes()) {
        return Ok(seen);
    }
    Err(dead(&seen))
}

/// The message for a reader who has not met the canary before.
fn dead(seen: &Exploration) -> String {
    let must: Vec<String> = outcomes().into_iter().collect();
    let saw: Vec<&str> = seen.outcomes.keys().map(String::as_str).collect();
    format!(
        "the canary is dead: this loom passes over executions, so no check was run. Before the \
         checks loom runs a small program, the canary, of which it is known that a run ends in one \
         of these ways: {must:?}. This loom saw {saw:?}, in {} executions.\n\
         The likely cause: the program was built with loom as it is published. Version {PATCHED} \
         misses executions (tokio-rs/loom, issues 166 and 392).\n\
         What to do:\n\
         - In stampool's repository, do not start this program by `cargo test` or `cargo run`. Call \
         `cargo xtask checks`, which patches loom and builds with it. If that is what you did, and \
         Cargo.lock names another version of loom than {PATCHED}, then go back to that version, or \
         make the patch again for the new one.\n\
         - In a project of your own, run the check under porf, which needs no patch. Or copy the \
         source of loom {PATCHED}, apply `{PATCH}` of the package exact-outcomes, and name the copy \
         in your Cargo.toml: [patch.crates-io] loom = {{ path = \"FOLDER\" }}.\n\
         - If loom is patched, then a change of loom or of the canary (src/canary.rs in \
         exact-outcomes) has broken it. Find it before you believe any check under loom.",
        seen.executions,
    )
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

// A test run links loom as it is published, so here the canary must die.
#[cfg(test)]
mod tests {
    #[test]
    fn it_dies_under_published_loom_and_says_what_to_do() {
        let dead = super::sing().expect_err("a fixed loom was published: drop the patch");
        assert!(dead.contains("This loom saw [\"popped nothing\"], in 1 executions"), "{dead}");
        assert!(dead.contains("cargo xtask checks"), "{dead}");
        assert!(dead.contains(super::PATCH), "{dead}");
    }

    #[test]
    fn the_patch_that_it_names_is_there() {
        let patch = include_str!("../loom-0.7.3-dpor.patch");
        assert!(patch.contains("+++ b/src/rt/"), "{patch}");
    }
}
