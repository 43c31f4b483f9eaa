//! Checked and hardened pools, used correctly.

mod common;

use core::alloc::Layout;
use std::sync::mpsc;

use common::{LiveBlocks, with_every_strategy};
use stampool::raw::checking::Checks;
use stampool::source::{CountingSource, FailingSource};
use stampool::{
    Block, Checking, Hardened, Pool, PoolBuilder, StdThreads, Strategy, TaggedWide, Unchecked,
};

/// Blocks that a hardened handle keeps back.
const QUARANTINE: usize = 16;

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size, 1).expect("a layout")
}

#[test]
fn off_is_nothing() {
    fn is_off<S: Strategy>() {
        assert_eq!(size_of::<Unchecked>(), 0);
        assert_eq!(size_of::<<Unchecked as Checks>::State>(), 0);
        assert_eq!(Unchecked::room(1000).expect("a layout").size(), 0);
        let pool = Pool::builder(layout(8)).strategy::<S>().build().expect("a pool");
        assert_eq!(pool.stats().checking, "off");
    }
    with_every_strategy!(is_off);
}

#[test]
fn stats_name_checking_and_strategy() {
    let pool = Pool::builder(layout(8)).strategy::<stampool::Locked>().checked().build();
    let stats = pool.expect("a pool").stats();
    assert_eq!((stats.checking, stats.strategy), ("checked", "Locked"));
    let pool = Pool::builder(layout(8)).strategy::<stampool::Quiescent>().hardened().build();
    let stats = pool.expect("a pool").stats();
    assert_eq!((stats.checking, stats.strategy), ("hardened", "Quiescent"));
}

/// Two handles, frees that cross over, handles that come and go, one that is forgotten.
fn follow<S: Strategy, C: Checking>(builder: PoolBuilder<S, C>, size: usize, quarantine: usize) {
    const BATCH: usize = 4;
    const ROUNDS: usize = common::often(8, 2);
    let mut pool = builder.batch(BATCH).build().expect("a pool");
    let (mut live_blocks, mut most_live) = (LiveBlocks::default(), 0);
    for round in 0..ROUNDS {
        let (one, other) = (pool.local().expect("memory"), pool.local().expect("memory"));
        for step in 0..60 {
            if (step + round) % 3 < 2 {
                let block = one.allocate().expect("memory");
                live_blocks.allocated(block, layout(size));
                most_live = most_live.max(live_blocks.live());
                // SAFETY: ours, so many bytes.
                unsafe { block.as_non_null().write_bytes(0x77, size) };
            }
            if live_blocks.live() > 5 {
                let block = live_blocks.blocks()[step % 5];
                live_blocks.freed(block);
                let to = if step % 2 == 0 { &one } else { &other };
                // SAFETY: live until here.
                unsafe { to.deallocate(block) };
            }
            let bound = most_live + 3 * 2 * BATCH + BATCH + 2 * quarantine;
            let carved = pool.stats().carved_blocks;
            assert!(carved <= bound, "{carved} carved, {bound} is the bound");
        }
        if round == ROUNDS - 1 {
            core::mem::forget(one);
        }
    }
    assert_eq!(pool.stats().carved_blocks, pool.census().free_blocks() + live_blocks.live());
}

#[test]
fn every_strategy_and_every_stride() {
    fn every<S: Strategy>() {
        let sizes = [1, 24, 65, 2, 3, 7, 8, 63, 64, 100, 128, 1000, 4096];
        for size in sizes.into_iter().take(common::often(sizes.len(), 3)) {
            follow(Pool::builder(layout(size)).strategy::<S>().checked(), size, 0);
            follow(Pool::builder(layout(size)).strategy::<S>().hardened(), size, QUARANTINE);
            let zero = Pool::builder(layout(size)).strategy::<S>().hardened().zero_on_free();
            follow(zero.chunk_blocks(5), size, QUARANTINE);
        }
    }
    with_every_strategy!(every);
}

