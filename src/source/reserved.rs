//! Address space that is reserved first, and becomes memory by steps.

use core::alloc::Layout;
use core::ptr::NonNull;

use rustix::io::Errno;
use rustix::mm::{Advice, MapFlags, MprotectFlags, ProtFlags};

use super::mmap::{MapError, sys};
use super::{OwningSource, Source};

/// The step by which address space becomes memory, in bytes, unless the user sets one.
const STEP_BYTES: usize = 2 << 20;

/// Cuts regions one after another from a range of addresses that it reserves when it is made, and
/// that becomes memory by steps.
///
/// ```text
///  base                        used        committed                      base + reserved
///   | region | region | region  |   memory   |   addresses without memory   |
///                               extend -->     commit -->
/// ```
///
/// A reservation costs no memory, so it may be as large as the address space: a terabyte works. The
/// last region can be [extended](Source::extend) up to the end, so a linear allocator has one chunk
/// that grows in place, whatever it comes to.
///
/// # When to take it
///
/// Take it where the size is not known beforehand and addresses must stay. It is a bump: only the
/// last region's addresses come back when it is released. Do not take it for regions that come and
/// go in any order, for which [`Mapped`](super::Mapped) returns addresses as well. Its pages are plain.
/// For huge pages or a NUMA node give a `Mapped` that has
/// [`no_reserve`](super::MapOptions::no_reserve) to an allocator whose first chunk has the whole size.
/// On a `Reserved` a large first chunk only commits the memory early.
///
/// # Shape
///
/// Regions begin and end at pages. [`with_step`](Self::with_step) sets the step, 2 MiB by default.
/// Memory counts against the system's limits when it is committed, not when it is reserved. Only
/// `ulimit -v` limits the addresses: it counts the whole range at the reservation, and nothing at a
/// commit.
///
/// # Release
///
/// The pages of a region go back to the system when the region is released. The addresses of the
/// last region are handed out again; those of others stay unused until the drop, which gives
/// everything back. A member's reset keeps its largest chunk, which here is its only one, so the pages
/// of that chunk stay resident until the member is dropped.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::source::{Reserved, Source};
///
/// let mut source = Reserved::new(1 << 40)?;
/// let (old, new) = (Layout::new::<[u8; 4096]>(), Layout::new::<[u8; 1 << 20]>());
/// let region = source.obtain(old).expect("memory");
/// // SAFETY: the region is live, of this layout, and the new one is larger.
/// assert!(unsafe { source.extend(region, old, new) });
/// assert!(source.committed_bytes() < 10 << 20);
/// # Ok::<(), stampool::source::MapError>(())
/// ```
#[derive(Debug)]
pub struct Reserved {
    base: NonNull<u8>,
    reserved: usize,
    /// The bytes below are memory.
    ///
    /// - RV1. `used <= committed <= reserved`.
    committed: usize,
    /// Where the next region begins.
    ///
    /// - RV2. All regions lie below, and end at pages.
    used: usize,
    step: usize,
    page: usize,
}

// SAFETY: the source owns its range; the base pointer is not shared with anyone.
unsafe impl Send for Reserved {}

impl Reserved {
    /// Reserves `bytes` bytes of address space, rounded up to pages.
    ///
    /// # Errors
    ///
    /// [`MapError::TooLarge`] or [`MapError::Refused`].
    pub fn new(bytes: usize) -> Result<Self, MapError> {
        Self::with_step(bytes, STEP_BYTES)
    }

