//! The checks of a checked pool alone: two threads free one block at the same time. Either the pool refuses
//! one of the two frees, or both threads find the block live and it is in two places. Then the pool
//! takes exactly one of the two copies for the block, and refuses the other one when it comes up.

use std::collections::BTreeSet;

use stampool::raw::block::Block;
use stampool::raw::checking::{Checked, Checks, Misuse};
use stampool::raw::sync::thread;

use super::one_chunk::OneChunk;
use crate::one_at_a_time::operation;

/// The subject's name in the ledger.
pub const SUBJECT: &str = "Checked";

/// What the second thread does with the block that it has freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It keeps it in its cache.
    Keep,
    /// It gives it to a magazine.
    Flush,
}

/// A program, and what may come of it.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Its name in the ledger.
    pub name: &'static str,
    /// The second thread's program.
    pub then: Then,
    /// All outcomes.
    outcomes: &'static [&'static str],
}

/// All of these.
pub const SCENARIOS: [Scenario; 2] = [
    Scenario { name: "checking/free_free", then: Then::Keep, outcomes: &[AT_ONCE, LATER] },
    Scenario {
        name: "checking/free_free_flush",
        then: Then::Flush,
        outcomes: &[AT_ONCE, AT_THE_FLUSH, LATER],
    },
];

const AT_ONCE: &str = "told at the free";
const AT_THE_FLUSH: &str = "told at the flush";
const LATER: &str = "told when the copy is used";

/// The addresses of the slots of the two threads, and of the thread that checks afterwards.
const SLOTS: [usize; 3] = [64, 128, 192];

impl Scenario {
    /// The outcomes, as a set.
    #[must_use]
    pub fn allowed(&self) -> BTreeSet<String> {
        self.outcomes.iter().map(ToString::to_string).collect()
    }
}

/// What came of one thread's copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Copy {
    /// The free was refused.
    Refused,
    /// It lies in the thread's cache.
    Cached,
    /// It lies in a magazine.
    InMagazine,
    /// The flush was refused.
    TakenOut,
}

/// Frees the block, as a handle does.
fn free(checking: &Checked, slot: usize, block: Block, then: Then) -> Copy {
    let state = checking.check_state(slot);
    // SAFETY: the state is made for the slot, and no thread uses the block's bytes.
    let taken = unsafe { checking.take_in(&state, slot, block) };
    // SAFETY: as above.
    if !taken && let Err(misuse) = unsafe { checking.verify_free(&state, block) } {
        assert!(matches!(misuse, Misuse::FreedTwice(..)), "a second free was {misuse:?}");
        return Copy::Refused;
    }
    if then == Then::Keep {
        return Copy::Cached;
    }
    // SAFETY: the thread has just put its copy into its cache.
    match unsafe { checking.leaves_cache(&state, block) } {
        Ok(()) => Copy::InMagazine,
        Err(Misuse::FreedAtOnce(..)) => Copy::TakenOut,
        Err(strange) => panic!("a flush found {strange:?}"),
    }
}

/// Uses a copy, as a pop or a refill does. False where it is refused.
fn is_the_block(checking: &Checked, slot: usize, block: Block, copy: Copy) -> bool {
    let used = match copy {
        // SAFETY: a pop takes the copy out of the slot's cache.
        Copy::Cached => unsafe { checking.verify_alloc(&checking.check_state(slot), block) },
        // SAFETY: a refill brings the copy to the third slot's cache.
        Copy::InMagazine => unsafe {
            checking.enters_cache(&checking.check_state(SLOTS[2]), block)
        },
        Copy::Refused | Copy::TakenOut => return false,
    };
    assert!(matches!(used, Ok(()) | Err(Misuse::FreedAtOnce(..))), "a copy was {used:?}");
    used.is_ok()
}

/// Runs a scenario once.
///
/// # Panics
/// At a violation.
#[must_use]
pub fn body(scenario: Scenario) -> String {
    let chunk = OneChunk::new();
    let OneChunk { checking, room, block, .. } = chunk;
    // SAFETY: nobody else adds any; the regions are dropped after the checks.
    unsafe { checking.add_chunk(room, block.0, 1) };
    let state = checking.check_state(SLOTS[0]);
    // SAFETY: the fresh block comes into the first slot's cache.
    unsafe { checking.enters_cache(&state, block) }.expect("fresh");
    // SAFETY: it leaves that cache.
    unsafe { checking.verify_alloc(&state, block) }.expect("cached");

    let other = thread::spawn(move || operation(|| free(checking, SLOTS[1], block, scenario.then)));
    let one = operation(|| free(checking, SLOTS[0], block, Then::Keep));
    let copies = [one, other.join().expect("no panic unreported")];

    let used = [0, 1].map(|nth| is_the_block(checking, SLOTS[nth], block, copies[nth]));
    assert!(used[0] || used[1], "the block was lost");
    assert!(used[0] != used[1], "a block was handed out twice");
    // SAFETY: the other thread is joined.
    unsafe { chunk.end() };
    match copies {
        [Copy::Refused, _] | [_, Copy::Refused] => AT_ONCE,
        [_, Copy::TakenOut] => AT_THE_FLUSH,
        _ => LATER,
    }
    .into()
}
