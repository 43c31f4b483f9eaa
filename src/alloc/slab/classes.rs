//! The classes of an arena.

use core::alloc::Layout;

use crate::alloc::size_class::SizeClasses;

/// The bytes of a page.
pub(super) const PAGE: usize = 4096;
/// Steps of 8 bytes up to 128, then 16 in each octave: 544 classes up to a terabyte.
type Sizes = SizeClasses<8, 16>;

/// The largest blocks with a pool. Above, the steps are whole pages.
pub(super) const MOST_POOLED: usize = 64 << 10;
/// The classes with a pool.
pub(super) const POOLED: usize = Sizes::of(MOST_POOLED) + 1;

const _: () = assert!(Classes::size(POOLED) - Classes::size(POOLED - 1) == PAGE);
const _: () = assert!(POOLED < super::marks::MORE as usize - 1, "each has a mark of its own");

/// What is known of a class by its number.
pub(super) struct Classes;

/// Where a layout is served from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    /// It has no bytes.
    Empty,
    /// The pool of this class.
    Pool(usize),
    /// A run of pages of this class.
    Pages(usize),
}

impl Route {
    /// The route of a layout.
    ///
    /// The size is rounded up to the alignment, so the class is a multiple of it (SZ3), and at least as
    /// large.
    #[inline(always)]
    pub(super) const fn of(layout: Layout) -> Self {
        let size = (layout.size() + (layout.align() - 1)) & !(layout.align() - 1);
        if size.wrapping_sub(1) < MOST_POOLED {
            return Self::Pool(Sizes::of(size));
        }
        if size == 0 { Self::Empty } else { Self::Pages(Sizes::of(size)) }
    }
}

impl Classes {
    /// The bytes of a block.
    #[inline(always)]
    pub(super) const fn size(class: usize) -> usize {
        Sizes::size(class)
    }

    /// The pages of a block that has pages of its own. The steps of these classes are whole pages.
    pub(super) const fn pages(class: usize) -> usize {
        Self::size(class) / PAGE
    }

    /// The layout of the blocks of a class that has a pool. They have every alignment that they can have,
    /// so that a request needs no look at its alignment once it is rounded up.
    pub(super) fn layout(class: usize) -> Layout {
        let size = Self::size(class);
        Layout::from_size_align(size, 1 << size.trailing_zeros()).expect("the class is small")
    }

    /// The bytes of the fewest blocks of a class that has a pool whose pages lose at most a sixteenth.
    /// No more than 17 pages of a block: the rest behind the blocks is less than a page.
    pub(super) fn tight_chunk(class: usize) -> usize {
        let size = Self::size(class);
        let lost = |bytes: &usize| (bytes.next_multiple_of(PAGE) - bytes) * 16;
        let chunks = (1..).map(|blocks| blocks * size);
        let mut tight = chunks.skip_while(|bytes| lost(bytes) > bytes.next_multiple_of(PAGE));
        tight.next().expect("16 pages lose at most one")
    }

    /// The mark of the pages of a class that has a pool.
    #[allow(clippy::cast_possible_truncation, reason = "a class with a pool has a mark of its own")]
    pub(super) const fn mark(class: usize) -> u8 {
        class as u8 + 1
    }

    /// The class whose mark this is.
    pub(super) const fn marked(mark: u8) -> Option<usize> {
        if mark == 0 || mark as usize > POOLED { None } else { Some(mark as usize - 1) }
    }
}
