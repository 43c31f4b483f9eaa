//! The allocators under test.

use std::alloc::System;

use stampool::alloc::Allocator;
use stampool::alloc::conformance::{Conformance, Failure, TestSource};

use crate::heaps::{Dl, Rlsf};
use crate::held::{Heap, Held, V02, V04};
use crate::regions::Regions;

/// An allocator under test.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    /// Runs so many programs from a seed on.
    pub(crate) find: fn(u64, u64) -> Result<(), Failure>,
}

fn check<A: Allocator>(
    make: impl Fn(TestSource) -> A,
    seed: u64,
    programs: u64,
) -> Result<(), Failure> {
    Conformance::new(make).foreign().seed(seed).programs(programs).find()
}

/// Bytes of a buffer for an allocator that never asks for more.
const BUFFER: usize = 64 << 10;
/// talc asks for regions of a multiple of this.
const TALC_BLOCK: usize = 16 << 10;

fn talc_source(regions: Regions) -> talc::source::AllocatorSource<Regions> {
    talc::source::AllocatorSource::with_block_size(regions, TALC_BLOCK)
}

type Bump = bump_scope::Bump<Regions, bump_scope::settings::BumpSettings>;

/// A bump-scope allocator begins with a chunk, so its making is tried again while the source refuses.
fn bump_scope(source: TestSource) -> Held<Bump, V02> {
    let regions = Regions::new(source);
    let made = (0..TRIES).find_map(|_| Bump::try_with_size_in(512, regions.clone()).ok());
    Held::new(made.expect("the source refuses three calls in a row at most"))
}

const TRIES: usize = 5;

type Blink = blink_alloc::BlinkAlloc<Regions>;
type SyncBlink = blink_alloc::SyncBlinkAlloc<Regions>;

/// All of them. Each name is a key of [`crate::known`].
pub(crate) const SUBJECTS: &[Subject] = &[
    Subject {
        name: "bumpalo",
        find: |seed, programs| check(|_| Held::<_, V02>::new(bumpalo::Bump::new()), seed, programs),
    },
    Subject { name: "bump-scope", find: |seed, programs| check(bump_scope, seed, programs) },
    Subject {
        name: "blink-alloc",
        find: |seed, programs| {
            let make =
                |source| Held::<_, V04>::new(Blink::with_chunk_size_in(512, Regions::new(source)));
            check(make, seed, programs)
        },
    },
    Subject {
        name: "blink-alloc, mended",
        find: |seed, programs| {
            let make = |source| {
                let regions = Regions::mended(source, None);
                Held::<_, V04>::new(Blink::with_chunk_size_in(512, regions))
            };
            check(make, seed, programs)
        },
    },
    Subject {
        name: "blink-alloc, sync",
        find: |seed, programs| {
            let make = |source| {
                Held::<_, V04>::new(SyncBlink::with_chunk_size_in(512, Regions::new(source)))
            };
            check(make, seed, programs)
        },
    },
    Subject {
        name: "blink-alloc, sync, mended",
        find: |seed, programs| {
            let make = |source| {
                let regions = Regions::mended(source, None);
                Held::<_, V04>::new(SyncBlink::with_chunk_size_in(512, regions))
            };
            check(make, seed, programs)
        },
    },
    Subject {
        name: "rlsf",
        find: |seed, programs| {
            check(|source| Heap::new(Rlsf::new(Regions::new(source))), seed, programs)
        },
    },
    Subject {
        name: "talc",
        find: |seed, programs| {
            let make = |source| {
                Held::<_, V04>::new(talc::TalcCell::new(talc_source(Regions::new(source))))
            };
            check(make, seed, programs)
        },
    },
    Subject {
        name: "talc, mended",
        find: |seed, programs| {
            let make = |source| {
                let regions = Regions::mended(source, Some(1));
                Held::<_, V04>::new(talc::TalcCell::new(talc_source(regions)))
            };
            check(make, seed, programs)
        },
    },
    Subject {
        name: "talc, a buffer, realloc",
        find: |seed, programs| {
            let make = |source: TestSource| {
                let start = source.buffer(BUFFER);
                // SAFETY: the kit keeps the buffer until the allocator is gone.
                let claim = unsafe { talc::source::Claim::new(start.as_ptr(), BUFFER) };
                Heap::new(talc::TalcCell::new(claim))
            };
            check(make, seed, programs)
        },
    },
    Subject {
        name: "dlmalloc",
        find: |seed, programs| {
            check(|source| Heap::new(Dl::new(Regions::new(source))), seed, programs)
        },
    },
    Subject {
        name: "the system's",
        find: |seed, programs| check(|_| Heap::new(System), seed, programs),
    },
    Subject {
        name: "the system's, through allocator-api2",
        find: |seed, programs| {
            check(|_| Held::<_, V02>::new(allocator_api2_02::alloc::Global), seed, programs)
        },
    },
];
