//! Which of its memory a member takes, where several answers would keep the contract.

use core::alloc::Layout;
use core::ptr::NonNull;

use stampool::SystemSource;
use stampool::alloc::{
    Allocator, AsyncLinear, BestFit, Bitmap, Blocks, Buddy, Contiguous, Fit, GoodFit, Linear,
    SignPost, Stack, Usage,
};
use stampool::source::{CountingSource, LimitedSource};

use crate::heaps::{bytes, cut, give};

pub(crate) fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).expect("a layout")
}

/// The number of the block in which an address lies.
fn number(member: &impl Contiguous, block: NonNull<u8>) -> usize {
    (block.addr().get() - member.memory_range().start.addr().get()) / 8
}

#[test]
fn next_fit_begins_at_the_front_after_a_reset() {
    let mut bitmap = Bitmap::new(8, 200, SystemSource).expect("memory").with_fit(Fit::Next);
    cut(&bitmap, 100 * 8);
    bitmap.reset();
    assert_eq!(number(&bitmap, cut(&bitmap, 8)), 0);
}

#[test]
fn a_least_block_above_a_page_is_aligned_as_it_is_long() {
    let buddy = Buddy::new(8192, 1, SystemSource).expect("memory");
    let block = buddy.allocate(layout(8192, 8192)).expect("the block");
    assert_eq!(block.len(), 8192);
}

#[test]
fn a_reset_forgets_which_words_of_an_order_were_shown() {
    let mut buddy = Buddy::new(8, 256, SystemSource).expect("memory");
    let all: Vec<_> = core::iter::from_fn(|| buddy.allocate(bytes(8)).ok()).collect();
    for nth in [0, 128] {
        give(&buddy, all[nth].cast(), 8);
    }
    buddy.reset();
    let again: Vec<_> = core::iter::from_fn(|| buddy.allocate(bytes(8)).ok()).collect();
    assert_eq!(all, again);
}

/// Free memory of exactly 33 granules at the end of the region, and nine ranges of 32 that are in the
/// same bin and came in later, so that a search in the bin overlooks the last one.
fn the_last_free_memory_serves<A: Allocator>(
    heap: &A,
    usage: impl Fn(&A) -> Usage,
    tag: usize,
) -> bool {
    cut(heap, 16);
    let [wall, long] = [32, 512].map(|taken| taken - tag);
    let blocks = [(); 9].map(|()| (cut(heap, long), cut(heap, wall)).0);
    let Usage { used_bytes, obtained_bytes, overhead_bytes, .. } = usage(heap);
    cut(heap, obtained_bytes - overhead_bytes - used_bytes - 33 * 16 - tag);
    blocks.into_iter().for_each(|block| give(heap, block, long));
    heap.allocate(bytes(33 * 16 - tag)).is_ok()
}

#[test]
#[cfg(target_pointer_width = "64")]
fn the_end_of_the_last_region_is_not_overlooked() {
    let source = || LimitedSource::new(SystemSource, 16 << 10);
    let good = GoodFit::with_first_chunk(source(), 16 << 10);
    assert!(the_last_free_memory_serves(&good, GoodFit::usage, 0), "GoodFit");
    let best = BestFit::with_first_chunk(source(), 16 << 10);
    assert!(the_last_free_memory_serves(&best, BestFit::usage, 0), "BestFit");
    let sign = SignPost::with_first_chunk(source(), 16 << 10);
    assert!(the_last_free_memory_serves(&sign, SignPost::usage, 8), "SignPost");
}

#[test]
#[cfg(target_pointer_width = "64")]
fn a_rest_of_the_shortest_piece_is_a_piece() {
    let heap = SignPost::default();
    let block = cut(&heap, 56);
    // SAFETY: the block is live, and of this size.
    let shrunk = unsafe { heap.shrink_in_place(block, bytes(56), bytes(24)) }.expect("in place");
    assert_eq!((shrunk.len(), heap.usage().used_bytes), (24, 32));
    let (hole, _wall) = (cut(&heap, 56), cut(&heap, 8));
    give(&heap, hole, 56);
    assert_eq!(heap.allocate(bytes(24)).expect("memory").len(), 24, "cut from 64 bytes");
}

#[test]
#[cfg(target_pointer_width = "64")]
fn a_range_of_exactly_the_length_is_taken_before_a_longer_one() {
    fn exact(name: &str, heap: &impl Allocator, tag: usize) {
        let [wall, exact, longer] = [32, 512, 1600].map(|taken| taken - tag);
        let first = cut(heap, exact);
        cut(heap, wall);
        let second = cut(heap, longer);
        cut(heap, wall);
        give(heap, first, exact);
        give(heap, second, longer);
        assert_eq!(cut(heap, exact), first, "{name}");
    }
    exact("GoodFit", &GoodFit::default(), 0);
    exact("BestFit", &BestFit::default(), 0);
    exact("SignPost", &SignPost::default(), 8);
}

