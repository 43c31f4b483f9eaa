//! Building an arena.

use core::alloc::Layout;
use core::fmt;
use core::marker::PhantomData;

use super::arena::SlabArena;
use super::chunks::Records;
use super::classes::{PAGE, POOLED};
use super::pages::Pages;
use crate::checking::{Checked, Checking, Hardened, Unchecked};
use crate::error::{AllocError, BuildError};
use crate::free_list::{Strategy, TaggedWide};
use crate::pool::{Pool, PoolSet};
use crate::source::{Source, obtain_aligned};
use crate::sync::{Arc, Mutex};

/// The largest capacity: a terabyte, or a quarter of the address space if that is less.
const LARGEST: usize = match 1_usize.checked_shl(40) {
    Some(bytes) => bytes,
    None => 1 << 30,
};
/// A region of so many bytes begins at a multiple of them, if the source can do that.
const HUGE_PAGE: usize = 2 << 20;

impl SlabArena {
    /// An arena of so many bytes, rounded down to whole pages. With the feature `os` they are address
    /// space that becomes memory where it is written; without it they come from the program's allocator in
    /// one piece, which may refuse many gibibytes.
    ///
    /// # Errors
    ///
    /// As [`SlabArenaBuilder::build`].
    pub fn new(capacity_bytes: usize) -> Result<Self, BuildError> {
        Self::builder(capacity_bytes).build()
    }

    /// Starts building an arena of so many bytes.
    pub fn builder(capacity_bytes: usize) -> SlabArenaBuilder {
        SlabArenaBuilder::new(capacity_bytes)
    }
}

/// Builds a [`SlabArena`]. Made by [`SlabArena::builder`].
#[must_use = "a builder does nothing until `build`"]
pub struct SlabArenaBuilder<S: Strategy = TaggedWide, C: Checking = Unchecked> {
    capacity: usize,
    source: Box<dyn Source>,
    _types: PhantomData<fn() -> (S, C)>,
}

impl SlabArenaBuilder {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, source: default_source(), _types: PhantomData }
    }
}

/// Address space that becomes memory where it is written, if the system can do that.
fn default_source() -> Box<dyn Source> {
    #[cfg(all(feature = "os", target_os = "linux"))]
    {
        use crate::source::MapOptions;
        if let Ok(mapped) = MapOptions::new().no_reserve(true).build() {
            return Box::new(mapped);
        }
    }
    Box::new(crate::source::SystemSource)
}

impl<S: Strategy, C: Checking> SlabArenaBuilder<S, C> {
    fn with<T: Strategy, D: Checking>(self) -> SlabArenaBuilder<T, D> {
        let Self { capacity, source, _types: _ } = self;
        SlabArenaBuilder { capacity, source, _types: PhantomData }
    }

    /// Chooses the strategy against ABA of the pools. The default is [`TaggedWide`].
    pub fn strategy<T: Strategy>(self) -> SlabArenaBuilder<T, C> {
        self.with()
    }

    /// Makes the pools keep a word for each block, and panic at a free that is wrong, as
    /// [`PoolBuilder::checked`](crate::PoolBuilder::checked). These words lie in the pages, in front of
    /// the blocks: 8 bytes a block, and a page more where blocks take whole pages.
    ///
    /// A checked arena recognises each block that it ever had, so it gives no pages of free blocks back.
    /// A page that one class has taken stays with it until the arena is reset, and an arena without a
    /// live block may refuse. Give it a larger capacity than the unchecked one, and do not wait for
    /// memory by evicting alone.
    pub fn checked(self) -> SlabArenaBuilder<S, Checked> {
        self.with()
    }

    /// As [`checked`](Self::checked), and more, as
    /// [`PoolBuilder::hardened`](crate::PoolBuilder::hardened).
    pub fn hardened(self) -> SlabArenaBuilder<S, Hardened> {
        self.with()
    }

    /// Sets where the region comes from. By default it is mapped, on Linux and with the feature `os`:
    /// pages become memory when they are first written, and nothing is reserved for the others.
    /// Elsewhere it comes from the program's allocator.
    pub fn source(mut self, source: impl Source + 'static) -> Self {
        self.source = Box::new(source);
        self
    }

    /// Builds the arena. It obtains its region from the source, and nothing later.
    ///
    /// # Errors
    ///
    /// [`BuildError::ArenaCapacity`] if the capacity is less than a page or more than a terabyte (1 GiB
    /// where a pointer has 32 bits); [`BuildError::Alignment`] if the source has no regions that are
    /// aligned to a page; [`BuildError::Fill`] if the source has no such region, or the program's
    /// allocator has no memory for the arena's records; otherwise as
    /// [`PoolBuilder::build`](crate::PoolBuilder::build).
    pub fn build(self) -> Result<SlabArena<S, C>, BuildError> {
        let Self { capacity: requested, mut source, .. } = self;
        let capacity = requested / PAGE * PAGE;
        if capacity == 0 || requested > LARGEST {
            return Err(BuildError::ArenaCapacity { requested, least: PAGE, limit: LARGEST });
        }
        let limit = source.max_align();
        if limit < PAGE {
            return Err(BuildError::Alignment { requested: PAGE, limit });
        }
        // As many blocks as possible lie at multiples of their size.
        let align = capacity.next_power_of_two().min(HUGE_PAGE).min(limit);
        let too_large = BuildError::BlockTooLarge { size: capacity };
        let layout = Layout::from_size_align(capacity, align).map_err(|_| too_large)?;
        let fill = |error| BuildError::Fill { error };
        // What a pool of the arena asks of the machine is found out now, and not at the first use.
        drop(Pool::builder(Layout::new::<u64>()).strategy::<S>().checking::<C>().build()?);
        let region = obtain_aligned(&mut *source, layout).map_err(fill)?;
        let region = region.ok_or(fill(AllocError::OutOfMemory))?;
        // SAFETY: just obtained with this layout, which is whole pages.
        let pages = unsafe { Pages::new(region, layout, source) };
        let pages = pages.map_err(|mut source| {
            // SAFETY: obtained with this layout, and not used.
            unsafe { source.release(region, layout) };
            fill(AllocError::OutOfMemory)
        })?;
        Ok(SlabArena {
            pools: PoolSet::new(POOLED),
            pages: Arc::new(pages),
            records: Arc::new(Records::default()),
            trimming: Mutex::new(()),
        })
    }
}

impl<S: Strategy, C: Checking> fmt::Debug for SlabArenaBuilder<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlabArenaBuilder")
            .field("strategy", &S::NAME)
            .field("checking", &C::NAME)
            .field("capacity_bytes", &self.capacity)
            .finish_non_exhaustive()
    }
}
