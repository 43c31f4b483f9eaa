//! What one thread does in a round.

use core::alloc::Layout;
use std::sync::PoisonError;

use stampool::alloc::{AllocError, Allocator};

use super::Violation;
use super::block::Block;
use super::desk::Desk;
use crate::rng::Rng;

/// Calls of a thread in a round.
const CALLS: usize = 600;
/// The most bytes of a block, but for the seldom large ones.
const SMALL_BYTES: usize = 160;
const LARGE_BYTES: usize = 3000;
/// A thread keeps no more blocks than this; a part of the others stays live to the round's end.
const MOST_BLOCKS: usize = 40;

/// One thread of a round, and what it has done.
#[derive(Debug)]
pub(super) struct Lane {
    rng: Rng,
    index: usize,
    serial: u64,
    pub(super) ops: u64,
    pub(super) refusals: u64,
    pub(super) handed_over: u64,
    /// The most bytes that its calls have taken from the allocator.
    pub(super) cut_off: usize,
    run_bytes: usize,
    /// Live blocks of its own.
    pub(super) blocks: Vec<Block>,
}

impl Lane {
    pub(super) fn new(seed: u64, index: usize) -> Self {
        let rng = Rng::new(seed, u16::try_from(index).expect("as many threads as a run may have"));
        Self {
            rng,
            index,
            serial: 0,
            ops: 0,
            refusals: 0,
            handed_over: 0,
            cut_off: 0,
            run_bytes: 0,
            blocks: Vec::new(),
        }
    }

    /// Works, and leaves its live blocks behind.
    ///
    /// # Errors
    /// The first thing that it finds wrong.
    pub(super) fn work(mut self, desk: &Desk<'_>) -> Result<Self, Violation> {
        let allocator = desk.subject.lane();
        self.run_bytes = desk.subject.run_bytes();
        for _ in 0..CALLS {
            match self.rng.below(16) {
                0..7 => self.allocate(&*allocator)?,
                7..10 => self.free_newest(&*allocator)?,
                10..13 => self.resize_newest(&*allocator)?,
                13 => self.exchange(desk)?,
                _ => self.look()?,
            }
            self.ops += 1;
            if self.blocks.len() > MOST_BLOCKS {
                self.free_newest(&*allocator)?;
            }
        }
        Ok(self)
    }

    fn layout(&mut self) -> Layout {
        let most = if self.rng.below(40) == 0 { LARGE_BYTES } else { SMALL_BYTES };
        let (size, align) = (self.rng.up_to(most), 1 << self.rng.below(7));
        Layout::from_size_align(size, align).expect("small")
    }

    fn stamp(&mut self) -> u64 {
        self.serial += 1;
        let lane = u64::try_from(self.index).expect("a number of threads");
        self.serial << 16 | lane
    }

    /// Notes the most that a call for this layout may take.
    const fn taken(&mut self, layout: Layout) {
        self.cut_off += layout.size() + layout.align() + self.run_bytes;
    }

    /// Judges a refusal: only a buffer may be full.
    fn refused(&mut self, reason: AllocError, layout: Layout) -> Result<(), Violation> {
        self.refusals += 1;
        match reason {
            AllocError::Capacity => Ok(()),
            _ => Err(Violation::Refused { reason: reason.to_string(), bytes: layout.size() }),
        }
    }

    fn allocate(&mut self, allocator: &dyn Allocator) -> Result<(), Violation> {
        let layout = self.layout();
        match allocator.allocate(layout) {
            Ok(block) => {
                self.taken(layout);
                let stamp = self.stamp();
                self.blocks.push(Block::new(block.cast(), layout, stamp)?);
                Ok(())
            }
            Err(reason) => self.refused(reason, layout),
        }
    }

    fn free_newest(&mut self, allocator: &dyn Allocator) -> Result<(), Violation> {
        let Some(block) = self.blocks.pop() else { return Ok(()) };
        block.check_all()?;
        // SAFETY: the block is live and this thread's, from this allocator.
        unsafe { allocator.deallocate(block.start, block.layout) };
        Ok(())
    }

    fn resize_newest(&mut self, allocator: &dyn Allocator) -> Result<(), Violation> {
        let Some(old) = self.blocks.pop() else { return Ok(()) };
        let new = self.layout();
        let resized = if new.size() >= old.layout.size() {
            // SAFETY: the block is live and this thread's, and the size is not smaller.
            unsafe { allocator.grow(old.start, old.layout, new) }
        } else {
            // SAFETY: the block is live and this thread's, and the size is not larger.
            unsafe { allocator.shrink(old.start, old.layout, new) }
        };
        match resized {
            Ok(block) => {
                self.taken(new);
                old.check(block.cast(), old.layout.size().min(new.size()))?;
                let stamp = self.stamp();
                self.blocks.push(Block::new(block.cast(), new, stamp)?);
                Ok(())
            }
            Err(reason) => {
                old.check_all()?;
                self.blocks.push(old);
                self.refused(reason, new)
            }
        }
    }

    /// Leaves the newest block to another thread, and frees one that another thread has left.
    fn exchange(&mut self, desk: &Desk<'_>) -> Result<(), Violation> {
        let Some(mine) = self.blocks.pop() else { return Ok(()) };
        let theirs = {
            let mut bucket = desk.bucket.lock().unwrap_or_else(PoisonError::into_inner);
            bucket.push(mine);
            (bucket.len() > 1).then(|| bucket.swap_remove(0))
        };
        let Some(theirs) = theirs else { return Ok(()) };
        theirs.check_all()?;
        self.handed_over += 1;
        // SAFETY: the block is live, and this thread's since it took it from the bucket.
        unsafe { desk.subject.owner().deallocate(theirs.start, theirs.layout) };
        Ok(())
    }

    /// Looks at one of its blocks.
    fn look(&mut self) -> Result<(), Violation> {
        let at = self.rng.below(self.blocks.len());
        self.blocks.get(at).map_or(Ok(()), Block::check_all)
    }
}
