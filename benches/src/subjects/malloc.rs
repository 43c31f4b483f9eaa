//! General allocators: the program's, and other people's beside it.

use core::alloc::GlobalAlloc;
use core::ptr::NonNull;

use stampool::Block;

use crate::subject::block_of;
use crate::{Handle, Measured, Never};

/// An allocator, asked for blocks of `SIZE` bytes. The size is known when it is compiled, as it is
/// in programs.
#[derive(Clone, Copy, Debug)]
pub struct Malloc<A, const SIZE: usize>(pub A);

super::shared_subject!([A: GlobalAlloc + Send + Sync, const SIZE: usize] Malloc<A, SIZE>);

impl<A: GlobalAlloc + Send + Sync, const SIZE: usize> Measured for Malloc<A, SIZE> {}

impl<A: GlobalAlloc, const SIZE: usize> Handle for &Malloc<A, SIZE> {
    type Refusal = Never;

    #[inline]
    fn allocate(&mut self) -> Result<Block, Never> {
        const { assert!(SIZE > 0, "a block has a size") };
        // SAFETY: the size is not zero.
        let block = unsafe { self.0.alloc(const { block_of(SIZE) }) };
        Ok(Block(NonNull::new(block).expect("memory for a block")))
    }

    #[inline]
    unsafe fn deallocate(&mut self, block: Block) {
        // SAFETY: by the caller, from `allocate`, with the same layout.
        unsafe { self.0.dealloc(block.as_ptr(), const { block_of(SIZE) }) };
    }
}
