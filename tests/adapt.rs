//! Containers of other crates on every member, through both versions of `allocator-api2`.

#[macro_use]
#[path = "common/members.rs"]
mod lists;

use core::alloc::Layout;
use core::mem::MaybeUninit;
use std::collections::HashMap as StdMap;

use allocator_api2_02::alloc::Allocator as Foreign02;
use allocator_api2_04::alloc::Allocator as Foreign04;
use stampool::adapt::{Api2V02, Api2V04, FromGlobal};
use stampool::alloc::conformance::Conformance;
use stampool::alloc::wrap::{Counted, PerThread, Shared};
use stampool::alloc::{AsyncLinear, Blocks, Linear, Owner, Stack};
use stampool::{Pool, SystemSource};

/// Of the members on a buffer, which never take back what lies below the last block.
const BUFFER_BYTES: usize = if cfg!(miri) { 64 << 10 } else { 16 << 20 };
/// Operations per container.
const OPERATIONS: u64 = if cfg!(miri) { 200 } else { 100_000 };

fn numbers() -> impl Iterator<Item = u64> {
    let next = |n: &u64| Some(n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695));
    core::iter::successors(Some(7), next).map(|n| n >> 33)
}

/// A vector and a map against those of std.
fn containers_02<A: Foreign02 + Clone>(allocator: A) {
    let mut vec = allocator_api2_02::vec::Vec::new_in(allocator.clone());
    let mut model = Vec::new();
    let mut map = hashbrown::HashMap::new_in(allocator.clone());
    let mut model_map = StdMap::new();
    for (at, n) in (0..OPERATIONS).zip(numbers()) {
        match n % 5 {
            0 => assert_eq!(vec.pop(), model.pop()),
            1 if at % 97 == 0 => {
                vec.shrink_to_fit();
                map.shrink_to_fit();
            }
            2 => assert_eq!(map.remove(&(n % 4096)), model_map.remove(&(n % 4096))),
            _ => {
                vec.push(n);
                model.push(n);
                map.insert(n % 4096, at);
                model_map.insert(n % 4096, at);
            }
        }
    }
    assert_eq!(&vec[..], &model[..]);
    assert_eq!(map.len(), model_map.len());
    assert!(map.iter().all(|(key, value)| model_map.get(key) == Some(value)));
    assert_eq!(*allocator_api2_02::boxed::Box::new_in([3_u64; 9], allocator), [3; 9]);
}

fn containers_04<A: Foreign04 + Clone>(allocator: A) {
    let mut vec = allocator_api2_04::vec::Vec::new_in(allocator.clone());
    let mut model = Vec::new();
    for n in numbers().take(usize::try_from(OPERATIONS).expect("a small number")) {
        if n % 3 == 0 {
            assert_eq!(vec.pop(), model.pop());
        } else {
            vec.push(n);
            model.push(n);
        }
    }
    assert_eq!(&vec[..], &model[..]);
    assert_eq!(*allocator_api2_04::boxed::Box::new_in([3_u64; 9], allocator), [3; 9]);
}

/// Every container was dropped, and all members but the linear ones take everything back.
fn unused(name: &str, member: &impl Owner) {
    let recovers = !["Linear", "AsyncLinear"].contains(&name);
    assert!(!recovers || member.usage().used_bytes == 0, "{name} has lost memory");
}

macro_rules! on_every_member {
    ($containers:ident) => {
        each_general_member!(4096, |name, make| {
            let member = make(SystemSource);
            $containers(&member);
            unused(name, &member);
        });
        each_member_of_one_region!(16, BUFFER_BYTES, |name, make| {
            let member = make(SystemSource).expect("a region");
            $containers(&member);
            unused(name, &member);
        });
        each_member_in_a_buffer!(|_, make| {
            let mut buffer = Box::new_uninit_slice(BUFFER_BYTES);
            $containers(&make(&mut buffer));
        });
        each_wrapper!(4096, |_, make| $containers(&make(SystemSource)));
        $containers(&Stack::new(SystemSource).enter().expect("no scope is open"));
        $containers(&AsyncLinear::new(SystemSource).run());
        $containers(&PerThread::new(|| Stack::new(SystemSource)).lease());
        $containers(&Counted::new(Stack::new(SystemSource)).thread());
        $containers(Shared::new(Stack::new(SystemSource)));
    };
}

