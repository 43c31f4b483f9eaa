//! The checks of a checked pool alone: one thread registers a chunk while another thread looks up a pointer
//! into it. Nobody has handed the second thread the block, so it may find the chunk or not. If it
//! does, it must find all of it.

use core::alloc::Layout;
use std::collections::BTreeSet;

use stampool::SystemSource;
use stampool::raw::block::{Block, BlockLayout, MAX_ALIGN};
use stampool::raw::checking::{Checked, Checking, Misuse};
use stampool::raw::chunk::Regions;
use stampool::raw::sync::{PoolId, thread};

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
    let mut regions = Regions::new(Box::new(SystemSource));
    let blocks = BlockLayout::new(Layout::new::<u64>(), MAX_ALIGN).expect("a layout");
    let beside = Checked::room(1).expect("a layout");
    let (layout, at) = beside.extend(blocks.run(1).expect("a layout")).expect("a layout");
    let room = regions.obtain(layout).expect("memory");
    // SAFETY: where the block begins in the layout.
    let block = Block::from(unsafe { room.add(at) });
    let checking: &'static Checked =
        Box::leak(Box::new(Checked::new(PoolId::next(), blocks, false)));

    let room = Block::from(room);
    let other = thread::spawn(move || {
        let first = block.as_non_null();
        // SAFETY: nobody else adds any; the regions are dropped after it.
        unsafe { checking.add_chunk(room.as_non_null(), first, 1) };
    });
    let state = checking.check_state(64);
    let outcome = match checking.verify_free(&state, block) {
        Err(Misuse::NeverHandedOut(_)) => "known",
        // The memory may be that of an earlier execution's pool.
        Err(Misuse::Foreign(..) | Misuse::OtherPool(..) | Misuse::DroppedPool(..)) => "unknown",
        strange => panic!("a fresh block was {strange:?}"),
    };
    other.join().expect("no panic unreported");
    assert!(
        matches!(checking.verify_free(&state, block), Err(Misuse::NeverHandedOut(_))),
        "a chunk was not found"
    );
    // SAFETY: leaked above, and nobody is left who refers to it.
    drop(unsafe { Box::from_raw(core::ptr::from_ref(checking).cast_mut()) });
    outcome.into()
}

/// Before the chunk is known, or after.
#[must_use]
pub fn allowed() -> BTreeSet<String> {
    ["known", "unknown"].map(String::from).into()
}
