//! The allocators, each with the loop that is timed.

use core::alloc::{GlobalAlloc, Layout};
use core::fmt;
use core::hint::black_box;
use core::ptr::NonNull;
use std::alloc::System;

use benches::subject::block_of;
use benches::title::Role;
use peers::malloc::{Jemalloc, MiMalloc, SnMalloc};
use stampool::SystemSource;
use stampool::alloc::wrap::Locked;
use stampool::alloc::{GoodFit, SlabArena};

pub(crate) const ARENA: &str = "SlabArena";
pub(crate) const LOCKED: &str = "Locked<GoodFit>";

/// More than all windows together.
const CAPACITY: usize = 1 << 30;
/// Live blocks of a thread.
const WINDOW: usize = 256;

/// The sizes that are asked for.
#[derive(Clone, Copy)]
pub(crate) enum Sizes {
    /// One size, which is known when the loop is compiled, as it is in most programs.
    One(usize),
    /// Any from 16 bytes to 32 KiB, as many below as above each power of two between.
    Mixed,
}

/// Those that are measured.
pub(crate) const SIZES: [Sizes; 7] = [
    Sizes::One(16),
    Sizes::One(64),
    Sizes::One(256),
    Sizes::One(1024),
    Sizes::One(4096),
    Sizes::One(32_768),
    Sizes::Mixed,
];

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(size) => write!(f, "{size} bytes"),
            Self::Mixed => f.write_str("16 bytes to 32 KiB, mixed"),
        }
    }
}

/// An allocator that threads share.
pub(crate) trait Subject: Send + Sync {
    /// Fills a window of live blocks, replaces so many of them, and frees the window.
    fn replace(&self, sizes: Sizes, seed: u64, replaced: u64);
}

/// The layout of a request, of one size.
fn one<const SIZE: usize>(_random: u64) -> Layout {
    const { block_of(SIZE) }
}

/// The layout of a request, of any size.
fn mixed(random: u64) -> Layout {
    let octave = 4 + random % 11;
    let size = (1 << octave) + (random >> 32) % (1 << octave);
    let layout = Layout::from_size_align(usize::try_from(size).expect("small"), 8);
    layout.expect("a layout")
}

/// The loop for these sizes.
#[inline(always)]
fn run(
    sizes: Sizes,
    seed: u64,
    replaced: u64,
    allocate: impl Fn(Layout) -> Option<NonNull<u8>>,
    free: impl Fn(NonNull<u8>, Layout),
) {
    match sizes {
        Sizes::One(16) => window(one::<16>, seed, replaced, allocate, free),
        Sizes::One(64) => window(one::<64>, seed, replaced, allocate, free),
        Sizes::One(256) => window(one::<256>, seed, replaced, allocate, free),
        Sizes::One(1024) => window(one::<1024>, seed, replaced, allocate, free),
        Sizes::One(4096) => window(one::<4096>, seed, replaced, allocate, free),
        Sizes::One(32_768) => window(one::<32_768>, seed, replaced, allocate, free),
        Sizes::One(size) => unreachable!("{size} is not among those that are measured"),
        Sizes::Mixed => window(mixed, seed, replaced, allocate, free),
    }
}

/// The loop, the same for all.
#[inline(always)]
fn window(
    layout: impl Fn(u64) -> Layout,
    seed: u64,
    replaced: u64,
    allocate: impl Fn(Layout) -> Option<NonNull<u8>>,
    free: impl Fn(NonNull<u8>, Layout),
) {
    let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    let new = |random: u64| {
        let block = black_box(allocate(layout(random))).expect("memory");
        // SAFETY: the block is live, and has at least 16 bytes.
        unsafe { block.cast::<u64>().write(random) };
        (block, random)
    };
    let mut window: Vec<_> = (0..WINDOW).map(|_| new(next())).collect();
    for _ in 0..replaced {
        let random = next();
        let place = &mut window[(random >> 20) as usize % WINDOW];
        free(place.0, layout(place.1));
        *place = new(random);
    }
    window.into_iter().for_each(|(block, random)| free(block, layout(random)));
}

struct Member<A>(A);

macro_rules! member {
    ($Member:ty) => {
        impl Subject for Member<$Member> {
            fn replace(&self, sizes: Sizes, seed: u64, replaced: u64) {
                let allocate = |layout| self.0.allocate(layout).ok().map(NonNull::cast);
                // SAFETY: live, of this layout, and freed once.
                let free = |block, layout| unsafe { self.0.deallocate(block, layout) };
                run(sizes, seed, replaced, allocate, free);
            }
        }
    };
}
member!(SlabArena);
member!(Locked<GoodFit>);

struct General<A>(A);

impl<A: GlobalAlloc + Send + Sync> Subject for General<A> {
    fn replace(&self, sizes: Sizes, seed: u64, replaced: u64) {
        // SAFETY: the size is not zero.
        let allocate = |layout| NonNull::new(unsafe { self.0.alloc(layout) });
        // SAFETY: live, of this layout, and freed once.
        let free = |block: NonNull<u8>, layout| unsafe { self.0.dealloc(block.as_ptr(), layout) };
        run(sizes, seed, replaced, allocate, free);
    }
}

/// All of them.
pub(crate) fn all() -> Vec<(&'static str, Role, Box<dyn Subject>)> {
    vec![
        (ARENA, Role::Ours, Box::new(Member(SlabArena::new(CAPACITY).expect("address space")))),
        (LOCKED, Role::Ours, Box::new(Member(Locked::new(GoodFit::new(SystemSource))))),
        #[cfg(feature = "general")]
        ("Stampool", Role::Ours, Box::new(General(stampool::general::Stampool))),
        ("mimalloc", Role::Malloc, Box::new(General(MiMalloc))),
        ("snmalloc", Role::Malloc, Box::new(General(SnMalloc))),
        ("jemalloc", Role::Malloc, Box::new(General(Jemalloc))),
        ("system", Role::Malloc, Box::new(General(System))),
    ]
}
