//! The harness alone: the same pointer over and over, for free.

use core::ptr::NonNull;

use crate::{Handle, Subject};

/// Costs nothing, so that what is measured is the workload itself.
#[derive(Clone, Copy, Debug)]
pub struct Floor;

impl Subject for Floor {
    type Handle<'s> = Self;

    fn handle(&self) -> Self {
        *self
    }
}

impl Handle for Floor {
    #[inline]
    fn allocate(&mut self) -> NonNull<u8> {
        NonNull::dangling()
    }

    #[inline]
    unsafe fn deallocate(&mut self, _block: NonNull<u8>) {}
}
