//! Pools with caches and a capacity: as many blocks are granted as the capacity says, whatever lies in
//! the caches, and no block more.

use std::sync::Arc;

use stampool::raw::sync::{AtomicUsize, Ordering, thread};
use stampool::{AllocError, Strategy};

use super::rig::{Handle, Rig};

/// A pool that grants one block, and two handles of it. The block that the first one has had is in
/// its cache.
fn one_of_one<S: Strategy>() -> (&'static Rig<S>, Handle<S>, Handle<S>) {
    let rig = Rig::<S>::new(|builder| builder.chunk_blocks(1).capacity(1));
    let (own, other) = (rig.handle(), rig.handle());
    let block = rig.allocate(&own).expect("the first");
    rig.free(&own, block);
    (rig, own, other)
}

/// Checks what two threads had, of one block that may be in use, and ends the pool.
///
/// # Safety
///
/// The threads have ended.
unsafe fn end<S: Strategy>(
    rig: &'static Rig<S>,
    had: [Result<usize, AllocError>; 2],
    handles: [Handle<S>; 2],
) -> String {
    let granted = had.iter().filter(|had| had.is_ok()).count();
    assert_eq!(granted, 1, "one block may be in use");
    assert!(had.iter().all(|had| had.is_ok() || *had == Err(AllocError::Capacity)));
    let stats = rig.pool.stats();
    assert_eq!((stats.in_use_blocks, stats.in_use_limit), (Some(1), Some(1)));
    assert!(stats.carved_blocks <= 2, "one in use, and one in the other cache");
    drop(handles);
    // SAFETY: by the caller.
    unsafe { Rig::end(rig, 1) };
    if had[0].is_ok() { "the first had it" } else { "the second had it" }.into()
}

/// Two threads want a block. One of them has a free one in its cache, and yet either may get one.
pub(super) fn two_want_one<S: Strategy>() -> String {
    let (rig, own, handle) = one_of_one::<S>();
    let other = thread::spawn(move || (rig.allocate(&handle), handle));
    let mine = rig.allocate(&own);
    let (theirs, handle) = other.join().expect("no panic unreported");
    // SAFETY: the threads have ended.
    unsafe { end(rig, [mine, theirs], [own, handle]) }
}

/// A thread frees its block into its cache and wants one again, while another thread wants one.
pub(super) fn one_frees_and_wants_again<S: Strategy>() -> String {
    let (rig, own, handle) = one_of_one::<S>();
    let block = rig.allocate(&own).expect("nobody else has one");
    let other = thread::spawn(move || (rig.allocate(&handle), handle));
    rig.free(&own, block);
    let mine = rig.allocate(&own);
    let (theirs, handle) = other.join().expect("no panic unreported");
    // SAFETY: the threads have ended.
    unsafe { end(rig, [mine, theirs], [own, handle]) }
}

/// A thread frees its block and says so, without any ordering. A thread that has heard of it is
/// granted a block.
pub(super) fn one_hears_of_a_free<S: Strategy>() -> String {
    let (rig, own, handle) = one_of_one::<S>();
    let block = rig.allocate(&own).expect("nobody else has one");
    let freed = Arc::new(AtomicUsize::new(0));
    let other = {
        let freed = Arc::clone(&freed);
        thread::spawn(move || {
            let heard = freed.load(Ordering::Relaxed) == 1;
            (heard.then(|| rig.allocate(&handle)), handle)
        })
    };
    rig.free(&own, block);
    freed.store(1, Ordering::Relaxed);
    let (had, handle) = other.join().expect("no panic unreported");
    drop((own, handle));
    let held = usize::from(had.is_some());
    assert!(had.is_none_or(|had| had.is_ok()), "refused although nothing is in use");
    // SAFETY: the threads have ended.
    unsafe { Rig::end(rig, held) };
    if held == 1 { "had one" } else { "had not heard" }.into()
}
