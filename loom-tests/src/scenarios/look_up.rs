//! The level `checked` alone: one thread makes a chunk known while another one asks what a pointer
//! into it is. Nobody has handed it the block, so it may find the chunk or not; if it does, it must
//! find all of it.

use std::collections::BTreeSet;

use stampool::raw::block::Block;
use stampool::raw::chunk::{Level, Misuse};
use stampool::raw::sync::thread;

use super::leveled::Leveled;

/// Its name in the ledger.
pub const NAME: &str = "level/look_up_grow";

/// The subject's name in the ledger.
pub const SUBJECT: &str = "Checked";

/// Runs the scenario once.
///
/// # Panics
/// At a violation.
#[must_use]
pub fn body() -> String {
    let leveled = Leveled::new();
    let Leveled { level, room, block, .. } = leveled;

    let room = Block(room);
    let other = thread::spawn(move || {
        let (Block(room), Block(first)) = ({ room }, { block });
        // SAFETY: nobody else adds any; the regions are dropped after the level.
        unsafe { level.add_chunk(room, first, 1) };
    });
    let state = level.check_state(64);
    let outcome = match level.verify_free(&state, block) {
        Err(Misuse::NeverHandedOut(_)) => "known",
        // The memory may be that of an earlier execution's pool.
        Err(Misuse::Foreign(..) | Misuse::OtherPool(..) | Misuse::DroppedPool(..)) => "unknown",
        strange => panic!("a fresh block was {strange:?}"),
    };
    other.join().expect("no panic unreported");
    assert!(
        matches!(level.verify_free(&state, block), Err(Misuse::NeverHandedOut(_))),
        "a chunk was not found"
    );
    // SAFETY: the other thread is joined.
    unsafe { leveled.end() };
    outcome.into()
}

/// Before the chunk is known, or after.
#[must_use]
pub fn allowed() -> BTreeSet<String> {
    ["known", "unknown"].map(String::from).into()
}
