//! Several threads on one allocator: no byte has two owners.

use core::alloc::Layout;
use core::ptr::NonNull;

use stampool::SystemSource;
use stampool::alloc::{AllocError, Allocator, AsyncLinear, AsyncStatic};

const THREADS: usize = 3;
const ROUNDS: usize = if cfg!(miri) { 40 } else { 20_000 };

struct Block {
    start: NonNull<u8>,
    layout: Layout,
    fill: u8,
}

impl Block {
    fn new(block: NonNull<[u8]>, layout: Layout, fill: u8) -> Self {
        // SAFETY: the block is this thread's.
        unsafe { block.cast::<u8>().write_bytes(fill, layout.size()) };
        Self { start: block.cast(), layout, fill }
    }

    fn check(&self, len: usize) {
        // SAFETY: the block is this thread's, and was filled.
        let bytes = unsafe { core::slice::from_raw_parts(self.start.as_ptr(), len) };
        assert!(bytes.iter().all(|byte| *byte == self.fill), "another thread wrote this block");
    }
}

/// Allocates, resizes and frees, mostly the block that is likely to be the last one.
fn work(allocator: &impl Allocator, seed: usize) {
    let mut blocks: Vec<Block> = Vec::new();
    let mut random = seed * 7919 + 1;
    let mut next = |bound: usize| {
        random = random.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        (random >> 16) % bound
    };
    let layout = |size| Layout::from_size_align(size, 8).expect("a layout");
    for round in 0..ROUNDS {
        let fill = u8::try_from((seed * 85 + round) % 255).expect("below 255");
        match next(4) {
            0 | 1 => {
                let layout = layout(1 + next(100));
                match allocator.allocate(layout) {
                    Ok(block) => blocks.push(Block::new(block, layout, fill)),
                    Err(error) => assert_eq!(error, AllocError::Capacity),
                }
            }
            2 => {
                let Some(block) = blocks.pop() else { continue };
                block.check(block.layout.size());
                // SAFETY: the block is live and this thread's.
                unsafe { allocator.deallocate(block.start, block.layout) };
            }
            _ => {
                let Some(block) = blocks.pop() else { continue };
                let new = layout(1 + next(150));
                let common = block.layout.size().min(new.size());
                let resized = if new.size() >= block.layout.size() {
                    // SAFETY: the block is live and this thread's, and the size is not smaller.
                    unsafe { allocator.grow(block.start, block.layout, new) }
                } else {
                    // SAFETY: the block is live and this thread's, and the size is not larger.
                    unsafe { allocator.shrink(block.start, block.layout, new) }
                };
                match resized {
                    Ok(moved) => {
                        Block { start: moved.cast(), ..block }.check(common);
                        blocks.push(Block::new(moved, new, fill));
                    }
                    Err(_) => blocks.push(block),
                }
            }
        }
        if blocks.len() > 50 {
            blocks.drain(..25).for_each(|block| {
                block.check(block.layout.size());
                // SAFETY: the block is live and this thread's.
                unsafe { allocator.deallocate(block.start, block.layout) };
            });
        }
    }
    blocks.iter().for_each(|block| block.check(block.layout.size()));
}

fn on_threads(allocator: &(impl Allocator + Sync)) {
    std::thread::scope(|threads| {
        for seed in 0..THREADS {
            threads.spawn(move || work(allocator, seed));
        }
    });
}

#[test]
fn a_buffer_shared_by_threads() {
    for len in [200, 4096] {
        let mut buffer = vec![core::mem::MaybeUninit::uninit(); len];
        let mut fixed = AsyncStatic::new(&mut buffer);
        on_threads(&fixed);
        fixed.reset();
        assert_eq!(fixed.usage().used_bytes, 0);
    }
}

#[test]
fn chunks_shared_by_threads() {
    let mut linear = AsyncLinear::with_first_chunk(SystemSource, 256);
    on_threads(&linear);
    linear.reset();
    assert_eq!(linear.usage().used_bytes, 0);
}

#[test]
fn runs_beside_the_shared_mark() {
    let linear = AsyncLinear::new(SystemSource);
    std::thread::scope(|threads| {
        threads.spawn(|| work(&linear.run(), 0));
        threads.spawn(|| work(&linear.run(), 1));
        threads.spawn(|| work(&linear, 2));
    });
}

/// The one thread that is left gets back what its run did not use.
#[test]
fn the_rest_of_a_run_goes_back() {
    let linear = AsyncLinear::with_first_chunk(SystemSource, 64 << 10);
    let run = linear.run();
    run.allocate(Layout::new::<[u64; 4]>()).expect("memory");
    assert!(linear.usage().used_bytes >= 4096);
    drop(run);
    assert!(linear.usage().used_bytes < 32 + 64, "{:?}", linear.usage());
}
