//! Every member keeps the contract.

use core::alloc::Layout;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use stampool::alloc::conformance::{Conformance, TestSource};
use stampool::alloc::wrap::{Checked, Locked};
use stampool::alloc::{
    AllocError, Allocator, AsyncLinear, AsyncStatic, Bins, Bitmap, Blocks, Buddy, Fit, FreeRanges,
    Index, Linear, Owner, SignPost, SlabArena, Stack, Static, StrategyPool, Trees, Usage,
};
use stampool::{BuildError, ExactPool, Pool, ThreadLocalPool};

/// The kit's programs for a member, or as many as `STAMPOOL_PROGRAMS` says. Miri and an emulator of
/// another processor are slow.
pub(crate) fn programs() -> u64 {
    if cfg!(miri) {
        6
    } else if std::env::var_os("STAMPOOL_EMULATOR").is_some() {
        500
    } else {
        let asked = std::env::var("STAMPOOL_PROGRAMS").ok();
        asked.map_or(10_000, |programs| programs.parse().expect("STAMPOOL_PROGRAMS is a number"))
    }
}

pub(crate) fn conformance<'k, A: Allocator>(
    make: impl Fn(TestSource) -> A + 'k,
) -> Conformance<'k, A> {
    let check = Conformance::new(make);
    // Under Miri every byte that is filled or compared takes long.
    if cfg!(miri) { check.up_to(500, 64).steps(20) } else { check }
}

#[test]
fn linear() {
    conformance(Linear::new).owner().reset().programs(programs()).check();
}

#[test]
fn linear_with_tiny_chunks() {
    let make = |source| Linear::with_first_chunk(source, 1);
    conformance(make).owner().reset().programs(programs()).check();
}

#[test]
fn fixed() {
    for len in [0, 1, 15, 16, 17, 63, 64, 1000, 100_000] {
        // SAFETY: the kit keeps the buffer until the allocator is gone.
        let make = |source: TestSource| unsafe { Static::from_raw_parts(source.buffer(len), len) };
        let programs = programs() / 9 + 1;
        conformance(make).owner().reset().up_to(len.max(1), 64).programs(programs).check();
    }
}

#[test]
fn checked() {
    let programs = programs();
    let linear = |source| Checked::new(Linear::new(source));
    conformance(linear).owner().reset().programs(programs).check();
    let stack = |source| Checked::new(Stack::new(source));
    conformance(stack).owner().reset().recovers().programs(programs).check();
}

#[test]
fn stack() {
    conformance(Stack::new).owner().reset().recovers().programs(programs()).check();
}

#[test]
fn stack_with_tiny_chunks() {
    let make = |source| Stack::with_first_chunk(source, 1);
    let check = conformance(make).owner().reset().recovers().up_to(300, 64).steps(80);
    check.programs(programs() / 2).check();
}

/// A value and an allocator that borrows it, dropped in the right order.
pub(crate) struct Lent<A, O: 'static> {
    allocator: ManuallyDrop<A>,
    owner: *mut O,
    last: fn(&O),
}

impl<A, O> Lent<A, O> {
    /// `last` looks at the owner when the allocator is gone.
    pub(crate) fn new(owner: O, lend: impl FnOnce(&'static O) -> A, last: fn(&O)) -> Self {
        let owner = Box::into_raw(Box::new(owner));
        // SAFETY: the owner lives until the drop of this value, which drops the allocator first.
        let allocator = ManuallyDrop::new(lend(unsafe { &*owner }));
        Self { allocator, owner, last }
    }
}

impl<A, O> Drop for Lent<A, O> {
    fn drop(&mut self) {
        // SAFETY: dropped once, and not used afterwards.
        unsafe { ManuallyDrop::drop(&mut self.allocator) };
        // SAFETY: made by `Box::into_raw`; the allocator that borrowed it is gone.
        let owner = unsafe { Box::from_raw(self.owner) };
        (self.last)(&owner);
    }
}

macro_rules! resized_by_the_allocator {
    ($($method:ident)*) => {$(
        unsafe fn $method(
            &self,
            block: NonNull<u8>,
            old: Layout,
            new: Layout,
        ) -> Result<NonNull<[u8]>, AllocError> {
            // SAFETY: by the caller.
            unsafe { self.allocator.$method(block, old, new) }
        }
    )*};
}

// SAFETY: all calls go to the allocator.
unsafe impl<A: Allocator, O> Allocator for Lent<A, O> {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.allocator.allocate(layout)
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { self.allocator.deallocate(block, layout) }
    }

