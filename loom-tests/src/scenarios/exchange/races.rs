//! Scenarios that show one order of two steps each: an arrival and its count, a look and the growth
//! lock, new magazines and the limit that lets as many wait.

use super::op::Op::{Allocate, Attach, Carved, Free, Give, Join, Leave, Offer, Request};
use super::scenario::{Scenario, slice};
use super::setup::{Setup, attached, thread};

/// Thread 0 looks into three shards, one after the other. A block lies in the last of them.
///
/// Behind the look, thread 1 puts a block into the second shard, takes the one in the third, and
/// begins to put that into the first, which thread 0 has seen empty. If the thread counts this
/// arrival before its push, then thread 0 may read the new count, see the first shard empty once
/// more, and only then does the push follow. Thread 1 goes on and takes the block from the second
/// shard before thread 0 gets there. So both of thread 0's readings are the same, and it finds
/// nothing, although a block was listed at every instant.
///
/// The same schedule shows a look that counts as settled after two rounds whatever was counted.
pub const BEFORE_ITS_COUNT: Scenario = slice(
    "mediator/shards_before_its_count",
    1,
    thread(1, &[(1, Offer(1)), (1, Join(1))]),
    &[&[Request(1)], &[Offer(1), Join(2), Request(1), Join(0), Offer(1), Join(1), Request(1)]],
)
.holding(&[0, 2])
.in_shards(&[0, 2])
.preemptions(3);

/// The cache of thread 1 is full, and one more block is in its hand. Three blocks are carved, and
/// thread 0 has none.
pub(super) const ABOUT_TO_FLUSH: Setup =
    attached(2).thread(0, &[(3, Allocate), (3, Give(1))]).thread(1, &[(2, Free)]);

/// Thread 0 finds nothing and waits for the growth lock. Meanwhile thread 1 puts a batch down, and
/// then takes the growth lock itself, to read how many blocks are carved. If thread 1 reads the
/// number from before thread 0 carves, then thread 0 gets the lock later, and its second look has
/// to find the batch.
///
/// Only the number tells: without it, thread 1 could as well have put its batch down right behind
/// the second look.
pub(super) const CARVE_RACE: Scenario =
    slice("pool/carve_race", 1, ABOUT_TO_FLUSH, &[&[Allocate], &[Free, Carved]]).preemptions(3);

/// A handle whose two magazines wait already, as many as may, and four blocks.
const FULL_LIMBO: Setup = attached(1).thread(0, &[(4, Allocate), (4, Free), (4, Allocate)]);

/// Thread 1 attaches: that brings three magazines, and two more may wait. If the thread raises the
/// limit first and brings its magazines later, then thread 0 may let two more of its own magazines
/// wait, and has none left for the last of the blocks that it puts down when it leaves.
///
/// Seven magazines: one for each block, one for the handle and two to wait. It shows only where
/// nothing that waits ever comes back.
pub static ATTACHING: Scenario = slice(
    "recycle/attach_limbo",
    1,
    FULL_LIMBO,
    &[
        &[
            Free, Free, Free, Free, Allocate, Allocate, Allocate, Allocate, Free, Free, Free, Free,
            Leave,
        ],
        &[Attach],
    ],
)
.limbo(2)
.preemptions(2);
