//! The mark that several threads move through one piece of memory.
//!
//! The word is the mark's distance from the start. It moves up when a block is cut off and down
//! when the last block is given back, each time by one compare-and-swap.
//!
//! No tag is needed. A thread that owns the bytes up to `e` and sees the mark at `e` knows that
//! nothing is handed out above, whatever happened before: blocks above `e` can only lie between `e`
//! and the mark. So a mark that went up and came back to `e` is as good as one that stayed.
//!
//! | site | access | ordering | why |
//! |---|---|---|---|
//! | AL-1 | load mark | Relaxed | the CAS validates it, and a refusal reads nothing through it |
//! | AL-2 | cut off: CAS | Acquire | the bytes may have been used by whoever gave them back (AL-4) |
//! | AL-3 | cut off: CAS, failed | Relaxed | as AL-1, for the next round |
//! | AL-4 | give back: CAS | Release | passes the use of the bytes on to their next owner |
//! | AL-5 | give back or lengthen: CAS, failed | Relaxed | nothing follows |
//! | AL-6 | lengthen: CAS | Acquire | as AL-2, for the bytes that are added |
//!
//! The word is changed by RMWs only, so each give-back starts a release sequence that all later
//! changes continue, and a thread that takes bytes acquires every give-back before it.
//!
//! Lock-free: an operation repeats its CAS only when another thread has moved the mark.

use core::alloc::Layout;
use core::ptr::NonNull;

use crate::error::AllocError;
use crate::sync::{AtomicUsize, const_when_shipped, site};

/// Memory of which the bytes from the mark on are free. I1: the mark is at most `len`.
pub(super) struct SharedBump {
    start: NonNull<u8>,
    len: usize,
    mark: AtomicUsize,
}

// SAFETY: each byte behind the start belongs to the thread that cut it off.
unsafe impl Send for SharedBump {}
// SAFETY: as above; the mark is atomic.
unsafe impl Sync for SharedBump {}

impl SharedBump {
    const_when_shipped! {
        /// The `len` bytes at `start`, of which the first `mark` are handed out already.
        ///
        /// # Safety
        ///
        /// They are valid, and nobody else uses the free ones as long as this value serves them.
        pub(super) unsafe fn new(start: NonNull<u8>, len: usize, mark: usize) -> Self {
            Self { start, len, mark: AtomicUsize::new(mark) }
        }
    }

    pub(super) const fn start(&self) -> NonNull<u8> {
        self.start
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Bytes below the mark.
    #[inline(always)]
    pub(super) fn used(&self) -> usize {
        // ORDERING(AL-1): Relaxed. Validated by AL-2, or a statistic.
        self.mark.load(site::MARK_LOAD.ordering())
    }

    /// Where a block of `layout` begins and ends behind a mark at `mark`, if it fits.
    #[inline(always)]
    pub(super) fn fit(&self, mark: usize, layout: Layout) -> Option<(usize, usize)> {
        let address = self.start.addr().get().wrapping_add(mark);
        let padding = address.wrapping_neg() & (layout.align() - 1);
        // A layout's size, rounded up to its alignment, is at most `isize::MAX`, and the padding is
        // below the alignment. So the sum does not overflow.
        let needed = padding + layout.size();
        (needed <= self.len - mark).then(|| (mark + padding, mark + needed))
    }

    /// Cuts a block off, or leaves everything as it is.
    #[inline(always)]
    pub(super) fn take(&self, layout: Layout) -> Option<NonNull<u8>> {
        let mut mark = self.used();
        loop {
            let (begin, end) = self.fit(mark, layout)?;
            // ORDERING(AL-2): Acquire on success. Observes the use of these bytes by those who gave
            //   them back.
            //   pairs with AL-4; killed by bump/free_allocate
            // ORDERING(AL-3): Relaxed on failure. Validated by the next CAS.
            match self.mark.compare_exchange(
                mark,
                end,
                site::MARK_TAKE.ordering(),
                site::MARK_TAKE_FAILED.ordering(),
            ) {
                // SAFETY: the block lies in the memory (`fit`).
                Ok(_) => return Some(unsafe { self.start.add(begin) }),
                Err(now) => mark = now,
            }
        }
    }

    /// How far from the start the block's end is, if the block has bytes and can be the last one.
    #[inline(always)]
    fn end_of(&self, block: NonNull<u8>, size: usize) -> Option<usize> {
        let begin = block.addr().get().wrapping_sub(self.start.addr().get());
        let end = begin.wrapping_add(size);
        (size != 0 && begin < self.len && end <= self.len && self.used() == end).then_some(end)
    }

    /// Takes the bytes of a block from `kept` on back if it is the last one.
    ///
    /// # Safety
    ///
    /// The caller owns the block, `kept` is at most its size, and the caller gives up what lies
    /// behind.
    #[inline(always)]
    pub(super) unsafe fn give(&self, block: NonNull<u8>, size: usize, kept: usize) {
        let Some(end) = self.end_of(block, size) else { return };
        // ORDERING(AL-4): Release on success. Passes the use of these bytes on.
        //   pairs with AL-2, AL-6; killed by bump/free_allocate
        // ORDERING(AL-5): Relaxed on failure. The block is not the last one any more, and stays.
        _ = self.mark.compare_exchange(
            end,
            end - size + kept,
            site::MARK_GIVE.ordering(),
            site::MARK_MOVED.ordering(),
        );
    }

    /// Moves the end of the last block further.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`]: it is not the last one, there is no room behind it, or it is not
    /// aligned as the new layout asks.
    ///
    /// # Safety
    ///
    /// The caller owns the block, and the new size is not smaller.
    #[inline(always)]
    pub(super) unsafe fn lengthen(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let more = new.size() - old.size();
        let end = self.end_of(block, old.size()).ok_or(AllocError::NotInPlace)?;
        if more > self.len - end || block.addr().get() & (new.align() - 1) != 0 {
            return Err(AllocError::NotInPlace);
        }
        // ORDERING(AL-6): Acquire on success. As AL-2, for the bytes that are added.
        //   pairs with AL-4; killed by bump/free_grow
        // ORDERING(AL-5): Relaxed on failure. The block is not the last one any more.
        let moved = self.mark.compare_exchange(
            end,
            end + more,
            site::MARK_LENGTHEN.ordering(),
            site::MARK_MOVED.ordering(),
        );
        moved.map_err(|_| AllocError::NotInPlace)?;
        Ok(NonNull::slice_from_raw_parts(block, new.size()))
    }

    /// Moves the end of a block back. What it leaves is free if it was the last block.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`]: it is not aligned as the new layout asks.
    ///
    /// # Safety
    ///
    /// The caller owns the block, and the new size is not larger.
    #[inline(always)]
    pub(super) unsafe fn shorten(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if block.addr().get() & (new.align() - 1) != 0 {
            return Err(AllocError::NotInPlace);
        }
        // SAFETY: by the caller.
        unsafe { self.give(block, old.size(), new.size()) };
        Ok(NonNull::slice_from_raw_parts(block, new.size()))
    }
}
