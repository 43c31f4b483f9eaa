//! The wrappers that are made of other allocators: each under the kit, and the faults that other
//! projects' wrappers had.

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use stampool::SystemSource;
use stampool::alloc::conformance::{Conformance, TestSource};
use stampool::alloc::wrap::{Checked, Fallback, Lifetime, Lifetimes, Limited, Segregated};
use stampool::alloc::{AllocError, Allocator, Blocks, Linear, Owner, Stack, Static, Usage};

use super::members::{conformance, programs};

fn bytes(size: usize) -> Layout {
    Layout::from_size_align(size, 1).expect("a layout")
}

/// A static allocator in a buffer of the kit.
fn fixed(source: &TestSource, len: usize) -> Static<'static> {
    // SAFETY: the kit keeps the buffer until the allocator is gone.
    unsafe { Static::from_raw_parts(source.buffer(len), len) }
}

#[test]
fn fallback() {
    for len in [0, 64, 1000] {
        let make = |source: TestSource| Fallback::new(fixed(&source, len), Linear::new(source));
        let check = conformance(make).owner().reset().up_to(len.max(100) * 4, 64);
        check.programs(programs() / 3 + 1).check();
    }
    let stacks = |source: TestSource| Fallback::new(Stack::new(source.clone()), Stack::new(source));
    conformance(stacks).owner().reset().recovers().programs(programs() / 3 + 1).check();
}

const NODE: Layout = match Layout::from_size_align(40, 8) {
    Ok(layout) => layout,
    Err(_) => panic!(),
};

/// Blocks that are longer than the layout up to which they serve.
fn nodes(source: TestSource) -> Blocks<TestSource> {
    let longer = Layout::from_size_align(48, 16).expect("a layout");
    Blocks::new(longer, source).expect("blocks of this layout")
}

#[test]
fn segregated() {
    let make =
        |source: TestSource| Segregated::new(NODE, nodes(source.clone()), Stack::new(source));
    conformance(make).owner().reset().recovers().programs(programs() / 2).check();
    conformance(make).owner().reset().recovers().up_to(100, 16).programs(programs() / 2).check();
}

#[test]
fn limited() {
    for limit in [0, 100, 5000] {
        let make = |source| Limited::new(Stack::new(source), limit);
        let check = conformance(make).owner().reset().recovers().up_to(limit.max(10), 64);
        check.programs(programs() / 3 + 1).check();
    }
}

type Lives = Lifetimes<Linear<TestSource>, Blocks<TestSource>, Stack<TestSource>>;

/// One lifetime of three, with its allocators.
struct AtOne(Lives, Lifetime);

// SAFETY: each call goes to one and the same allocator.
unsafe impl Allocator for AtOne {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.0.at(self.1).allocate(layout)
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { self.0.at(self.1).deallocate(block, layout) }
    }

    unsafe fn grow_in_place(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: by the caller.
        unsafe { self.0.at(self.1).grow_in_place(block, old, new) }
    }

    unsafe fn shrink_in_place(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: by the caller.
        unsafe { self.0.at(self.1).shrink_in_place(block, old, new) }
    }
}

impl Owner for AtOne {
    fn owns(&self, address: NonNull<u8>) -> bool {
        self.0.at(self.1).owns(address)
    }

    fn usage(&self) -> Usage {
        self.0.at(self.1).usage()
    }
}

fn lives(source: &TestSource) -> Lives {
    let (short, long) = (Linear::new(source.clone()), Stack::new(source.clone()));
    Lifetimes::new(short, nodes(source.clone()), long)
}

#[test]
fn each_lifetime() {
    for lifetime in [Lifetime::Short, Lifetime::Medium, Lifetime::Long] {
        let make = |source| AtOne(lives(&source), lifetime);
        let check = conformance(make).owner().up_to(200, 32);
        check.programs(programs() / 3 + 1).check();
    }
}