#[test]
fn blocks_cross_threads() {
    fn pipeline<S: Strategy, C: Checking>(builder: PoolBuilder<S, C>) {
        let mut pool = builder.batch(4).build().expect("a pool");
        std::thread::scope(|threads| {
            let (send, receive) = mpsc::sync_channel::<Block>(30);
            let pool = &pool;
            threads.spawn(move || {
                let local = pool.local().expect("memory");
                for block in receive {
                    // SAFETY: sent by its owner.
                    unsafe { local.deallocate(block) };
                }
            });
            let local = pool.local().expect("memory");
            for _ in 0..common::often(5000, 50) {
                send.send(local.allocate().expect("memory")).expect("a receiver");
            }
        });
        assert_eq!(pool.stats().carved_blocks, pool.census().free_blocks());
    }
    fn every<S: Strategy>() {
        pipeline(Pool::builder(layout(64)).strategy::<S>().checked());
        pipeline(Pool::builder(layout(40)).strategy::<S>().hardened());
    }
    with_every_strategy!(every);
}

#[test]
fn a_forgotten_handle_of_an_ended_thread_comes_back_with_its_quarantine() {
    let builder = Pool::builder(layout(64)).batch(4).threads(StdThreads).hardened();
    let mut pool = builder.build().expect("a pool");
    std::thread::scope(|threads| {
        let thread = threads.spawn(|| {
            let local = pool.local().expect("memory");
            let blocks: Vec<_> = (0..10).map(|_| local.allocate().expect("memory")).collect();
            for block in blocks {
                // SAFETY: ours.
                unsafe { local.deallocate(block) };
            }
            core::mem::forget(local);
        });
        thread.join().expect("no panic");
    });
    let (carved, census) = (pool.stats().carved_blocks, pool.census());
    assert_eq!((census.cached_blocks, census.free_blocks()), (0, carved));
}

#[test]
fn a_freed_block_is_kept_back() {
    let pool = Pool::builder(layout(64)).batch(4).hardened().build().expect("a pool");
    let local = pool.local().expect("memory");
    let first = local.allocate().expect("memory");
    // SAFETY: ours.
    unsafe { local.deallocate(first) };
    let mut frees = 0;
    loop {
        let block = local.allocate().expect("memory");
        if block == first {
            break;
        }
        // SAFETY: ours.
        unsafe { local.deallocate(block) };
        frees += 1;
        assert!(frees < 1000, "it comes back some time");
    }
    assert!(frees >= QUARANTINE, "back after {frees} frees");
}

#[test]
fn what_is_kept_back_is_handed_out_before_allocation_fails() {
    let builder = Pool::builder(layout(64)).batch(4).max_carved_blocks(8).hardened();
    let pool = builder.build().expect("a pool");
    let local = pool.local().expect("memory");
    for _ in 0..10 {
        let blocks: Vec<_> = (0..8).map(|_| local.allocate().expect("all eight")).collect();
        assert!(local.allocate().is_err());
        for block in blocks {
            // SAFETY: ours.
            unsafe { local.deallocate(block) };
        }
    }
}

#[test]
fn nothing_changes_where_the_source_fails() {
    for fail_at in 0..6 {
        let meter = CountingSource::new(FailingSource::default().refuse_at(fail_at));
        let counts = meter.counts();
        let builder = Pool::builder(layout(64)).batch(4).chunk_blocks(8).source(meter);
        let pool = builder.hardened().build().expect("a pool");
        let mut failures = 0;
        let local = loop {
            match pool.local() {
                Ok(local) => break local,
                Err(_) => failures += 1,
            }
            assert!(failures < 2);
        };
        let mut blocks = Vec::new();
        while blocks.len() < 40 {
            match local.allocate() {
                Ok(block) => blocks.push(block),
                Err(_) => failures += 1,
            }
            assert!(failures < 2);
        }
        for block in blocks {
            // SAFETY: ours.
            unsafe { local.deallocate(block) };
        }
        drop(local);
        drop(pool);
        assert_eq!(counts.obtained(), counts.released());
    }
}