    resized_by_the_allocator! { grow_in_place shrink_in_place }
}

impl<A: Owner, O> Owner for Lent<A, O> {
    fn owns(&self, address: NonNull<u8>) -> bool {
        self.allocator.owns(address)
    }

    fn usage(&self) -> Usage {
        self.allocator.usage()
    }
}

#[test]
fn scope() {
    let make = |source| {
        let enter = |stack: &'static Stack<_>| stack.enter().expect("no scope is open");
        Lent::new(Stack::with_first_chunk(source, 100), enter, |stack| {
            assert_eq!(stack.usage().used_bytes, 0, "the scope has given everything back");
        })
    };
    conformance(make).owner().recovers().programs(programs()).check();
}

#[test]
fn async_linear() {
    conformance(AsyncLinear::new).owner().reset().programs(programs()).check();
    let make = |source| AsyncLinear::with_first_chunk(source, 1);
    conformance(make).owner().reset().programs(programs() / 2).check();
}

#[test]
fn run() {
    let make = |source| Lent::new(AsyncLinear::new(source), AsyncLinear::run, |_| ());
    conformance(make).programs(programs()).check();
}

#[test]
fn async_fixed() {
    for len in [0, 1, 15, 16, 17, 63, 64, 1000, 100_000] {
        // SAFETY: the kit keeps the buffer until the allocator is gone.
        let make =
            |source: TestSource| unsafe { AsyncStatic::from_raw_parts(source.buffer(len), len) };
        let programs = programs() / 9 + 1;
        conformance(make).owner().reset().up_to(len.max(1), 64).programs(programs).check();
    }
}

#[test]
fn blocks() {
    for (size, align, first) in [(1, 1, 1), (8, 8, 4), (24, 8, 2), (100, 64, 1), (5000, 4096, 3)] {
        let layout = Layout::from_size_align(size, align).expect("a layout");
        let make = |source| {
            Blocks::with_first_chunk(layout, source, first).expect("blocks of this layout")
        };
        let check = conformance(make).owner().reset().recovers().up_to(size, align);
        check.programs(programs() / 5 + 1).check();
    }
}

/// Members on one region, which they obtain when they are made: tried again while the source refuses.
pub(crate) fn on_a_region<A>(
    make: impl Fn(TestSource) -> Result<A, BuildError>,
) -> impl Fn(TestSource) -> A {
    // The source refuses three calls in a row at most, and gives one misaligned region.
    move |source| (0..9).find_map(|_| make(source.clone()).ok()).expect("a region")
}

#[test]
fn bitmap() {
    for (size, bytes) in [(1, 100), (16, 20_000), (64, 3000), (4096, 300_000)] {
        for fit in [Fit::First, Fit::Next, Fit::Best] {
            let make = |source| {
                Bitmap::with_region(size, bytes, source).map(|bitmap| bitmap.with_fit(fit))
            };
            let check = conformance(on_a_region(make)).owner().reset().recovers();
            check.up_to(bytes / 4, 64).programs(programs() / 12 + 1).check();
        }
    }
}

#[test]
fn buddy() {
    for (size, bytes) in [(1, 100), (16, 20_000), (64, 3000), (4096, 300_000), (16, 65_536)] {
        let make = |source| Buddy::with_region(size, bytes, source);
        let check = conformance(on_a_region(make)).owner().reset().recovers();
        check.up_to(bytes / 4, 64).programs(programs() / 5 + 1).check();
    }
}

/// Half of the programs begin with a region that has room for a block or two.
fn free_ranges<I: Index>() {
    for first in [4096, 1] {
        let make = |source| FreeRanges::<TestSource, I>::with_first_chunk(source, first);
        conformance(make).owner().reset().recovers().programs(programs() / 2).check();
    }
}

