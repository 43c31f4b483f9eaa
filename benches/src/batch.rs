//! The batches that pools are measured with.

use core::alloc::Layout;
use core::fmt;

use serde::{Deserialize, Serialize};
use stampool::{Checking, PoolBuilder, Strategy};

/// How many blocks a pool exchanges at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// What batches begin with, in blocks.
    #[serde(rename = "batch")]
    pub min: usize,
    /// What they may grow to, in blocks.
    #[serde(rename = "batch_up_to")]
    pub max: usize,
}

impl Batch {
    /// Batches that do not grow.
    pub const SMALL: Self = Self { min: 64, max: 64 };
    /// Larger ones that do not grow either.
    pub const LARGE: Self = Self { min: 256, max: 256 };
    /// Batches that grow, from the small ones: what a pool of blocks of up to 64 bytes has if none is
    /// chosen ([`chosen`](Self::chosen)).
    pub const GROWING: Self = Self { min: 64, max: 512 };

    /// Those that do not grow.
    pub const FIXED: [Self; 2] = [Self::SMALL, Self::LARGE];
    /// What the default strategy is measured with: each is a pool of its own.
    pub const ALL: [Self; 3] = [Self::SMALL, Self::LARGE, Self::GROWING];

    /// Makes the builder's pool have these batches. A pool that would choose the same by itself is left
    /// to do so.
    pub fn chosen<S: Strategy, C: Checking>(
        self,
        builder: PoolBuilder<S, C>,
        block: Layout,
    ) -> PoolBuilder<S, C> {
        if self == Self::GROWING && block.size() <= 64 {
            return builder;
        }
        builder.batch(self.min).batch_up_to(self.max)
    }

    /// The most blocks that a pool may carve for so many live ones and so many handles at one time:
    /// L + 3TG + G, where G is the largest batch.
    pub const fn bound_blocks(self, live_blocks: usize, handles: usize) -> usize {
        live_blocks + (3 * handles + 1) * self.max
    }
}

/// `64`, `64 to 512`.
impl fmt::Display for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self { min, max } if min == max => write!(f, "{min}"),
            Self { min, max } => write!(f, "{min} to {max}"),
        }
    }
}

/// A pool's name with its batch, or the name of what has none: `TaggedWide, B = 64`, `jemalloc`.
pub fn title(name: &str, batch: Option<Batch>) -> String {
    batch.map_or_else(|| name.to_owned(), |batch| format!("{name}, B = {batch}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_has_the_batches_that_are_chosen() {
        for batch in Batch::ALL {
            for size in [8, 64, 256] {
                let block = Layout::from_size_align(size, 8).unwrap();
                let builder = batch.chosen(stampool::Pool::builder(block), block);
                let stats = builder.build().unwrap().stats();
                let has = (stats.batch_blocks, stats.max_batch_blocks);
                assert_eq!(has, (batch.min, batch.max), "blocks of {size} bytes");
            }
        }
    }

    #[test]
    fn a_batch_that_grows_shows_it() {
        assert_eq!(title("pool", Some(Batch::SMALL)), "pool, B = 64");
        assert_eq!(title("pool", Some(Batch::GROWING)), "pool, B = 64 to 512");
        assert_eq!(title("peer", None), "peer");
    }
}
