//! What the tests share: a source that counts and misbehaves on demand, and the set of live
//! blocks.

#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

#[cfg(unix)]
pub mod forks;
pub mod objects;
pub mod sleeper;
pub mod thrifty;
pub mod told;
pub mod tracked;

use core::alloc::Layout;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::collections::BTreeMap;
use std::sync::Arc;

use stampool::raw::free_list::Reclaimer;
use stampool::{Block, EpochDeferred, Source, Strategy, SystemSource};

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

/// How often a [`Meter`] was called.
#[derive(Default)]
pub struct Counts {
    obtained: AtomicUsize,
    released: AtomicUsize,
}

impl Counts {
    pub fn obtained(&self) -> usize {
        self.obtained.load(Ordering::Relaxed)
    }

    pub fn released(&self) -> usize {
        self.released.load(Ordering::Relaxed)
    }
}

/// The system source, counted, failing where it is told to.
pub struct Meter {
    pub counts: Arc<Counts>,
    pub max_align: usize,
    pub fail_at: Option<usize>,
    pub fail_from: Option<usize>,
    pub misalign_at: Option<usize>,
    pub panic_at: Option<usize>,
    pub calls: usize,
}

impl Meter {
    pub fn new() -> Self {
        Self {
            counts: Arc::default(),
            max_align: 1 << 20,
            fail_at: None,
            fail_from: None,
            misalign_at: None,
            panic_at: None,
            calls: 0,
        }
    }
}

/// Room for one byte of misalignment.
fn padded(layout: Layout) -> Layout {
    Layout::from_size_align(layout.size() + 1, layout.align()).unwrap()
}

// SAFETY: regions are the system's; a misaligned one is inside its region.
unsafe impl Source for Meter {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let call = self.calls;
        self.calls += 1;
        assert!(self.panic_at != Some(call), "the source was told to panic");
        if self.fail_at == Some(call) || self.fail_from.is_some_and(|from| call >= from) {
            return None;
        }
        let region = SystemSource.obtain(padded(layout))?;
        self.counts.obtained.fetch_add(1, Ordering::Relaxed);
        let skew = usize::from(self.misalign_at == Some(call));
        // SAFETY: the region has a byte to spare.
        Some(unsafe { region.add(skew) })
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        self.counts.released.fetch_add(1, Ordering::Relaxed);
        let skew = region.addr().get() % layout.align();
        // SAFETY: undoes what `obtain` added.
        let region = unsafe { region.sub(skew) };
        // SAFETY: obtained with this layout, and released once by the pool's word.
        unsafe { SystemSource.release(region, padded(layout)) };
    }

    fn max_align(&self) -> usize {
        self.max_align
    }
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