#[test]
fn a_reset_of_short_lives_leaves_the_others() {
    let stacks = || Stack::new(SystemSource);
    let mut lives = Lifetimes::new(Linear::new(SystemSource), stacks(), stacks());
    let all = [Lifetime::Short, Lifetime::Medium, Lifetime::Long];
    let blocks = all.map(|lifetime| {
        let block = lives.at(lifetime).allocate(NODE).unwrap().cast::<u8>();
        assert_eq!(lives.lifetime_of(block), Some(lifetime));
        block
    });
    assert_eq!(lives.lifetime_of(NonNull::dangling()), None);
    let before = lives.usage().used_bytes;
    lives.reset_short();
    let used = all.map(|lifetime| lives.at(lifetime).usage().used_bytes);
    assert_eq!((used[0], lives.usage().used_bytes), (0, used[1] + used[2]));
    assert!(used[1] > 0 && used[2] > 0 && before > used[1] + used[2]);
    for (lifetime, block) in all.into_iter().zip(blocks).skip(1) {
        // SAFETY: the block is live, and is aligned for a word.
        unsafe { block.cast::<u64>().write(7) };
        // SAFETY: the block is live, and has this lifetime.
        unsafe { lives.at(lifetime).deallocate(block, NODE) };
    }
    lives.reset();
    assert_eq!(lives.usage().used_bytes, 0);
}

#[test]
fn wrappers_of_wrappers() {
    let make = |source: TestSource| {
        let small = Limited::new(nodes(source.clone()), 200);
        let small = Fallback::new(small, Stack::new(source.clone()));
        Checked::new(Segregated::new(NODE, small, Linear::new(source)))
    };
    conformance(make).owner().reset().up_to(200, 32).programs(programs() / 4).check();
}

/// The segregator that trusts the returned length: a block of 48 bytes that was asked for as one of
/// 40 may come back as one of 48, and goes to the wrong allocator (foonathan/memory #16).
struct Trusting(Blocks<TestSource>, Linear<TestSource>);

// SAFETY: not so; the kit must find it.
unsafe impl Allocator for Trusting {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let is_small = layout.size() <= NODE.size() && layout.align() <= NODE.align();
        if is_small { self.0.allocate(layout) } else { self.1.allocate(layout) }
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        if layout.size() <= NODE.size() && layout.align() <= NODE.align() {
            // SAFETY: by the caller.
            unsafe { self.0.deallocate(block, layout) }
        } else {
            // SAFETY: not so, if a longer size was passed back than was asked for.
            unsafe { self.1.deallocate(block, layout) }
        }
    }
}

impl Owner for Trusting {
    fn owns(&self, address: NonNull<u8>) -> bool {
        self.0.owns(address) || self.1.owns(address)
    }

    fn usage(&self) -> Usage {
        let mut usage = self.1.usage();
        usage.obtained_bytes += self.0.usage().obtained_bytes;
        usage.used_bytes += self.0.usage().used_bytes;
        usage
    }
}

#[test]
#[cfg(not(miri))]
fn a_segregator_that_frees_into_the_fallback_is_found() {
    let make = |source: TestSource| Trusting(nodes(source.clone()), Linear::new(source));
    let found = Conformance::new(make).owner().up_to(100, 16).programs(5_000).find();
    found.expect_err("a fault that the kit must find");
}

#[test]
fn a_small_block_goes_back_to_the_small_allocator_whatever_size_fits() {
    let longer = Layout::from_size_align(48, 16).expect("a layout");
    let nodes = Blocks::new(longer, SystemSource).expect("blocks");
    let heap = Segregated::new(NODE, nodes, Linear::new(SystemSource));
    for asked in [1, 33, 40] {
        let block = heap.allocate(bytes(asked)).expect("memory");
        assert_eq!(block.len(), NODE.size(), "a longer block would look like a large one");
        // SAFETY: the block is live, and its whole length fits it.
        unsafe { heap.deallocate(block.cast(), bytes(block.len())) };
        assert_eq!(heap.small().usage().live_blocks, Some(0));
        assert_eq!(heap.large().usage().obtained_bytes, 0);
    }
}

#[test]
fn a_block_that_crosses_the_limit_moves_and_moves_back() {
    let nodes = Blocks::new(NODE, SystemSource).expect("blocks");
    let heap = Segregated::new(NODE, nodes, Stack::new(SystemSource));
    let block = heap.allocate(bytes(40)).expect("memory").cast::<u8>();
    // SAFETY: the block is live, and has so many bytes.
    unsafe { block.write_bytes(7, 40) };
    // SAFETY: the block is live.
    let grown = unsafe { heap.grow(block, bytes(40), bytes(41)) }.expect("memory").cast::<u8>();
    assert_eq!(heap.small().usage().live_blocks, Some(0), "it has left");
    assert!(heap.large().owns(grown));
    // SAFETY: as above.
    let back = unsafe { heap.shrink(grown, bytes(41), bytes(40)) }.expect("memory").cast::<u8>();
    assert!(heap.small().owns(back));
    assert_eq!(heap.large().usage().used_bytes, 0);
    // SAFETY: these bytes moved with the block.
    let kept = unsafe { core::slice::from_raw_parts(back.as_ptr(), 40) };
    assert_eq!(kept, [7; 40]);
}

