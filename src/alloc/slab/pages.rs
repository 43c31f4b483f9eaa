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

use super::classes::{Classes, PAGE, POOLED};
use super::marks::{FREE, MORE, Marks, RUN};
use crate::alloc::bitmap::{Places, Tree, words};
use crate::error::AllocError;
use crate::source::Source;
use crate::sync::{Mutex, MutexGuard, lock};

const SHIFT: u32 = PAGE.trailing_zeros();
/// The pages that the tree covers at first. It doubles when they do not suffice, so that the bits of a
/// large capacity that is little used take little memory.
const FIRST_COVERED: usize = 1 << 16;

/// The pages.
pub(super) struct Pages {
    start: NonNull<u8>,
    layout: Layout,
    state: Mutex<State>,
}

/// What the lock guards.
pub(super) struct State {
    /// Leads into `words`.
    tree: Tree,
    words: Vec<u64>,
    covered: usize,
    marks: Marks,
    /// Pages in runs that are handed out.
    taken: usize,
    /// Pages in the chunks of each class that has a pool.
    chunks: [usize; POOLED],
    /// Large blocks that are handed out, by class.
    large: Vec<usize>,
    source: Box<dyn Source>,
}

// SAFETY: the tree's words are this value's own, and the source is `Send`.
unsafe impl Send for State {}
// SAFETY: the start of the region is a number to all but the users of runs, which are disjoint (PG2).
unsafe impl Send for Pages {}
// SAFETY: as above; the state is behind a lock.
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
        let covered = (layout.size() >> SHIFT).min(FIRST_COVERED);
        let Some((words, tree)) = cover(covered) else { return Err(source) };
        let marks = Marks::new(layout.size() >> SHIFT);
        let state = State {
            tree,
            words,
            covered,
            marks,
            taken: 0,
            chunks: [0; POOLED],
            large: Vec::new(),
            source,
        };
        Ok(Self { start, layout, state: Mutex::new(state) })
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
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
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
        let mut state = self.lock();
        let first = state.take(pages, self.places(align), self.len())?;
        if !state.marks.fill(first, pages, Classes::mark(class)) {
            state.give(first, pages);
            return Err(AllocError::OutOfMemory);
        }
        state.chunks[class] += pages;
        Ok(self.at(first))
    }

    /// Takes the run of a chunk back.
    ///
    /// # Safety
    ///
    /// [`take_chunk`](Self::take_chunk) returned it for so many pages and this class, and nobody uses it
    /// any more.
    pub(super) unsafe fn give_chunk(&self, chunk: NonNull<u8>, pages: usize, class: usize) {
        let mut state = self.lock();
        state.give(self.offset(chunk) >> SHIFT, pages);
        state.chunks[class] -= pages;
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
        let mut state = self.lock();
        if !state.reserve_large(class) {
            return Err(AllocError::OutOfMemory);
        }
        let first = state.take(pages, self.places(align), self.len())?;
        let is_marked =
            state.marks.fill(first, 1, RUN) && state.marks.fill(first + 1, pages - 1, MORE);
        if !is_marked {
            state.give(first, pages);
            return Err(AllocError::OutOfMemory);
        }
        state.large[class] += 1;
        Ok(self.at(first))
    }

    /// The first page of a live block of a class.
    ///
    /// # Panics
    ///
    /// If the pages do not hold such a block.
    #[track_caller]
    fn first_of(&self, state: &State, block: NonNull<u8>, class: usize) -> usize {
        let (first, pages) = (self.offset(block) >> SHIFT, Classes::pages(class));
        assert!(self.owns(block), "{block:p} is not of this arena");
        let begins = self.at(first) == block && state.marks.get(first) == RUN;
        assert!(
            begins,
            "no block of this layout begins at {block:p}: it was freed, or never allocated"
        );
        let ends = first + pages <= self.len()
            && (first + 1..first + pages).all(|page| state.marks.get(page) == MORE)
            && state.marks.get(first + pages) != MORE;
        assert!(
            ends,
            "the block at {block:p} has another size than {} bytes",
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
        let mut state = self.lock();
        let first = self.first_of(&state, block, class);
        state.give(first, Classes::pages(class));
        state.large[class] -= 1;
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
        let mut state = self.lock();
        let first = self.first_of(&state, block, old);
        let (had, has) = (Classes::pages(old), Classes::pages(new));
        if !state.reserve_large(new) {
            return Err(AllocError::NotInPlace);
        }
        if has < had {
            state.give(first + has, had - has);
        } else if !state.take_at(first + had, has - had) {
            return Err(AllocError::NotInPlace);
        }
        state.large[old] -= 1;
        state.large[new] += 1;
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

impl State {
    /// Takes a run of free pages. The caller marks them.
    fn take(&mut self, pages: usize, places: Places, len: usize) -> Result<usize, AllocError> {
        let least = places.at_least(0).and_then(|first| first.checked_add(pages));
        let least = least.filter(|end| *end <= len).ok_or(AllocError::Capacity)?;
        loop {
            if least <= self.covered
                && let Some(first) = self.tree.find_place(pages, places, 0)
            {
                self.tree.take(first, pages);
                self.taken += pages;
                return Ok(first);
            }
            if self.covered == len {
                return Err(AllocError::Capacity);
            }
            self.cover(self.covered.saturating_mul(2).max(least).min(len))?;
        }
    }

    /// Takes the pages from `first` on if they are free, as a part of the run in front of them.
    fn take_at(&mut self, first: usize, pages: usize) -> bool {
        let Some(end) = first.checked_add(pages).filter(|end| *end <= self.covered) else {
            return false;
        };
        if self.tree.first_taken(first, end).is_some() || !self.marks.fill(first, pages, MORE) {
            return false;
        }
        self.tree.take(first, pages);
        self.taken += pages;
        true
    }

    /// Makes pages free.
    fn give(&mut self, first: usize, pages: usize) {
        self.marks.clear(first, pages);
        self.tree.give(first, pages);
        self.taken -= pages;
    }

    /// Makes the tree cover `pages` pages, which is more than it did.
    fn cover(&mut self, pages: usize) -> Result<(), AllocError> {
        let (words, tree) = cover(pages).ok_or(AllocError::OutOfMemory)?;
        let mut at = 0;
        for (first, end) in self.tree.runs(0) {
            tree.take(at, first - at);
            at = end;
        }
        tree.take(at, self.covered - at);
        (self.tree, self.words, self.covered) = (tree, words, pages);
        Ok(())
    }

    /// Makes room for the count of a class of large blocks.
    fn reserve_large(&mut self, class: usize) -> bool {
        let more = (class + 1).saturating_sub(self.large.len());
        let there = self.large.try_reserve(more).is_ok();
        if there && more > 0 {
            self.large.resize(class + 1, 0);
        }
        there
    }

    /// Bytes in runs that are handed out.
    pub(super) const fn heap_bytes(&self) -> usize {
        self.taken << SHIFT
    }

    /// Bytes in the chunks of a class that has a pool.
    pub(super) const fn chunk_bytes(&self, class: usize) -> usize {
        self.chunks[class] << SHIFT
    }

    /// Bytes of the records of the pages.
    pub(super) fn record_bytes(&self) -> usize {
        size_of_val(&*self.words) + self.marks.bytes() + size_of_val(&*self.large)
    }

    /// The classes of large blocks, and how many of each are handed out.
    pub(super) fn large(&self) -> impl Iterator<Item = (usize, usize)> {
        self.large.iter().copied().enumerate().filter(|(_, blocks)| *blocks > 0)
    }

    /// Makes the pages of all large blocks free.
    pub(super) fn give_all_blocks(&mut self) {
        let mut at = 0;
        while let Some((first, pages)) = self.marks.run_from(at) {
            self.give(first, pages);
            at = first + pages;
        }
        self.large.clear();
    }
}

/// A tree over so many pages, all free, and its words.
fn cover(pages: usize) -> Option<(Vec<u64>, Tree)> {
    let len = words(pages);
    let mut memory = Vec::<u64>::new();
    memory.try_reserve_exact(len).ok()?;
    memory.resize(len, 0);
    let first = NonNull::new(memory.as_mut_ptr()).expect("a vector's pointer is not null");
    // SAFETY: so many words are there, and the vector is kept beside the tree and not touched.
    let tree = unsafe { Tree::new(first, pages) };
    Some((memory, tree))
}

impl Drop for Pages {
    fn drop(&mut self) {
        let (start, layout) = (self.start, self.layout);
        // SAFETY: obtained from this source with this layout (PG2), and all users of runs are gone.
        unsafe { self.lock().source.release(start, layout) };
    }
}
