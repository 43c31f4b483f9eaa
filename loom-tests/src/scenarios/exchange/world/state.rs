//! What the abstract pool is made of.

use stampool::raw::block::Batch;

use crate::scenarios::exchange::op::Op;

/// Blocks go by number, in the order in which they are carved.
pub(super) type Blocks = Vec<usize>;

/// The shared lists, and where every thread is.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(in crate::scenarios::exchange) struct World {
    pub(super) batch: Batch,
    pub(super) capacity: usize,
    /// By shard.
    pub(super) full: Vec<Vec<Blocks>>,
    /// What has arrived in each shard, where there are several.
    pub(super) arrived: Vec<usize>,
    pub(super) partial: Vec<Blocks>,
    /// Large magazines that no thread has used yet: each handle brings one, if batches grow. No
    /// scenario has so many exchanges that a thread needs one that has come back.
    pub(super) large: usize,
    pub(super) carved: usize,
    pub(super) growing: Option<usize>,
    pub(super) threads: Vec<Actor>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Actor {
    /// Its shard.
    pub(super) shard: usize,
    /// It has put a full magazine down there, and still has to count it.
    pub(super) is_to_count: bool,
    pub(super) todo: &'static [Op],
    pub(super) step: Step,
    pub(super) attached: bool,
    pub(super) cache: Blocks,
    /// The caches of forgotten handles, the newest last.
    pub(super) forgotten: Vec<Blocks>,
    /// Blocks that the cache may hold.
    pub(super) limit: usize,
    /// Its last exchange brought blocks. (No scenario has so many exchanges one way that the limit
    /// would shrink.)
    pub(super) refilled: bool,
    pub(super) held: Blocks,
    pub(super) log: Vec<String>,
}

/// How far a thread has come within an operation.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Step {
    /// At its beginning.
    Begin,
    /// Allocate, Request: is looking.
    Look(Look),
    /// Allocate: nothing to be had; wants to grow.
    Lock,
    /// Allocate, under the lock: looks again.
    LookAgain(Look),
    /// Allocate, under the lock: nothing came meanwhile.
    Carve,
    /// Leave, Offer: has taken this partial magazine, or a fresh one, for this remainder.
    Merge(Blocks, Blocks),
    /// Leave, Offer: has filled a partial magazine up, this is left over.
    Rest(Blocks),
    /// Request: this is left of the split magazine.
    PutBack(Blocks),
}

/// How far a thread has come in looking for blocks.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Look {
    pub(super) at: Place,
    /// The counts of this round, as far as read, and those of the last one.
    pub(super) counts: Vec<usize>,
    pub(super) before: Option<Vec<usize>>,
}

/// What a look comes to next. Shards are counted from the own one on.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// Whole batches of this shard.
    Full(usize),
    Partial,
    /// Less than a batch of this shard.
    Split(usize),
    /// What has arrived in this shard.
    Count(usize),
}

impl Look {
    /// For whole batches, or for less than one.
    pub(super) const fn begin(whole: bool) -> Self {
        let at = if whole { Place::Full(0) } else { Place::Partial };
        Self { at, counts: Vec::new(), before: None }
    }
}
