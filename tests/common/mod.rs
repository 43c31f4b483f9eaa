//! What the tests share: the strategies of a run, the set of live blocks, forks, and values that tell
//! what happens to them.

#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

#[cfg(unix)]
pub mod forks;
pub mod no_heap;
pub mod objects;
pub mod sleeper;
pub mod thrifty;
pub mod told;
pub mod tracked;

use core::alloc::Layout;
use std::collections::BTreeMap;

use stampool::raw::free_list::Reclaimer;
use stampool::{Block, EpochDeferred, Strategy};

/// Whether this run is one for `S`. Miri's Stacked Borrows reject crossbeam-epoch itself, so `cargo
/// xtask miri` runs the other strategies under them, and `EpochDeferred` apart, under Tree Borrows.
pub fn runs<S: Strategy>() -> bool {
    let is_epoch = S::NAME == EpochDeferred::NAME;
    !cfg!(miri) || is_epoch == std::env::var_os("STAMPOOL_MIRI_EPOCH").is_some()
}

/// How often: `usually`, and less often under Miri, which is some hundred times slower.
pub const fn often(usually: usize, under_miri: usize) -> usize {
    if cfg!(miri) { under_miri } else { usually }
}

/// Runs the same for every strategy of this run.
#[allow(unused_macros, reason = "each test uses its part")]
macro_rules! with_every_strategy {
    ($test:ident) => {
        stampool::raw::each_strategy!(S => {
            if $crate::common::runs::<S>() {
                $test::<S>();
            }
        });
    };
    ($test:ident: $($strategy:ident),*) => {
        $(if $crate::common::runs::<stampool::$strategy>() {
            $test::<stampool::$strategy>();
        })*
    };
}
#[allow(unused_imports, reason = "each test uses its part")]
pub(crate) use with_every_strategy;

/// Runs the same for every strategy of this run that can do without caches.
#[allow(unused_macros, reason = "each test uses its part")]
macro_rules! with_every_cacheless {
    ($test:ident) => {
        stampool::raw::each_strategy!(S => {
            if $crate::common::is_cacheless::<S>() && $crate::common::runs::<S>() {
                $test::<S>();
            }
        });
    };
}
#[allow(unused_imports, reason = "each test uses its part")]
pub(crate) use with_every_cacheless;

/// Whether a pool under `S` can do without caches: it refuses to, where emptied magazines have to
/// wait.
pub const fn is_cacheless<S: Strategy>() -> bool {
    !S::Reclaimer::DEFERS
}

/// Live blocks by address: none twice, none overlapping, all aligned.
#[derive(Default)]
pub struct LiveBlocks(BTreeMap<usize, (Block, usize)>);

impl LiveBlocks {
    pub fn allocated(&mut self, block: Block, layout: Layout) {
        let at = block.as_non_null().addr().get();
        assert_eq!(at % layout.align(), 0, "misaligned block");
        let below = self.0.range(..=at).next_back();
        assert!(below.is_none_or(|(start, (_, size))| start + size <= at), "overlap below");
        let above = self.0.range(at..).next();
        assert!(above.is_none_or(|(start, _)| at + layout.size() <= *start), "overlap above");
        self.0.insert(at, (block, layout.size()));
    }

    pub fn freed(&mut self, block: Block) {
        assert!(
            self.0.remove(&block.as_non_null().addr().get()).is_some(),
            "freed what was not live"
        );
    }

    pub fn live(&self) -> usize {
        self.0.len()
    }

    pub fn blocks(&self) -> Vec<Block> {
        self.0.values().map(|(block, _)| *block).collect()
    }
}
