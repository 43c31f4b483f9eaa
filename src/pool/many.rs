//! Several blocks at once: all of them or none.

use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::{ExactPool, Local, ThreadLocalPool};
use crate::error::AllocError;
use crate::free_list::Strategy;

/// Fills `room` by `take`, or gives what was had back by `give`.
fn all_or_none(
    room: &mut [MaybeUninit<NonNull<u8>>],
    take: impl Fn() -> Result<NonNull<u8>, AllocError>,
    give: impl Fn(NonNull<u8>),
) -> Result<(), AllocError> {
    for at in 0..room.len() {
        match take() {
            Ok(block) => _ = room[at].write(block),
            Err(error) => {
                // The last one first, so that a cache is as it was.
                for place in room[..at].iter().rev() {
                    // SAFETY: written in an earlier round.
                    give(unsafe { place.assume_init() });
                }
                return Err(error);
            }
        }
    }
    Ok(())
}

impl<S: Strategy> Local<'_, S> {
    /// Takes as many blocks as `room` has places, or none.
    ///
    /// # Errors
    ///
    /// As [`allocate`](Self::allocate), where one of them could not be had. Those that were had have
    /// been given back, and no place of `room` holds a block.
    pub fn allocate_many(&self, room: &mut [MaybeUninit<NonNull<u8>>]) -> Result<(), AllocError> {
        // SAFETY: what is given back was just allocated here.
        all_or_none(room, || self.allocate(), |block| unsafe { self.deallocate(block) })
    }

    /// Gives several blocks back. Never fails.
    ///
    /// # Safety
    ///
    /// [`deallocate`](Self::deallocate)'s, for each of them, and none is there twice.
    pub unsafe fn deallocate_many(&self, blocks: &[NonNull<u8>]) {
        for &block in blocks {
            // SAFETY: by the caller.
            unsafe { self.deallocate(block) };
        }
    }
}

impl<S: Strategy> ThreadLocalPool<S> {
    /// Takes as many blocks as `room` has places, or none, as [`Local::allocate_many`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn allocate_many(&self, room: &mut [MaybeUninit<NonNull<u8>>]) -> Result<(), AllocError> {
        self.seated(|local| local.allocate_many(room))
    }

    /// Gives several blocks back. Never fails.
    ///
    /// # Safety
    ///
    /// [`deallocate`](Self::deallocate)'s, for each of them, and none is there twice.
    pub unsafe fn deallocate_many(&self, blocks: &[NonNull<u8>]) {
        // SAFETY: by the caller.
        self.seated(|local| unsafe { local.deallocate_many(blocks) });
    }
}

impl<S: Strategy> ExactPool<S> {
    /// Takes as many blocks as `room` has places, or none. It is no instant: meanwhile others may be
    /// refused a block that is given back in the end.
    ///
    /// # Errors
    ///
    /// As [`allocate`](Self::allocate), where one of them could not be had. Those that were had have
    /// been given back, and no place of `room` holds a block.
    pub fn allocate_many(&self, room: &mut [MaybeUninit<NonNull<u8>>]) -> Result<(), AllocError> {
        // SAFETY: what is given back was just allocated here.
        all_or_none(room, || self.allocate(), |block| unsafe { self.deallocate(block) })
    }

    /// Gives several blocks back. Never fails.
    ///
    /// # Safety
    ///
    /// [`deallocate`](Self::deallocate)'s, for each of them, and none is there twice.
    pub unsafe fn deallocate_many(&self, blocks: &[NonNull<u8>]) {
        for &block in blocks {
            // SAFETY: by the caller.
            unsafe { self.deallocate(block) };
        }
    }
}
