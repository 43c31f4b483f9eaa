//! An arena whose blocks several sources take and give back.
//!
//! The specification is a stack of free blocks: a source takes the top one, if there is one, and puts
//! back what it has.

use core::alloc::Layout;
use core::ptr::NonNull;
use core::sync::atomic::AtomicIsize;
use std::collections::BTreeSet;
use std::sync::Arc;

use stampool::raw::sync::thread;
use stampool::source::Source as _;
use stampool::{ArenaSource, TaggedWide};

use super::{Metered, Payload};
use crate::one_at_a_time::operation;
use crate::spec::{Object, interleavings};

/// The subject's name in the ledger.
pub const SUBJECT: &str = "ArenaSource";

const BLOCK: Layout = Layout::new::<u64>();

/// What a thread does with its handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Obtains a region.
    Take,
    /// Releases the region that it has, if it has one.
    Give,
}

/// A program of two threads.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Unique.
    pub name: &'static str,
    blocks: usize,
    /// Whether the first thread begins with a block.
    holds: bool,
    threads: [&'static [Op]; 2],
}

/// The scenarios, in order.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "arena_source/take_take",
        blocks: 2,
        holds: false,
        threads: [&[Op::Take], &[Op::Take]],
    },
    Scenario {
        name: "arena_source/take_give",
        blocks: 1,
        holds: true,
        threads: [&[Op::Give], &[Op::Take]],
    },
    Scenario {
        name: "arena_source/exhausted",
        blocks: 1,
        holds: false,
        threads: [&[Op::Take, Op::Give], &[Op::Take]],
    },
];

/// The specification: free blocks by number, the top last, and what each thread holds and was told.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Arena {
    free: Vec<usize>,
    held: [Option<usize>; 2],
    told: [String; 2],
}

fn told(number: Option<usize>) -> String {
    number.map_or("none".into(), |number| number.to_string())
}

impl Object for Arena {
    type Op = Op;

    fn apply(&self, thread: usize, op: &Op) -> Vec<Self> {
        let mut next = self.clone();
        match op {
            Op::Take => {
                next.held[thread] = next.free.pop();
                next.told[thread] = told(next.held[thread]);
            }
            Op::Give => next.free.extend(next.held[thread].take()),
        }
        vec![next]
    }

    fn outcome(&self) -> String {
        self.told.join(" ")
    }
}

impl Scenario {
    /// All outcomes.
    #[must_use]
    pub fn allowed(&self) -> BTreeSet<String> {
        let mut free: Vec<usize> = (1..=self.blocks).rev().collect();
        let held = [if self.holds { free.pop() } else { None }, None];
        let start = Arena { free, held, told: Default::default() };
        interleavings(start, &self.threads.map(<[Op]>::to_vec))
    }
}

/// A region on its way to another thread.
#[derive(Clone, Copy)]
struct Sent(NonNull<u8>);

// SAFETY: the pointer is used by its one owner.
unsafe impl Send for Sent {}

/// What a thread does, and what it was told. Returns the region that it has in the end.
fn run(
    mut arena: ArenaSource,
    ops: &[Op],
    mut held: Option<Sent>,
    bytes: &Payload,
    number: impl Fn(NonNull<u8>) -> usize,
) -> (String, Option<Sent>) {
    let mut said = String::new();
    for op in ops {
        match op {
            Op::Take => {
                held = operation(|| arena.obtain(BLOCK)).map(Sent);
                if let Some(Sent(region)) = held {
                    bytes.taken(region.addr().get());
                }
                said = told(held.map(|Sent(region)| number(region)));
            }
            Op::Give => {
                if let Some(Sent(region)) = held.take() {
                    bytes.given(region.addr().get());
                    // SAFETY: obtained from this arena, and not used any more.
                    operation(|| unsafe { arena.release(region, BLOCK) });
                }
            }
        }
    }
    (said, held)
}

/// Runs a scenario once.
///
/// # Panics
/// Where a block comes twice, or is lost.
#[must_use]
pub fn body(scenario: &'static Scenario) -> String {
    let regions = Arc::new(AtomicIsize::new(0));
    let source = Metered(Arc::clone(&regions));
    let mut arena = ArenaSource::<TaggedWide>::new(BLOCK, scenario.blocks, source).expect("memory");
    let bytes = Arc::new(Payload::default());
    // The blocks' numbers are in the order in which they are taken.
    let mut take = || {
        let block = arena.obtain(BLOCK).expect("a block");
        bytes.taken(block.addr().get());
        block
    };
    let all: Vec<_> = (0..scenario.blocks).map(|_| take()).collect();
    let addresses: Arc<[usize]> = all.iter().map(|block| block.addr().get()).collect();
    let kept = usize::from(scenario.holds);
    for block in all[kept..].iter().rev() {
        bytes.given(block.addr().get());
        // SAFETY: just obtained, and not used any more.
        unsafe { arena.release(*block, BLOCK) };
    }
    let held = scenario.holds.then(|| Sent(all[0]));
    let number = |addresses: Arc<[usize]>| {
        move |region: NonNull<u8>| {
            let at = addresses.iter().position(|address| *address == region.addr().get());
            at.expect("a block of the arena") + 1
        }
    };
    let (handle, shared) = (arena.clone(), Arc::clone(&bytes));
    let of_other = number(Arc::clone(&addresses));
    let [ops, others] = scenario.threads;
    let other = thread::spawn(move || run(handle, others, None, &shared, of_other));
    let (here, mine) = run(arena.clone(), ops, held, &bytes, number(addresses));
    let (there, theirs) = other.join().expect("no panic unreported");
    for Sent(region) in [mine, theirs].into_iter().flatten() {
        bytes.given(region.addr().get());
        // SAFETY: obtained from this arena, and not used any more.
        unsafe { arena.release(region, BLOCK) };
    }
    // Nothing is lost, and nothing is there twice.
    for _ in 0..scenario.blocks {
        let block = arena.obtain(BLOCK).expect("a block was lost");
        bytes.taken(block.addr().get());
    }
    assert!(arena.obtain(BLOCK).is_none(), "a block was handed out twice");
    drop(arena);
    let left = regions.load(core::sync::atomic::Ordering::Relaxed);
    assert_eq!(left, 0, "a region did not go back exactly once");
    format!("{here} {there}")
}
