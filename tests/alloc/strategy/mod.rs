//! The pool that is told how to place a block: each placement and its scopes under the kit.

mod generations;
mod memory;
mod placement;
mod values;

use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::NonNull;

use stampool::alloc::conformance::TestSource;
use stampool::alloc::wrap::{Counted, Locked};
use stampool::alloc::{
    AllocError, Allocator, Owner, Placement, Places, Reset, StrategyPool, Usage,
};

use super::members::{Lent, conformance, programs};
use super::wrappers::NODE;

const PLACEMENTS: [Placement; 4] =
    [Placement::BestFit, Placement::Fixed, Placement::Pooled, Placement::Segregated];

fn bytes(size: usize) -> Layout {
    Layout::from_size_align(size, 1).expect("a layout")
}

/// A value that counts its drops. It owns nothing, so one that is never dropped leaks nothing.
struct Dropped<'c>(&'c Cell<u32>);

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

fn pool() -> StrategyPool {
    StrategyPool::default().with_fixed(NODE).expect("a fixed layout")
}

/// A pool that places its blocks as a function of the layout and of the number of calls before says.
struct Placed<A>(A, fn(Layout, usize) -> Placement, Cell<usize>);

// SAFETY: each call goes to the pool.
unsafe impl<A: Places> Allocator for Placed<A> {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let call = self.2.replace(self.2.get() + 1);
        self.0.allocate_with(layout, self.1(layout, call))
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { self.0.deallocate(block, layout) }
    }

    unsafe fn grow_in_place(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: by the caller.
        unsafe { self.0.grow_in_place(block, old, new) }
    }

    unsafe fn shrink_in_place(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: by the caller.
        unsafe { self.0.shrink_in_place(block, old, new) }
    }
}

impl<A: Places + Owner> Owner for Placed<A> {
    fn owns(&self, address: NonNull<u8>) -> bool {
        self.0.owns(address)
    }

    fn usage(&self) -> Usage {
        self.0.usage()
    }
}

impl<A: Places + Reset> Reset for Placed<A> {
    fn reset(&mut self) {
        self.0.reset();
    }
}

/// Places blocks of one size in different ways: the class of sizes, the fixed part and the heap each get
/// some of them.
fn in_turn(layout: Layout, call: usize) -> Placement {
    let fits_the_fixed = layout.size() <= NODE.size() && layout.align() <= NODE.align();
    match call % 3 {
        0 => Placement::BestFit,
        1 if fits_the_fixed => Placement::Fixed,
        _ => Placement::Segregated,
    }
}

/// A pool that the kit checks, with this rule.
fn placed(
    source: TestSource,
    rule: fn(Layout, usize) -> Placement,
) -> Placed<StrategyPool<TestSource>> {
    Placed(with_fixed(source), rule, Cell::new(0))
}

fn with_fixed(source: TestSource) -> StrategyPool<TestSource> {
    StrategyPool::with_first_chunk(source, 200).with_fixed(NODE).expect("a fixed layout")
}

#[test]
fn each_placement() {
    let programs = programs() / 4 + 1;
    let best_fit = |source| placed(source, |_, _| Placement::BestFit);
    conformance(best_fit).owner().reset().recovers().programs(programs).check();
    let fixed = |source| placed(source, |_, _| Placement::Fixed);
    let check = conformance(fixed).owner().reset().recovers().up_to(NODE.size(), NODE.align());
    check.programs(programs).check();
    let pooled = |source| placed(source, |_, _| Placement::Pooled);
    conformance(pooled).owner().reset().recovers().up_to(1024, 16).programs(programs).check();
    let mixed = |source| placed(source, in_turn);
    conformance(mixed).owner().recovers().up_to(100, 16).programs(programs).check();
}

#[test]
fn scopes() {
    let scope = |source: TestSource| {
        Lent::new(with_fixed(source), StrategyPool::open, |pool| {
            assert_eq!(pool.usage().used_bytes, 0, "the scope has given everything back");
        })
    };
    // Not as an owner: the bytes that a scope obtains are not the source's, but the pool's heap's.
    conformance(scope).programs(programs() / 2 + 1).check();
}

#[test]
fn threads_share_a_pool_behind_a_lock_and_count_for_themselves() {
    const THREADS: u64 = 3;
    const BLOCKS: u64 = if cfg!(miri) { 5 } else { 500 };
    let counted = Counted::new(Locked::new(pool()));
    std::thread::scope(|threads| {
        for thread in 0..THREADS {
            let counted = &counted;
            threads.spawn(move || {
                let own = counted.thread();
                for number in 0..BLOCKS {
                    let boxed = own.alloc_value(vec![thread; 3]).expect("memory");
                    let node = own.allocate_with(NODE, Placement::Fixed).expect("memory");
                    assert_eq!(node.len(), NODE.size());
                    assert_eq!(boxed.iter().sum::<u64>(), 3 * thread);
                    if number % 2 == 0 {
                        // SAFETY: the block is live.
                        unsafe { own.deallocate(node.cast(), NODE) };
                    }
                }
            });
        }
    });
    let statistics = counted.statistics();
    assert_eq!(statistics.allocations, THREADS * BLOCKS * 2);
    assert_eq!(statistics.live_blocks(), THREADS * (BLOCKS / 2));
    assert_eq!(statistics.live_bytes(), THREADS * (BLOCKS / 2) * NODE.size() as u64);
    assert_eq!(counted.usage().used_bytes as u64, statistics.live_bytes());
    // Without a handle, the record is the one that all share.
    drop(counted.alloc_value(7).expect("memory"));
    assert_eq!(counted.statistics().allocations, THREADS * BLOCKS * 2 + 1);
}
