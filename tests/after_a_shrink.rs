//! What a shrink leaves behind: the order of the blocks that stay, the size of the next chunk and its
//! magazines, the slot that it used, and a pool that it refused to shrink.

mod common;

use core::alloc::Layout;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::OnceLock;

use common::told::{give, take};
use common::{often, with_every_strategy};
use stampool::source::FailingSource;
use stampool::{AllocError, ObjectPool, Pool, Strategy, TagPolicy, TaggedPacked, TaggedWide};

const LAYOUT: Layout = Layout::new::<[u64; 8]>();

fn order<S: Strategy>() {
    let pool = Pool::builder(LAYOUT).strategy::<S>().batch(4).chunk_blocks(16).build().unwrap();
    let local = pool.local().unwrap();
    let mut blocks = take(&local, 16);
    blocks.sort_unstable();
    let kept = blocks.remove(0);
    // Back in an order in which neighbours are in different batches.
    give(&local, (0..15).map(|nth| blocks[nth * 7 % 15]));
    assert_eq!(local.shrink(), Ok(0), "the chunk has a live block");
    let again = take(&local, 12);
    assert!(again.is_sorted(), "the addresses do not rise: {again:?}");
    give(&local, again.into_iter().chain([kept]));
}

#[test]
fn the_addresses_of_blocks_that_stay_rise() {
    with_every_strategy!(order);
}

#[test]
fn a_small_need_after_a_burst_brings_a_small_chunk() {
    let pool = Pool::builder(LAYOUT).build().unwrap();
    let local = pool.local().unwrap();
    let before = pool.stats().source_bytes;
    let first = take(&local, 1);
    let least = pool.stats().source_bytes - before;
    let burst = take(&local, often(5000, 900));
    assert!(pool.stats().chunks > 2, "the chunks have grown");
    give(&local, first.into_iter().chain(burst));
    local.shrink().unwrap();
    let before = pool.stats().source_bytes;
    let again = take(&local, 1);
    let bytes = pool.stats().source_bytes - before;
    assert!(bytes <= least, "{bytes} bytes for one block, and {least} in a new pool");
    give(&local, again);
}

fn rest<S: Strategy>() {
    let pool = Pool::builder(LAYOUT).strategy::<S>().batch(4).chunk_blocks(16).build().unwrap();
    let local = pool.local().unwrap();
    let mut older = take(&local, 20);
    let newest = older.split_off(16);
    give(&local, older);
    local.shrink().unwrap();
    assert_eq!(pool.stats().chunks, 1, "the older chunk goes");
    let more = take(&local, 12);
    assert_eq!(pool.stats().chunks, 1, "the newest chunk still had blocks");
    give(&local, newest.into_iter().chain(more));
}

#[test]
fn the_newest_chunk_yields_its_rest_when_an_older_one_has_gone() {
    with_every_strategy!(rest);
}

fn magazines<S: Strategy>() {
    let pool = Pool::builder(LAYOUT).strategy::<S>().batch(4).chunk_blocks(16).build().unwrap();
    let local = pool.local().unwrap();
    for burst in [often(100, 20), often(300, 60), often(200, 40), often(500, 100)] {
        let blocks = take(&local, burst);
        let stats = pool.stats();
        let least = stats.carved_blocks.div_ceil(stats.batch_blocks) + stats.slots;
        assert!(stats.magazines >= least, "{} magazines of {least}", stats.magazines);
        give(&local, blocks);
        local.shrink().unwrap();
    }
}

#[test]
fn a_larger_burst_brings_the_magazines_that_it_needs() {
    with_every_strategy!(magazines);
}

/// A chunk goes back of which a single batch was used, again and again. Its other magazines are made
/// then, and each later chunk has the use of them.
#[test]
fn a_chunk_that_goes_before_its_end_leaves_its_magazines_to_the_next() {
    let pool = Pool::builder(LAYOUT).batch(4).chunk_blocks(4 * 64).build().unwrap();
    let local = pool.local().unwrap();
    let mut bytes = Vec::new();
    for _ in 0..10 {
        let block = take(&local, 1);
        give(&local, block);
        local.shrink().unwrap();
        bytes.push(pool.stats().source_bytes);
    }
    assert!(bytes.iter().all(|after| *after == bytes[0]), "what stays grows: {bytes:?}");
}

fn without_tags<S: Strategy>() {
    let builder = Pool::builder(LAYOUT).strategy::<S>().batch(2).chunk_blocks(2);
    let pool = builder.tag_policy(TagPolicy::Refuse).build().unwrap();
    let (one, other) = (pool.local().unwrap(), pool.local().unwrap());
    let refused = core::iter::repeat_with(|| one.allocate().map(|block| give(&other, [block])))
        .take(10_000)
        .find_map(Result::err);
    assert_eq!(refused, Some(AllocError::TagsExhausted), "8 bits must run out");
    let before = pool.stats().carved_blocks;
    assert!(before > 0);
    assert_eq!(pool.shrink(), Err(AllocError::TagsExhausted));
    assert_eq!(other.shrink(), Err(AllocError::TagsExhausted));
    assert_eq!(pool.stats().carved_blocks, before, "nothing has changed");
}

#[test]
fn a_pool_without_tags_is_not_shrunk() {
    without_tags::<TaggedPacked<8>>();
    without_tags::<TaggedWide<8>>();
}

#[test]
fn the_fallback_cache_is_handed_in_too() {
    let source = FailingSource::default();
    let faults = source.faults();
    let builder = Pool::builder(LAYOUT).batch(4).chunk_blocks(8).source(source);
    let pool = builder.build_thread_local().unwrap();
    // There is no memory for the thread's own cache, so the fallback cache takes a batch.
    faults.refuse_at(faults.calls());
    let block = pool.allocate().unwrap();
    assert_eq!(pool.slots().len(), 1, "the thread has a cache of its own");
    // SAFETY: allocated above, and not used any more.
    unsafe { pool.deallocate(block) };
    assert_eq!(pool.slots().len(), 2, "the thread has no cache of its own");
    pool.shrink().unwrap();
    assert_eq!(pool.stats().carved_blocks, 0, "a block is in a cache");
}

/// Counts the handles of its pool when it is dropped.
struct Looks;

static POOL: OnceLock<ObjectPool<Looks>> = OnceLock::new();
static ATTACHED: AtomicUsize = AtomicUsize::new(0);

impl Drop for Looks {
    fn drop(&mut self) {
        let attached = POOL.get().map_or(0, |pool| pool.stats().attached);
        ATTACHED.store(attached, Ordering::Relaxed);
    }
}

#[test]
fn a_shrink_owns_a_slot_while_it_has_blocks_in_its_hands() {
    let builder = ObjectPool::builder().keep(|| Looks, |_| {}).exact();
    let pool = POOL.get_or_init(|| builder.build().unwrap());
    drop(pool.get().unwrap());
    pool.shrink().unwrap();
    assert_eq!(ATTACHED.load(Ordering::Relaxed), 1, "while the shrink ends a value");
    assert_eq!(pool.stats().attached, 0, "afterwards");
}
