//! Pools that are statics, for porf, in which each execution has its own.

use core::alloc::Layout;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::collections::BTreeSet;

use stampool::raw::free_list::Deferred;
use stampool::raw::sync::thread;
use stampool::{
    BuildError, Locked, Pool, Quiescent, StaticPool, Strategy, TaggedPacked, TaggedWide,
    ThreadLocalPool,
};

use crate::epoch_model::{EpochModel, Prompt, Stalled};
use crate::one_at_a_time::operation;
use crate::scenarios::Payload;

/// A strategy with a static pool.
#[derive(Clone, Copy, Debug)]
pub struct Static {
    /// Its name in the ledger.
    pub strategy: &'static str,
    /// Runs [`Static::NAME`] once.
    pub body: fn() -> String,
}

impl Static {
    /// The scenario's name in the ledger.
    pub const NAME: &'static str = "locals/static_first_use";

    /// All outcomes.
    #[must_use]
    pub fn allowed() -> BTreeSet<String> {
        ["had the first".into(), "had the second".into()].into()
    }

    const fn of<S: Strategy>(body: fn() -> String) -> Self {
        Self { strategy: S::NAME, body }
    }
}

/// How often a pool was built in this execution. The executions run one after the other.
static BUILT: AtomicUsize = AtomicUsize::new(0);

/// Two blocks are there from the start, and room for two threads.
fn build<S: Strategy>() -> Result<ThreadLocalPool<S>, BuildError> {
    BUILT.fetch_add(1, Ordering::Relaxed);
    let builder = Pool::builder(Layout::new::<u64>()).strategy::<S>().limbo_magazines(1);
    let pool = builder.batch(1).chunk_blocks(2).max_carved_blocks(2).build_thread_local()?;
    pool.prefill(2, 2).expect("memory");
    Ok(pool)
}

/// Two threads come to the pool first, and each takes a block. One of the threads ends meanwhile.
fn first_use<S: Strategy>(pool: &'static StaticPool<S>) -> String {
    BUILT.store(0, Ordering::Relaxed);
    let payload = std::sync::Arc::new(Payload::default());
    let take = move |payload: &Payload| {
        operation(|| {
            let block = pool.allocate().expect("two blocks, two threads");
            let address = block.as_ptr().addr();
            payload.taken(address);
            address
        })
    };
    let other = {
        let payload = std::sync::Arc::clone(&payload);
        thread::spawn(move || take(&payload))
    };
    let mine = take(&payload);
    let theirs = other.join().expect("no panic unreported");
    assert_eq!(BUILT.load(Ordering::Relaxed), 1, "the pool is built once");
    // The fallback cache's handle, and this thread's.
    assert_eq!(pool.stats().attached, 2, "a handle is left, or two share a slot");
    assert_eq!(pool.stats().carved_blocks, 2, "both had blocks of one pool");
    if mine < theirs { "had the first" } else { "had the second" }.into()
}

macro_rules! statics {
    ($($strategy:ty),+ $(,)?) => {
        /// Each strategy of the matrix.
        pub const STATICS: &[Static] = &[$({
            static POOL: StaticPool<$strategy> = StaticPool::new(build::<$strategy>);
            Static::of::<$strategy>(|| first_use(&POOL))
        }),+];
    };
}

statics!(
    TaggedWide,
    TaggedPacked,
    Quiescent,
    Locked,
    Deferred<EpochModel<Prompt>>,
    Deferred<EpochModel<Stalled>>,
);
