//! The pages of an arena: which are free, and what the others hold.
//!
//! # Contract
//!
//! Any number of threads call. Each call holds one lock while it searches and marks.
//!
//! # Invariants
//!
//! - PG1. A page's bit in the tree is clear exactly if the page belongs to a run that is handed out, and
//!   then the page's mark says to what; otherwise its mark is [`FREE`].
//! - PG2. All runs lie in the region, which goes back when this value is dropped. Each run is handed out
//!   to one user until it is given back, so `heap` never exceeds the capacity.
//! - PG3. The tree covers the pages below `covered`, and no run lies behind them.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::classes::{Classes, PAGE};
use super::marks::{FREE, MORE, RUN};
use super::runs::Runs;
use crate::alloc::bitmap::Places;
use crate::error::AllocError;
use crate::source::Source;
use crate::sync::{Mutex, MutexGuard, lock};

const SHIFT: u32 = PAGE.trailing_zeros();
/// The pages.
pub(super) struct Pages {
    start: NonNull<u8>,
    layout: Layout,
    runs: Mutex<Runs>,
}

// SAFETY: the start of the region is a number to all but the users of runs, which are disjoint (PG2).
unsafe impl Send for Pages {}
// SAFETY: as above; the runs are behind a lock.
unsafe impl Sync for Pages {}

impl Pages {
    /// The pages of a region of `layout`, which begins at `start`.
    ///
    /// # Errors
    ///
    /// The source, if there is no memory for the bits.
    ///
    /// # Safety
    ///
    /// `source` returned the region for this layout, and it is given to nobody else. The size is a
    /// multiple of a page and not zero, and the alignment at least a page.
    pub(super) unsafe fn new(
        start: NonNull<u8>,
        layout: Layout,
        source: Box<dyn Source>,
    ) -> Result<Self, Box<dyn Source>> {
        let runs = Runs::new(layout.size() >> SHIFT, source)?;
        Ok(Self { start, layout, runs: Mutex::new(runs) })
    }

    /// How many pages there are.
    pub(super) const fn len(&self) -> usize {
        self.layout.size() >> SHIFT
    }

    /// The bytes of all pages.
    pub(super) const fn bytes(&self) -> usize {
        self.layout.size()
    }

    /// Whether the address lies in one of the pages.
    pub(super) fn owns(&self, address: NonNull<u8>) -> bool {
        self.offset(address) < self.layout.size()
    }

    /// How many bytes the address lies behind the start. A large number if it lies in front.
    fn offset(&self, address: NonNull<u8>) -> usize {
        address.addr().get().wrapping_sub(self.start.addr().get())
    }

    fn at(&self, page: usize) -> NonNull<u8> {
        // SAFETY: a page of the region.
        unsafe { self.start.add(page << SHIFT) }
    }

    /// The places for runs that begin at addresses with this alignment.
    fn places(&self, align: usize) -> Places {
        Places::new(self.start.addr().get(), SHIFT, align)
    }

    /// Whether there can be a run of so many pages with this alignment, if nothing is taken.
    pub(super) fn could_serve(&self, pages: usize, align: usize) -> bool {
        let end = self.places(align).at_least(0).and_then(|first| first.checked_add(pages));
        end.is_some_and(|end| end <= self.len())
    }

