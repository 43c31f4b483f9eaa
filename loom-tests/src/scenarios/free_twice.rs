//! The level `checked` alone: two threads free one block at one time. Either one of them is
//! refused, or both find the block live and it lies in two places. Then exactly one of the two
//! copies is the block, and the other one is refused where it turns up.

use std::collections::BTreeSet;

use stampool::raw::block::Block;
use stampool::raw::chunk::{Level, Misuse, Tracked};
use stampool::raw::sync::thread;

use super::leveled::Leveled;

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
    Scenario { name: "level/free_free", then: Then::Keep, outcomes: &[AT_ONCE, LATER] },
    Scenario {
        name: "level/free_free_flush",
        then: Then::Flush,
        outcomes: &[AT_ONCE, AT_THE_FLUSH, LATER],
    },
];

const AT_ONCE: &str = "told at the free";
const AT_THE_FLUSH: &str = "told at the flush";
const LATER: &str = "told when the copy is used";

/// Where the slots of the two threads lie, and that of who looks afterwards.
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
fn free(level: &Tracked<false>, slot: usize, block: Block, then: Then) -> Copy {
    let state = level.check_state(slot);
    if !level.take_in(&state, slot, block)
        && let Err(misuse) = level.verify_free(&state, block)
    {
        assert!(matches!(misuse, Misuse::FreedTwice(..)), "a second free was {misuse:?}");
        return Copy::Refused;
    }
    if then == Then::Keep {
        return Copy::Cached;
    }
    match level.leaves_cache(&state, block) {
        Ok(()) => Copy::InMagazine,
        Err(Misuse::FreedAtOnce(..)) => Copy::TakenOut,
        Err(strange) => panic!("a flush found {strange:?}"),
    }
}

/// Uses a copy, as a pop or a refill does. False where it is refused.
fn is_the_block(level: &Tracked<false>, slot: usize, block: Block, copy: Copy) -> bool {
    let used = match copy {
        Copy::Cached => level.verify_alloc(&level.check_state(slot), block),
        Copy::InMagazine => level.enters_cache(&level.check_state(SLOTS[2]), block),
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
    let leveled = Leveled::new();
    let Leveled { level, room, block, .. } = leveled;
    // SAFETY: nobody else adds any; the regions are dropped after the level.
    unsafe { level.add_chunk(room, block.0, 1) };
    let state = level.check_state(SLOTS[0]);
    level.enters_cache(&state, block).expect("fresh");
    level.verify_alloc(&state, block).expect("cached");

    let other = thread::spawn(move || free(level, SLOTS[1], block, scenario.then));
    let one = free(level, SLOTS[0], block, Then::Keep);
    let copies = [one, other.join().expect("no panic unreported")];

    let used = [0, 1].map(|nth| is_the_block(level, SLOTS[nth], block, copies[nth]));
    assert!(used[0] || used[1], "the block was lost");
    assert!(used[0] != used[1], "a block was handed out twice");
    // SAFETY: the other thread is joined.
    unsafe { leveled.end() };
    match copies {
        [Copy::Refused, _] | [_, Copy::Refused] => AT_ONCE,
        [_, Copy::TakenOut] => AT_THE_FLUSH,
        _ => LATER,
    }
    .into()
}
