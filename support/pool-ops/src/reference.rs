//! The plain reference: which blocks are live, what their content is, and what the pool must do
//! next.

use core::alloc::Layout;
use std::collections::BTreeMap;

use stampool::{AllocError, Block};

use crate::program::Program;

/// What a pool with these settings may do, and what was done with it.
#[derive(Debug)]
pub struct Reference {
    layout: Layout,
    batch: usize,
    capacity: usize,
    /// Whether the source's memory comes to an end.
    may_run_out: bool,
    /// Live blocks by address, oldest first by serial.
    live: BTreeMap<usize, Live>,
    serial: u64,
    most_live: usize,
    /// Handles open or forgotten, now and at most.
    handles: usize,
    most_handles: usize,
}

/// A live block.
#[derive(Clone, Copy, Debug)]
struct Live {
    block: Block,
    serial: u64,
}

impl Reference {
    /// For the pool of a program.
    #[must_use]
    pub fn new(program: &Program, layout: Layout) -> Self {
        Self {
            layout,
            batch: program.batch,
            capacity: program.capacity.unwrap_or(usize::MAX),
            may_run_out: program.regions.is_some(),
            live: BTreeMap::new(),
            serial: 0,
            most_live: 0,
            handles: 0,
            most_handles: 0,
        }
    }

    /// Live blocks.
    #[must_use]
    pub fn live_blocks(&self) -> usize {
        self.live.len()
    }

    /// A handle more.
    ///
    /// # Errors
    /// It was refused without a reason.
    pub fn attached(&mut self, refused: Option<AllocError>) -> Result<(), String> {
        match refused {
            None => {
                self.handles += 1;
                self.most_handles = self.most_handles.max(self.handles);
                Ok(())
            }
            Some(AllocError::OutOfMemory) if self.may_run_out => Ok(()),
            Some(error) => Err(format!("a handle is refused: {error}")),
        }
    }

    /// A handle less; a forgotten one stays.
    pub fn left(&mut self) {
        self.handles -= 1;
    }

    /// `block` was handed out: it must be nobody's, and is filled.
    ///
    /// # Errors
    /// The block is misaligned, or it or a part of it is live already. It is not touched then.
    ///
    /// # Safety
    /// If nobody has it, it is memory of the layout's size.
    pub unsafe fn taken(&mut self, block: Block) -> Result<(), String> {
        let (at, size) = (block.0.addr().get(), self.layout.size());
        if !at.is_multiple_of(self.layout.align()) {
            return Err(format!("a block at {at:#x}, aligned to {}", self.layout.align()));
        }
        let below = self.live.range(..=at).next_back();
        let above = self.live.range(at..).next();
        if below.is_some_and(|(start, _)| start + size > at)
            || above.is_some_and(|(start, _)| at + size > *start)
        {
            let same = self.live.contains_key(&at);
            let what = if same { "was handed out twice" } else { "overlaps another" };
            return Err(format!("the block at {at:#x} {what}"));
        }
        if self.live.len() >= self.capacity {
            return Err(format!("more blocks are live than the capacity, {}", self.capacity));
        }
        let serial = self.serial;
        self.serial += 1;
        for nth in 0..size {
            // SAFETY: within the block.
            let byte = unsafe { block.0.add(nth) };
            // SAFETY: by the caller, since nobody has it.
            unsafe { byte.write(pattern(serial, nth)) };
        }
        self.live.insert(at, Live { block, serial });
        self.most_live = self.most_live.max(self.live.len());
        Ok(())
    }

    /// An allocation failed.
    ///
    /// # Errors
    /// Without a reason: the memory has no end, or there are more free blocks than can lie in the
    /// caches of the other handles.
    pub fn refused(&self, error: AllocError) -> Result<(), String> {
        let fine = match error {
            // A magazine's name or a chunk may be what could not be had.
            AllocError::OutOfMemory => self.may_run_out,
            AllocError::Capacity => {
                let free = self.capacity - self.live.len();
                // Forgotten handles are counted, and cannot be asked.
                free <= 2 * self.batch * self.handles.saturating_sub(1)
            }
            _ => false,
        };
        let live = self.live.len();
        fine.then_some(()).ok_or_else(|| {
            format!(
                "refused with {live} live of {}, {} handles: {error}",
                self.capacity, self.handles
            )
        })
    }

    /// Lets go of a live block, before it is given back: the `nth` oldest. `None` if none is live.
    ///
    /// # Errors
    /// It is not as it was filled.
    pub fn given(&mut self, nth: usize) -> Result<Option<Block>, String> {
        let mut serials: Vec<(u64, usize)> =
            self.live.iter().map(|(at, live)| (live.serial, *at)).collect();
        if serials.is_empty() {
            return Ok(None);
        }
        serials.sort_unstable();
        let (_, at) = serials[nth % serials.len()];
        let Some(live) = self.live.remove(&at) else { return Ok(None) };
        self.unchanged(live)?;
        Ok(Some(live.block))
    }

    /// # Errors
    /// A byte of it has changed.
    fn unchanged(&self, Live { block, serial }: Live) -> Result<(), String> {
        for nth in 0..self.layout.size() {
            // SAFETY: within the block.
            let byte = unsafe { block.0.add(nth) };
            // SAFETY: live, and filled when it was taken.
            let found = unsafe { byte.read() };
            if found != pattern(serial, nth) {
                return Err(format!("byte {nth} of the live block at {block:?} has changed"));
            }
        }
        Ok(())
    }

    /// After every operation: the limits of what is carved.
    ///
    /// # Errors
    /// One is passed.
    pub fn carved(&self, carved: usize) -> Result<(), String> {
        let (most, handles, batch) = (self.most_live, self.most_handles, self.batch);
        if carved > self.capacity {
            return Err(format!("{carved} blocks carved, the capacity is {}", self.capacity));
        }
        let bound = most + 3 * handles * batch + batch;
        if carved > bound {
            return Err(format!("{carved} blocks carved, the memory bound is {bound}"));
        }
        Ok(())
    }

    /// With no handle open: every block is live, idle, or in a forgotten handle's cache.
    ///
    /// # Errors
    /// A block is lost, or counted twice, or a live one was overwritten.
    pub fn census(&self, carved: usize, cached: usize, idle: usize) -> Result<(), String> {
        let live = self.live.len();
        if live + cached + idle != carved {
            return Err(format!("{live} live, {cached} cached, {idle} idle: {carved} were carved"));
        }
        if cached > 2 * self.batch * self.handles {
            return Err(format!("{cached} cached by {} forgotten handles", self.handles));
        }
        self.live.values().try_for_each(|live| self.unchanged(*live))
    }
}

/// What is in byte `nth` of the allocation `serial`.
fn pattern(serial: u64, nth: usize) -> u8 {
    let word = (serial + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(nth as u64 * 0x9d);
    word.to_le_bytes()[7] ^ word.to_le_bytes()[0]
}
