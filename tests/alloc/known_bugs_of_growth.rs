//! More faults that other allocators had: where memory runs out, where chunks begin, when all is freed.

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::panic::AssertUnwindSafe;
use core::ptr::NonNull;
use std::panic::catch_unwind;

use stampool::SystemSource;
use stampool::alloc::{
    AllocError, Allocator, AsyncLinear, Blocks, Linear, Owner, Reset, Stack, Static,
};
use stampool::source::{CountingSource, FailingSource};

const WORD: Layout = Layout::new::<u64>();

fn bytes(size: usize) -> Layout {
    Layout::from_size_align(size, 1).expect("a layout")
}

fn cut<A: Allocator>(allocator: &A, layout: Layout) -> NonNull<u8> {
    allocator.allocate(layout).expect("memory").cast()
}

fn refused_once<A: Allocator>(name: &str, new: impl Fn(FailingSource) -> A) {
    let source = FailingSource::default();
    let faults = source.faults();
    let member = new(source);
    cut(&member, WORD);
    faults.refuse_from(faults.calls());
    while member.allocate(WORD).is_ok() {}
    assert_eq!(member.allocate(WORD), Err(AllocError::OutOfMemory), "{name}");
    faults.clear();
    cut(&member, WORD);
}

/// A lock was kept on the out-of-memory path: the next call waited for ever.
#[test]
fn no_lock_is_kept_when_memory_runs_out() {
    each_growing_member!(64, WORD, |name, make| refused_once(name, make));
    each_wrapper!(64, |name, make| refused_once(name, make));
}

/// Grows a block below another one, first without memory for the new place.
fn grown<A: Allocator>(name: &str, new: impl Fn(FailingSource) -> A) {
    let source = FailingSource::default();
    let faults = source.faults();
    let member = new(source);
    let block = cut(&member, bytes(48));
    // SAFETY: the block is live, and has 48 bytes.
    unsafe { block.write_bytes(7, 48) };
    cut(&member, WORD);
    faults.refuse_from(faults.calls());
    // SAFETY: the block is live, and the size is larger.
    let refused = unsafe { member.grow(block, bytes(48), bytes(100_000)) };
    assert_eq!(refused, Err(AllocError::OutOfMemory), "{name}");
    faults.clear();
    for _ in 0..20 {
        // SAFETY: the block is live, and nobody else uses it.
        unsafe { cut(&member, WORD).write_bytes(1, 8) };
    }
    // SAFETY: as above.
    let grown = unsafe { member.grow(block, bytes(48), bytes(100_000)) }.expect("memory");
    // SAFETY: these bytes were copied.
    let kept = unsafe { core::slice::from_raw_parts(grown.cast::<u8>().as_ptr(), 48) };
    assert_eq!(kept, [7; 48], "{name}: a block that could not grow is as it was");
}

/// `grow` freed the block before it had another one.
#[test]
fn grow_keeps_the_block_until_there_is_another_one() {
    each_general_member!(128, |name, make| grown(name, make));
    each_wrapper!(128, |name, make| grown(name, make));
}

/// Takes blocks of all alignments, each larger than the chunk before.
fn aligned<A: Allocator>(name: &str, member: &A) {
    for shift in 0..=16 {
        let layout = Layout::from_size_align((96 << shift) + 1, 1 << shift).expect("a layout");
        let block = cut(member, layout);
        assert!(block.addr().get().is_multiple_of(layout.align()), "{name}: {layout:?}");
    }
}

/// Chunks began where the system put them, and only the first one's blocks were aligned.
#[test]
fn the_first_block_of_each_chunk_is_aligned() {
    each_general_member!(1, |name, make| aligned(name, &make(SystemSource)));
    each_wrapper!(1, |name, make| aligned(name, &make(SystemSource)));
    for align in [1, 16, 4096, 64 << 10] {
        let layout = Layout::from_size_align(align, align).expect("a layout");
        let blocks = Blocks::with_first_chunk(layout, SystemSource, 1).expect("a layout");
        for _ in 0..8 {
            assert!(cut(&blocks, layout).addr().get().is_multiple_of(align));
        }
    }
}