#[test]
#[cfg(target_pointer_width = "64")]
fn a_range_of_exactly_the_length_is_found_in_a_bin_of_several_lengths() {
    fn serves(name: &str, heap: &impl Allocator, tag: usize) {
        // 33 granules share a bin with 32.
        let [wall, exact] = [32, 33 * 16].map(|taken| taken - tag);
        let block = cut(heap, exact);
        cut(heap, wall);
        while heap.allocate(bytes(wall)).is_ok() {}
        give(heap, block, exact);
        assert_eq!(heap.allocate(bytes(exact)).map(|block| block.cast()), Ok(block), "{name}");
    }
    let source = || LimitedSource::new(SystemSource, 4096);
    serves("GoodFit", &GoodFit::new(source()), 0);
    serves("BestFit", &BestFit::new(source()), 0);
    serves("SignPost", &SignPost::new(source()), 8);
}

#[test]
#[cfg(target_pointer_width = "64")]
fn a_range_that_is_long_enough_wherever_it_begins_serves_an_aligned_block() {
    fn serves(name: &str, heap: &impl Allocator) {
        let all: Vec<_> = core::iter::from_fn(|| heap.allocate(bytes(16)).ok()).collect();
        let at = |block: &NonNull<[u8]>| block.cast::<u8>().addr().get();
        let find = |address| all.iter().find(|block| at(block) == address).expect("a block");
        let first = all.iter().map(at).min().expect("a block").next_multiple_of(64);
        // Nine holes without an aligned place, which are looked at first, and one of 64 bytes.
        for nth in 1..10 {
            give(heap, find(first + 64 * nth + 32).cast(), 16);
        }
        for nth in 0..4 {
            give(heap, find(first + 64 * 12 + 16 + 16 * nth).cast(), 16);
        }
        let block = heap.allocate(layout(16, 64)).expect(name);
        assert_eq!(at(&block), first + 64 * 13, "{name}");
    }
    let source = || LimitedSource::new(SystemSource, 4096);
    serves("GoodFit", &GoodFit::new(source()));
    serves("BestFit", &BestFit::new(source()));
}

#[test]
#[cfg(target_pointer_width = "64")]
fn of_equally_long_ranges_best_fit_takes_the_lowest() {
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        let heap = BestFit::with_first_chunk(SystemSource, 1 << 14);
        let blocks = [(); 3].map(|()| (cut(&heap, 800), cut(&heap, 16)).0);
        let lowest = *blocks.iter().min().expect("three");
        order.into_iter().for_each(|nth| give(&heap, blocks[nth], 800));
        assert_eq!(cut(&heap, 800), lowest, "{order:?}");
    }
}

#[test]
fn a_block_takes_the_whole_free_range_behind_it() {
    fn whole(name: &str, heap: &impl Allocator, tag: usize) {
        let [short, long] = [32, 64].map(|taken| taken - tag);
        let (block, hole, _wall) = (cut(heap, short), cut(heap, long), cut(heap, short));
        give(heap, hole, long);
        // SAFETY: the block is live, and of this size.
        let grown = unsafe { heap.grow_in_place(block, bytes(short), bytes(96 - tag)) };
        assert_eq!(grown.map(|grown| grown.len()), Ok(96 - tag), "{name}");
    }
    whole("GoodFit", &GoodFit::default(), 0);
    whole("BestFit", &BestFit::default(), 0);
    whole("SignPost", &SignPost::default(), size_of::<usize>());
}

#[test]
fn each_run_is_twice_as_long_as_the_one_before() {
    let linear = AsyncLinear::with_first_chunk(SystemSource, 1 << 20);
    let run = linear.run();
    let (mut used, mut steps) = (0, Vec::new());
    while steps.len() < 7 {
        cut(&run, 64);
        let now = linear.usage().used_bytes;
        if now != used {
            steps.push((now - used) >> 10);
            used = now;
        }
    }
    assert_eq!(steps, [4, 8, 16, 32, 64, 64, 64], "KiB");
}

#[test]
fn more_than_a_quarter_of_a_run_is_no_part_of_one() {
    let linear = AsyncLinear::default();
    let run = linear.run();
    cut(&run, 1025);
    assert_eq!(linear.usage().used_bytes, 1025);
    cut(&run, 1024);
    assert!(linear.usage().used_bytes >= 1025 + 4096);
}

