//! A pool that serves as the program's allocator must not call that allocator. Under every strategy
//! but `EpochDeferred`, whose collector does, no call of a handle does, from its attach to its leave;
//! nor does a call of an exact pool. This file is a program of its own, because it chooses the
//! program's allocator.

mod common;

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicPtr, Ordering::AcqRel};
use std::panic::catch_unwind;
use std::sync::Barrier;
use std::thread;

use common::no_heap::{Noticing, without_heap};
use common::{often, with_every_cacheless};
use stampool::{
    AllocError, Block, BufferSource, Checking, Local, Pool, PoolBuilder, Strategy, Topology,
};

#[global_allocator]
static ALLOCATOR: Noticing = Noticing;

const THREADS: usize = 4;
/// Blocks that a thread holds at one time: more than two of the largest batches.
const HELD: usize = often(1500, 100);
const LAYOUT: Layout = Layout::new::<[u64; 2]>();

/// Where the threads leave blocks for each other.
type Exchange = [AtomicPtr<u8>; 64];

/// A buffer for all that the threads of a test hold.
fn source() -> BufferSource {
    let buffer: &'static mut [MaybeUninit<u8>] =
        Box::leak(Box::new_uninit_slice(often(1 << 20, 1 << 18)));
    BufferSource::new(buffer)
}

/// Two shards, which threads enter in turn.
struct Halves;

impl Topology for Halves {
    fn shards(&self) -> usize {
        2
    }

    fn shard(&self) -> usize {
        static NEXT: core::sync::atomic::AtomicUsize = core::sync::atomic::AtomicUsize::new(0);
        NEXT.fetch_add(1, AcqRel)
    }
}

#[test]
fn a_step_that_asks_the_allocator_is_noticed() {
    for step in [|| drop(Box::new(1)), || drop(vec![1; 100])] {
        let noticed = catch_unwind(|| without_heap("a box", step)).expect_err("not noticed");
        let words = noticed.downcast_ref::<String>().expect("words");
        assert!(words.contains("calls of the program's allocator: a box"), "{words}");
    }
}

#[test]
fn no_call_of_a_handle_asks_the_allocator() {
    with_every_cacheless!(use_handles);
}

fn use_handles<S: Strategy>() {
    type Change<S> = fn(PoolBuilder<S>) -> PoolBuilder<S>;
    let kinds: [Change<S>; 4] = [
        |builder| builder,
        |builder| builder.batch(4).chunk_blocks(7),
        |builder| builder.topology(Halves).batch(8),
        |builder| builder.capacity(THREADS * HELD),
    ];
    for kind in kinds {
        let builder = Pool::builder(LAYOUT).source(source()).strategy::<S>();
        let pool = kind(builder).build().unwrap();
        in_threads(&pool);
    }
    in_threads(&Pool::builder(LAYOUT).source(source()).strategy::<S>().checked().build().unwrap());
    in_threads(&Pool::builder(LAYOUT).source(source()).strategy::<S>().hardened().build().unwrap());
}

fn in_threads<S: Strategy, C: Checking>(pool: &Pool<S, C>) {
    let exchange: Exchange = [const { AtomicPtr::new(null_mut()) }; 64];
    let start = Barrier::new(THREADS);
    thread::scope(|threads| {
        for _ in 0..THREADS {
            threads.spawn(|| {
                let mut held = vec![None; HELD];
                start.wait();
                for round in 0..3 {
                    let local = without_heap("attach", || pool.local()).unwrap();
                    rounds(&local, &mut held, &exchange, round);
                    many(
                        |room| local.allocate_many(room),
                        // SAFETY: allocated just now, and used by nobody.
                        |blocks| unsafe { local.deallocate_many(blocks) },
                    );
                    without_heap("leave", || drop(local));
                }
            });
        }
    });
    let local = pool.local().unwrap();
    for place in exchange {
        if let Some(block) = NonNull::new(place.into_inner()) {
            // SAFETY: a thread has left it there, allocated and unused.
            unsafe { local.deallocate(block.into()) };
        }
    }
    drop(local);
    let stats = pool.stats();
    assert!(stats.carved_blocks > HELD, "the pool has not grown: {stats:?}");
}

/// Takes `held.len()` blocks, exchanges some with other threads, and frees all.
fn rounds<S: Strategy, C: Checking>(
    local: &Local<'_, S, C>,
    held: &mut [Option<Block>],
    exchange: &Exchange,
    round: usize,
) {
    for place in held.iter_mut() {
        *place = Some(without_heap("allocate", || local.allocate()).unwrap());
    }
    for (nth, place) in held.iter_mut().enumerate().skip(round) {
        let given = place.take().expect("allocated above").as_non_null().as_ptr();
        let taken = exchange[nth % exchange.len()].swap(given, AcqRel);
        *place = NonNull::new(taken).map(Block::from);
    }
    for block in held.iter_mut().filter_map(Option::take) {
        // SAFETY: a thread has allocated it, and nobody else has it any more.
        without_heap("free", || unsafe { local.deallocate(block) });
    }
}

/// Takes many blocks in one call, and gives them back in one.
fn many(
    take: impl FnOnce(&mut [MaybeUninit<Block>]) -> Result<(), AllocError>,
    give: impl FnOnce(&[Block]),
) {
    let mut room = [MaybeUninit::uninit(); often(600, 20)];
    without_heap("allocate many", || take(&mut room)).unwrap();
    // SAFETY: the call has written all places.
    let blocks = room.map(|place| unsafe { place.assume_init() });
    without_heap("free many", || give(&blocks));
}

#[test]
fn no_call_of_an_exact_pool_asks_the_allocator() {
    with_every_cacheless!(use_exact);
}

fn use_exact<S: Strategy>() {
    let pool = Pool::builder(LAYOUT).source(source()).strategy::<S>().build_exact().unwrap();
    let start = Barrier::new(THREADS);
    thread::scope(|threads| {
        for _ in 0..THREADS {
            threads.spawn(|| {
                let mut held = Vec::with_capacity(HELD);
                start.wait();
                for _ in 0..3 {
                    for _ in 0..HELD / 10 {
                        held.push(without_heap("allocate", || pool.allocate()).unwrap());
                    }
                    for block in held.drain(..) {
                        // SAFETY: allocated above, and used by nobody.
                        without_heap("free", || unsafe { pool.deallocate(block) });
                    }
                    many(
                        |room| pool.allocate_many(room),
                        // SAFETY: allocated just now, and used by nobody.
                        |blocks| unsafe { pool.deallocate_many(blocks) },
                    );
                }
            });
        }
    });
}
