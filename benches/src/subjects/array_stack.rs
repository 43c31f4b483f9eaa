//! What a thread cache is measured against: an array of pointers, used as a stack.

use core::alloc::Layout;

use stampool::Block;

use super::{free_block, new_block};
use crate::{Handle, Measured, Never, Subject};

/// A `Vec` of pointers per handle, filled once. It is not shared, and cannot be: a lower limit for
/// whatever keeps blocks in an array. For workloads in which every thread frees what it allocates.
#[derive(Clone, Copy, Debug)]
pub struct ArrayStack {
    /// Blocks in each handle's array.
    pub blocks: usize,
    /// Their layout.
    pub layout: Layout,
}

/// One thread's array.
#[derive(Debug)]
pub struct Array {
    blocks: Vec<Block>,
    layout: Layout,
}

impl Subject for ArrayStack {
    type Refusal = Never;
    type Handle<'s> = Array;

    fn attach(&self) -> Result<Array, Never> {
        let blocks = (0..self.blocks).map(|_| new_block(self.layout)).collect();
        Ok(Array { blocks, layout: self.layout })
    }
}

impl Measured for ArrayStack {}

impl Handle for Array {
    type Refusal = Never;

    #[inline]
    fn allocate(&mut self) -> Result<Block, Never> {
        Ok(self.blocks.pop().unwrap_or_else(|| new_block(self.layout)))
    }

    #[inline]
    unsafe fn deallocate(&mut self, block: Block) {
        self.blocks.push(block);
    }
}

impl Drop for Array {
    fn drop(&mut self) {
        for block in self.blocks.drain(..) {
            // SAFETY: every block of the array came from `new_block`, and is in no other hands.
            unsafe { free_block(block, self.layout) };
        }
    }
}
