//! Heaps and the arena: a free and an allocation among live blocks.

use core::alloc::Layout;
use core::hint::black_box;
use core::ptr::NonNull;

use allocator_api2_02::alloc::Global;
use stampool::SystemSource;
use stampool::alloc::wrap::Locked;
use stampool::alloc::{BestFit, GoodFit, Placement, SlabArena, StrategyPool};

use super::{Api02, OPERATIONS, Subject, counted};

pub(super) const CALLS: [&str; 2] = ["free, allocate", "free, allocate any layout"];
pub(super) const SUBJECTS: [&str; 6] =
    ["SlabArena", "Locked<GoodFit>", "GoodFit", "BestFit", "StrategyPool", "system"];

/// Blocks that are live.
const LIVE: usize = 256;
const BLOCK: Layout = Layout::new::<[u64; 8]>();

/// A strategy pool in which each block is one of its class.
struct Pooled(StrategyPool);

impl Subject for Pooled {
    #[inline(always)]
    fn allocate(&self, layout: Layout) -> NonNull<u8> {
        self.0.allocate_with(layout, Placement::Pooled).expect("memory").cast()
    }

    #[inline(always)]
    fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: the loop below passes live blocks with their layouts.
        unsafe { self.0.deallocate(block, layout) }
    }

    fn grow(&self, _: NonNull<u8>, _: Layout, _: Layout) -> NonNull<u8> {
        unreachable!("no such call")
    }

    fn shrink(&self, _: NonNull<u8>, _: Layout, _: Layout) -> NonNull<u8> {
        unreachable!("no such call")
    }
}

/// Each operation frees the block that has been live longest, and takes another one.
fn turn_over(subject: &impl Subject, layout: impl Fn() -> Layout) {
    let mut blocks: Vec<_> = (0..LIVE).map(|_| subject.allocate(layout())).collect();
    let mut round = |operations| {
        for nth in 0..operations {
            let place = &mut blocks[nth % LIVE];
            subject.deallocate(*place, layout());
            *place = black_box(subject.allocate(layout()));
        }
    };
    round(LIVE);
    counted(|| round(OPERATIONS));
    blocks.into_iter().for_each(|block| subject.deallocate(block, layout()));
}

fn call(subject: &impl Subject, which: &str) {
    if which == CALLS[0] {
        turn_over(subject, || BLOCK);
    } else {
        turn_over(subject, || black_box(BLOCK));
    }
}

pub(super) fn run(subject: &str, which: &str) {
    match subject {
        "SlabArena" => call(&Api02(&SlabArena::new(1 << 20).expect("an arena")), which),
        "Locked<GoodFit>" => call(&Api02(&Locked::new(GoodFit::new(SystemSource))), which),
        "GoodFit" => call(&Api02(&GoodFit::new(SystemSource)), which),
        "BestFit" => call(&Api02(&BestFit::new(SystemSource)), which),
        "StrategyPool" => call(&Pooled(StrategyPool::new(SystemSource)), which),
        "system" => call(&Api02(Global), which),
        other => panic!("no subject {other}"),
    }
}
