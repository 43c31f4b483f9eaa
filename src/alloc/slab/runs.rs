//! Runs of pages: which are free, and the numbers of the others.
//!
//! The invariants are those of `pages.rs`.

use core::ptr::NonNull;

use super::classes::{PAGE, POOLED};
use super::marks::{MORE, Marks};
use crate::alloc::bitmap::{Places, Tree, words};
use crate::error::AllocError;
use crate::source::Source;

const SHIFT: u32 = PAGE.trailing_zeros();
/// The pages that the tree covers at first. It doubles when they do not suffice, so that the bits of a
/// large capacity that is little used take little memory.
const FIRST_COVERED: usize = 1 << 16;

/// Which pages are free, and what the others hold. The owner keeps it behind a lock.
pub(super) struct Runs {
    /// Leads into `words`.
    tree: Tree,
    words: Vec<u64>,
    covered: usize,
    pub(super) marks: Marks,
    /// Pages in runs that are handed out.
    taken: usize,
    /// Pages in the chunks of each class that has a pool.
    pub(super) chunks: [usize; POOLED],
    /// Pages of chunks that have gone back so far.
    pub(super) went_back_pages: u64,
    /// Large blocks that are handed out, by class.
    pub(super) large: Vec<usize>,
    /// Where the region goes back.
    pub(super) source: Box<dyn Source>,
}

// SAFETY: the tree's words are this value's own, and the source is `Send`.
unsafe impl Send for Runs {}

impl Runs {
    /// So many pages, all free.
    ///
    /// # Errors
    ///
    /// The source, if there is no memory for the bits.
    pub(super) fn new(pages: usize, source: Box<dyn Source>) -> Result<Self, Box<dyn Source>> {
        let covered = pages.min(FIRST_COVERED);
        let Some((words, tree)) = cover(covered) else { return Err(source) };
        Ok(Self {
            tree,
            words,
            covered,
            marks: Marks::new(pages),
            taken: 0,
            chunks: [0; POOLED],
            went_back_pages: 0,
            large: Vec::new(),
            source,
        })
    }

    /// Takes a run of free pages. The caller marks them.
    pub(super) fn take(
        &mut self,
        pages: usize,
        places: Places,
        len: usize,
    ) -> Result<usize, AllocError> {
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
            self.cover_to(least, len)?;
        }
    }

    /// Takes the pages from `first` on if they are free, as a part of the run in front of them. There
    /// are `len` pages in all.
    pub(super) fn take_at(&mut self, first: usize, pages: usize, len: usize) -> bool {
        let Some(end) = first.checked_add(pages).filter(|end| *end <= len) else {
            return false;
        };
        if end > self.covered && self.cover_to(end, len).is_err() {
            return false;
        }
        if self.tree.first_taken(first, end).is_some() || !self.marks.fill(first, pages, MORE) {
            return false;
        }
        self.tree.take(first, pages);
        self.taken += pages;
        true
    }

    /// Makes pages free.
    pub(super) fn give(&mut self, first: usize, pages: usize) {
        self.marks.clear(first, pages);
        self.tree.give(first, pages);
        self.taken -= pages;
    }

    /// Makes the tree cover more pages than it did, of `len`, and `end` of them at least.
    fn cover_to(&mut self, end: usize, len: usize) -> Result<(), AllocError> {
        self.cover(self.covered.saturating_mul(2).max(end).min(len))
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
    pub(super) fn reserve_large(&mut self, class: usize) -> bool {
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
