//! Magazines: the descriptors in which blocks travel between threads.
//!
//! A block's own bytes never hold a link: a stale popper may read a link at any time, and the
//! block's user writes the bytes at any time. A magazine is never freed before the pool is, so a
//! stale reader meets a magazine, whichever thread owns it by now.
//!
//! # Who may touch what
//!
//! | field | owner of the magazine | anyone who has met its reference |
//! |---|---|---|
//! | `link` | writes before publishing, reads after taking | reads; a removal CAS validates |
//! | `count` | writes before publishing, reads after taking; stale once unloaded | reads; a removal CAS validates |
//! | `index`, `created` | reads | reads |
//! | the blocks behind it | reads and writes | never |

use core::alloc::Layout;
use core::ptr::NonNull;

use super::MagazineStore;
use crate::block::{Block, LINE};
use crate::sync::{AtomicU32, AtomicUsize, UnsafeCell, Witness, site};

/// Head of a magazine; the array of a batch of blocks, the largest there is, follows it in memory.
#[repr(C)]
pub struct Magazine {
    link: AtomicUsize,
    count: AtomicU32,
    /// Place in the directory, where the pool keeps one.
    pub(super) index: u32,
    /// Says that a thread that reaches the magazine has acquired its creation.
    created: Witness,
    /// Guards the array behind the head: one cell for all of it.
    blocks: UnsafeCell<()>,
}

/// What a link or a head holds: nothing, a magazine's address, or its index.
///
/// Addresses are even; an index i stands as 2i + 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MagazineRef(usize);

impl MagazineRef {
    /// No magazine.
    pub const NONE: Self = Self(0);

    /// The magazine at an exposed address, or none for 0.
    #[inline]
    pub const fn from_address(address: usize) -> Self {
        Self(address)
    }

    /// The magazine with this directory index.
    #[inline]
    pub const fn from_index(index: u32) -> Self {
        Self((index as usize) << 1 | 1)
    }

    /// Whether there is no magazine.
    #[inline]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The directory index, where this is one.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "an index was 32 bits wide")]
    pub const fn index(self) -> Option<u32> {
        if self.0 & 1 == 1 { Some((self.0 >> 1) as u32) } else { None }
    }

    /// The address, where this is one; 0 for none.
    #[inline]
    pub const fn address(self) -> usize {
        self.0
    }
}

impl Magazine {
    /// Layout of a magazine with room for so many blocks, padded to cache lines, or `None` where it
    /// overflows.
    pub fn layout(room: usize) -> Option<Layout> {
        let blocks = Layout::array::<Block>(room).ok()?;
        let (layout, offset) = Layout::new::<Self>().extend(blocks).ok()?;
        debug_assert_eq!(offset, size_of::<Self>(), "the blocks follow the head directly");
        // Keeps neighbouring magazines off each other's lines.
        Some(layout.align_to(LINE).ok()?.pad_to_align())
    }

    pub(super) fn new(index: u32) -> Self {
        Self {
            link: AtomicUsize::new(0),
            count: AtomicU32::new(0),
            index,
            created: Witness::created(),
            blocks: UnsafeCell::new(()),
        }
    }

    /// The link as anyone may see it. It may belong to another list by now: only a removal CAS
    /// says whether it was the one meant.
    #[inline]
    pub fn stale_link(&self) -> MagazineRef {
        self.created.acquired();
        // ORDERING(FL-6): Acquire. Observes the creation of the next magazine of a walk, which may
        //   have been made since the walker loaded the head.
        //   pairs with FL-2 (push: link, Release); killed by list/walk_growth
        MagazineRef(self.link.load(site::REMOVE_LINK.ordering()))
    }

    /// The count as anyone may see it.
    #[inline]
    pub fn stale_count(&self) -> u32 {
        self.created.acquired();
        // ORDERING(FL-7): Relaxed. A count of the list's own magazine is ordered by the head or the
        //   link that led here; any other is refused by the CAS at FL-8.
        self.count.load(site::REMOVE_COUNT.ordering())
    }
}

/// Exclusive ownership of a magazine that is in no list.
///
/// Letting go of one loses it and its blocks until the pool is dropped.
#[must_use = "a magazine that is let go of is lost to the pool"]
pub struct OwnedMagazine<'s> {
    magazine: NonNull<Magazine>,
    store: &'s MagazineStore,
    pub(super) reuse: Reuse,
}

/// Where a magazine may go, under strategies whose magazines come back late. The others take no
/// notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// No thread looks at it: it may go where poppers look without a lock.
    Reusable,
    /// Removed from such a place: a thread may still look at it.
    Observed,
    /// Removed from behind a lock, where it was because it was not reusable. It still is not.
    LockOnly,
}

// SAFETY: the magazine is in no list and has one owner; what it holds are blocks, which are `Send`.
unsafe impl Send for OwnedMagazine<'_> {}

impl<'s> OwnedMagazine<'s> {
    /// Takes ownership.
    ///
    /// # Safety
    ///
    /// The magazine is of `store`, it is in no list, no other thread owns it, and no thread looks
    /// at it any more, where a strategy asks for that.
    #[inline]
    pub unsafe fn assume(magazine: NonNull<Magazine>, store: &'s MagazineStore) -> Self {
        Self { magazine, store, reuse: Reuse::Reusable }
    }

    /// Takes a magazine that a removal brought from an open list for one that was reusable when it
    /// was put there, and has been nowhere else.
    ///
    /// # Safety
    ///
    /// It comes from a list to which only reusable magazines go, or behind the lock; and the next
    /// list that it goes to is not the one that it comes from.
    #[inline]
    pub unsafe fn assume_reusable(mut self) -> Self {
        if self.reuse == Reuse::Observed {
            self.reuse = Reuse::Reusable;
        }
        self
    }

