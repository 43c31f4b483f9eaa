//! Members whose source panics when it takes a region back: every region goes back once all the same.

use core::alloc::Layout;
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Mutex;

use stampool::alloc::wrap::{Counted, Fallback, Limited, PerThread, Segregated};
use stampool::alloc::{Allocator, Linear, Reset, Stack, Usage};
use stampool::source::{CountingSource, FailingSource, Faults, SourceCounts};

/// The tests panic at each of so many releases. Members here have three regions, or a few more.
const RELEASES: usize = if cfg!(miri) { 4 } else { 8 };
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

/// Obtains several chunks with blocks of one size.
fn fill<A: Allocator>(member: &A, rig: &Rig) {
    let before = rig.counts.obtained();
    while rig.counts.obtained() < before + 3 {
        let block = member.allocate(BIG).expect("memory").cast::<u8>();
        // SAFETY: the block is live.
        unsafe { block.write_bytes(1, BIG.size()) };
    }
}

/// Drops a member with a panic at each release.
fn dropped<A: Allocator>(name: &str, new: impl Fn(Panics) -> A) {
    for quiet in 0..RELEASES {
        let (source, rig) = Rig::new();
        let member = new(source);
        fill(&member, &rig);
        rig.after(quiet);
        let all = rig.regions();
        assert!(all >= 3, "{name}: several regions");
        assert_eq!(unwinds(|| drop(member)), quiet < all, "{name}: the panic goes on");
        assert_eq!(rig.regions(), 0, "{name}: a release that panics leaks no other region");
    }
}

/// Resets a member with a panic at each release.
fn reset<A: Reset>(name: &str, new: impl Fn(Panics) -> A) {
    for quiet in 0..RELEASES {
        let (source, rig) = Rig::new();
        let mut member = new(source);
        fill(&member, &rig);
        rig.after(quiet);
        let all = rig.regions();
        assert_eq!(unwinds(|| member.reset()), quiet < all - 1, "{name}: the panic goes on");
        assert_eq!(rig.regions(), 1, "{name}: the largest chunk stays");
        assert_eq!(member.usage().used_bytes, 0, "{name}");
        assert_eq!(member.usage().obtained_bytes, rig.counts.live_bytes(), "{name}");
        rig.faults.clear();
        fill(&member, &rig);
        drop(member);
        assert_eq!(rig.regions(), 0, "{name}");
    }
}

#[test]
fn a_release_that_panics_in_a_drop_leaks_no_other_region_of_any_member() {
    each_growing_member!(64, BIG, |name, make| dropped(name, make));
    each_wrapper!(64, |name, make| dropped(name, make));
}

#[test]
fn a_release_that_panics_in_a_reset_leaks_no_other_region_of_any_member() {
    each_growing_member!(64, BIG, |name, make| reset(name, make));
    each_wrapper!(64, |name, make| reset(name, make));
}

/// Its one region has gone back when the source panics.
#[test]
fn a_release_that_panics_in_the_drop_of_a_member_of_one_region_passes_on() {
    fn dropped<A: Reset, E: core::fmt::Debug>(name: &str, new: impl Fn(Panics) -> Result<A, E>) {
        let (source, rig) = Rig::new();
        let mut member = new(source).expect("a region");
        rig.after(0);
        assert!(!unwinds(|| member.reset()), "{name}: a reset keeps the region");
        assert!(unwinds(|| drop(member)), "{name}: the panic goes on");
        assert_eq!(rig.regions(), 0, "{name}");
    }
    each_member_of_one_region!(64, 4096, |name, make| dropped(name, make));
}

/// An allocator of two that have several chunks each.
fn two<A>(of: impl Fn(Linear<Panics>, Linear<Panics>) -> A) -> (A, [Rig; 2]) {
    let full = || {
        let (source, rig) = Rig::new();
        let linear = Linear::with_first_chunk(source, 64);
        fill(&linear, &rig);
        (linear, rig)
    };
    let ((first, one), (second, other)) = (full(), full());
    (of(first, second), [one, other])
}

/// Resets and drops an allocator that is made of two, one of which has a source that panics, at each
/// release.
fn two_survive<A: Reset>(
    name: &str,
    of: impl Fn(Linear<Panics>, Linear<Panics>) -> A,
    usages: impl Fn(&A) -> [Usage; 2],
) {
    for (panics, quiet) in [0, 1].into_iter().flat_map(|one| (0..RELEASES).map(move |n| (one, n))) {
        let full = || {
            let (both, rigs) = two(&of);
            let all = rigs[panics].regions();
            rigs[panics].after(quiet);
            (both, rigs, all)
        };
        let (mut both, rigs, all) = full();
        assert_eq!(unwinds(|| both.reset()), quiet < all - 1, "{name}: the panic goes on");
        for (usage, rig) in usages(&both).into_iter().zip(&rigs) {
            assert_eq!(usage.used_bytes, 0, "{name}: both were reset");
            assert_eq!(rig.regions(), 1, "{name}: the largest chunk of each stays");
        }
        assert_eq!(both.usage().used_bytes, 0, "{name}");
        rigs[panics].faults.clear();
        drop(both);
        let (both, rigs, all) = full();
        assert_eq!(unwinds(|| drop(both)), quiet < all, "{name}: the panic goes on");
        assert_eq!(rigs.map(|rig| rig.regions()), [0; 2], "{name}: both have given all back");
    }
}