#[test]
fn version_02_on_every_member() {
    on_every_member!(containers_02);
}

#[test]
fn version_04_on_every_member() {
    on_every_member!(containers_04);
}

/// A member of one layout holds boxes and nodes.
#[test]
fn boxes_in_blocks_and_pools() {
    let layout = Layout::new::<[u64; 4]>();
    let pool = Pool::builder(layout).build().expect("a pool");
    let exact = Pool::builder(layout).build_exact().expect("a pool");
    let shared = Pool::builder(layout).build_thread_local().expect("a pool");
    let blocks = Blocks::new(layout, SystemSource).expect("blocks");

    fn boxes<A: Foreign02 + Clone>(allocator: A) {
        let of = |n| allocator_api2_02::boxed::Box::new_in([n; 4], allocator.clone());
        let mut boxes: Vec<_> = (0..100_u64).map(of).collect();
        boxes.retain(|held| held[0] % 3 == 0);
        boxes.extend((100..200).map(of));
        assert!(boxes.iter().all(|held| held.iter().all(|n| *n == held[0])));
        let most = allocator_api2_02::boxed::Box::try_new_in([0_u64; 5], allocator.clone());
        assert!(most.is_err(), "five words do not fit into four");
    }
    boxes(&blocks);
    boxes(&pool.as_allocator().expect("a handle"));
    boxes(&exact.as_allocator());
    boxes(&shared.as_allocator());
}

/// The allocators of pools that threads share are copies of a reference, and containers own them.
#[test]
fn containers_own_the_allocators_of_shared_pools() {
    stampool::static_pool! {
        static SHARED: ThreadLocalPool = Pool::builder(Layout::new::<[u64; 4]>());
        static EXACT: ExactPool = Pool::builder(Layout::new::<[u64; 4]>()).max_carved_blocks(100);
    }

    fn on_two_threads<A: Foreign02 + Foreign04 + Copy + Send + 'static>(allocator: A) {
        let boxes = move || -> Vec<_> {
            (0..50_u64).map(|n| allocator_api2_02::boxed::Box::new_in([n; 4], allocator)).collect()
        };
        let here = boxes();
        let sum = |boxes: Vec<allocator_api2_02::boxed::Box<[u64; 4], A>>| -> u64 {
            boxes.iter().map(|held| held[3]).sum()
        };
        let there = std::thread::spawn(move || (sum(here), boxes())).join().expect("no panic");
        assert_eq!((there.0, sum(there.1)), (1225, 1225));
        let held = allocator_api2_04::boxed::Box::new_in([7_u64; 4], allocator);
        std::thread::spawn(move || assert_eq!(*held, [7; 4])).join().expect("no panic");
    }
    on_two_threads(SHARED.as_allocator());
    on_two_threads(EXACT.as_allocator());
}

#[test]
fn foreign_allocators_keep_the_contract() {
    let programs = if cfg!(miri) { 10 } else { 1_000 };
    let global = |_| Api2V02(allocator_api2_02::alloc::Global);
    Conformance::new(global).foreign().programs(programs).check();
    let global = |_| Api2V04(allocator_api2_04::alloc::Global);
    Conformance::new(global).foreign().programs(programs).check();
    let system = |_| FromGlobal(&std::alloc::System);
    Conformance::new(system).foreign().programs(programs).check();
}

/// There and back: a member as a foreign allocator, as a member.
#[test]
fn a_member_survives_the_way_there_and_back() {
    let programs = if cfg!(miri) { 10 } else { 1_000 };
    let stack = |source| Api2V02(Shared::new(Stack::new(source)));
    Conformance::new(stack).foreign().programs(programs).check();
    let linear = |source| Api2V04(Shared::new(Linear::new(source)));
    Conformance::new(linear).foreign().programs(programs).check();
}

