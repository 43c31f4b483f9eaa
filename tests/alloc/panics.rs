//! Members whose source panics when it takes a region back: every region goes back once all the same.

use core::alloc::Layout;
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use stampool::alloc::{Allocator, AsyncLinear, Linear, Reset, Stack};
use stampool::source::{CountingSource, FailingSource, Faults, SourceCounts};

const BIG: Layout = Layout::new::<[u8; 1000]>();

/// A source that panics at one release, after it has taken the region back.
struct Rig {
    counts: SourceCounts,
    faults: Faults,
}

type Panics = CountingSource<FailingSource>;

impl Rig {
    fn new() -> (Panics, Self) {
        let failing = FailingSource::default();
        let faults = failing.faults();
        let source = CountingSource::new(failing);
        let counts = source.counts();
        (source, Self { counts, faults })
    }

    /// Panics at the release after `quiet` others.
    fn after(&self, quiet: usize) {
        self.faults.panic_at_release(self.faults.releases() + quiet);
    }

    fn regions(&self) -> usize {
        self.counts.live_regions()
    }
}

fn unwinds(call: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(call)).is_err()
}

/// Obtains several chunks.
fn fill<A: Allocator>(member: &A) {
    for size in [100, 5000, 100, 20_000] {
        let layout = Layout::from_size_align(size, 1).expect("a layout");
        let block = member.allocate(layout).expect("memory").cast::<u8>();
        // SAFETY: the block is live.
        unsafe { block.write_bytes(1, size) };
    }
}

/// Drops a member with a panic at each release.
fn dropped<A: Allocator>(new: impl Fn(Panics) -> A) {
    for quiet in 0..8 {
        let (source, rig) = Rig::new();
        let member = new(source);
        fill(&member);
        rig.after(quiet);
        let all = rig.regions();
        assert_eq!(unwinds(|| drop(member)), quiet < all, "the panic goes on");
        assert_eq!(rig.regions(), 0, "a release that panics leaks no other region");
    }
}

/// Resets a member with a panic at each release.
fn reset<A: Reset>(new: impl Fn(Panics) -> A) {
    for quiet in 0..8 {
        let (source, rig) = Rig::new();
        let mut member = new(source);
        fill(&member);
        rig.after(quiet);
        let all = rig.regions();
        assert_eq!(unwinds(|| member.reset()), quiet < all - 1, "the panic goes on");
        assert_eq!(rig.regions(), 1, "the largest chunk stays");
        assert_eq!(member.usage().used_bytes, 0);
        rig.faults.clear();
        fill(&member);
        drop(member);
        assert_eq!(rig.regions(), 0);
    }
}

#[test]
fn a_linear_allocators_release_that_panics_leaks_no_other_region() {
    dropped(|source| Linear::with_first_chunk(source, 64));
    dropped(|source| AsyncLinear::with_first_chunk(source, 64));
    reset(|source| Linear::with_first_chunk(source, 64));
    reset(|source| AsyncLinear::with_first_chunk(source, 64));
}

#[test]
fn a_stacks_release_that_panics_leaks_no_other_region() {
    dropped(|source| Stack::with_first_chunk(source, 64));
    reset(|source| Stack::with_first_chunk(source, 64));
}

/// A chunk that is empty and too small goes back when the stack grows.
#[test]
fn a_stack_is_whole_when_a_release_panics_as_it_grows() {
    let (source, rig) = Rig::new();
    let stack = Stack::with_first_chunk(source, 64);
    let first = stack.allocate(Layout::new::<u64>()).expect("memory").cast::<u8>();
    // SAFETY: the block is live.
    unsafe { stack.deallocate(first, Layout::new::<u64>()) };
    rig.after(0);
    assert!(unwinds(|| _ = stack.allocate(BIG)), "the empty chunk goes back");
    assert_eq!(rig.regions(), 1);
    assert_eq!(stack.usage().used_bytes, 0);
    let block = stack.allocate(BIG).expect("memory").cast::<u8>();
    // SAFETY: the block is live.
    unsafe { block.write_bytes(1, BIG.size()) };
    // SAFETY: the block is live.
    unsafe { stack.deallocate(block, BIG) };
    drop(stack);
    assert_eq!(rig.regions(), 0);
}

/// A scope that closes gives its chunks back but one.
#[test]
fn a_stack_is_whole_when_a_release_panics_as_a_scope_closes() {
    for quiet in 0..4 {
        let (source, rig) = Rig::new();
        let stack = Stack::with_first_chunk(source, 64);
        let kept = stack.allocate(Layout::new::<u64>()).expect("memory").cast::<u64>();
        // SAFETY: the block is live.
        unsafe { kept.write(7) };
        let scope = stack.enter().expect("no scope is open");
        for size in [1000, 3000, 9000, 30_000] {
            let layout = Layout::from_size_align(size, 1).expect("a layout");
            scope.allocate(layout).expect("memory");
        }
        rig.after(quiet);
        assert_eq!(unwinds(|| drop(scope)), quiet < 3, "the scope's chunks go back but one");
        assert_eq!(rig.regions(), 2);
        assert_eq!(stack.usage().used_bytes, 16);
        let block = stack.allocate(BIG).expect("no scope is open").cast::<u8>();
        // SAFETY: the block is live.
        unsafe { block.write_bytes(1, BIG.size()) };
        // SAFETY: the block is live.
        assert_eq!(unsafe { kept.read() }, 7);
        rig.faults.clear();
        drop(stack);
        assert_eq!(rig.regions(), 0);
    }
}

/// A resize that gave a part of its block away, and then unwound, would leave its caller with a block
/// that is live by the contract and that the stack hands out again. So the source is not asked then.
#[test]
fn a_stack_releases_nothing_while_a_block_is_freed_or_resized() {
    let layout = |size| Layout::from_size_align(size, 1).expect("a layout");
    let (source, rig) = Rig::new();
    let stack = Stack::with_first_chunk(source, 64);
    let sizes = [1000, 3000, 9000, 30_000];
    let blocks = sizes.map(|size| stack.allocate(layout(size)).expect("memory").cast::<u8>());
    let all = rig.regions();
    rig.after(0);
    // From the last chunk to the first: each is empty when its block is gone.
    for (block, size) in blocks.into_iter().zip(sizes).rev().take(3) {
        // SAFETY: the block is live.
        unsafe { stack.deallocate(block, layout(size)) };
        assert_eq!(rig.regions(), all);
    }
    // SAFETY: the block is live.
    let shrunk = unsafe { stack.shrink(blocks[0], layout(1000), layout(10)) }.expect("in place");
    assert_eq!((shrunk.cast(), rig.regions()), (blocks[0], all));
    rig.faults.clear();
    stack.allocate(layout(40_000)).expect("memory");
    assert!(rig.regions() < all, "the stack grows: spare chunks go back");
}