#[test]
fn good_fit() {
    free_ranges::<Bins>();
}

#[test]
fn best_fit() {
    free_ranges::<Trees>();
}

#[test]
fn sign_post() {
    for first in [4096, 1] {
        let make = |source| SignPost::with_first_chunk(source, first);
        conformance(make).owner().reset().recovers().programs(programs() / 2).check();
    }
}

#[test]
fn strategy_pool() {
    for first in [4096, 1] {
        let make = |source| StrategyPool::with_first_chunk(source, first);
        conformance(make).owner().reset().recovers().programs(programs() / 2).check();
    }
}

/// Sources that serve no larger alignment than a member needs for its regions: blocks that are aligned
/// to more have room in them.
#[test]
fn members_on_sources_with_a_largest_alignment() {
    let programs = programs() / 10 + 1;
    each_general_member!(500, |_, make| {
        conformance(make).owner().reset().max_align_from(16).programs(programs).check();
    });
    each_wrapper!(500, |_, make| {
        conformance(make).owner().reset().max_align_from(16).programs(programs).check();
    });
    for (size, align) in [(24, 8), (72, 16), (100, 64), (5000, 4096)] {
        let layout = Layout::from_size_align(size, align).expect("a layout");
        let make = |source| Blocks::new(layout, source).expect("blocks of this layout");
        let check = conformance(make).owner().reset().recovers().up_to(size, align);
        check.max_align_from(align.max(16)).programs(programs / 4 + 1).check();
    }
    for size in [16, 64, 256] {
        each_member_of_one_region!(size, 10_000, |_, make| {
            let check = conformance(on_a_region(make)).owner().reset().recovers();
            check.up_to(2500, 64).max_align_from(size).programs(programs / 3 + 1).check();
        });
    }
}

#[test]
fn locked() {
    let make = |source| Locked::new(Linear::new(source));
    conformance(make).owner().reset().programs(programs()).check();
}

/// Layouts of pools. The programs of a kind of pool are shared out among them.
const LAYOUTS: [(usize, usize); 4] = [(1, 1), (48, 16), (200, 8), (100, 256)];

/// Builds a pool whose source is the system's: a pool that cannot be built is no allocator, so the
/// test's source, which may refuse, is not for its first regions.
fn pools(size: usize, align: usize) {
    let layout = Layout::from_size_align(size, align).expect("a layout");
    let programs = programs() / LAYOUTS.len() as u64 + 1;
    let pool = || Pool::builder(layout);
    let local = |_| {
        let handle = |pool: &'static Pool| pool.as_allocator().expect("a handle");
        Lent::new(pool().build().expect("a pool"), handle, |_| ())
    };
    conformance(local).up_to(size, align).programs(programs).check();
    let exact =
        |_| Lent::new(pool().build_exact().expect("a pool"), <ExactPool>::as_allocator, |_| ());
    conformance(exact).up_to(size, align).programs(programs).check();
    let shared = |_| {
        let pool = pool().build_thread_local().expect("a pool");
        Lent::new(pool, <ThreadLocalPool>::as_allocator, |_| ())
    };
    conformance(shared).up_to(size, align).programs(programs).check();
}

#[test]
fn pools_as_allocators() {
    for (size, align) in LAYOUTS {
        pools(size, align);
    }
}

#[test]
fn slab_arena() {
    for (bytes, most) in [(4096, 4096), (20_000, 4096), (600_000, 150_000)] {
        let make = |source| SlabArena::builder(bytes).source(source).build();
        let check = conformance(on_a_region(make)).owner().reset().recovers();
        check.up_to(most, 64).programs(programs() / 10 + 1).check();
        // A chunk has a word for each block in front of the blocks.
        let make = |source| SlabArena::builder(bytes).source(source).checked().build();
        // A checked arena keeps all chunks, so a class may be refused although nothing is in use.
        let check = conformance(on_a_region(make)).owner().reset().without_reasons();
        check.up_to(most / 4, 64).programs(programs() / 60 + 1).check();
    }
}
