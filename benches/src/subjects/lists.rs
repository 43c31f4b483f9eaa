//! Peers: one shared list of free blocks, which asks the program's allocator when it is empty.

use core::alloc::Layout;
use core::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_queue::SegQueue;
use stampool::Block;

use super::{free_block, new_block};
use crate::{Handle, Measured, Never};

/// A shared list of blocks.
pub trait List: Send + Sync {
    /// Adds a block.
    fn push(&self, block: Block);
    /// Takes a block, if there is one.
    fn pop(&self) -> Option<Block>;
}

/// A `Vec` behind the standard library's mutex.
pub type StdMutex = std::sync::Mutex<Vec<Block>>;
/// A `Vec` behind parking_lot's mutex.
pub type ParkingLot = parking_lot::Mutex<Vec<Block>>;

impl List for StdMutex {
    #[inline]
    fn push(&self, block: Block) {
        self.lock().expect("nobody panics with it").push(block);
    }

    #[inline]
    fn pop(&self) -> Option<Block> {
        self.lock().expect("nobody panics with it").pop()
    }
}

impl List for ParkingLot {
    #[inline]
    fn push(&self, block: Block) {
        self.lock().push(block);
    }

    #[inline]
    fn pop(&self) -> Option<Block> {
        self.lock().pop()
    }
}

/// crossbeam's unbounded queue.
impl List for SegQueue<Block> {
    #[inline]
    fn push(&self, block: Block) {
        self.push(block);
    }

    #[inline]
    fn pop(&self) -> Option<Block> {
        self.pop()
    }
}

/// The crate object-pool, with blocks for objects: taken and detached, and attached again.
impl List for object_pool::Pool<Block> {
    #[inline]
    fn push(&self, block: Block) {
        self.attach(block);
    }

    #[inline]
    fn pop(&self) -> Option<Block> {
        self.try_pull().map(|object| object.detach().1)
    }
}

/// Blocks in a list.
#[derive(Debug)]
pub struct Listed<L: List> {
    list: L,
    layout: Layout,
    made: AtomicUsize,
}

impl<L: List> Listed<L> {
    /// An empty list.
    pub fn new(list: L, layout: Layout) -> Self {
        Self { list, layout, made: AtomicUsize::new(0) }
    }
}

super::shared_subject!([L: List] Listed<L>);

impl<L: List> Measured for Listed<L> {
    fn blocks(&self) -> Option<usize> {
        Some(self.made.load(Ordering::Relaxed))
    }
}

impl<L: List> Handle for &Listed<L> {
    type Refusal = Never;

    #[inline]
    fn allocate(&mut self) -> Result<Block, Never> {
        Ok(match self.list.pop() {
            Some(block) => block,
            None => {
                // Relaxed: statistic only.
                self.made.fetch_add(1, Ordering::Relaxed);
                new_block(self.layout)
            }
        })
    }

    #[inline]
    unsafe fn deallocate(&mut self, block: Block) {
        self.list.push(block);
    }
}

impl<L: List> Drop for Listed<L> {
    fn drop(&mut self) {
        while let Some(block) = self.list.pop() {
            // SAFETY: every block of the list came from `new_block`, and is in no other hands.
            unsafe { free_block(block, self.layout) };
        }
    }
}