    /// Takes the lock.
    pub(super) fn lock(&self) -> MutexGuard<'_, Runs> {
        lock(&self.runs)
    }

    /// Hands out a run for a chunk of the pool of a class.
    ///
    /// # Errors
    ///
    /// [`AllocError::Capacity`] if none is free; [`AllocError::OutOfMemory`] if the arena lacks memory
    /// for its records.
    pub(super) fn take_chunk(
        &self,
        pages: usize,
        align: usize,
        class: usize,
    ) -> Result<NonNull<u8>, AllocError> {
        let mut runs = self.lock();
        let first = runs.take(pages, self.places(align), self.len())?;
        if !runs.marks.fill(first, pages, Classes::mark(class)) {
            runs.give(first, pages);
            return Err(AllocError::OutOfMemory);
        }
        runs.chunks[class] += pages;
        Ok(self.at(first))
    }

    /// Takes the run of a chunk back.
    ///
    /// # Safety
    ///
    /// [`take_chunk`](Self::take_chunk) returned it for so many pages and this class, and nobody uses it
    /// any more.
    pub(super) unsafe fn give_chunk(&self, chunk: NonNull<u8>, pages: usize, class: usize) {
        let mut runs = self.lock();
        runs.give(self.offset(chunk) >> SHIFT, pages);
        runs.chunks[class] -= pages;
        runs.went_back_pages += pages as u64;
    }

    /// Hands out a run for one block of a class.
    ///
    /// # Errors
    ///
    /// [`AllocError::Unsupported`] if no such run can ever be; [`AllocError::Capacity`] if none is free;
    /// [`AllocError::OutOfMemory`] if the arena lacks memory for its records.
    pub(super) fn take_block(&self, class: usize, align: usize) -> Result<NonNull<u8>, AllocError> {
        let pages = Classes::pages(class);
        if !self.could_serve(pages, align) {
            return Err(AllocError::Unsupported);
        }
        let mut runs = self.lock();
        if !runs.reserve_large(class) {
            return Err(AllocError::OutOfMemory);
        }
        let first = runs.take(pages, self.places(align), self.len())?;
        let is_marked =
            runs.marks.fill(first, 1, RUN) && runs.marks.fill(first + 1, pages - 1, MORE);
        if !is_marked {
            runs.give(first, pages);
            return Err(AllocError::OutOfMemory);
        }
        runs.large[class] += 1;
        Ok(self.at(first))
    }

    /// The first page of a live block of a class.
    ///
    /// # Panics
    ///
    /// If the pages do not hold such a block.
    #[track_caller]
    fn first_of(&self, runs: &Runs, block: NonNull<u8>, class: usize) -> usize {
        let (first, pages) = (self.offset(block) >> SHIFT, Classes::pages(class));
        assert!(self.owns(block), "stampool: {block:p} is not of this arena");
        let begins = self.at(first) == block && runs.marks.get(first) == RUN;
        assert!(
            begins,
            "stampool: no block of this layout begins at {block:p}: it was freed, or never allocated"
        );
        let ends = first + pages <= self.len()
            && (first + 1..first + pages).all(|page| runs.marks.get(page) == MORE)
            && runs.marks.get(first + pages) != MORE;
        assert!(
            ends,
            "stampool: the block at {block:p} has another size than {} bytes",
            Classes::size(class)
        );
        first
    }

    /// Takes a block back.
    ///
    /// # Panics
    ///
    /// If no such block is live.
    ///
    /// # Safety
    ///
    /// Nobody uses the block any more.
    #[track_caller]
    pub(super) unsafe fn give_block(&self, block: NonNull<u8>, class: usize) {
        let mut runs = self.lock();
        let first = self.first_of(&runs, block, class);
        runs.give(first, Classes::pages(class));
        runs.large[class] -= 1;
    }

    /// Makes a block of one class a block of another one where it lies.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] if the pages behind it are not free.
    ///
    /// # Panics
    ///
    /// If no such block is live.
    #[track_caller]
    pub(super) fn resize_block(
        &self,
        block: NonNull<u8>,
        old: usize,
        new: usize,
    ) -> Result<NonNull<u8>, AllocError> {
        let mut runs = self.lock();
        let first = self.first_of(&runs, block, old);
        let (had, has) = (Classes::pages(old), Classes::pages(new));
        if !runs.reserve_large(new) {
            return Err(AllocError::NotInPlace);
        }
        if has < had {
            runs.give(first + has, had - has);
        } else if !runs.take_at(first + had, has - had, self.len()) {
            return Err(AllocError::NotInPlace);
        }
        runs.large[old] -= 1;
        runs.large[new] += 1;
        Ok(self.at(first))
    }

    /// What the page of an address holds.
    pub(super) fn mark(&self, address: NonNull<u8>) -> u8 {
        if !self.owns(address) {
            return FREE;
        }
        self.lock().marks.get(self.offset(address) >> SHIFT)
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        let (start, layout) = (self.start, self.layout);
        // SAFETY: obtained from this source with this layout (PG2), and all users of runs are gone.
        unsafe { self.lock().source.release(start, layout) };
    }
}
