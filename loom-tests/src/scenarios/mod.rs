//! The scenarios: small concurrent programs over the shipped layers, as data.
//!
//! One description drives both sides: the specification (an abstract machine, for
//! [`spec`](crate::spec)) and the body that runs the shipped code under whatever backend the
//! library was built for. So loom, porf and shuttle check the same programs.
//!
//! | module | layer under check | a step of the specification |
//! |---|---|---|
//! | [`list`] | free list | an operation |
//! | [`exchange`] | mediator, thread caches, pool | an exchange with a list, or a lock taken |
//! | [`look_up`], [`free_twice`] | the checks of a checked pool | none: as below |
//! | [`crossed`] | two free lists | an operation |
//! | [`land`] | mediator and reclaimer | none: as below |
//! | [`recycle`] | free list and reclaimer | none: the allowed outcomes stand beside it |
//! | [`landing`] | mediator and limbo | none: as there |
//! | [`ends`] | the rundown, and pools that it protects | none: the allowed outcomes stand beside it |
//! | [`locals`] | pools whose handles are thread-local, and static pools | as [`exchange`], or none |
//! | [`stamped`] | stamped pools, and the two structures of the examples | as its modules say |
//! | [`objects`] | handles of objects | none: as there |
//! | [`arena_source`] | sources that share an arena | an operation |
//! | [`bump`] | allocators that bump a shared mark | none: as there |
//! | [`leases`] | allocators and statistics that threads lease | none: as there |
//! | [`changes`] | counts of what has changed | none: as there |
//! | [`edges`] | pools that are sealed, grow, are counted, check, run out of tags | none: as there |
//! | [`linear`] | the whole pool, generated programs | none: a history is checked |
//! | [`long`] | the whole pool, many threads | none: the body's own assertions judge |
//!
//! Every body ends with a drain: nothing twice, nothing lost, no cycle, the memory bound kept.

pub mod arena_source;
pub mod bump;
pub mod changes;
pub mod crossed;
mod depth;
pub mod edges;
pub mod ends;
pub mod exchange;
pub mod free_twice;
pub mod land;
pub mod landing;
pub mod leases;
pub mod linear;
pub mod list;
mod listed;
pub mod locals;
pub mod long;
pub mod look_up;
mod magazines;
mod metered;
pub mod objects;
mod one_chunk;
mod payload;
pub mod recycle;
mod shape;
pub mod slab;
pub mod stamped;
mod standing;

pub use depth::Depth;
pub use listed::Listed;
pub(crate) use magazines::{make_magazine, stock};
use metered::Metered;
pub use payload::Payload;
pub use shape::Shape;
pub(crate) use standing::Standing;

use stampool::raw::each_strategy;
use stampool::raw::free_list::{
    Deferred, Immediate, Mechanism, QuiescentList, Requirements, Sealed,
};
use stampool::{BuildError, EpochDeferred, Locked, Quiescent, Strategy, TaggedPacked, TaggedWide};

use crate::epoch_model::{EpochModel, Prompt, Stalled};
use crate::opaque::{Opaque, Peer};

