//! Requests that take a region to its last byte, and what a refused one leaves.

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use stampool::alloc::{AllocError, AsyncLinear, AsyncStatic, Linear, Static};
use stampool::source::LimitedSource;
use stampool::{ArenaSource, SystemSource};

fn bytes(size: usize) -> Layout {
    Layout::from_size_align(size, 1).expect("a layout")
}

#[test]
fn the_last_block_grows_to_the_end_of_the_memory() {
    let mut memory = [const { MaybeUninit::uninit() }; 128];
    let (one, other) = memory.split_at_mut(64);
    let (one, other) = (Static::new(one), AsyncStatic::new(other));
    let (first, second): (NonNull<u8>, NonNull<u8>) =
        (one.allocate(bytes(32)).unwrap().cast(), other.allocate(bytes(32)).unwrap().cast());
    // SAFETY: the block is live, and the new size is the larger one.
    let grown = unsafe { one.grow_in_place(first, bytes(32), bytes(64)) };
    assert_eq!(grown.unwrap().len(), 64);
    // SAFETY: as above.
    let grown = unsafe { other.grow_in_place(second, bytes(32), bytes(64)) };
    assert_eq!(grown.unwrap().len(), 64);
    // SAFETY: as above.
    let refused = unsafe { one.grow_in_place(first, bytes(64), bytes(65)) };
    assert_eq!(refused, Err(AllocError::NotInPlace));
    // SAFETY: as above.
    let refused = unsafe { other.grow_in_place(second, bytes(64), bytes(65)) };
    assert_eq!(refused, Err(AllocError::NotInPlace));
}

#[test]
fn a_refused_request_leaves_the_rest_of_a_run() {
    let source = LimitedSource::new(SystemSource, 8 << 10);
    let shared = AsyncLinear::with_first_chunk(source, 8 << 10);
    let run = shared.run();
    let first = run.allocate(bytes(100)).unwrap().cast::<u8>();
    let before = shared.usage();
    // More than the rest of the run, and more than the allocator has.
    assert_eq!(run.allocate(bytes(1 << 20)), Err(AllocError::OutOfMemory));
    assert_eq!(shared.usage(), before, "the allocator's mark has not moved");
    // SAFETY: behind the first block, in the run.
    let next = unsafe { first.add(100) };
    assert_eq!(run.allocate(bytes(10)).unwrap().cast(), next, "nor has the run's");
}

/// Blocks of bytes are aligned to one byte, and every member asks for chunks that are aligned to 16.
#[test]
fn an_arena_of_bytes_serves_the_members() {
    let arena = <ArenaSource>::new(Layout::new::<[u8; 4096]>(), 2, SystemSource);
    let linear = Linear::new(arena.expect("memory"));
    linear.allocate(Layout::new::<u64>()).expect("a block of the arena is a chunk");
}

/// Chunks of one size, each with a header; a stack has room for its top besides, and each piece of a
/// shared allocator has a mark. A chunk of blocks has a footer.
#[test]
fn overhead_is_what_lies_beside_the_blocks() {
    use stampool::alloc::{Blocks, Owner, Stack};

    fn overhead<A: Owner>(member: &A, layout: Layout) -> (usize, usize) {
        member.allocate(layout).expect("memory");
        let one = member.usage();
        let room = one.obtained_bytes - one.overhead_bytes;
        member.allocate(bytes(room)).or_else(|_| member.allocate(layout)).expect("memory");
        (one.overhead_bytes, member.usage().overhead_bytes)
    }

    let layout = bytes(64);
    let header = 4 * size_of::<usize>();
    let [first, both] = [header, 2 * header];
    assert_eq!(overhead(&Linear::with_first_chunk(SystemSource, 64), layout), (first, both));
    let mark = header;
    let shared = AsyncLinear::with_first_chunk(SystemSource, 64);
    assert_eq!(overhead(&shared, layout), (first + mark, both + 2 * mark));
    let top = 2 * size_of::<usize>();
    let stack = Stack::with_first_chunk(SystemSource, 64);
    assert_eq!(overhead(&stack, layout), (first + top, both + 2 * top));
    let blocks = Blocks::with_first_chunk(layout, SystemSource, 1).expect("blocks");
    let footer = 3 * size_of::<usize>();
    assert_eq!(overhead(&blocks, layout), (footer, 2 * footer));
}

#[test]
fn a_block_without_bytes_is_shrunk_where_it_is_before_there_is_a_chunk() {
    let shared = AsyncLinear::default();
    let empty = bytes(0);
    let block = shared.allocate(empty).expect("no memory is needed").cast();
    // SAFETY: the block is live.
    assert!(unsafe { shared.shrink_in_place(block, empty, empty) }.is_ok());
}
