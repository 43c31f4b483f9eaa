//! What one thread does in a round.

use core::alloc::Layout;
use core::panic::AssertUnwindSafe;
use core::ptr::NonNull;
use std::panic::catch_unwind;
use std::sync::PoisonError;

use stampool::alloc::AllocError;

use super::Violation;
use super::desk::Desk;
use crate::bump;
use crate::bump::Block;
use crate::rng::Rng;

/// Replacements of a thread in a round.
const CALLS: usize = 10_000;
/// Blocks of a thread's window.
const WINDOW: usize = 60;
/// One request in so many has up to 32 KiB, and one in so many may have more than 64 KiB. The others have
/// 1 KiB at most: what a thread writes and compares takes longer than the arena.
const MIDDLE_EVERY: usize = 200;
const LARGE_EVERY: usize = 2000;
/// The bytes of the blocks with which the arena is filled. Each thread fills with one of them.
const FILL_BYTES: [usize; 4] = [64, 1000, 4096, 20_000];

/// An arena of so many bytes for each thread is in use to this part when it is full. In a smaller one
/// the caches of the threads, and chunks of a hundred classes with a few blocks each, have the rest.
const ROOMY_BYTES: usize = 8 << 20;
const LEAST_PART: f64 = 0.6;

/// One thread of a round, and what it has done.
#[derive(Debug)]
pub(super) struct Lane {
    rng: Rng,
    index: usize,
    serial: u64,
    pub(super) ops: u64,
    pub(super) refusals: u64,
    pub(super) handed_over: u64,
    pub(super) fullest: f64,
    window: Vec<Block>,
}

impl Lane {
    pub(super) fn new(seed: u64, index: usize) -> Self {
        let rng = Rng::new(seed, u16::try_from(index).expect("as many threads as a run may have"));
        let (window, serial) = (Vec::new(), 0);
        Self { rng, index, serial, ops: 0, refusals: 0, handed_over: 0, fullest: 0.0, window }
    }

    /// Works, and leaves no block behind.
    ///
    /// # Errors
    /// The first thing that it finds wrong. All threads come to all barriers nevertheless.
    pub(super) fn work(mut self, desk: &Desk<'_>) -> Result<Self, Violation> {
        let replaced = phase(|| self.replace(desk));
        desk.barrier.wait();
        let filled = phase(|| self.fill(desk));
        desk.barrier.wait();
        // The arena is full, and nobody calls it.
        let full = if self.index == 0 { phase(|| self.look(desk)) } else { Ok(()) };
        desk.barrier.wait();
        let freed = phase(|| self.free_all(desk));
        replaced.and(filled).and(full).and(freed).map(|()| self)
    }

    fn layout(&mut self) -> Layout {
        let most = match (self.rng.below(LARGE_EVERY), self.rng.below(MIDDLE_EVERY)) {
            (0, _) => 200_000,
            (_, 0) => 32 << 10,
            _ => 1 << (3 + self.rng.below(8)),
        };
        let (size, align) = (self.rng.up_to(most), 1 << self.rng.below(8));
        Layout::from_size_align(size, align).expect("small")
    }

    fn stamp(&mut self) -> u64 {
        self.serial += 1;
        let lane = u64::try_from(self.index).expect("a number of threads");
        self.serial << 16 | lane
    }

    /// Replaces blocks at random.
    fn replace(&mut self, desk: &Desk<'_>) -> Result<(), Violation> {
        for call in 0..CALLS {
            if self.window.len() > self.rng.below(WINDOW) {
                let at = self.rng.below(self.window.len());
                let block = self.window.swap_remove(at);
                if self.rng.below(4) == 0 {
                    self.exchange(desk, block)?
                } else {
                    self.free(desk, block)?
                }
            } else {
                let layout = self.layout();
                if let Some(block) = self.allocate(desk, layout)? {
                    self.window.push(block);
                }
            }
            if call % 1000 == 0 {
                within(desk)?;
            }
        }
        Ok(())
    }

    fn allocate(&mut self, desk: &Desk<'_>, layout: Layout) -> Result<Option<Block>, Violation> {
        self.ops += 1;
        match desk.arena.allocate(layout) {
            Ok(block) => {
                let stamp = self.stamp();
                Ok(Some(Block::new(block.cast(), layout, stamp)?))
            }
            Err(AllocError::Capacity) => {
                self.refusals += 1;
                Ok(None)
            }
            Err(error) => Err(Violation::Refused { error, bytes: layout.size() }),
        }
    }

    fn free(&mut self, desk: &Desk<'_>, block: Block) -> Result<(), bump::Violation> {
        self.ops += 1;
        block.check_all()?;
        let start: NonNull<u8> = block.start;
        // SAFETY: the block is live and this thread's, from this arena.
        unsafe { desk.arena.deallocate(start, block.layout) };
        Ok(())
    }

    /// Leaves a block to another thread, and frees one that another thread has left.
    fn exchange(&mut self, desk: &Desk<'_>, mine: Block) -> Result<(), Violation> {
        let theirs = {
            let mut bucket = desk.bucket.lock().unwrap_or_else(PoisonError::into_inner);
            bucket.push(mine);
            (bucket.len() > 1).then(|| bucket.swap_remove(0))
        };
        if let Some(theirs) = theirs {
            self.handed_over += 1;
            self.free(desk, theirs)?;
        }
        Ok(())
    }

    /// Allocates blocks of one size until the arena refuses.
    fn fill(&mut self, desk: &Desk<'_>) -> Result<(), Violation> {
        let size = FILL_BYTES[self.index % FILL_BYTES.len()];
        let layout = Layout::from_size_align(size, 8).expect("small");
        while let Some(block) = self.allocate(desk, layout)? {
            self.window.push(block);
        }
        within(desk)
    }

    /// Looks at a full arena.
    fn look(&mut self, desk: &Desk<'_>) -> Result<(), Violation> {
        let stats = desk.arena.stats();
        let (live, capacity) = (stats.allocated_bytes, stats.capacity_bytes);
        if live > capacity {
            return Err(Violation::Exceeded { has: live, capacity });
        }
        #[allow(clippy::cast_precision_loss, reason = "a part of one")]
        let part = live as f64 / capacity as f64;
        self.fullest = part;
        let is_wasted = capacity / desk.threads >= ROOMY_BYTES && part < LEAST_PART;
        if is_wasted { Err(Violation::Wasted { live, capacity }) } else { Ok(()) }
    }

    fn free_all(&mut self, desk: &Desk<'_>) -> Result<(), Violation> {
        for block in core::mem::take(&mut self.window) {
            self.free(desk, block)?;
        }
        loop {
            let left = desk.bucket.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(block) = left else { return Ok(()) };
            self.free(desk, block)?;
        }
    }
}

/// Does a part of a round. A panic is a finding, and the thread goes on to the next barrier, where the
/// others wait for it.
fn phase(part: impl FnOnce() -> Result<(), Violation>) -> Result<(), Violation> {
    catch_unwind(AssertUnwindSafe(part)).unwrap_or_else(|panic| Err(Violation::panicked(panic)))
}

/// Whether the arena is within its capacity.
fn within(desk: &Desk<'_>) -> Result<(), Violation> {
    let stats = desk.arena.stats();
    let (has, capacity) = (stats.heap_bytes, stats.capacity_bytes);
    if has > capacity { Err(Violation::Exceeded { has, capacity }) } else { Ok(()) }
}