#[test]
fn the_second_allocator_of_a_fallback_is_reset_and_dropped_though_the_first_ones_source_panics() {
    // SAFETY: each of the two has a source of its own.
    let of = |first, second| unsafe { Fallback::new(first, second) };
    two_survive("Fallback", of, |both| [both.first_usage(), both.second().usage()]);
}

#[test]
fn the_large_allocator_of_a_segregated_is_reset_and_dropped_though_the_small_ones_source_panics() {
    let of = |small, large| Segregated::new(Layout::new::<u64>(), small, large);
    two_survive("Segregated", of, |both| [both.small().usage(), both.large().usage()]);
}

/// Every block is invalid, so none counts against the limit.
#[test]
fn the_limit_is_whole_after_a_reset_that_panics() {
    let (source, rig) = Rig::new();
    let mut limited = Limited::new(Linear::with_first_chunk(source, 64), 100_000);
    fill(&limited, &rig);
    rig.after(0);
    assert!(limited.live_bytes() > 0);
    assert!(unwinds(|| limited.reset()));
    assert_eq!(limited.live_bytes(), 0);
    limited.allocate(Layout::new::<[u8; 100_000]>()).expect("the whole limit");
}

#[test]
fn no_block_counts_as_live_after_a_reset_that_panics() {
    let (source, rig) = Rig::new();
    let mut counted = Counted::new(Linear::with_first_chunk(source, 64));
    fill(&counted.thread(), &rig);
    fill(&counted, &rig);
    rig.after(0);
    assert!(counted.statistics().live_blocks() > 0);
    assert!(unwinds(|| counted.reset()));
    assert_eq!((counted.statistics().live_blocks(), counted.statistics().live_bytes()), (0, 0));
}

/// Three instances, one of which has a source that panics at one release.
fn instances(
    panics: usize,
    quiet: usize,
) -> (PerThread<Linear<Panics>, impl Fn() -> Linear<Panics>>, Vec<Rig>) {
    let (sources, rigs): (Vec<_>, Vec<_>) = (0..3).map(|_| Rig::new()).unzip();
    let sources = Mutex::new(sources);
    let make = move || {
        let source = sources.lock().unwrap().pop();
        Linear::with_first_chunk(source.expect("three instances"), 64)
    };
    let arenas = PerThread::new(make);
    let leases = [(); 3].map(|()| arenas.lease());
    // The last source is the first instance's.
    for (lease, rig) in leases.iter().zip(rigs.iter().rev()) {
        fill(lease, rig);
    }
    drop(leases);
    rigs[panics].after(quiet);
    (arenas, rigs)
}

fn each_panic() -> impl Iterator<Item = (usize, usize)> {
    (0..3).flat_map(|panics| (0..RELEASES).map(move |quiet| (panics, quiet)))
}

#[test]
fn all_instances_are_reset_though_the_source_of_one_panics() {
    for (panics, quiet) in each_panic() {
        let (mut arenas, rigs) = instances(panics, quiet);
        let all = rigs[panics].regions();
        assert_eq!(unwinds(|| arenas.reset()), quiet < all - 1, "the panic goes on");
        let live: Vec<usize> = rigs.iter().map(Rig::regions).collect();
        assert_eq!(
            live, [1; 3],
            "source {panics}, release {quiet}: the largest chunk of each stays"
        );
        assert_eq!(arenas.usage().used_bytes, 0);
        rigs[panics].faults.clear();
    }
}

#[test]
fn all_instances_are_dropped_though_the_source_of_one_panics() {
    for (panics, quiet) in each_panic() {
        let (arenas, rigs) = instances(panics, quiet);
        let all = rigs[panics].regions();
        assert_eq!(unwinds(|| drop(arenas)), quiet < all, "the panic goes on");
        let live: Vec<usize> = rigs.iter().map(Rig::regions).collect();
        assert_eq!(live, [0; 3], "source {panics}, release {quiet}: all regions go back");
    }
}

/// So are those that nobody has taken out of an iterator.
#[test]
fn instances_that_nobody_takes_out_are_dropped_though_the_source_of_one_panics() {
    for (panics, quiet) in each_panic() {
        let (arenas, rigs) = instances(panics, quiet);
        let all = rigs[panics].regions();
        let instances = arenas.into_instances();
        assert_eq!(unwinds(|| drop(instances)), quiet < all, "the panic goes on");
        let live: Vec<usize> = rigs.iter().map(Rig::regions).collect();
        assert_eq!(live, [0; 3], "source {panics}, release {quiet}: all regions go back");
    }
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
