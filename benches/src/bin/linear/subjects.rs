//! The allocators, each with the loop that is timed.

use core::alloc::Layout;
use core::hint::black_box;
use core::ptr::NonNull;
use std::sync::{Mutex, PoisonError};

use blink_alloc::SyncBlinkAlloc;
use stampool::SystemSource;
use stampool::alloc::wrap::Locked;
use stampool::alloc::{AsyncLinear, Linear};

/// What is allocated.
const LAYOUT: Layout = Layout::new::<[u64; 2]>();

/// An allocator that threads share.
pub(crate) trait Subject: Send + Sync {
    /// Allocates so many blocks, and frees each at once if `frees`.
    fn burst(&self, blocks: u64, frees: bool);

    /// Invalidates all blocks.
    fn reset(&mut self);
}

/// The loop, the same for all.
#[inline(always)]
fn run(
    blocks: u64,
    frees: bool,
    allocate: impl Fn() -> Option<NonNull<u8>>,
    free: impl Fn(NonNull<u8>),
) {
    for _ in 0..blocks {
        let block = black_box(allocate()).expect("memory");
        if frees {
            free(block);
        }
    }
}

/// `Linear`, for one thread. The lock is taken once for a burst.
pub(crate) struct Alone(Mutex<Linear>);

impl Alone {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Linear::new(SystemSource)))
    }
}

impl Subject for Alone {
    fn burst(&self, blocks: u64, frees: bool) {
        let linear = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let linear = &*linear;
        // SAFETY: the block was just allocated.
        let free = |block| unsafe { linear.deallocate(block, LAYOUT) };
        run(blocks, frees, || linear.allocate(LAYOUT).ok().map(NonNull::cast), free);
    }

    fn reset(&mut self) {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).reset();
    }
}

macro_rules! shared {
    ($Subject:ty, $new:expr, |$lender:ident| $lane:expr) => {
        impl Subject for $Subject {
            fn burst(&self, blocks: u64, frees: bool) {
                let $lender = &self.0;
                let lane = $lane;
                // SAFETY: the block was just allocated.
                let free = |block| unsafe { lane.deallocate(block, LAYOUT) };
                run(blocks, frees, || lane.allocate(LAYOUT).ok().map(NonNull::cast), free);
            }

            fn reset(&mut self) {
                stampool::alloc::Reset::reset(&mut self.0);
            }
        }

        impl $Subject {
            pub(crate) fn new() -> Self {
                Self($new)
            }
        }
    };
}

/// `AsyncLinear`.
pub(crate) struct Shared(AsyncLinear);
shared!(Shared, AsyncLinear::new(SystemSource), |linear| linear);

/// `AsyncLinear` with a `Run` for each thread and burst.
pub(crate) struct Runs(AsyncLinear);
shared!(Runs, AsyncLinear::new(SystemSource), |linear| linear.run());

/// `Locked<Linear>`: the standard library's mutex around a `Linear`, taken for each call.
pub(crate) struct Behind(Locked<Linear>);
shared!(Behind, Locked::new(Linear::new(SystemSource)), |locked| locked);

/// blink-alloc's `SyncBlinkAlloc`.
pub(crate) struct Blink(SyncBlinkAlloc);

impl Blink {
    pub(crate) fn new() -> Self {
        Self(SyncBlinkAlloc::new())
    }
}

impl Subject for Blink {
    fn burst(&self, blocks: u64, frees: bool) {
        // SAFETY: the block was just allocated, with this size.
        let free = |block| unsafe { self.0.deallocate(block, LAYOUT.size()) };
        run(blocks, frees, || self.0.allocate(LAYOUT).ok().map(NonNull::cast), free);
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}
