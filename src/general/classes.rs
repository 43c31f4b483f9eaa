//! The classes of a general allocator: which request goes where.

use core::alloc::Layout;

use crate::alloc::size_class::SizeClasses;
use crate::block::{Batch, BlockLayout, MAX_ALIGN};

/// Steps of 16 bytes up to 128, then 4 in each octave.
type Sizes = SizeClasses<16, 4>;

/// The largest blocks of which threads keep some.
const MOST_CACHED: usize = 32 << 10;
/// The largest blocks that have a class. Larger ones have a mapping each.
const MOST_CLASSED: usize = 1 << 20;
/// The classes of which threads keep blocks.
pub(super) const CACHED: usize = Sizes::of(MOST_CACHED) + 1;
/// All classes.
pub(super) const CLASSES: usize = Sizes::of(MOST_CLASSED) + 1;

/// The bytes of a batch, and its blocks at most.
const BATCH_BYTES: usize = 8 << 10;
const BATCH_BLOCKS: usize = 64;

/// Where a layout is served from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// A class of which threads keep blocks.
    Cached(usize),
    /// A class of which they keep none.
    Shared(usize),
    /// A mapping of its own.
    Mapped,
}

impl Route {
    /// The route of a layout that has bytes.
    ///
    /// The size is rounded up to the alignment, so the class is a multiple of it (SZ3), and its blocks
    /// begin at multiples of it.
    #[inline(always)]
    pub(super) const fn of(layout: Layout) -> Self {
        // A layout's size does not overflow when it is rounded up to its alignment.
        let size = (layout.size() + (layout.align() - 1)) & !(layout.align() - 1);
        debug_assert!(size != 0, "`GlobalAlloc` has no blocks without bytes");
        let last = size - 1;
        if last < MOST_CACHED {
            Self::Cached(Sizes::of(size))
        } else if last < MOST_CLASSED {
            Self::Shared(Sizes::of(size))
        } else {
            Self::Mapped
        }
    }
}

/// The bytes of a block of a class.
#[inline(always)]
pub(super) const fn size(class: usize) -> usize {
    Sizes::size(class)
}

/// The blocks of a class. They have every alignment that their size allows.
pub(super) const fn blocks(class: usize) -> BlockLayout {
    let size = size(class);
    let Ok(layout) = Layout::from_size_align(size, 1 << size.trailing_zeros()) else {
        panic!("a class has a layout");
    };
    match BlockLayout::new(layout, MAX_ALIGN) {
        Ok(blocks) => blocks,
        Err(_) => panic!("the blocks of a class have a layout"),
    }
}

/// What threads exchange of a class at a time.
pub(super) const fn batch(class: usize) -> Batch {
    if class >= CACHED {
        return Batch::fixed(1);
    }
    let fits = BATCH_BYTES / size(class);
    Batch::fixed(match fits {
        0 => 1,
        fits if fits > BATCH_BLOCKS => BATCH_BLOCKS,
        fits => fits,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).expect("a layout")
    }

    #[test]
    fn a_class_is_as_large_and_as_aligned_as_the_request() {
        assert_eq!((CACHED, CLASSES), (40, 60));
        for align in (0..21).map(|bits| 1 << bits) {
            for request in (1..70_000).step_by(if cfg!(miri) { 997 } else { 1 }) {
                let (Route::Cached(class) | Route::Shared(class)) =
                    Route::of(layout(request, align))
                else {
                    panic!("{request} aligned to {align} has a class");
                };
                assert!(size(class) >= request && size(class).is_multiple_of(align));
                assert!(blocks(class).align() >= align);
            }
        }
    }

    #[test]
    fn the_ends_of_the_routes() {
        assert_eq!(Route::of(layout(1, 1)), Route::Cached(0));
        assert_eq!(Route::of(layout(MOST_CACHED, 1)), Route::Cached(CACHED - 1));
        assert_eq!(Route::of(layout(MOST_CACHED + 1, 1)), Route::Shared(CACHED));
        assert_eq!(Route::of(layout(MOST_CLASSED, 1)), Route::Shared(CLASSES - 1));
        assert_eq!(Route::of(layout(MOST_CLASSED + 1, 1)), Route::Mapped);
        assert_eq!(Route::of(layout(1, 2 << 20)), Route::Mapped);
        assert_eq!(Route::of(layout(isize::MAX as usize, 1)), Route::Mapped);
    }

    #[test]
    fn at_most_a_fifth_of_a_block_is_lost_above_128_bytes() {
        for class in 8..CLASSES {
            let least = size(class - 1) + 1;
            assert!((size(class) - least) * 5 < size(class), "{least} in {}", size(class));
        }
    }
}