/// foonathan/memory #151: `owns` said yes to the address behind the last byte, so a fallback freed
/// its second allocator's block into the first.
#[test]
fn what_begins_where_the_first_allocator_ends_is_the_seconds() {
    let mut buffer = [const { MaybeUninit::uninit() }; 128];
    let (low, high) = buffer.split_at_mut(64);
    let near = Fallback::new(Static::new(low), Static::new(high));
    let (first, second) =
        (near.allocate(bytes(64)).expect("room"), near.allocate(bytes(64)).expect("room"));
    assert_eq!(first.cast::<u8>().addr().get() + 64, second.cast::<u8>().addr().get());
    // SAFETY: the block is live.
    unsafe { near.deallocate(second.cast(), bytes(64)) };
    assert_eq!((near.first().usage().used_bytes, near.second().usage().used_bytes), (64, 0));
    assert_eq!(near.allocate(bytes(64)).expect("room").cast::<u8>(), second.cast());
}

#[test]
fn a_block_grows_out_of_the_first_allocator() {
    let mut buffer = [const { MaybeUninit::uninit() }; 64];
    let near = Fallback::new(Static::new(&mut buffer), Linear::new(SystemSource));
    let block = near.allocate(bytes(50)).expect("room").cast::<u8>();
    // SAFETY: the block is live, and has so many bytes.
    unsafe { block.write_bytes(3, 50) };
    // SAFETY: the block is live.
    let grown = unsafe { near.grow(block, bytes(50), bytes(100)) }.expect("memory").cast::<u8>();
    assert!(near.second().owns(grown));
    assert_eq!(near.first().usage().used_bytes, 0, "the last block came back");
    // SAFETY: these bytes moved with the block.
    assert_eq!(unsafe { core::slice::from_raw_parts(grown.as_ptr(), 50) }, [3; 50]);
}

/// A reset that forgets the count leaves an allocator that is full and empty at once.
#[test]
fn a_reset_gives_the_whole_limit_back() {
    use stampool::alloc::Reset;

    let mut share = Limited::new(Linear::new(SystemSource), 100);
    share.allocate(bytes(100)).expect("the limit");
    assert_eq!(share.allocate(bytes(1)), Err(AllocError::Capacity));
    assert_eq!(share.allocate(bytes(101)), Err(AllocError::Unsupported));
    share.reset();
    share.allocate(bytes(100)).expect("the limit once more");
}

/// An allocator inside returns more than was asked for. What a caller may use must count.
#[test]
fn no_byte_beyond_the_limit_is_the_callers() {
    let blocks = Blocks::new(bytes(64), SystemSource).expect("blocks");
    let share = Limited::new(blocks, 100);
    let lengths: Vec<usize> =
        (0..4).map_while(|_| share.allocate(bytes(30)).ok()).map(|block| block.len()).collect();
    assert_eq!(lengths, [30; 3]);
    assert_eq!(share.live_bytes(), 90);
}

/// Two allocators of one type that passed for equal: a block went back to the wrong pool.
#[test]
fn equal_allocators_on_different_pools_are_told_apart() {
    let make = || {
        let near = Blocks::new(NODE, SystemSource).expect("blocks");
        Checked::new(Fallback::new(near, Stack::new(SystemSource)))
    };
    let (one, other) = (make(), make());
    let (block, others) =
        (one.allocate(NODE).expect("memory").cast(), other.allocate(NODE).expect("memory").cast());
    assert!(one.owns(block) && !one.owns(others) && other.owns(others) && !other.owns(block));
    let refused = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| {
        // SAFETY: not so, and refused: the block is the other one's.
        unsafe { one.deallocate(others, NODE) };
    }));
    refused.expect_err("another pool's block");
    // SAFETY: the block is live, and this one's.
    unsafe { one.deallocate(block, NODE) };
    // SAFETY: the same.
    unsafe { other.deallocate(others, NODE) };
}
