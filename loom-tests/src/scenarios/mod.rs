//! The scenarios: small concurrent programs over the shipped layers, as data.
//!
//! One description drives both sides: the specification (an abstract machine, for
//! [`spec`](crate::spec)) and the body that runs the shipped code under whatever backend the
//! library was built for. So loom and shuttle check the same programs.
//!
//! | module | layer under check | a step of the specification |
//! |---|---|---|
//! | [`list`] | free list | an operation |
//! | [`exchange`] | mediator, thread caches, pool | an exchange with a list, or a lock taken |
//! | [`long`] | the whole pool, many threads | none: the body's own assertions judge |
//!
//! Every body ends with a drain: nothing twice, nothing lost, no cycle, the memory bound kept.

pub mod exchange;
pub mod list;
pub mod long;
mod payload;

pub use payload::Payload;

use stampool::raw::chunk::Regions;
use stampool::raw::free_list::Deferred;
use stampool::raw::free_list::{OwnedShell, Shell, ShellStore};
use stampool::{EpochDeferred, Locked, Quiescent, Strategy, TaggedPacked, TaggedWide};

use crate::epoch_model::{EpochModel, Prompt, Stalled};
use crate::explore::Bound;

/// A strategy and the bodies that run on it.
#[derive(Clone, Copy)]
pub struct Subject {
    /// Its name in the ledger.
    pub strategy: &'static str,
    /// What its list looks like.
    pub shape: Shape,
    /// Runs a list scenario once.
    pub list: fn(&'static list::Scenario) -> String,
    /// Runs an exchange scenario once.
    pub exchange: fn(&'static exchange::Scenario) -> String,
    /// Runs a long scenario once.
    pub long: fn(&'static long::Scenario) -> String,
}

/// Everything that runs the whole matrix.
pub const SUBJECTS: [Subject; 6] = [
    subject::<TaggedWide>(Shape::Stack),
    subject::<TaggedPacked>(Shape::Stack),
    subject::<Locked>(Shape::Stack),
    subject::<Quiescent>(Shape::TwoLists),
    subject::<Deferred<EpochModel<Prompt>>>(Shape::Sides),
    subject::<Deferred<EpochModel<Stalled>>>(Shape::Sides),
];

/// The real epoch. What crossbeam-epoch does inside is no step for shuttle, and too many for loom to
/// be exhausted.
pub const OPAQUE: Subject = subject::<EpochDeferred>(Shape::Sides);

/// In which order a list gives back what was put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// One stack.
    Stack,
    /// A stack, and another one for shells that have been listed before, which is looked at when the
    /// first is empty.
    Sides,
    /// A stack to remove from and one to push to, which takes the place of the first when that is
    /// empty and no other removal is in flight.
    TwoLists,
}

/// A strategy as a subject.
#[must_use]
pub const fn subject<S: Strategy>(shape: Shape) -> Subject {
    Subject {
        strategy: S::NAME,
        shape,
        list: list::body::<S>,
        exchange: exchange::body::<S>,
        long: long::body::<S>,
    }
}

/// How far loom looks at a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// All executions; shuttle's depth-first search is the ground truth.
    Exhaustive,
    /// At most so many preemptions: more threads than can be exhausted.
    Preemptions(u8),
}

impl Depth {
    /// For loom.
    #[must_use]
    pub fn bound(self) -> Bound {
        match self {
            Self::Exhaustive => Bound::Unbounded,
            Self::Preemptions(n) => Bound::Preemptions(n),
        }
    }
}

/// Makes shell number `index` of `store`, alone or under a lock.
///
/// # Panics
/// Without memory.
pub(crate) fn make_shell<'s>(
    store: &'s ShellStore,
    index: usize,
    regions: &mut Regions,
) -> OwnedShell<'s> {
    let names = store.names_missing(index + 1).expect("a few shells");
    if names.size() > 0 {
        let room = regions.obtain(names).expect("memory");
        // SAFETY: by the caller nobody else makes shells; the room is the store's.
        unsafe { store.add_names(index + 1, room) };
    }
    let layout = Shell::layout(store.batch()).expect("a small shell");
    let room = regions.obtain(layout).expect("memory");
    // SAFETY: as above, with a name; the room is the shell's.
    unsafe { store.create(index, room) }
}