/// A strategy and the bodies that run on it.
#[derive(Clone, Copy)]
pub struct Subject {
    /// Its name in the ledger.
    pub strategy: &'static str,
    /// The shape of its list.
    pub shape: Shape,
    /// The scenarios with so many executions that only the deep tier tries all.
    pub hard: &'static [&'static [&'static str]],
    /// The scenarios that take minutes though they are bounded.
    pub deep: &'static [&'static str],
    /// The scenarios that a search without reduction tries all schedules of every time, where not
    /// all.
    pub searched: Option<&'static [&'static str]>,
    /// Runs a list scenario once.
    pub list: fn(&'static list::Scenario) -> String,
    /// Runs [`crossed`] once.
    pub crossed: fn() -> String,
    /// Runs an exchange scenario once.
    pub exchange: fn(&'static exchange::Scenario) -> String,
    /// Runs a pool and threads that end once.
    pub ends: fn(&'static ends::Scenario<ends::Fate>) -> String,
    /// Runs a pool with thread-local handles once.
    pub locals: fn(&'static locals::Scenario) -> String,
    /// Runs a seldom thing once.
    pub edges: fn(&'static edges::Scenario) -> String,
    /// Runs a long scenario once.
    pub long: fn(&'static long::Scenario) -> String,
    /// Runs a generated program once.
    pub linear: fn(&linear::Program, linear::Fault) -> linear::History,
}

/// What the checks must know of a strategy that ships. One that does not say it does not compile in
/// [`subjects`].
pub trait Modelled: Strategy {
    /// Itself.
    const SUBJECT: Subject;
    /// What runs the whole matrix in its place, where it has too many executions itself.
    const MODELS: &'static [Subject] = &[];
}

impl Modelled for TaggedWide {
    const SUBJECT: Subject = subject::<Self>(Shape::Stack);
}

impl Modelled for TaggedPacked {
    const SUBJECT: Subject = subject::<Self>(Shape::Stack);
}

impl Modelled for Locked {
    const SUBJECT: Subject = subject::<Self>(Shape::Stack);
}

impl Modelled for Quiescent {
    const SUBJECT: Subject = Subject {
        hard: &[HARD_QUIESCENT],
        deep: &["pool/leave_leave_attach"],
        searched: Some(&["list/pop_push", "list/take_all_push"]),
        ..subject::<Self>(Shape::TwoLists)
    };
}

/// Crossbeam's epoch. Under loom its own atomics are loom's: too many executions for all of them.
/// Under shuttle it is opaque: what it does is part of the step before.
impl Modelled for EpochDeferred {
    const SUBJECT: Subject = Subject {
        searched: SHORT,
        deep: &[
            "mediator/shards_before_its_count",
            "mediator/shards_behind_a_look",
            "pool/shards_leave_allocate",
            "pool/leave_leave",
        ],
        ..subject::<Self>(Shape::Sides)
    };
    const MODELS: &'static [Subject] = &[
        Subject {
            hard: &[HARD_EPOCH],
            searched: SHORT,
            ..subject::<Deferred<EpochModel<Prompt>>>(Shape::Sides)
        },
        Subject {
            hard: &[HARD_EPOCH, HARD_STALLED],
            deep: &["pool/leave_leave_attach"],
            searched: SHORT,
            ..subject::<Deferred<EpochModel<Stalled>>>(Shape::Sides)
        },
    ];
}

/// The real epoch.
pub const EPOCH: Subject = EpochDeferred::SUBJECT;

/// Everything that runs the whole matrix: each strategy that ships, or its models.
#[must_use]
pub fn subjects() -> Vec<Subject> {
    let runs = each_strategy!(S => match S::MODELS {
        [] => vec![S::SUBJECT],
        models => models.to_vec(),
    });
    runs.concat()
}

/// The shortest list scenarios.
const SHORT: Option<&[&str]> =
    Some(&["list/pop_push", "list/take_all_push", "list/pop_up_to_push"]);

/// [`Quiescent`] beside a popper that sleeps for ever: all goes by the second list, under the lock. For
/// [`EpochDeferred`] beside a pin that lasts for ever there is [`Stalled`], which runs the whole matrix.
pub const SLEEPER: Subject = subject::<QuiescentStalled>(Shape::Stack);

/// See [`SLEEPER`].
pub struct QuiescentStalled;

impl Sealed for QuiescentStalled {}

// SAFETY: as `Quiescent`.
unsafe impl Strategy for QuiescentStalled {
    const NAME: &'static str = "QuiescentStalled";
    type Reclaimer = Immediate;
    type List = QuiescentList;

    fn mechanism(requirements: Requirements) -> Result<Mechanism, BuildError> {
        Quiescent::mechanism(requirements)
    }

    fn list(_mechanism: &Mechanism) -> QuiescentList {
        QuiescentList::beside_sleepers(1)
    }
}

/// Two more list operations, a lock and a count in each look at a list that is empty.
const HARD_QUIESCENT: &[&str] = &[
    "list/aba",
    "list/aba_pop_up_to",
    "list/walk_growth",
    "pool/leave_remainder_allocate",
    "pool/carve_carve",
    "pool/capacity",
    "pool/drop_after_remote_frees",
    "mediator/remainders_merge",
    "mediator/split_a_large_one",
    "pool/shards_leave_allocate",
    "pool/shards_carve_carve",
];

/// A pin is three steps more. `pool/flush_refill` has the executions of
/// `pool/allocate_free_across`.
const HARD_EPOCH: &[&str] = &[
    "pool/flush_refill",
    "pool/leave_remainder_allocate",
    "pool/thread_end_two_handles",
    "pool/carve_carve",
    "pool/capacity",
    "mediator/remainders_merge",
    "pool/wide_flush_refill",
    "pool/wide_leave_allocate",
    "pool/shards_leave_allocate",
    "pool/shards_carve_carve",
];

/// What takes more than five seconds beside a sleeper, since [`Prompt`] exhausts it.
const HARD_STALLED: &[&str] = &[
    "list/aba_pop_up_to",
    "pool/allocate_free_across",
    "pool/leave_allocate",
    "pool/drop_after_remote_frees",
];

impl Subject {
    /// How far loom searches a scenario in every run.
    #[must_use]
    pub fn depth(&self, scenario: &str, depth: Depth) -> Depth {
        if self.hard.iter().any(|some| some.contains(&scenario)) {
            Depth::Preemptions(3)
        } else {
            depth
        }
    }
}

/// Other people's reclamation, opaque to the checkers ([`Opaque`]): for comparison only, so not
/// part of the matrix.
pub const PEERS: [PeerSubject; 2] = [
    peer::<peers::Seize<peers::hyaline::PerGuard>>(&[
        "list/aba_pop_up_to",
        "pool/allocate_free_across",
        "pool/flush_refill",
        "pool/leave_allocate",
        "pool/drop_after_remote_frees",
        "pool/thread_end_two_handles",
        "pool/leave_remainder_allocate",
        "pool/carve_carve",
        "pool/capacity",
        "pool/wide_flush_refill",
        "pool/wide_leave_allocate",
        "mediator/remainders_merge",
        "pool/leave_leave_attach",
        "pool/shards_leave_allocate",
        "pool/shards_carve_carve",
    ]),
    // Each removal loads the head twice and takes two steps of the library.
    peer::<peers::Hazard<1>>(&[
        recycle::NAME,
        "list/aba",
        "list/aba_pop_up_to",
        "list/walk_growth",
        "list/take_all_pop",
        "pool/thread_end_two_handles",
        "pool/leave_allocate",
        "pool/leave_remainder_allocate",
        "pool/carve_carve",
        "pool/capacity",
        "pool/wide_flush_refill",
        "pool/wide_leave_allocate",
        "pool/drop_after_remote_frees",
        "mediator/remainders_merge",
        "mediator/split_a_large_one",
        "pool/thread_end_flush",
        "pool/leave_leave_attach",
        "pool/shards_steal",
        "pool/shards_leave_allocate",
        "pool/shards_carve_carve",
    ]),
];

/// A library as a subject.
#[derive(Clone, Copy)]
pub struct PeerSubject {
    /// What every strategy runs.
    pub subject: Subject,
    /// Runs [`recycle`] once.
    pub recycle: fn() -> String,
    /// What is not exhausted in five seconds: bounded under loom, sampled under shuttle.
    pub too_long: &'static [&'static str],
}

const fn peer<R: Peer>(too_long: &'static [&'static str]) -> PeerSubject {
    PeerSubject {
        subject: Subject {
            deep: &["mediator/shards_before_its_count"],
            ..subject::<Deferred<Opaque<R>>>(Shape::Sides)
        },
        recycle: recycle::body::<Opaque<R>>,
        too_long,
    }
}

/// A strategy as a subject.
#[must_use]
pub const fn subject<S: Strategy>(shape: Shape) -> Subject {
    Subject {
        strategy: S::NAME,
        shape,
        hard: &[],
        deep: &[],
        searched: None,
        list: list::body::<S>,
        crossed: crossed::body::<S>,
        exchange: exchange::body::<S>,
        ends: ends::body::<S>,
        locals: locals::body::<S>,
        edges: edges::body::<S>,
        long: long::body::<S>,
        linear: linear::body::<S>,
    }
}
