//! The program's allocator.

use core::ptr::NonNull;

use super::{free_block, new_block};
use crate::{Handle, Subject};

/// `malloc` and `free` of this platform, through Rust's default allocator.
#[derive(Clone, Copy, Debug)]
pub struct System;

impl Subject for System {
    type Handle<'s> = Self;

    fn handle(&self) -> Self {
        *self
    }
}

impl Handle for System {
    #[inline]
    fn allocate(&mut self) -> NonNull<u8> {
        new_block()
    }

    #[inline]
    unsafe fn deallocate(&mut self, block: NonNull<u8>) {
        // SAFETY: by the caller, from `allocate`.
        unsafe { free_block(block) };
    }
}
