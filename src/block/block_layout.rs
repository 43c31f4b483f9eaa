//! Layout arithmetic: how blocks lie in a chunk.

use core::alloc::Layout;

use crate::error::BuildError;

/// The largest alignment a block may ask for: 512 MiB.
pub const MAX_ALIGN: usize = 1 << 29;

/// The alignment that a pool needs for itself, in bytes: a cache line.
pub const LINE: usize = 64;

/// Alignment of the blocks of one pool, and the distance between neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockLayout {
    /// Distance between neighbours in bytes: the size rounded up to the alignment.
    stride: usize,
    align: usize,
}

impl BlockLayout {
    /// Blocks that can hold a value of `layout`.
    ///
    /// # Errors
    ///
    /// [`BuildError::ZeroSize`]; [`BuildError::Alignment`] if the alignment, at least [`LINE`], is
    /// above `max_align`; [`BuildError::BlockTooLarge`] if the padded size overflows.
    pub const fn new(layout: Layout, max_align: usize) -> Result<Self, BuildError> {
        let limit = if max_align < MAX_ALIGN { max_align } else { MAX_ALIGN };
        if layout.size() == 0 {
            return Err(BuildError::ZeroSize);
        }
        // Magazines and thread caches come from the same source, aligned to cache lines.
        let requested = if layout.align() < LINE { LINE } else { layout.align() };
        if requested > limit {
            return Err(BuildError::Alignment { requested, limit });
        }
        let padded = layout.pad_to_align();
        let this = Self { stride: padded.size(), align: padded.align() };
        match this.run(1) {
            Some(_) => Ok(this),
            None => Err(BuildError::BlockTooLarge { size: layout.size() }),
        }
    }

    /// Distance between neighbouring blocks, in bytes; also the usable size of a block.
    pub const fn stride(&self) -> usize {
        self.stride
    }

    /// Alignment of every block, in bytes.
    pub const fn align(&self) -> usize {
        self.align
    }

    /// The layout of one block.
    ///
    /// # Panics
    ///
    /// Never: [`new`](Self::new) has made sure of it.
    pub fn block(&self) -> Layout {
        self.run(1).expect("`new` has refused blocks without a layout")
    }

    /// The most neighbouring blocks for which [`run`](Self::run) has a layout.
    pub const fn most_blocks(&self) -> usize {
        // A layout's size, rounded up to its alignment, is at most `isize::MAX`.
        (isize::MAX.unsigned_abs() - (self.align - 1)) / self.stride
    }

    /// Layout of `blocks` neighbours, or `None` if it overflows.
    pub const fn run(&self, blocks: usize) -> Option<Layout> {
        let Some(size) = self.stride.checked_mul(blocks) else { return None };
        match Layout::from_size_align(size, self.align) {
            Ok(layout) => Some(layout),
            Err(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn neighbours_are_aligned_and_do_not_overlap(
            size in 1_usize..100_000, shift in 0_u32..17, blocks in 1_usize..1000,
        ) {
            let layout = Layout::from_size_align(size, 1 << shift).unwrap();
            let blocks_of = BlockLayout::new(layout, MAX_ALIGN).unwrap();
            prop_assert!(blocks_of.stride() >= size);
            prop_assert!(blocks_of.stride() < size + layout.align());
            prop_assert_eq!(blocks_of.stride() % layout.align(), 0);
            let run = blocks_of.run(blocks).unwrap();
            prop_assert_eq!(run.size(), blocks_of.stride() * blocks);
            prop_assert_eq!(run.align(), layout.align());
            let most = blocks_of.most_blocks();
            prop_assert!(blocks_of.run(most).is_some() && blocks_of.run(most + 1).is_none());
        }

        #[test]
        fn near_the_end_of_the_address_space_is_an_error_or_exact(k in 0_usize..100_000) {
            let Ok(layout) = Layout::from_size_align(isize::MAX as usize - k, 1) else {
                return Ok(());
            };
            let blocks_of = BlockLayout::new(layout, MAX_ALIGN).unwrap();
            prop_assert_eq!(blocks_of.run(1).unwrap().size(), layout.size());
            prop_assert!(blocks_of.run(3).is_none());
        }
    }

    #[test]
    fn bad_layouts_are_refused() {
        let zero = Layout::from_size_align(0, 8).unwrap();
        assert_eq!(BlockLayout::new(zero, MAX_ALIGN), Err(BuildError::ZeroSize));
        let wide = Layout::from_size_align(8, 8192).unwrap();
        assert_eq!(
            BlockLayout::new(wide, 4096),
            Err(BuildError::Alignment { requested: 8192, limit: 4096 })
        );
    }
}