#[test]
fn a_spare_chunk_serves_a_block_that_fills_it() {
    let source = CountingSource::default();
    let counts = source.counts();
    let mut stack = Stack::new(source);
    cut(&stack, 100);
    for _ in 0..3 {
        // More than a chunk of twice the length has, so its chunk is as long as the block needs.
        stack.scope(|scope| cut(scope, 20_000));
    }
    assert_eq!(counts.obtained(), 2);
}

#[test]
fn a_stack_forgets_the_floor_of_a_forgotten_scope_at_its_reset() {
    let mut stack = Stack::default();
    cut(&stack, 1000);
    core::mem::forget(stack.open());
    stack.reset();
    let block = cut(&stack, 16);
    give(&stack, block, 16);
    assert_eq!(stack.usage().used_bytes, 0, "the floor is forgotten");
}

#[test]
fn the_largest_chunk_stays_though_a_smaller_one_is_newer() {
    // No room for a chunk of twice the length.
    let source = || LimitedSource::new(SystemSource, 20_000);
    let mut linear = Linear::with_first_chunk(source(), 12_000);
    while linear.allocate(bytes(1000)).is_ok() {}
    assert!(linear.usage().obtained_bytes > 13_000, "two chunks");
    linear.reset();
    assert_eq!(linear.usage().obtained_bytes, 12_000);
    let block = Layout::new::<[u64; 32]>();
    let mut blocks = Blocks::with_first_chunk(block, source(), 40).expect("blocks");
    while blocks.allocate_block().is_ok() {}
    let first = 40 * block.size();
    assert!(blocks.usage().obtained_bytes > first + 1000, "two chunks");
    blocks.reset();
    let left = blocks.usage().obtained_bytes;
    assert!((first..first + 64).contains(&left), "{left}");
}

#[test]
fn a_chunk_of_blocks_that_is_refused_is_halved() {
    let source = CountingSource::new(LimitedSource::new(SystemSource, 10_000));
    let counts = source.counts();
    let block = Layout::new::<[u64; 8]>();
    let blocks = Blocks::with_first_chunk(block, source, 256).expect("blocks");
    blocks.allocate_block().expect("memory");
    assert_eq!((counts.calls(), blocks.usage().obtained_bytes / block.size()), (2, 128));
}

#[test]
fn an_older_instance_is_leased_again_too() {
    let mut arenas = stampool::alloc::wrap::PerThread::new(Linear::default);
    let (older, newer) = (arenas.lease(), arenas.lease());
    drop(older);
    let again = arenas.lease();
    drop((newer, again));
    assert_eq!(arenas.instances().count(), 2);
}

/// The first chunk was sized by the layout without its padding: four gigabytes for blocks of a megabyte.
#[test]
fn the_first_chunk_of_blocks_has_about_a_page() {
    for (size, align) in [(8, 8), (1, 1), (1, 4096), (1, 1 << 16)] {
        let blocks = Blocks::new(layout(size, align), SystemSource).expect("blocks");
        blocks.allocate_block().expect("memory");
        let (block, obtained) = (blocks.layout().size(), blocks.usage().obtained_bytes);
        assert!(obtained <= block.max(4096) + 64, "{size} aligned to {align}: {obtained}");
    }
}

/// The rest of a run that is too short for a request stays a part of the next one.
#[test]
fn a_run_is_made_longer_if_nothing_lies_above_it() {
    let linear = AsyncLinear::with_first_chunk(SystemSource, 1 << 20);
    let run = linear.run();
    let blocks = [(); 60].map(|()| cut(&run, 100));
    let is_behind = |pair: &[NonNull<u8>]| pair[0].addr().get() + 100 == pair[1].addr().get();
    assert!(blocks.windows(2).all(is_behind), "no byte is lost between two runs");
    let used = linear.usage().used_bytes;
    // A cache line is lost at most in front of the first run, and another one behind the longer one.
    assert!((4000 + 8192..4000 + 8192 + 128).contains(&used), "{used}");
    let above = cut(&linear, 1);
    assert!(above.addr().get().is_multiple_of(64), "no thread shares the run's last cache line");
}

#[test]
fn a_run_below_another_block_is_not_made_longer() {
    let linear = AsyncLinear::with_first_chunk(SystemSource, 1 << 20);
    let run = linear.run();
    let first = cut(&run, 100);
    let above = cut(&linear, 100);
    let blocks = [(); 60].map(|()| cut(&run, 100));
    assert!(first < above && blocks[0] < above && blocks[59] > above);
    let used = linear.usage().used_bytes;
    assert!(used >= 4096 + 100 + 8192, "{used}");
}
