//! The mark that several threads move through one piece of memory.
//!
//! The mark moves up when a block is cut off and down when the last block is given back, each time
//! by one compare-and-swap.
//!
//! No tag is needed. A thread that owns the bytes up to `e` and sees the mark at `e` knows that
//! nothing is handed out above, whatever happened before: blocks above `e` can only lie between `e`
//! and the mark. So a mark that went up and came back to `e` is as good as one that stayed.
//!
//! | site | access | ordering | why |
//! |---|---|---|---|
//! | AL-1 | load mark | Relaxed | the CAS validates it, and a refusal reads nothing through it |
//! | AL-2 | cut off: CAS | Acquire | observes the use of the bytes before they came back (AL-4) |
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

use super::bump::{fit, is_aligned};
use super::served::Served;
use crate::error::AllocError;
use crate::sync::{AtomicPtr, const_when_shipped, site};

/// Memory of which the bytes from the mark on are free.
///
/// - AB1. The mark is between `start` and `end`.
pub(super) struct AtomicBump {
    start: NonNull<u8>,
    end: NonNull<u8>,
    mark: AtomicPtr<u8>,
}

// SAFETY: each byte behind the start belongs to the thread that cut it off.
unsafe impl Send for AtomicBump {}
// SAFETY: as above; the mark is atomic.
unsafe impl Sync for AtomicBump {}

impl AtomicBump {
    const_when_shipped! {
        /// The memory from `start` to `end`, of which what lies below `mark` is handed out already.
        ///
        /// # Safety
        ///
        /// It is valid, `mark` leads into it, and nobody else uses the rest as long as this value
        /// serves it.
        pub(super) unsafe fn new(start: NonNull<u8>, mark: NonNull<u8>, end: NonNull<u8>) -> Self {
            Self { start, end, mark: AtomicPtr::new(mark.as_ptr()) }
        }
    }

    pub(super) const fn start(&self) -> NonNull<u8> {
        self.start
    }

    pub(super) const fn end(&self) -> NonNull<u8> {
        self.end
    }

    #[inline(always)]
    fn mark(&self) -> NonNull<u8> {
        // ORDERING(AL-1): Relaxed. Validated by AL-2, or a statistic.
        let mark = self.mark.load(site::MARK_LOAD.ordering());
        // SAFETY: the mark leads into the memory (AB1).
        unsafe { NonNull::new_unchecked(mark) }
    }

    /// Bytes below the mark.
    pub(super) fn used(&self) -> usize {
        self.mark().addr().get() - self.start.addr().get()
    }

    /// Cuts a block off, or leaves everything as it is.
    #[inline(always)]
    pub(super) fn take(&self, layout: Layout) -> Option<NonNull<u8>> {
        let mut mark = self.mark();
        loop {
            let (block, end) = fit(mark, self.end, layout)?;
            // ORDERING(AL-2): Acquire on success. Observes the use of these bytes by those who gave
            //   them back.
            //   pairs with AL-4; killed by bump/free_allocate
            // ORDERING(AL-3): Relaxed on failure. Validated by the next CAS.
            match self.mark.compare_exchange(
                mark.as_ptr(),
                end.as_ptr(),
                site::MARK_TAKE.ordering(),
                site::MARK_TAKE_FAILED.ordering(),
            ) {
                Ok(_) => return Some(block),
                // SAFETY: the mark leads into the memory (AB1).
                Err(now) => mark = unsafe { NonNull::new_unchecked(now) },
            }
        }
    }

    /// The mark, if it is the end of a block that has bytes.
    #[inline(always)]
    fn end_of(&self, block: NonNull<u8>, size: usize) -> Option<NonNull<u8>> {
        let mark = self.mark();
        (size != 0 && block.addr().get() + size == mark.addr().get()).then_some(mark)
    }

    /// Takes a block back if it is the last one.
    ///
    /// # Safety
    ///
    /// The caller owns the block, and gives it up.
    #[inline(always)]
    pub(super) unsafe fn give(&self, block: NonNull<u8>, size: usize) {
        // SAFETY: by the caller.
        unsafe { self.cut(block, size, 0) }
    }

    /// Takes the bytes of a block from `kept` on back if it is the last one.
    ///
    /// # Safety
    ///
    /// The caller owns the block, `kept` is at most its size, and the caller gives up what lies
    /// behind.
    #[inline(always)]
    unsafe fn cut(&self, block: NonNull<u8>, size: usize, kept: usize) {
        let Some(end) = self.end_of(block, size) else { return };
        // From the mark: the caller's pointer may be good for the block alone.
        // SAFETY: in the block, or at its end.
        let lower = unsafe { end.sub(size - kept) };
        // ORDERING(AL-4): Release on success. Passes the use of these bytes on.
        //   pairs with AL-2, AL-6; killed by bump/free_allocate
        // ORDERING(AL-5): Relaxed on failure. The block is not the last one any more, and stays.
        _ = self.mark.compare_exchange(
            end.as_ptr(),
            lower.as_ptr(),
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
    pub(super) unsafe fn grow(&self, block: NonNull<u8>, old: Layout, new: Layout) -> Served {
        let end = self.end_of(block, old.size()).ok_or(AllocError::NotInPlace)?;
        // The mark was the block's end, so the block does not lie behind the end of the memory.
        let room = self.end.addr().get() - block.addr().get();
        if new.size() > room || !is_aligned(block, old, new) {
            return Err(AllocError::NotInPlace);
        }
        // From the mark: the caller's pointer may be good for the old bytes alone.
        // SAFETY: the block lies directly below the mark.
        let block = unsafe { end.sub(old.size()) };
        // SAFETY: the new size fits between the block's start and the end.
        let higher = unsafe { block.add(new.size()) };
        // ORDERING(AL-6): Acquire on success. As AL-2, for the bytes that are added.
        //   pairs with AL-4; killed by bump/free_grow
        // ORDERING(AL-5): Relaxed on failure. The block is not the last one any more.
        let moved = self.mark.compare_exchange(
            end.as_ptr(),
            higher.as_ptr(),
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
    pub(super) unsafe fn shrink(&self, block: NonNull<u8>, old: Layout, new: Layout) -> Served {
        if !is_aligned(block, old, new) {
            return Err(AllocError::NotInPlace);
        }
        // SAFETY: by the caller.
        unsafe { self.cut(block, old.size(), new.size()) };
        Ok(NonNull::slice_from_raw_parts(block, new.size()))
    }
}
