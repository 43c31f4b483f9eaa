//! A peer: crossbeam's bounded queue as a list of free blocks.

use core::alloc::Layout;

use crossbeam_queue::ArrayQueue;
use stampool::Block;

use super::{free_block, new_block};
use crate::{Handle, Measured, Never};

/// Free blocks in an [`ArrayQueue`], filled once. Every operation is one on the queue.
#[derive(Debug)]
pub struct QueueOfBlocks {
    queue: ArrayQueue<Block>,
    layout: Layout,
}

impl QueueOfBlocks {
    /// A full queue of `blocks` blocks: more than are ever live at a time.
    ///
    /// # Panics
    ///
    /// On 0, and where memory is out.
    pub fn new(blocks: usize, layout: Layout) -> Self {
        let queue = ArrayQueue::new(blocks);
        for _ in 0..blocks {
            queue.push(new_block(layout)).expect("one place per block");
        }
        Self { queue, layout }
    }
}

super::shared_subject!([] QueueOfBlocks);

impl Measured for QueueOfBlocks {
    fn blocks(&self) -> Option<usize> {
        Some(self.queue.capacity())
    }
}

impl Handle for &QueueOfBlocks {
    type Refusal = Never;

    #[inline]
    fn allocate(&mut self) -> Result<Block, Never> {
        loop {
            // Empty only for a moment: while the block that is there is still being pushed.
            if let Some(block) = self.queue.pop() {
                return Ok(block);
            }
            core::hint::spin_loop();
        }
    }

    #[inline]
    unsafe fn deallocate(&mut self, block: Block) {
        let pushed = self.queue.push(block);
        debug_assert!(pushed.is_ok(), "one place per block");
    }
}

impl Drop for QueueOfBlocks {
    fn drop(&mut self) {
        while let Some(block) = self.queue.pop() {
            // SAFETY: every block of the queue came from `new_block`, and is in no other hands.
            unsafe { free_block(block, self.layout) };
        }
    }
}
