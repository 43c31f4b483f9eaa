//! Counts that are asked for while threads exchange.

use core::sync::atomic::{AtomicIsize, Ordering};
use std::sync::Arc;

use stampool::Strategy;
use stampool::raw::pool::DetachedLocal;
use stampool::raw::sync::thread;

use super::rig::{Rig, builder};
use crate::one_at_a_time::operation;

/// One thread asks twice for the counts while another thread carves. Numbers never go back, and no
/// answer is of a moment in the middle of the growth.
pub(super) fn stats_and_allocate<S: Strategy>() -> String {
    let rig = Rig::<S>::new(|builder| builder.chunk_blocks(1));
    let handle = rig.handle();
    rig.allocate(&handle).expect("the first");
    let other = thread::spawn(move || {
        rig.allocate(&handle).expect("memory");
        handle
    });
    let [first, second] = [(); 2].map(|()| operation(|| rig.pool.stats()));
    drop(other.join().expect("no panic unreported"));
    for stats in [first, second] {
        assert_eq!(stats.chunks, stats.carved_blocks, "each chunk has one block");
        assert_eq!((stats.slots, stats.attached), (1, 1), "one handle");
    }
    // SAFETY: the threads have ended.
    unsafe { Rig::end(rig, 2) };
    format!("saw {}, {}", first.carved_blocks, second.carved_blocks)
}

/// A detached handle with a block in its cache, on its way to the thread that ends.
struct Moving<S: Strategy>(DetachedLocal<S>);

// SAFETY: a detached handle is bound to one thread only so that two don't use it at a time; here it
// moves between the setup and its thread, which the start orders.
unsafe impl<S: Strategy> Send for Moving<S> {}

/// Two threads with a block in their caches end while the owner counts all free blocks.
pub(super) fn ends_and_census<S: Strategy>() -> String {
    let regions = Arc::new(AtomicIsize::new(0));
    let pool = builder::<S>(&regions).chunk_blocks(2).build_thread_local();
    let mut pool = pool.expect("no requirement, no refusal");
    let locals = [(); 2].map(|()| {
        // SAFETY: used in these lines, and then dropped only.
        let local = unsafe { pool.detached_local() }.expect("memory");
        let block = local.allocate().expect("memory");
        // SAFETY: just allocated.
        unsafe { local.deallocate(block) };
        Moving(local)
    });
    let end = |local| thread::spawn(move || operation(|| drop::<Moving<S>>(local)));
    let ending = locals.map(end);
    let (census, carved) = operation(|| (pool.census(), pool.stats().carved_blocks));
    assert_eq!(census.free_blocks(), carved, "a block was not counted");
    for thread in ending {
        thread.join().expect("no panic unreported");
    }
    drop(pool);
    assert_eq!(regions.load(Ordering::Relaxed), 0, "a region did not go back exactly once");
    "all blocks were counted".into()
}
