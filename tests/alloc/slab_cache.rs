//! Caches on an arena: what part of the capacity holds values, when all of it is in use.

use core::alloc::Layout;
use core::ptr::NonNull;
use std::collections::{HashSet, VecDeque};

use stampool::alloc::{AllocError, SlabArena};

use super::slab::{arena, bytes};

/// Values of random sizes, the oldest first.
struct Cache<'a> {
    arena: &'a SlabArena,
    values: VecDeque<(NonNull<u8>, Layout)>,
    live_bytes: usize,
    random: u64,
}

impl<'a> Cache<'a> {
    fn new(arena: &'a SlabArena) -> Self {
        Self { arena, values: VecDeque::new(), live_bytes: 0, random: 1 }
    }

    fn evict(&mut self) {
        let (block, layout) = self.values.pop_front().expect("an empty arena serves each value");
        self.live_bytes -= layout.size();
        // SAFETY: live, of this layout, and freed once.
        unsafe { self.arena.deallocate(block, layout) };
    }

    /// Puts a value of 1 to `most` bytes in, and returns how many were evicted for it.
    fn put(&mut self, most: u64) -> usize {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
        let size = usize::try_from(1 + (self.random >> 33) % most).expect("a small number");
        let mut evicted = 0;
        let block = loop {
            match self.arena.allocate(bytes(size)) {
                Ok(block) => break block,
                Err(error) => assert_eq!(error, AllocError::Capacity),
            }
            self.evict();
            evicted += 1;
        };
        self.live_bytes += size;
        self.values.push_back((block.cast(), bytes(size)));
        evicted
    }
}

/// The least percentage of the capacity that values held while a cache was full.
fn held(capacity: usize, most: u64) -> usize {
    let arena = arena(capacity);
    let mut cache = Cache::new(&arena);
    while cache.put(most) == 0 {}
    let settle = cache.values.len();
    let mut least = capacity;
    for nth in 0..settle * 2 {
        cache.put(most);
        if nth >= settle {
            least = cache.live_bytes.min(least);
        }
    }
    while !cache.values.is_empty() {
        cache.evict();
    }
    assert_eq!(arena.stats().allocated_blocks, 0);
    least * 100 / capacity
}

#[test]
#[cfg_attr(miri, ignore = "many operations")]
fn a_cache_holds_values_in_most_of_an_arena_with_room_for_its_classes() {
    let classes: HashSet<_> = {
        let arena = arena(8 << 20);
        (1..=2000).map(|size| arena.allocate(bytes(size)).expect("room").len()).collect()
    };
    assert_eq!(classes.len(), 80);
    holds(&[(4, 2000, 15)]);
}

#[test]
#[ignore = "the figures of papers/allocators.md, for the deep tier: optimised"]
fn what_caches_hold_of_larger_arenas() {
    holds(&[
        (1, 200, 50),
        (1, 2000, 15),
        (4, 200, 60),
        (64, 200, 80),
        (64, 2000, 75),
        (64, 20_000, 60),
    ]);
}

/// Capacities in mebibytes, the largest values in bytes, and the least percentage.
fn holds(cases: &[(usize, u64, usize)]) {
    println!("values to | capacity MiB | held at least");
    for (mebibytes, most, at_least) in cases {
        let held = held(mebibytes << 20, *most);
        println!("{most} | {mebibytes} | {held}%");
        assert!(held >= *at_least, "{held}% of {mebibytes} MiB for values of up to {most} bytes");
    }
}
