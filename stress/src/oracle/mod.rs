//! What is checked while a run goes on and at its end.
//!
//! | oracle | sees | where |
//! |---|---|---|
//! | owner word | a block with two owners | [`owner`] |
//! | pattern | overlapping blocks, a pool or thread that writes into a live block | [`pattern`] |
//! | alignment | a block that breaks its layout | [`Oracle::admit`] |
//! | books | a lost block, a block counted twice | [`books`] |
//! | drain | a block that no allocation reaches any more, overlap of any two blocks | [`books`] |
//! | memory bound | too much carved | [`live`], [`books`] |
//! | limit | more blocks than the capacity, a refusal below it, room that does not come back | [`limit`], [`books`] |
//! | history | calls that no order of atomic steps explains | [`history`] |
//! | stamps | a stamp that comes again, a name that is good for something when its turn is over | [`names`](crate::names) |
//! | magazines | too many magazines in limbo, too few or too many magazines | [`books`] |
//!
//! For each, `tests/must_fail.rs` tests that it fails when it must.

pub mod books;
pub mod history;
pub mod limit;
pub mod live;
pub mod owner;
pub mod pattern;
mod stamp;
pub mod violation;

use core::alloc::Layout;

use stampool::Block;

use owner::{ClaimError, OwnerTable};
use pattern::Extent;
pub use stamp::Stamp;
use violation::Violation;

/// Checks the blocks of one layout as they come and go.
#[derive(Debug)]
pub struct Oracle {
    layout: Layout,
    extent: Extent,
    owners: Option<OwnerTable>,
}

impl Oracle {
    /// An oracle over blocks that keep their address until the pool is dropped, at most
    /// `blocks` of them.
    pub fn type_stable(layout: Layout, extent: Extent, blocks: usize) -> Self {
        Self { layout, extent, owners: Some(OwnerTable::with_room_for(blocks)) }
    }

    /// An oracle over memory that may come back in other shapes: pattern and alignment only.
    pub fn for_any_memory(layout: Layout, extent: Extent) -> Self {
        Self { layout, extent, owners: None }
    }

    /// Takes in a block that the subject just handed out as `stamp`.
    ///
    /// # Errors
    /// The block belongs to another thread or is misaligned; it is not touched then.
    ///
    /// # Safety
    /// If nobody else owns the block, it must be valid for accesses of the layout's size.
    pub unsafe fn admit(&self, block: Block, stamp: Stamp) -> Result<(), Violation> {
        let address = block.0.addr().get();
        if !address.is_multiple_of(self.layout.align()) {
            return Err(Violation::Misaligned { block: address, align: self.layout.align() });
        }
        if let Some(owners) = &self.owners {
            owners.claim(block, stamp).map_err(|error| match error {
                ClaimError::Owned(first) => Violation::HandedOutTwice {
                    block: address,
                    first: Some(first),
                    second: Some(stamp),
                },
                ClaimError::Full => Violation::TooManyBlocks { room: owners.room() },
            })?;
        }
        // SAFETY: the caller's; the claim says that nobody else has it.
        unsafe { pattern::fill(block.0, self.layout.size(), self.extent, stamp) };
        Ok(())
    }

    /// The allocation that `block` belongs to, as the owner word says.
    pub fn owner(&self, block: Block) -> Option<Stamp> {
        self.owners.as_ref()?.owner(block)
    }

    /// Whether `block` was ever claimed. Exact for the thread that holds the block.
    pub fn has_seen(&self, block: Block) -> bool {
        self.owners.as_ref().is_some_and(|owners| owners.has_seen(block))
    }

    /// Lets go of a block of `stamp`, before it is given back to the subject.
    ///
    /// # Errors
    /// The block changed, or is not this allocation's any more; don't give it back then.
    ///
    /// # Safety
    /// The block must have been admitted as `stamp`, and be valid for reads of the layout's size.
    pub unsafe fn dismiss(&self, block: Block, stamp: Stamp) -> Result<(), Violation> {
        let address = block.0.addr().get();
        // SAFETY: the caller's.
        let found =
            unsafe { pattern::first_difference(block.0, self.layout.size(), self.extent, stamp) };
        if let Some(offset) = found {
            return Err(Violation::Overwritten { block: address, offset, owner: stamp });
        }
        if let Some(owners) = &self.owners {
            owners.release(block, stamp).map_err(|found| Violation::OwnerChanged {
                block: address,
                expected: Some(stamp),
                found,
            })?;
        }
        Ok(())
    }
}
