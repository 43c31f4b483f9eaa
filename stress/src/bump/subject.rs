//! The allocators that threads share, as the scenarios use them.

use core::mem::MaybeUninit;
use core::ptr::NonNull;

use stampool::alloc::{Allocator, AsyncLinear, AsyncStatic, Owner};

use super::source::{Held, Recording};

/// An allocator that threads share.
pub trait Shared: Sync {
    /// What one thread allocates from and frees its own blocks to.
    fn lane(&self) -> Box<dyn Allocator + '_>;

    /// The most bytes that one call of a lane takes from the allocator beside its own block.
    fn run_bytes(&self) -> usize {
        0
    }

    /// The allocator itself. Any thread may free any block there.
    fn owner(&self) -> &dyn Owner;

    /// Invalidates all blocks.
    fn reset(&mut self);

    /// What its source has given, if it has one.
    fn held(&self) -> Option<Held>;
}

/// An allocator by its name.
#[derive(Clone, Copy)]
pub struct Member {
    /// Its name on the command line.
    pub name: &'static str,
    /// Makes one.
    pub make: fn() -> Box<dyn Shared>,
}

impl core::fmt::Debug for Member {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Member").field(&self.name).finish()
    }
}

/// All of them.
pub const MEMBERS: [Member; 3] = [
    Member { name: "AsyncLinear", make: || Box::new(Linear::new(false)) },
    Member { name: "AsyncLinear-runs", make: || Box::new(Linear::new(true)) },
    Member { name: "AsyncStatic", make: || Box::new(Fixed::new()) },
];

/// Small, so that each round obtains several chunks.
const FIRST_CHUNK_BYTES: usize = 512;
/// A run, and its alignment.
const RUN_BYTES: usize = (64 << 10) + 64;
/// Less than the blocks of one thread.
const BUFFER_BYTES: usize = 4 << 10;

struct Linear {
    linear: AsyncLinear<Recording>,
    held: Held,
    has_runs: bool,
}

impl Linear {
    fn new(has_runs: bool) -> Self {
        let source = Recording::default();
        let held = source.held();
        let linear = AsyncLinear::with_first_chunk(source, FIRST_CHUNK_BYTES);
        Self { linear, held, has_runs }
    }
}

impl Shared for Linear {
    fn lane(&self) -> Box<dyn Allocator + '_> {
        if self.has_runs { Box::new(self.linear.run()) } else { Box::new(&self.linear) }
    }

    fn run_bytes(&self) -> usize {
        if self.has_runs { RUN_BYTES } else { 0 }
    }

    fn owner(&self) -> &dyn Owner {
        &self.linear
    }

    fn reset(&mut self) {
        self.linear.reset();
    }

    fn held(&self) -> Option<Held> {
        Some(self.held.clone())
    }
}

struct Fixed {
    fixed: AsyncStatic<'static>,
    buffer: NonNull<[MaybeUninit<u8>]>,
}

// SAFETY: the buffer is this value's, and its allocator is `Sync`.
unsafe impl Sync for Fixed {}

impl Fixed {
    fn new() -> Self {
        let buffer = NonNull::from(Box::leak(Box::new_uninit_slice(BUFFER_BYTES)));
        // SAFETY: leaked until the drop of this value, which drops the allocator, and nobody else's.
        let fixed = unsafe { AsyncStatic::from_raw_parts(buffer.cast(), BUFFER_BYTES) };
        Self { fixed, buffer }
    }
}

impl Drop for Fixed {
    fn drop(&mut self) {
        // SAFETY: leaked from a box; the allocator is used no more.
        drop(unsafe { Box::from_raw(self.buffer.as_ptr()) });
    }
}

impl Shared for Fixed {
    fn lane(&self) -> Box<dyn Allocator + '_> {
        Box::new(&self.fixed)
    }

    fn owner(&self) -> &dyn Owner {
        &self.fixed
    }

    fn reset(&mut self) {
        self.fixed.reset();
    }

    fn held(&self) -> Option<Held> {
        None
    }
}
