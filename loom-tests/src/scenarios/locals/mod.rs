//! Pools whose handles lie in thread-local storage. A thread's first call makes its handle, and a
//! destructor of the thread's end drops it; the scenarios run that destructor beside other threads.
//! porf runs them, on every strategy.
//!
//! Those that are programs have the outcomes of the specification of [`exchange`], in
//! which the handles are the threads' own. The other scenarios list their outcomes.

mod gate;
mod late;
mod program;
mod rig;
mod statics;

use core::sync::atomic::Ordering;
use std::collections::BTreeSet;

use stampool::Strategy;
use stampool::raw::sync::thread::{JoinHandle, spawn};

use super::exchange::Op::{Allocate, Attach, Free, Leave};
use super::exchange::{self, attached, slice, thread};
use crate::one_at_a_time::operation;
use gate::Gate;
use rig::Rig;
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
    Program(&'static exchange::Scenario),
    /// The pool is dropped while a thread ends.
    Drop,
    /// The pool's blocks are counted while a thread ends.
    Census,
    /// The destructors of other thread-local values use the pool behind the end of the handles.
    Late,
}

/// The cache of the thread that ends has a batch, and the other thread's has nothing.
const END_ALLOCATE: exchange::Scenario = slice(
    "locals/end_allocate",
    2,
    attached(2).thread(1, &[(1, Allocate), (1, Free)]),
    &[&[Allocate], &[Leave]],
);

/// The other thread has no handle yet, and takes the slot or a new one.
const END_ATTACH: exchange::Scenario = slice(
    "locals/end_attach",
    1,
    thread(1, &[(1, Attach), (1, Allocate), (1, Free)]),
    &[&[Attach, Allocate], &[Leave]],
);

/// All of them.
pub const SCENARIOS: &[Scenario] = &[
    Scenario { name: END_ALLOCATE.name, which: Which::Program(&END_ALLOCATE) },
    Scenario { name: END_ATTACH.name, which: Which::Program(&END_ATTACH) },
    Scenario { name: "locals/end_drop", which: Which::Drop },
    Scenario { name: "locals/end_census", which: Which::Census },
    Scenario { name: "locals/late_free_allocate", which: Which::Late },
];

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

/// A pool that a thread has used which is about to end, and the thread.
fn used_by_another<S: Strategy>() -> (&'static Rig<S>, JoinHandle<()>) {
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
    other.join().expect("no panic unreported");
    assert_eq!(regions.load(Ordering::Relaxed), 0, "a region did not go back exactly once");
    "all memory went back".into()
}

fn end_and_census<S: Strategy>() -> String {
    let (rig, other) = used_by_another::<S>();
    // SAFETY: the other thread only ends.
    let (mut pool, regions) = unsafe { Rig::take(rig) };
    let (census, carved) = operation(|| (pool.census(), pool.stats().carved_blocks));
    assert_eq!(census.free_blocks(), carved, "a block was not counted");
    other.join().expect("no panic unreported");
    drop(pool);
    assert_eq!(regions.load(Ordering::Relaxed), 0, "a region did not go back exactly once");
    "all blocks were counted".into()
}