    /// The same, with a step of `step_bytes`, rounded up to pages.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_step(bytes: usize, step_bytes: usize) -> Result<Self, MapError> {
        let page = sys::page_bytes();
        let whole = |bytes: usize| bytes.max(1).checked_next_multiple_of(page);
        let reserved = whole(bytes).filter(|reserved| isize::try_from(*reserved).is_ok());
        let reserved = reserved.ok_or(MapError::TooLarge { bytes })?;
        let step = whole(step_bytes).unwrap_or(reserved);
        let base = sys::reserve(reserved).map_err(|errno| sys::refused(errno, bytes))?;
        Ok(Self { base, reserved, committed: 0, used: 0, step, page })
    }

    /// Bytes of address space.
    pub const fn reserved_bytes(&self) -> usize {
        self.reserved
    }

    /// Bytes of it that are memory.
    pub const fn committed_bytes(&self) -> usize {
        self.committed
    }

    /// How many bytes behind the base the next region may begin. All bytes below count, also those that
    /// were skipped for alignment, and those of regions that went back.
    pub const fn used_bytes(&self) -> usize {
        self.used
    }

    /// Where a region that ends so many bytes behind the base really ends, if it can.
    fn end_of(&self, end: usize) -> Option<usize> {
        end.checked_next_multiple_of(self.page).filter(|end| *end <= self.reserved)
    }

    /// Makes the bytes below `end` memory, and takes them.
    fn take(&mut self, end: usize) -> Option<()> {
        if end > self.committed {
            let by_steps = end.checked_next_multiple_of(self.step).unwrap_or(self.reserved);
            let most = by_steps.min(self.reserved);
            // The last step may be more than there is.
            self.commit(most).or_else(|_| self.commit(end)).ok()?;
        }
        self.used = end;
        Some(())
    }

    fn commit(&mut self, end: usize) -> Result<(), Errno> {
        // SAFETY: in the range, or at its end.
        let first = unsafe { self.base.add(self.committed) };
        let prot = MprotectFlags::READ | MprotectFlags::WRITE;
        let address = first.as_ptr().cast();
        // SAFETY: the pages are reserved and this value's, and nobody uses them.
        unsafe { rustix::mm::mprotect(address, end - self.committed, prot) }?;
        self.committed = end;
        Ok(())
    }

    /// Makes whole steps above `used` addresses without memory again. Where the kernel refuses,
    /// they stay memory.
    fn uncommit(&mut self) {
        let kept = self.used.next_multiple_of(self.step).min(self.committed);
        if kept == self.committed {
            return;
        }
        // SAFETY: in the range.
        let first = unsafe { self.base.add(kept) };
        let (prot, flags) = (ProtFlags::empty(), MapFlags::NORESERVE);
        // SAFETY: the pages are this value's, and no region lies above `used` (RV2).
        if unsafe { sys::replace(first, self.committed - kept, prot, flags) }.is_ok() {
            self.committed = kept;
        }
    }

    /// Where a region begins, in bytes behind the base.
    fn offset(&self, region: NonNull<u8>) -> usize {
        region.addr().get() - self.base.addr().get()
    }
}

// SAFETY: regions are cut from the range from front to back, within its memory (RV1, RV2). One that
// is cut anew was released before.
unsafe impl Source for Reserved {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        if layout.size() == 0 {
            return None;
        }
        let next = self.base.addr().get() + self.used;
        let start = self.used + (next.checked_next_multiple_of(layout.align())? - next);
        let end = self.end_of(start.checked_add(layout.size())?)?;
        self.take(end)?;
        // SAFETY: below the end, which is in the range.
        Some(unsafe { self.base.add(start) })
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        let start = self.offset(region);
        let end = self.end_of(start + layout.size()).expect("as it was obtained");
        // A failure leaves the pages with the process until the drop.
        // SAFETY: by the caller the region is this value's, and nobody reads it any more.
        _ = unsafe {
            rustix::mm::madvise(region.as_ptr().cast(), end - start, Advice::LinuxDontNeed)
        };
        if end == self.used {
            self.used = start;
            self.uncommit();
        }
    }

    unsafe fn extend(&mut self, region: NonNull<u8>, old: Layout, new: Layout) -> bool {
        let start = self.offset(region);
        let old_end = self.end_of(start + old.size());
        let new_end = start.checked_add(new.size()).and_then(|end| self.end_of(end));
        match (old_end, new_end) {
            (Some(old_end), Some(new_end)) if old_end == new_end => true,
            (Some(old_end), Some(new_end)) => old_end == self.used && self.take(new_end).is_some(),
            _ => false,
        }
    }

    fn granule(&self) -> usize {
        self.page
    }

    /// Addresses are used again only if the last region goes back.
    fn reuses(&self) -> bool {
        false
    }
}

// SAFETY: all regions lie in the range, which the source has to itself.
unsafe impl OwningSource for Reserved {
    fn owns(&self, address: NonNull<u8>) -> bool {
        // An address in front of the range wraps around to a large number.
        address.addr().get().wrapping_sub(self.base.addr().get()) < self.reserved
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        // SAFETY: the range is this value's. A user of a region would outlive its source.
        let given_back = unsafe { sys::unmap(self.base, self.reserved) };
        debug_assert!(given_back.is_ok(), "the whole range is mapped: {given_back:?}");
    }
}
