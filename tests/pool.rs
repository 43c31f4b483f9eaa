//! The pool against a plain model, on one thread and across threads.

mod common;

use core::alloc::Layout;
use std::collections::VecDeque;
use std::sync::mpsc;

use common::{LiveBlocks, with_every_strategy};
use proptest::prelude::{any, prop, prop_oneof, proptest};
use proptest::strategy::Strategy as _;
use stampool::raw::block::Batch;
use stampool::raw::each_strategy;
use stampool::source::{CountingSource, SourceCounts};
use stampool::{Block, Local, Pool, StdThreads, Strategy, TaggedPacked};

/// One operation on one of a few handles of a pool.
#[derive(Clone, Debug)]
enum Op {
    Allocate(usize),
    Deallocate(usize, prop::sample::Index),
    Reattach(usize),
}

fn ops() -> impl proptest::strategy::Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        5 => (0..3_usize).prop_map(Op::Allocate),
        4 => (0..3_usize, any::<prop::sample::Index>()).prop_map(|(h, i)| Op::Deallocate(h, i)),
        1 => (0..3_usize).prop_map(Op::Reattach),
    ];
    prop::collection::vec(op, 0..common::often(400, 30))
}

/// Runs the operations and holds every promise against them.
fn follow<S: Strategy>(ops: &[Op], batch: Batch, chunk: Option<usize>, layout: Layout) {
    let meter = CountingSource::default();
    let counts: SourceCounts = meter.counts();
    let Batch { min: least, max: most } = batch;
    let builder = Pool::builder(layout).strategy::<S>().batch(least).batch_up_to(most);
    let mut builder = builder.source(meter);
    if let Some(blocks) = chunk {
        builder = builder.chunk_blocks(blocks);
    }
    let mut pool = builder.build().unwrap();
    let mut live_blocks = LiveBlocks::default();
    let mut most_live = 0;
    {
        let mut handles: Vec<Local<'_, S>> = (0..3).map(|_| pool.local().unwrap()).collect();
        for op in ops {
            match op {
                Op::Allocate(h) => {
                    let block = handles[*h].allocate().unwrap();
                    live_blocks.allocated(block, layout);
                    most_live = most_live.max(live_blocks.live());
                    // SAFETY: the block is ours, `layout.size()` bytes long.
                    unsafe { block.as_non_null().write_bytes(0xa5, layout.size()) };
                }
                Op::Deallocate(h, index) if live_blocks.live() > 0 => {
                    let block = *index.get(&live_blocks.blocks());
                    live_blocks.freed(block);
                    // SAFETY: live until here, and forgotten by `live_blocks`.
                    unsafe { handles[*h].deallocate(block) };
                }
                Op::Deallocate(..) => {}
                Op::Reattach(h) => {
                    drop(handles.swap_remove(*h));
                    handles.push(pool.local().unwrap());
                }
            }
            let stats = pool.stats();
            assert!(stats.carved_blocks <= most_live + 3 * 3 * most + most, "memory bound");
            assert_eq!(stats.slots, 3);
            assert!(stats.magazines * least >= stats.carved_blocks, "a magazine for every batch");
        }
    }
    let census = pool.census();
    assert_eq!(census.cached_blocks, 0, "handles that left hold nothing");
    assert_eq!(
        pool.stats().carved_blocks,
        census.free_blocks() + live_blocks.live(),
        "conservation"
    );
    drop(pool);
    assert_eq!(counts.obtained(), counts.released(), "each region goes back exactly once");
}

proptest! {
    #[test]
    fn keeps_its_promises_on_one_thread(
        ops in ops(),
        least in 1_usize..9,
        growth in 0_usize..20,
        chunk in prop::option::of(1_usize..30),
        size in 1_usize..200,
        shift in 0_u32..8,
    ) {
        let layout = Layout::from_size_align(size, 1 << shift).unwrap();
        let batch = Batch { min: least, max: least + growth };
        each_strategy!(S => {
            if common::runs::<S>() {
                follow::<S>(&ops, batch, chunk, layout);
            }
        });
    }
}

/// Moves blocks from one thread to another, and holds the pool's promises against it.
fn pipeline<S: Strategy>(batch: usize, blocks: usize, in_flight: usize) {
    let builder = Pool::builder(Layout::new::<[u64; 8]>()).strategy::<S>();
    let mut pool = builder.batch(batch).build().unwrap();
    std::thread::scope(|threads| {
        let (send, receive) = mpsc::sync_channel::<Block>(in_flight);
        let pool = &pool;
        threads.spawn(move || {
            let local = pool.local().unwrap();
            for (serial, block) in receive.into_iter().enumerate() {
                // SAFETY: sent by its owner, who wrote it.
                assert_eq!(unsafe { block.cast::<usize>().read() }, serial);
                // SAFETY: ours now; freed once.
                unsafe { local.deallocate(block) };
            }
        });
        let local = pool.local().unwrap();
        for serial in 0..blocks {
            let block = local.allocate().unwrap();
            // SAFETY: ours, 64 bytes, aligned to 8.
            unsafe { block.cast::<usize>().write(serial) };
            send.send(block).unwrap();
        }
    });
    let carved = pool.stats().carved_blocks;
    assert!(carved <= in_flight + 2 + 3 * 2 * batch + batch, "memory bound: {carved}");
    assert_eq!(pool.census().free_blocks(), carved, "conservation");
}

