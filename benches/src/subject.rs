//! What is measured: anything that hands out blocks to threads.

use core::alloc::Layout;
use core::fmt::Display;

use stampool::Block;

pub use ::subject::{Handle, Never, Subject};

/// The sizes of block that can be measured, in bytes.
pub const SIZES: [usize; 4] = [16, 64, 256, 4096];

/// Alignment of all blocks, in bytes.
const ALIGN: usize = 8;

/// A block of so many bytes.
///
/// # Panics
///
/// On a size that no memory can have.
pub const fn block_of(size_bytes: usize) -> Layout {
    match Layout::from_size_align(size_bytes, ALIGN) {
        Ok(layout) => layout,
        Err(_) => panic!("a block is much smaller than memory"),
    }
}

/// Evaluates the expression with `$size` as a constant: that of `$layout`, which is one of
/// [`SIZES`].
macro_rules! sized {
    ($layout:expr, $size:ident => $made:expr) => {
        match $layout.size() {
            16 => sized!(@ 16, $size => $made),
            64 => sized!(@ 64, $size => $made),
            256 => sized!(@ 256, $size => $made),
            4096 => sized!(@ 4096, $size => $made),
            other => panic!("no subject is compiled for blocks of {other} bytes"),
        }
    };
    (@ $bytes:literal, $size:ident => $made:expr) => {{
        const $size: usize = $bytes;
        $made
    }};
}

pub(crate) use sized;

/// A subject, as far as the workloads need to know it. They keep few enough blocks that there
/// always is memory.
pub trait Measured: Subject + Send + Sync {
    /// Whether a thread keeps what it has until it ends, whatever becomes of its handles.
    const KEPT: bool = false;

    /// Blocks that it has cut or asked for so far, live and free, where it can tell.
    fn blocks(&self) -> Option<usize> {
        None
    }

    /// Access for the calling thread.
    ///
    /// # Panics
    ///
    /// Where the subject refuses.
    fn handle(&self) -> Self::Handle<'_> {
        self.attach().unwrap_or_else(|refusal| refused("handle", &refusal))
    }
}

/// What the workloads do with a handle.
pub trait Take: Handle {
    /// Takes a block, which there is.
    ///
    /// # Panics
    ///
    /// Where the subject refuses.
    #[inline(always)]
    fn take(&mut self) -> Block {
        self.allocate().unwrap_or_else(|refusal| refused("block", &refusal))
    }
}

impl<H: Handle + ?Sized> Take for H {}

/// Out of the way of what is measured.
#[cold]
#[inline(never)]
fn refused(what: &str, refusal: &dyn Display) -> ! {
    panic!("no memory for a {what}: {refusal}")
}