/// The end of a scope waited for a lock that the scope itself held. Here an open scope closes the stack
/// to its parent: after the end, or an unwinding, the parent must serve.
#[test]
fn the_end_of_a_scope_opens_its_parent() {
    let stack = Stack::with_first_chunk(SystemSource, 64);
    for _ in 0..3 {
        let outer = stack.enter().expect("no scope is open");
        assert_eq!(stack.allocate(WORD), Err(AllocError::Sealed));
        let inner = outer.enter().expect("no scope is open in it");
        cut(&inner, bytes(1000));
        drop(inner);
        cut(&outer, bytes(1000));
        drop(outer);
        cut(&stack, WORD);
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let scope = stack.enter().expect("no scope is open");
            cut(&scope, bytes(3000));
            panic!("on purpose");
        }));
        assert!(unwound.is_err());
        cut(&stack, WORD);
    }
}

/// bumpalo 3.20.4 (GHSA-j7wg-xg3h-2pr6): allocators without a chunk shared a static one, and blocks
/// without bytes wrote to it on several threads. Miri and ThreadSanitizer report such a race.
#[test]
fn blocks_without_bytes_on_several_threads() {
    let empty = Layout::from_size_align(0, 8).expect("a layout");
    let shared = AsyncLinear::new(SystemSource);
    let all = |member: &dyn Allocator| {
        for _ in 0..if cfg!(miri) { 3 } else { 100 } {
            let block = member.allocate(empty).expect("no memory is needed").cast::<u8>();
            // SAFETY: the block is live, and the size is the same.
            let block = unsafe { member.shrink(block, empty, empty) }.expect("it is as small");
            // SAFETY: the block is live.
            unsafe { member.deallocate(block.cast(), empty) };
        }
    };
    std::thread::scope(|threads| {
        for _ in 0..if cfg!(miri) { 2 } else { 4 } {
            threads.spawn(|| {
                all(&shared);
                all(&Linear::new(SystemSource));
                all(&Stack::new(SystemSource));
                all(&Static::new(&mut []));
            });
        }
    });
    assert_eq!(shared.usage().obtained_bytes, 0, "no chunk for blocks without bytes");
}

fn used_again<A: Reset>(name: &str, mut member: A, layout: Layout) {
    for _ in 0..5 {
        assert_eq!(member.usage().used_bytes, 0, "{name}");
        let block = cut(&member, layout);
        // SAFETY: the block is live, and this long.
        unsafe { block.write_bytes(1, layout.size()) };
        assert!(member.usage().used_bytes >= layout.size(), "{name}");
        member.reset();
    }
}

/// D's `std.experimental.allocator`, issue 9446: an allocator did not work after everything was freed.
#[test]
fn a_reset_allocator_serves_again() {
    each_growing_member!(64, WORD, |name, make| used_again(name, make(SystemSource), WORD));
    each_general_member!(64, |name, make| used_again(name, make(SystemSource), bytes(40)));
    each_member_of_one_region!(16, 200, |name, make| {
        used_again(name, make(SystemSource).expect("a region"), bytes(40));
    });
    each_member_in_a_buffer!(|name, make| {
        used_again(name, make(&mut [const { MaybeUninit::uninit() }; 64]), bytes(40));
    });
    each_wrapper!(64, |name, make| used_again(name, make(SystemSource), bytes(40)));
}

/// foonathan/memory #111: blocks that were freed in the order of their allocation were lost.
#[test]
fn blocks_that_are_freed_in_the_order_of_their_allocation_come_back() {
    let source = CountingSource::default();
    let counts = source.counts();
    let blocks = Blocks::with_first_chunk(WORD, source, 4).expect("a layout");
    let mut regions = None;
    for _ in 0..5 {
        let held: Vec<_> = (0..60).map(|_| cut(&blocks, WORD)).collect();
        let mut distinct = held.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), held.len(), "a block is handed out once");
        for block in held {
            // SAFETY: the block is live.
            unsafe { blocks.deallocate(block, WORD) };
        }
        assert_eq!(*regions.get_or_insert(counts.live_regions()), counts.live_regions());
    }
}

fn owned<A: Owner>(name: &str, member: &A, size: usize) {
    let elsewhere = 0_u8;
    assert!(!member.owns(NonNull::from(&elsewhere)), "{name}");
    for _ in 0..20 {
        let block = cut(member, bytes(size));
        // SAFETY: in the block.
        let last = unsafe { block.add(size - 1) };
        assert!(member.owns(block) && member.owns(last), "{name}: in every chunk");
        assert!(!member.owns(NonNull::from(&elsewhere)), "{name}");
    }
}

/// foonathan/memory #151: `owns` knew one chunk alone.
#[test]
fn owns_knows_the_blocks_of_every_chunk() {
    each_growing_member!(64, bytes(50), |name, make| owned(name, &make(SystemSource), 50));
    each_wrapper!(64, |name, make| owned(name, &make(SystemSource), 50));
}
