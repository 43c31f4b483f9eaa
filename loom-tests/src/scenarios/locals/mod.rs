//! Pools whose handles lie in thread-local storage. A thread's first call makes its handle, and a
//! destructor of the thread's end drops it; the scenarios run that destructor beside other threads.
//! porf runs them, on every strategy.
//!
//! [`Which::Program`] has the outcomes of the specification of [`exchange`](super::exchange), in
//! which the handles are the threads' own. The other scenarios list their outcomes.

mod gate;
mod late;
mod program;
mod statics;

use core::alloc::Layout;
use core::sync::atomic::{AtomicIsize, Ordering};
use std::collections::BTreeSet;
use std::sync::Arc;

use stampool::{Pool, PoolBuilder, Strategy, ThreadLocalPool};

use super::Metered;
use super::exchange::Op::{Allocate, Attach, Free, Leave};
use super::exchange::{self, attached, slice};
use crate::one_at_a_time::operation;
use gate::{Gate, spawn};
pub use statics::{STATICS, Static};

/// A program, and what may come of it.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Its name in the ledger.
    pub name: &'static str,
    which: Which,
}

#[derive(Clone, Copy, Debug)]
enum Which {
    /// The first thread does its part of the set-up, then the other one does; then both follow
    /// their programs. The last thing that the other one does is to leave: it ends.
    Program(exchange::Scenario),
    /// The pool is dropped while a thread ends.
    Drop,
    /// The pool's blocks are counted while a thread ends.
    Census,
    /// The destructors of other thread-local values use the pool behind the end of the handles.
    Late,
}

/// All of them.
pub const SCENARIOS: &[Scenario] = &[
    // The cache of the thread that ends has a batch, and the other thread's has nothing.
    program(slice(
        "locals/end_allocate",
        2,
        attached(2).thread(1, &[(1, Allocate), (1, Free)]),
        &[&[Allocate], &[Leave]],
    )),
    // The other thread has no handle yet, and takes the slot or a new one.
    program(slice(
        "locals/end_attach",
        1,
        attached(0).thread(1, &[(1, Attach), (1, Allocate), (1, Free)]),
        &[&[Attach, Allocate], &[Leave]],
    )),
    Scenario { name: "locals/end_drop", which: Which::Drop },
    Scenario { name: "locals/end_census", which: Which::Census },
    Scenario { name: "locals/late_free_allocate", which: Which::Late },
];

const fn program(program: exchange::Scenario) -> Scenario {
    Scenario { name: program.name, which: Which::Program(program) }
}

impl Scenario {
    /// All outcomes.
    #[must_use]
    pub fn allowed(&'static self) -> BTreeSet<String> {
        let listed: &[&str] = match &self.which {
            Which::Program(program) => return program::allowed(program),
            Which::Drop => &["all memory went back"],
            Which::Census => &["all blocks were counted"],
            Which::Late => &["had", "refused"],
        };
        listed.iter().map(ToString::to_string).collect()
    }
}

/// Runs a scenario once.
///
/// # Panics
/// At a violation.
#[must_use]
pub fn body<S: Strategy>(scenario: &'static Scenario) -> String {
    match &scenario.which {
        Which::Program(program) => program::run::<S>(program),
        Which::Drop => end_and_drop::<S>(),
        Which::Census => end_and_census::<S>(),
        Which::Late => late::free_and_allocate::<S>(),
    }
}

/// A pool that lives until [`take`](Self::take), and what its source has given.
struct Rig<S: Strategy> {
    pool: ThreadLocalPool<S>,
    regions: Arc<AtomicIsize>,
}

impl<S: Strategy> Rig<S> {
    fn new(change: impl FnOnce(PoolBuilder<S>) -> PoolBuilder<S>) -> &'static Self {
        let regions = Arc::new(AtomicIsize::new(0));
        let builder = Pool::builder(Layout::new::<u64>()).strategy::<S>().limbo_magazines(1);
        let builder = change(builder.source(Metered(Arc::clone(&regions))));
        let pool = builder.build_thread_local().expect("no requirement, no refusal");
        Box::leak(Box::new(Self { pool, regions }))
    }

    /// The pool, for its owner alone.
    ///
    /// A receiver `&self` would promise that the pool lives until this returns.
    ///
    /// # Safety
    ///
    /// The rig comes from `new`, and no thread uses it any more, except that it ends.
    unsafe fn take(rig: *const Self) -> (ThreadLocalPool<S>, Arc<AtomicIsize>) {
        // SAFETY: leaked in `new`; the rest by the caller.
        let Self { pool, regions } = *unsafe { Box::from_raw(rig.cast_mut()) };
        (pool, regions)
    }

    /// Takes a block and frees it: the calling thread has a handle with a block.
    fn use_once(&self) {
        let block = self.pool.allocate().expect("memory");
        // SAFETY: just allocated.
        unsafe { self.pool.deallocate(block) };
    }
}

/// A pool that a thread has used which is about to end, and the thread.
fn used_by_another<S: Strategy>() -> (&'static Rig<S>, gate::Thread<()>) {
    let rig = Rig::<S>::new(|builder| builder.batch(2).chunk_blocks(2));
    let used = Gate::new();
    let other = {
        let used = used.clone();
        spawn(move || {
            rig.use_once();
            used.open();
        })
    };
    used.wait();
    (rig, other)
}

fn end_and_drop<S: Strategy>() -> String {
    let (rig, other) = used_by_another::<S>();
    // SAFETY: the other thread only ends.
    let (pool, regions) = unsafe { Rig::take(rig) };
    operation(|| drop(pool));
    other.join(|| regions.load(Ordering::Relaxed) == 0);
    assert_eq!(regions.load(Ordering::Relaxed), 0, "a region did not go back exactly once");
    "all memory went back".into()
}

fn end_and_census<S: Strategy>() -> String {
    let (rig, other) = used_by_another::<S>();
    // SAFETY: the other thread only ends.
    let (mut pool, regions) = unsafe { Rig::take(rig) };
    let (census, carved) = operation(|| (pool.census(), pool.stats().carved_blocks));
    assert_eq!(census.free_blocks(), carved, "a block was not counted");
    // The fallback cache's handle.
    other.join(|| pool.stats().attached == 1);
    drop(pool);
    assert_eq!(regions.load(Ordering::Relaxed), 0, "a region did not go back exactly once");
    "all blocks were counted".into()
}