    /// Whether it may go where poppers look without a lock.
    #[inline]
    pub fn is_reusable(&self) -> bool {
        self.reuse == Reuse::Reusable
    }

    /// Lets go of it for [`assume`](Self::assume), once it is reusable again.
    #[inline]
    pub fn release(self) -> NonNull<Magazine> {
        self.magazine
    }

    /// The magazine's name in links and heads.
    #[inline]
    pub fn name(&self) -> MagazineRef {
        self.store.name(self.magazine)
    }

    #[inline]
    fn head(&self) -> &Magazine {
        // SAFETY: magazines live as long as their store, and heads are only shared, never `&mut`.
        unsafe { self.magazine.as_ref() }
    }

    /// How many blocks are in it.
    #[inline]
    pub fn len(&self) -> usize {
        self.head().created.acquired();
        // ORDERING(FL-12): Relaxed. Exclusive owner.
        self.head().count.load(site::OWNED_COUNT.ordering()) as usize
    }

    /// Whether there are no blocks in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
    fn set_len(&mut self, len: usize) {
        let len = u32::try_from(len).expect("a batch is below 2^32");
        // ORDERING(FL-12): Relaxed. Exclusive owner; published by FL-3.
        self.head().count.store(len, site::OWNED_COUNT.ordering());
    }

    /// Writes the link for a push. The push loop may do this several times before it publishes.
    #[inline]
    pub(super) fn set_link(&mut self, next: MagazineRef) {
        // ORDERING(FL-2): Release. Publishes the creation of `next`, which this thread acquired
        //   at FL-1, to walkers that come by a stale head.
        //   pairs with FL-6 (walk: link, Acquire); killed by list/walk_growth
        self.head().link.store(next.0, site::PUSH_LINK.ordering());
    }

    /// The link as left by the last push, for walking a chain that the caller took.
    #[inline]
    pub(super) fn link(&self) -> MagazineRef {
        // ORDERING(FL-11): Relaxed. Exclusive owner.
        MagazineRef(self.head().link.load(site::OWNED_LINK.ordering()))
    }

    /// Runs `f` on the array behind the head.
    #[inline]
    fn with_blocks<R>(&mut self, f: impl FnOnce(*mut Block) -> R) -> R {
        self.head().created.acquired();
        // SAFETY: the array begins right behind the head, in the same allocation.
        let blocks = unsafe { self.magazine.add(1) }.cast::<Block>().as_ptr();
        self.head().blocks.with_mut(|_| f(blocks))
    }

    /// Makes `blocks` its blocks. Whatever it held is forgotten: call on an unloaded or a new
    /// magazine.
    ///
    /// # Panics
    ///
    /// If they don't fit: a magazine holds one batch.
    #[inline]
    pub fn fill(&mut self, blocks: &[Block]) {
        self.write(0, blocks);
    }

    /// Adds blocks behind those that it holds.
    ///
    /// # Panics
    ///
    /// If they don't fit: a magazine holds one batch.
    #[inline]
    pub fn append(&mut self, blocks: &[Block]) {
        self.write(self.len(), blocks);
    }

    #[inline]
    fn write(&mut self, len: usize, blocks: &[Block]) {
        let total = len + blocks.len();
        assert!(
            total <= self.store.room(),
            "{total} blocks in a magazine of one batch, the largest"
        );
        self.with_blocks(|array| {
            // SAFETY: `len` is within the array.
            let end = unsafe { array.add(len) };
            // SAFETY: `blocks` fits behind `len` by the assertion; the array is ours, so it does
            // not overlap what the caller lent.
            unsafe { blocks.as_ptr().copy_to_nonoverlapping(end, blocks.len()) };
        });
        self.set_len(total);
    }

    /// Copies all its blocks to the start of `out` and returns how many. The magazine is void
    /// afterwards: its count is stale, and only [`fill`](Self::fill) makes sense of it again.
    ///
    /// # Panics
    ///
    /// If `out` is shorter than what it holds.
    #[inline]
    pub fn unload(&mut self, out: &mut [MaybeBlock]) -> usize {
        let len = self.len();
        let out = &mut out[..len];
        self.with_blocks(|array| {
            // SAFETY: `len` written blocks from the array's start; `out` has room for them and is
            // not the array.
            unsafe { array.copy_to_nonoverlapping(out.as_mut_ptr().cast(), len) };
        });
        len
    }

    /// Takes up to `out.len()` blocks off its end. Returns how many.
    #[inline]
    pub fn take(&mut self, out: &mut [MaybeBlock]) -> usize {
        let len = self.len();
        let taken = len.min(out.len());
        self.with_blocks(|array| {
            // SAFETY: `taken <= len`, and `len` blocks are in the array.
            let start = unsafe { array.add(len - taken) };
            // SAFETY: `taken` written blocks from `start`; `out` has room for them and is not
            // the array.
            unsafe { start.copy_to_nonoverlapping(out.as_mut_ptr().cast(), taken) };
        });
        self.set_len(len - taken);
        taken
    }
}

impl OwnedMagazine<'_> {
    /// Ends the magazine: it is in no list, and will be in none again. Only a checker's atomics
    /// need it; a shipped magazine is plain memory.
    pub fn end(self) {
        // SAFETY: owned, and this is the last that is heard of it. A stale look at it meets plain
        // memory where it is shipped, and none comes where a checker's execution ends.
        unsafe { self.magazine.drop_in_place() };
    }
}

/// Room for a block.
pub type MaybeBlock = core::mem::MaybeUninit<Block>;
