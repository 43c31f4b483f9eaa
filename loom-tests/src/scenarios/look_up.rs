//! The checks of a checked pool alone: one thread registers a chunk while another thread looks up a pointer
//! into it. Nobody has handed the second thread the block, so it may find the chunk or not. If it
//! does, it must find all of it.

use std::collections::BTreeSet;

use stampool::raw::block::Block;
use stampool::raw::checking::{Checks, Misuse};
use stampool::raw::sync::thread;

use super::one_chunk::OneChunk;
use crate::one_at_a_time::operation;

/// Its name in the ledger.
pub const NAME: &str = "checking/look_up_grow";

/// The subject's name in the ledger.
pub const SUBJECT: &str = "Checked";

/// Runs the scenario once.
///
/// # Panics
/// At a violation.
#[must_use]
pub fn body() -> String {
    let chunk = OneChunk::new();
    let OneChunk { checking, room, block, .. } = chunk;

    let room = Block::from(room);
    let other = thread::spawn(move || {
        let first = block.as_non_null();
        // SAFETY: nobody else adds any; the regions are dropped after it.
        operation(|| unsafe { checking.add_chunk(room.as_non_null(), first, 1) });
    });
    let state = checking.check_state(64);
    // SAFETY: the block is not live.
    let outcome = match operation(|| unsafe { checking.verify_free(&state, block) }) {
        Err(Misuse::NeverHandedOut(_)) => "known",
        // The memory may be that of an earlier execution's pool.
        Err(Misuse::Foreign(..) | Misuse::OtherPool(..) | Misuse::DroppedPool(..)) => "unknown",
        strange => panic!("a fresh block was {strange:?}"),
    };
    other.join().expect("no panic unreported");
    // SAFETY: as above.
    let found = unsafe { checking.verify_free(&state, block) };
    assert!(matches!(found, Err(Misuse::NeverHandedOut(_))), "a chunk was not found");
    // SAFETY: the other thread is joined.
    unsafe { chunk.end() };
    outcome.into()
}

/// Before the chunk is known, or after.
#[must_use]
pub fn allowed() -> BTreeSet<String> {
    ["known", "unknown"].map(String::from).into()
}
