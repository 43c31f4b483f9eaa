//! What the allocator says of itself.

use super::central::{CENTRALS, Numbers};
use super::{Stampool, classes, records};

/// The memory of a [`Stampool`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GeneralStats {
    /// Bytes that the classes have from the system: their chunks, and the records of their threads.
    pub source_bytes: usize,
    /// Bytes of the chunks that were cut into blocks.
    pub carved_bytes: usize,
    /// Bytes of the blocks in use or in the caches of threads.
    pub drawn_bytes: usize,
    /// Bytes of records: caches, magazines, chunks.
    pub record_bytes: usize,
}

/// A class of sizes of a [`Stampool`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GeneralClass {
    /// The bytes of a block.
    pub block_bytes: usize,
    /// Blocks that were carved.
    pub carved_blocks: usize,
    /// Blocks in use or in the caches of threads; 0 for a class whose blocks threads do not cache. Exact
    /// while no thread exchanges blocks.
    pub drawn_blocks: usize,
    /// Thread caches that were made: the most that were in use at one time.
    pub caches: usize,
    /// Bytes that the class has from the system.
    pub source_bytes: usize,
}

impl Stampool {
    /// The memory of all classes. A block above 1 MiB has none, and is not counted.
    pub fn stats(&self) -> GeneralStats {
        let mut stats = GeneralStats { record_bytes: records::bytes(), ..GeneralStats::default() };
        self.classes(|class| {
            stats.source_bytes += class.source_bytes;
            stats.carved_bytes += class.carved_blocks * class.block_bytes;
            stats.drawn_bytes += class.drawn_blocks * class.block_bytes;
        });
        stats
    }

    /// Passes each class that has carved a block to `f`, from small to large blocks. Takes no memory, so
    /// that `f` may run anywhere.
    pub fn classes(&self, mut f: impl FnMut(&GeneralClass)) {
        for (class, central) in CENTRALS.iter().enumerate() {
            let Numbers { carved_blocks, source_bytes, drawn_blocks, slots } = central.numbers();
            if carved_blocks > 0 {
                f(&GeneralClass {
                    block_bytes: classes::size(class),
                    carved_blocks,
                    drawn_blocks: usize::try_from(drawn_blocks).unwrap_or(usize::MAX),
                    caches: slots,
                    source_bytes,
                });
            }
        }
    }
}
