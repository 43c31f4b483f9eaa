//! Pools that grow, and pools that are kept from it.

use stampool::raw::sync::thread;
use stampool::{AllocError, Strategy};

use super::rig::Rig;
use crate::one_at_a_time::operation;

/// One thread seals the pool while another thread allocates. One block is live, and the chunk has
/// one more.
pub(super) fn seal_and_allocate<S: Strategy>() -> String {
    let rig = Rig::<S>::new(|builder| builder.chunk_blocks(2));
    let handle = rig.handle();
    // The seal needs a slot.
    drop(rig.handle());
    rig.allocate(&handle).expect("the first");
    let other = thread::spawn(move || (rig.allocate(&handle), handle));
    operation(|| rig.pool.seal()).expect("the slot is there");
    let (had, handle) = other.join().expect("no panic unreported");

    drop(handle);
    let carved = rig.pool.stats().carved_blocks;
    let handle = rig.handle();
    let held = 1 + usize::from(had.is_ok());
    let rest = (held..carved).map(|_| rig.allocate(&handle));
    assert!(rest.collect::<Vec<_>>().iter().all(Result::is_ok), "a block was lost");
    assert_eq!(rig.allocate(&handle), Err(AllocError::Sealed), "a sealed pool has grown");
    drop(handle);
    // SAFETY: the threads have ended.
    unsafe { Rig::end(rig, carved) };
    match had {
        Ok(_) => format!("had one of {carved}"),
        Err(error) => {
            assert_eq!(error, AllocError::Sealed);
            format!("refused, of {carved}")
        }
    }
}

/// One thread asks for two blocks and two slots while another thread allocates. Whatever comes
/// first, two blocks are enough.
pub(super) fn prefill_and_allocate<S: Strategy>() -> String {
    let rig = Rig::<S>::new(|builder| builder.chunk_blocks(2));
    let handle = rig.handle();
    let other = thread::spawn(move || (rig.allocate(&handle).expect("memory"), handle));
    operation(|| rig.pool.prefill(2, 2)).expect("memory");
    let (had, handle) = other.join().expect("no panic unreported");

    let stats = rig.pool.stats();
    assert_eq!((stats.carved_blocks, stats.slots), (2, 2), "more was made than asked for");
    let left = rig.allocate(&handle).expect("the other block");
    drop(handle);
    // SAFETY: the threads have ended.
    unsafe { Rig::end(rig, 2) };
    if had < left { "had the first" } else { "had the second" }.into()
}

/// Two threads need a block, and each chunk has one.
pub(super) fn second_chunk<S: Strategy>() -> String {
    let rig = Rig::<S>::new(|builder| builder.chunk_blocks(1));
    let (handle, own) = (rig.handle(), rig.handle());
    let take = move |handle| {
        let block = rig.allocate(&handle).expect("memory");
        rig.free(&handle, block);
        let again = rig.allocate(&handle).expect("the block just freed");
        assert_eq!(block, again, "a cache lost its block");
        (again, handle)
    };
    let other = thread::spawn(move || take(handle));
    let (_, own) = take(own);
    drop(own);
    drop(other.join().expect("no panic unreported"));
    assert_eq!(rig.pool.stats().chunks, 2, "each chunk has one block");
    // SAFETY: the threads have ended.
    unsafe { Rig::end(rig, 2) };
    "two chunks".into()
}

/// The magazines fill the first bucket of the directory, so the next chunk brings another bucket
/// with its first magazine. One thread needs a block. The other one flushes, and may do so with the
/// new magazine; then the first may have its block.
pub(super) fn second_bucket<S: Strategy>() -> String {
    /// Magazines in the first bucket.
    const FIRST: usize = 8;
    let rig = Rig::<S>::new(|builder| builder.chunk_blocks(1));
    let (handle, own) = (rig.handle(), rig.handle());
    let mut blocks = Vec::new();
    while rig.pool.stats().magazines < FIRST {
        blocks.push(rig.allocate(&own).expect("memory"));
    }
    let live = blocks.len();
    let theirs = blocks.split_off(live - 3);
    theirs[..2].iter().for_each(|block| rig.free(&handle, *block));
    let flushed = theirs[2];
    let other = thread::spawn(move || {
        rig.free(&handle, flushed);
        handle
    });
    let had = rig.allocate(&own).expect("memory");
    drop((own, other.join().expect("no panic unreported")));
    // SAFETY: the threads have ended.
    unsafe { Rig::end(rig, live - 3 + 1) };
    if theirs.contains(&had) { "had theirs" } else { "carved" }.into()
}
