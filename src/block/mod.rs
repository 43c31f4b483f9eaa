//! Blocks, the arithmetic of their layout, and words of 64 or 128 bits that hold a name and a tag.

mod batch;
mod block_layout;
pub(crate) mod sanitizers;
mod tagged;

pub use batch::Batch;
pub use block_layout::{BlockLayout, LINE, MAX_ALIGN};
pub use tagged::{PackedWord, TagWidth, WideWord};

use core::ptr::NonNull;

/// Address of one fixed-size block.
///
/// A plain pointer that may travel between threads: the holder of a `Block` owns the block's
/// bytes, and the pool never reads or writes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Block(pub NonNull<u8>);

// SAFETY: a `Block` is an address; the bytes behind it belong to one owner at a time, and the
// hand-over between owners is ordered by the lists that carry it.
unsafe impl Send for Block {}
