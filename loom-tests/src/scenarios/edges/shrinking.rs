//! Pools that give chunks back while another thread allocates, frees, leaves, or does the same.

use stampool::raw::sync::thread;
use stampool::{PoolBuilder, Strategy};

use super::fenced::{Fence, Fenced};
use super::rig::{Handle, Rig};
use crate::one_at_a_time::operation;

/// A pool whose source tells which regions have gone back.
fn fenced<S: Strategy>(
    change: impl FnOnce(PoolBuilder<S>) -> PoolBuilder<S>,
) -> (&'static Rig<S>, Fence) {
    let source = Fenced::new();
    let fence = source.fence();
    (Rig::new(|builder| change(builder.source(source))), fence)
}

/// Allocates a block, which must lie in memory that the pool has.
fn allocate<S: Strategy>(rig: &Rig<S>, handle: &Handle<S>, fence: &Fence) -> usize {
    let block = rig.allocate(handle).expect("memory");
    assert!(fence.holds(block), "a block of a chunk that went back was handed out");
    block
}

/// Hands in the cache and shrinks the pool, and returns the number of blocks that went.
fn shrink<S: Strategy>(rig: &Rig<S>, handle: &Handle<S>) -> usize {
    let bytes = operation(|| handle.local().shrink()).expect("a slot, and memory for a list");
    bytes / rig.pool.stats().block_size
}

/// One block is free, and the capacity allows no second one. One thread allocates while the other
/// one shrinks: it gets the block, or else a new one, and is not refused.
pub(super) fn beside_an_allocation<S: Strategy>() -> String {
    let (rig, fence) = fenced::<S>(|builder| builder.chunk_blocks(1).max_carved_blocks(1));
    let (handle, own) = (rig.handle(), rig.handle());
    let first = allocate(rig, &own, &fence);
    rig.free(&own, first);
    drop(own);
    let own = rig.handle();
    let other = {
        let fence = fence.clone();
        thread::spawn(move || (allocate(rig, &handle, &fence), handle))
    };
    let went = shrink(rig, &own);
    let (had, handle) = other.join().expect("no panic unreported");
    assert_eq!(had == first, went == 0, "the block went back and was handed out, or neither");
    drop((own, handle));
    // SAFETY: the threads have ended.
    unsafe { Rig::end(rig, 1) };
    if went == 0 { "had the block" } else { "had a new one" }.into()
}

/// A thread frees a block into its full cache, and so flushes another one, while the other thread
/// shrinks.
pub(super) fn beside_a_flush<S: Strategy>() -> String {
    let (rig, fence) = fenced::<S>(|builder| builder.chunk_blocks(1));
    let (handle, own) = (rig.handle(), rig.handle());
    let blocks = [(); 3].map(|()| allocate(rig, &handle, &fence));
    blocks[..2].iter().for_each(|block| rig.free(&handle, *block));
    let other = thread::spawn(move || {
        rig.free(&handle, blocks[2]);
        handle
    });
    let went = shrink(rig, &own);
    let handle = other.join().expect("no panic unreported");
    let again = [(); 3].map(|()| allocate(rig, &handle, &fence));
    assert!(again.iter().filter(|block| blocks.contains(block)).count() == 3 - went);
    drop((own, handle));
    // SAFETY: the threads have ended.
    unsafe { Rig::end(rig, 3) };
    format!("{went} went back")
}

/// A chunk has a live block and a free one. While one thread shrinks the pool, which keeps the chunk,
/// the other thread needs a block, and does not carve one.
pub(super) fn beside_growth<S: Strategy>() -> String {
    let (rig, fence) = fenced::<S>(|builder| builder.chunk_blocks(2));
    let (handle, own) = (rig.handle(), rig.handle());
    let (kept, free) = (allocate(rig, &own, &fence), allocate(rig, &own, &fence));
    rig.free(&own, free);
    drop(own);
    let own = rig.handle();
    let other = {
        let fence = fence.clone();
        thread::spawn(move || (allocate(rig, &handle, &fence), handle))
    };
    assert_eq!(shrink(rig, &own), 0, "the chunk has a live block");
    let (had, handle) = other.join().expect("no panic unreported");
    assert_eq!((had, rig.pool.stats().carved_blocks), (free, 2), "carved beside a free block");
    assert!(fence.holds(kept), "a chunk with a live block went back");
    drop((own, handle));
    // SAFETY: the threads have ended.
    unsafe { Rig::end(rig, 2) };
    "had the free one".into()
}

/// A thread leaves with less than a batch while the other thread shrinks.
pub(super) fn beside_a_leaver<S: Strategy>() -> String {
    let (rig, fence) = fenced::<S>(|builder| builder.batch(2).chunk_blocks(2));
    let (handle, own) = (rig.handle(), rig.handle());
    // The other block of the batch is in the cache.
    let kept = allocate(rig, &handle, &fence);
    let other = thread::spawn(move || operation(|| drop(handle)));
    assert_eq!(shrink(rig, &own), 0, "the chunk has a live block");
    other.join().expect("no panic unreported");
    assert!(fence.holds(kept), "a chunk with a live block went back");
    let rest = allocate(rig, &own, &fence);
    assert_eq!(rig.pool.stats().carved_blocks, 2, "carved beside a free block");
    rig.free(&own, kept);
    rig.free(&own, rest);
    assert_eq!(shrink(rig, &own), 2, "a block was lost");
    drop(own);
    // SAFETY: the threads have ended.
    unsafe { Rig::end(rig, 0) };
    "nothing went back".into()
}

/// Two threads shrink a pool of two chunks. One of them gives each chunk back.
pub(super) fn beside_itself<S: Strategy>() -> String {
    let (rig, fence) = fenced::<S>(|builder| builder.chunk_blocks(1));
    let (handle, own) = (rig.handle(), rig.handle());
    let blocks = [(); 2].map(|()| allocate(rig, &own, &fence));
    blocks.iter().for_each(|block| rig.free(&own, *block));
    drop(own);
    let own = rig.handle();
    let other = thread::spawn(move || (shrink(rig, &handle), handle));
    let mine = shrink(rig, &own);
    let (theirs, handle) = other.join().expect("no panic unreported");
    assert_eq!(mine + theirs, 2, "a chunk stayed, or went back twice");
    drop((own, handle));
    // SAFETY: the threads have ended.
    unsafe { Rig::end(rig, 0) };
    format!("{mine} and {theirs}")
}
