//! Three allocators for three lifetimes.

use core::alloc::Layout;
use core::ptr::NonNull;

use stampool::SystemSource;
use stampool::alloc::conformance::TestSource;
use stampool::alloc::wrap::{Lifetime, Lifetimes};
use stampool::alloc::{AllocError, Allocator, Blocks, Linear, Owner, Stack, Usage};

use super::members::{conformance, programs};
use super::wrappers::{NODE, nodes};

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
        // SAFETY: the block is live, and aligned for a word.
        unsafe { block.cast::<u64>().write(7) };
        // SAFETY: the block is live, and has this lifetime.
        unsafe { lives.at(lifetime).deallocate(block, NODE) };
    }
    lives.reset();
    assert_eq!(lives.usage().used_bytes, 0);
}