/// Under `TaggedPacked` each magazine has a number. The table of numbers grows in steps, and the
/// first step has places for eight.
#[test]
fn a_handle_that_attaches_amid_a_chunk_leaves_places_for_the_magazines_of_the_chunk() {
    let builder = Pool::builder(Layout::new::<u64>()).strategy::<TaggedPacked>();
    let mut pool = builder.batch(1).chunk_blocks(7).build().unwrap();
    let one = pool.local().unwrap();
    let mut blocks = vec![one.allocate().unwrap()];
    let other = pool.local().unwrap();
    blocks.extend((0..6).map(|_| other.allocate().unwrap()));
    let stats = pool.stats();
    assert_eq!(
        (stats.chunks, stats.magazines),
        (1, 9),
        "one magazine more than the first step has places"
    );
    for block in blocks {
        // SAFETY: live, and freed once.
        unsafe { one.deallocate(block) };
    }
    drop((one, other));
    assert_eq!(pool.census().free_blocks(), 7);
}

/// A thread that fills fresh memory goes through it upwards.
#[test]
fn fresh_blocks_of_a_batch_come_in_the_order_of_their_addresses() {
    let pool = Pool::builder(Layout::new::<[u64; 4]>()).batch(8).build().unwrap();
    let local = pool.local().unwrap();
    let blocks: Vec<_> = (0..8).map(|_| local.allocate().unwrap()).collect();
    assert!(blocks.is_sorted(), "the addresses of a fresh batch do not rise: {blocks:?}");
}

#[test]
fn one_thread_allocates_and_another_frees() {
    for batch in [1, 2, 7, 64] {
        each_strategy!(S => {
            if common::runs::<S>() {
                pipeline::<S>(batch, common::often(20_000, 60), 100);
            }
        });
    }
}

#[test]
fn blocks_of_a_forgotten_handle_are_counted_and_go_back() {
    with_every_strategy!(forget_a_handle);
}

fn forget_a_handle<S: Strategy>() {
    let builder = Pool::builder(Layout::new::<u64>()).strategy::<S>();
    let mut pool = builder.batch(4).build().unwrap();
    let local = pool.local().unwrap();
    let block = local.allocate().unwrap();
    core::mem::forget(local);
    assert_eq!(pool.census().cached_blocks, 3);
    assert_eq!(pool.stats().attached, 1);
    let other = pool.local().unwrap();
    // SAFETY: allocated above; any handle may free it.
    unsafe { other.deallocate(block) };
}

#[test]
fn blocks_of_forgotten_handles_come_back_when_their_std_thread_ends() {
    with_every_strategy!(end_with_forgotten_handles);
}

fn end_with_forgotten_handles<S: Strategy>() {
    for handles in [1, 3] {
        let builder = Pool::builder(Layout::new::<u64>()).strategy::<S>();
        let mut pool = builder.batch(4).threads(StdThreads).build().unwrap();
        std::thread::scope(|threads| {
            // Joined by hand: a scope may end before thread-local destructors have run.
            let thread = threads.spawn(|| {
                let locals: Vec<_> = (0..handles).map(|_| pool.local().unwrap()).collect();
                for local in locals {
                    let block = local.allocate().unwrap();
                    // SAFETY: just allocated.
                    unsafe { local.deallocate(block) };
                    core::mem::forget(local);
                }
            });
            thread.join().unwrap();
        });
        let census = pool.census();
        assert_eq!(
            (census.cached_blocks, census.full_blocks),
            (0, 4 * handles),
            "one of {handles} forgotten handles kept its blocks"
        );
    }
}

#[test]
fn a_thread_may_end_after_its_pool() {
    with_every_strategy!(end_after_the_pool);
}

fn end_after_the_pool<S: Strategy>() {
    let (send, receive) = mpsc::channel::<()>();
    let builder = Pool::builder(Layout::new::<u64>()).strategy::<S>();
    let pool = builder.threads(StdThreads).build().unwrap();
    let pool = std::sync::Arc::new(pool);
    let theirs = pool.clone();
    let thread = std::thread::spawn(move || {
        core::mem::forget(theirs.local().unwrap());
        drop(theirs);
        receive.recv().unwrap();
    });
    while std::sync::Arc::strong_count(&pool) > 1 {
        std::thread::yield_now();
    }
    drop(pool);
    send.send(()).unwrap();
    thread.join().unwrap();
}

#[test]
fn threads_that_come_and_go_share_their_slots_and_lose_nothing() {
    with_every_strategy!(come_and_go);
}

fn come_and_go<S: Strategy>() {
    let builder = Pool::builder(Layout::new::<[u64; 4]>()).strategy::<S>();
    let mut pool = builder.batch(8).build().unwrap();
    let mut live: VecDeque<Block> = VecDeque::new();
    for round in 0..common::often(1000, 12) {
        let local = pool.local().unwrap();
        for _ in 0..round % 23 {
            live.push_back(local.allocate().unwrap());
        }
        while live.len() > 40 {
            // SAFETY: allocated in this or an earlier round.
            unsafe { local.deallocate(live.pop_front().unwrap()) };
        }
    }
    assert_eq!(pool.stats().slots, 1);
    assert_eq!(pool.stats().carved_blocks, pool.census().free_blocks() + live.len());
}