/// A box goes back as a pointer that may access its value alone, and the next block at that place is
/// larger. Miri reports a member that keeps the pointer of the first box.
#[test]
fn a_box_that_went_back_does_not_narrow_the_next_block() {
    use allocator_api2_02::boxed::Box;

    fn two_boxes<A: Foreign02 + Copy>(allocator: A) {
        drop(Box::new_in(7_u64, allocator));
        assert_eq!(*Box::new_in([1_u64; 4], allocator), [1; 4]);
    }
    let layout = Layout::new::<[u64; 4]>();
    each_growing_member!(1000, layout, |_, make| two_boxes(&make(SystemSource)));
    each_member_of_one_region!(16, 4096, |_, make| {
        two_boxes(&make(SystemSource).expect("a region"));
    });
    each_member_in_a_buffer!(|_, make| {
        two_boxes(&make(&mut [const { MaybeUninit::uninit() }; 4096]));
    });
    each_wrapper!(1000, |_, make| two_boxes(&make(SystemSource)));
    let pool = Pool::builder(layout).build().expect("a pool");
    two_boxes(&pool.as_allocator().expect("a handle"));
    two_boxes(Pool::builder(layout).build_exact().expect("a pool").as_allocator());
    two_boxes(Pool::builder(layout).build_thread_local().expect("a pool").as_allocator());
}

/// A foreign allocator that rounds sizes up and keeps what it has rounded to when it grows, as its trait
/// allows.
struct Rounding(allocator_api2_02::alloc::Global);

fn rounded(layout: Layout) -> Layout {
    Layout::from_size_align(layout.size().next_multiple_of(64), layout.align()).expect("a layout")
}

// SAFETY: the global allocator's, with larger layouts.
unsafe impl Foreign02 for Rounding {
    fn allocate(
        &self,
        layout: Layout,
    ) -> Result<core::ptr::NonNull<[u8]>, allocator_api2_02::alloc::AllocError> {
        self.0.allocate(rounded(layout))
    }

    unsafe fn deallocate(&self, block: core::ptr::NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { self.0.deallocate(block, rounded(layout)) }
    }

    unsafe fn grow_zeroed(
        &self,
        block: core::ptr::NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<core::ptr::NonNull<[u8]>, allocator_api2_02::alloc::AllocError> {
        // SAFETY: by the caller.
        unsafe { self.0.grow_zeroed(block, rounded(old), rounded(new)) }
    }
}

#[test]
fn grow_zeroed_zeroes_what_a_foreign_allocator_keeps() {
    use stampool::alloc::Allocator;

    let foreign = Api2V02(Rounding(allocator_api2_02::alloc::Global));
    let [old, new] = [10, 200].map(|size| Layout::from_size_align(size, 1).expect("a layout"));
    let block = foreign.allocate(old).expect("memory");
    // SAFETY: the block is so long.
    unsafe { block.cast::<u8>().write_bytes(7, block.len()) };
    // SAFETY: the block is live, and the new layout is larger.
    let grown = unsafe { foreign.grow_zeroed(block.cast(), old, new) }.expect("memory");
    // SAFETY: the block is live, and all of it was written.
    let held = unsafe { grown.as_ref() };
    assert_eq!(held[..10], [7; 10]);
    assert!(held[10..].iter().all(|byte| *byte == 0));
    // SAFETY: the block is live, and is not used afterwards.
    unsafe { foreign.deallocate(grown.cast(), new) };
}

/// A block that is made as short as nothing is freed there.
#[test]
fn a_foreign_block_that_loses_its_bytes_is_freed() {
    use stampool::alloc::{Allocator, GoodFit, Usage};

    fn freed(name: &str, allocator: impl Allocator, usage: impl Fn() -> Usage) {
        let [some, none] = [100, 0].map(|size| Layout::from_size_align(size, 1).expect("a layout"));
        let block = allocator.allocate(some).expect("memory");
        // SAFETY: the block is live, and of this size.
        let block = unsafe { allocator.shrink(block.cast(), some, none) }.expect("no bytes");
        assert_eq!((block.len(), usage().used_bytes), (0, 0), "{name}");
    }
    let heap = GoodFit::default();
    freed("0.2", Api2V02(&heap), || heap.usage());
    freed("0.4", Api2V04(&heap), || heap.usage());
}