#[test]
fn fresh_blocks_come_in_an_order_that_differs() {
    let order = || {
        let builder = Pool::builder(layout(64)).batch(64).chunk_blocks(64).hardened();
        let pool = builder.build().expect("a pool");
        let local = pool.local().expect("memory");
        let blocks: Vec<Block> = (0..64).map(|_| local.allocate().expect("memory")).collect();
        let first = *blocks.iter().min().expect("blocks");
        blocks
            .iter()
            .map(|block| (block.as_non_null().addr().get() - first.as_non_null().addr().get()) / 64)
            .collect()
    };
    let orders: Vec<Vec<usize>> = (0..3).map(|_| order()).collect();
    for order in &orders {
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(sorted.iter().copied().eq(0..64), "each once");
        assert_ne!(*order, sorted, "not one after the other");
    }
    assert!(orders[0] != orders[1] || orders[1] != orders[2], "three times the same order");
}

#[test]
fn a_later_choice_of_checking_undoes_the_zeros() {
    fn is_zero(builder: PoolBuilder<TaggedWide, Hardened>) -> bool {
        let pool = builder.build().unwrap();
        let local = pool.local().unwrap();
        let block = local.allocate().unwrap();
        // SAFETY: ours, and a hardened pool has filled it.
        unsafe { block.as_ptr().read() == 0 }
    }
    let zero = || Pool::builder(layout(100)).hardened().zero_on_free();
    assert!(is_zero(zero()));
    assert!(is_zero(zero().strategy()), "a strategy is no checking");
    assert!(!is_zero(zero().checked().hardened()), "`checked` undoes them");
    assert!(!is_zero(zero().hardened()), "`hardened` undoes them");
    assert!(!is_zero(zero().checking::<Hardened>()), "`checking` undoes them");
}

#[test]
fn blocks_are_zero_where_they_are_freed_to_zero() {
    let builder = Pool::builder(layout(100)).batch(4).hardened().zero_on_free();
    let pool = builder.build().expect("a pool");
    let local = pool.local().expect("memory");
    for _ in 0..common::often(100, 20) {
        let block = local.allocate().expect("memory");
        // SAFETY: ours, and filled by the pool.
        let bytes = unsafe { core::slice::from_raw_parts_mut(block.as_ptr(), 100) };
        assert!(bytes.iter().all(|&byte| byte == 0));
        bytes.fill(0xFF);
        // SAFETY: ours.
        unsafe { local.deallocate(block) };
    }
}

#[test]
fn a_block_that_was_written_to_is_told_of_once_and_good_again() {
    let mut pool = Pool::builder(layout(64)).batch(4).hardened().build().expect("a pool");
    let local = pool.local().expect("memory");
    let first = local.allocate().expect("memory");
    // SAFETY: ours.
    unsafe { local.deallocate(first) };
    // SAFETY: within the block.
    let byte = unsafe { first.as_non_null().add(40) };
    // SAFETY: memory of the pool, and one thread; to write there is what is tested.
    unsafe { byte.write(1) };
    let mut told = 0;
    for _ in 0..common::often(200, 20) {
        let allocate = core::panic::AssertUnwindSafe(|| local.allocate().expect("memory"));
        match std::panic::catch_unwind(allocate) {
            // SAFETY: ours.
            Ok(block) => unsafe { local.deallocate(block) },
            Err(payload) => {
                let message = *payload.downcast::<String>().expect("a message");
                assert!(message.contains("byte 40 is 0x01, not 0xde"), "{message}");
                told += 1;
            }
        }
    }
    assert_eq!(told, 1);
    drop(local);
    assert_eq!(pool.stats().carved_blocks, pool.census().free_blocks());
}
