//! The freed ranges of one chunk of a stack, which come back as soon as they are on top.

use core::ptr::NonNull;

/// Sizes and addresses of all blocks are multiples of this, so that each freed range has room for a
/// [`Range`].
pub(super) const GRANULE: usize = 16;

/// Lies at the start of a freed range.
pub(super) struct Range {
    /// The next lower one.
    lower: Link,
    len: usize,
}

type Link = Option<NonNull<Range>>;

const _: () = assert!(size_of::<Range>() <= GRANULE && align_of::<Range>() <= GRANULE);

/// The top of a chunk.
///
/// - SF1. No freed range above `floor` ends at the mark.
/// - SF2. The ranges are linked from the highest to the lowest, and no two of them touch, unless a
///   floor was between them.
/// - SF3. No range reaches above the mark.
#[derive(Clone, Copy)]
pub(super) struct Top {
    pub(super) mark: NonNull<u8>,
    pub(super) free: Link,
}

impl Range {
    fn at(start: NonNull<u8>) -> NonNull<Self> {
        start.cast()
    }
}

/// The end of a range.
///
/// # Safety
///
/// The range is in a list, so it is written and belongs to the list (SF2).
unsafe fn end_of(range: NonNull<Range>) -> usize {
    // SAFETY: by the caller.
    range.addr().get() + unsafe { (*range.as_ptr()).len }
}

impl Top {
    /// Takes the range of `len` bytes at `start` back. Ranges below `floor` stay in the list even
    /// if they reach to the mark.
    ///
    /// # Safety
    ///
    /// The range lies in this chunk, below the mark, is nobody's, and is not in the list.
    pub(super) unsafe fn give(&mut self, start: NonNull<u8>, len: usize, floor: NonNull<u8>) {
        let is_top = start.addr().get() + len == self.mark.addr().get();
        if is_top && start >= floor {
            self.mark = start;
            self.pop(floor);
        } else {
            // SAFETY: by the caller.
            unsafe { self.insert(start, len) };
        }
    }

    /// Enters a range above all others, directly below the mark. For bytes skipped for alignment.
    ///
    /// # Safety
    ///
    /// As [`give`](Self::give), and the range is above all others and touches none.
    pub(super) unsafe fn push(&mut self, start: NonNull<u8>, len: usize) {
        let range = Range::at(start);
        // SAFETY: by the caller, these bytes are nobody's; they are at least a granule.
        unsafe { range.write(Range { lower: self.free, len }) };
        self.free = Some(range);
    }

    /// Lowers the mark over all ranges that reach to it, down to `floor`.
    pub(super) fn pop(&mut self, floor: NonNull<u8>) {
        while let Some(range) = self.free
            && self.mark > floor
            // SAFETY: the range is in the list.
            && unsafe { end_of(range) } >= self.mark.addr().get()
        {
            if range.cast::<u8>() < floor {
                // The part below the floor is not this scope's to reuse.
                let below = floor.addr().get() - range.addr().get();
                // SAFETY: the range is in the list, so it is the list's.
                unsafe { (*range.as_ptr()).len = below };
                self.mark = floor;
                return;
            }
            self.mark = range.cast();
            // SAFETY: as above.
            self.free = unsafe { (*range.as_ptr()).lower };
        }
    }

    /// Forgets all ranges above the mark: their chunk is cut off there. One that begins below the
    /// mark and reaches across it ends at it, and comes back down to `floor` (SF1, SF3).
    pub(super) fn cut(&mut self, floor: NonNull<u8>) {
        while let Some(range) = self.free
            && range.cast::<u8>() >= self.mark
        {
            // SAFETY: the range is in the list, so it is the list's, and nobody has used the bytes
            // since: the cut comes before.
            self.free = unsafe { (*range.as_ptr()).lower };
        }
        if let Some(range) = self.free
            // SAFETY: the range is in the list.
            && unsafe { end_of(range) } > self.mark.addr().get()
        {
            let below = self.mark.addr().get() - range.addr().get();
            // SAFETY: the range is in the list, so it is the list's.
            unsafe { (*range.as_ptr()).len = below };
        }
        self.pop(floor);
    }

    /// Enters a range at its place, and joins it with its neighbours.
    ///
    /// # Safety
    ///
    /// As [`give`](Self::give).
    unsafe fn insert(&mut self, start: NonNull<u8>, len: usize) {
        let mut range = Range::at(start);
        // The two ranges above, and the one below.
        let (mut second, mut above, mut below): (Link, Link, Link) = (None, None, self.free);
        while let Some(higher) = below
            && higher > range
        {
            // SAFETY: the range is in the list.
            let next = unsafe { (*higher.as_ptr()).lower };
            (second, above, below) = (above, below, next);
        }
        match below {
            // SAFETY: the range below is in the list.
            Some(lower) if unsafe { end_of(lower) } == start.addr().get() => {
                // SAFETY: the range is in the list.
                unsafe { (*lower.as_ptr()).len += len };
                range = lower;
            }
            // SAFETY: by the caller, these bytes are nobody's; they are at least a granule.
            _ => unsafe { range.write(Range { lower: below, len }) },
        }
        match above {
            // SAFETY: the range was written above.
            Some(higher) if unsafe { end_of(range) } == higher.addr().get() => {
                // SAFETY: the range is in the list.
                let more = unsafe { (*higher.as_ptr()).len };
                // SAFETY: this one is now, too.
                unsafe { (*range.as_ptr()).len += more };
                self.link(second, range);
            }
            _ => self.link(above, range),
        }
    }

    fn link(&mut self, above: Link, range: NonNull<Range>) {
        match above {
            // SAFETY: the range is in the list.
            Some(above) => unsafe { (*above.as_ptr()).lower = Some(range) },
            None => self.free = Some(range),
        }
    }
}
