//! The matrix: every strategy runs all of these.
//!
//! Two threads that both attach and leave are beyond exhausting, so at most one thread of a slice
//! does; the others hold handles made before. Where both do, the slice is bounded.

use super::handles::{ATTACH_ATTACH_ONE_FREE, LEAVE_LEAVE, THREAD_END_TWO_HANDLES};
use super::op::Op::{Allocate, Attach, End, Free, Give, Join, Leave, Offer, Request};
use super::races::{ABOUT_TO_FLUSH, BEFORE_ITS_COUNT, CARVE_RACE};
use super::scenario::{Scenario, slice};
use super::setup::{Setup, attached, thread};

/// Both attached; thread 1 holds two blocks that thread 0 allocated, and its cache is full of two
/// others: the next free flushes (B = 1).
const REMOTE: Setup = attached(2).thread(0, &[(4, Allocate), (4, Give(1))]).thread(1, &[(2, Free)]);

/// As [`REMOTE`] for batches of two: thread 1 has a full cache of four blocks and two more in its
/// hand.
const FULL_CACHE_OF_FOUR: Setup =
    attached(2).thread(0, &[(6, Allocate), (6, Give(1))]).thread(1, &[(4, Free)]);

/// As [`FULL_CACHE_OF_FOUR`], and thread 0 has one block in its cache and one in its hand.
const ENDING: Setup = FULL_CACHE_OF_FOUR.thread(0, &[(1, Allocate)]);

/// Where a batch is one block and may be two: thread 1 has taken a block before it freed others, so
/// its cache has grown; it is full of four blocks, and one more is in its hand.
const WIDE: Setup = attached(2)
    .thread(1, &[(1, Allocate)])
    .thread(0, &[(4, Allocate), (4, Give(1))])
    .thread(1, &[(4, Free)]);

/// As [`WIDE`] for both threads, and thread 0 has given two blocks away in one of the two large
/// magazines: both caches are full of four blocks, and each thread has one more in its hand.
const WIDE_BOTH: Setup =
    attached(2).thread(1, &[(5, Allocate), (4, Free)]).thread(0, &[(7, Allocate), (6, Free)]);

/// Each thread's cache is full of blocks of the other's, and each holds one more of those.
const REMOTE_BOTH: Setup = attached(2)
    .thread(0, &[(3, Allocate)])
    .thread(1, &[(3, Allocate)])
    .thread(0, &[(3, Give(1))])
    .thread(1, &[(3, Give(0))])
    .thread(0, &[(2, Free)])
    .thread(1, &[(2, Free)]);

/// Both attached; thread 0 has a batch of blocks in its cache, thread 1 nothing.
const ONE_FILLED: Setup = attached(2).thread(0, &[(1, Allocate), (1, Free)]);

/// Both attached; thread 0 has a block in its hand and what else its batch held in its cache.
const ONE_HOLDS: Setup = attached(2).thread(0, &[(1, Allocate)]);

/// Thread 0 has a block in its hand. Thread 1 has flushed once, so a block lies in its shard; its
/// cache is full of two others, and one more is in its hand (B = 1).
const STEAL: Setup = attached(2).thread(0, &[(5, Allocate), (4, Give(1))]).thread(1, &[(3, Free)]);

/// A batch of two lies in the shard of thread 1, and both caches are empty.
const LAID_DOWN: Setup = thread(1, &[(1, Attach), (1, Allocate), (1, Free), (1, Leave)])
    .thread(0, &[(1, Attach)])
    .thread(1, &[(1, Attach)]);

/// Thread 0 frees what others wait for; its cache is full.
pub(super) const TWO_CONSUMERS: Setup = attached(3).thread(0, &[(4, Allocate), (2, Free)]);

/// Thread 0 has a block in its cache and one in its hand.
const LEAVER: Setup = attached(1).thread(0, &[(1, Allocate)]);

/// Threads 0 and 1 have one block each in their caches, and one each in their hands.
const LEAVERS: Setup = attached(2).thread(0, &[(1, Allocate)]).thread(1, &[(1, Allocate)]);

/// All scenarios.
pub const SCENARIOS: &[Scenario] = &[
    slice("pool/allocate_free_across", 1, REMOTE, &[&[Allocate], &[Free]]),
    slice("pool/flush_refill", 2, FULL_CACHE_OF_FOUR, &[&[Allocate, Allocate], &[Free]]),
    slice("pool/leave_allocate", 2, ONE_FILLED, &[&[Leave], &[Allocate]]),
    slice("pool/leave_remainder_allocate", 2, ONE_HOLDS, &[&[Leave], &[Allocate]]).capacity(2),
    slice("pool/thread_end_flush", 2, ENDING, &[&[End], &[Free]]),
    slice("pool/thread_end_allocate", 2, ONE_HOLDS, &[&[End], &[Allocate]])
        .capacity(2)
        .preemptions(3),
    THREAD_END_TWO_HANDLES,
    slice("pool/attach_allocate", 1, thread(1, &[(1, Attach)]), &[&[Attach], &[Allocate]]),
    CARVE_RACE,
    slice("pool/carve_carve", 2, attached(2), &[&[Allocate], &[Allocate]]),
    slice("pool/capacity", 1, attached(2), &[&[Allocate], &[Allocate]]).capacity(1),
    slice("pool/capacity_free", 1, ABOUT_TO_FLUSH, &[&[Allocate], &[Free]]).capacity(3),
    slice("pool/drop_after_remote_frees", 1, REMOTE_BOTH, &[&[Free], &[Free]]),
    slice("mediator/offer_request", 2, Setup::NONE, &[&[Offer(2)], &[Request(2)]]).holding(&[2, 0]),
    slice(
        "mediator/offer_request_many",
        2,
        thread(0, &[(1, Offer(2))]),
        &[&[Offer(2)], &[Request(5)]],
    )
    .holding(&[4, 0]),
    slice("mediator/request_below_a_batch", 2, Setup::NONE, &[&[Offer(2)], &[Request(1)]])
        .holding(&[2, 0]),
    slice("mediator/remainders_merge", 2, Setup::NONE, &[&[Offer(1)], &[Offer(1)]])
        .holding(&[1, 1]),
    ABA,
    slice("pool/wide_flush_refill", 1, WIDE, &[&[Allocate, Allocate], &[Free]]).batches_up_to(2),
    slice("pool/wide_leave_allocate", 1, WIDE, &[&[Allocate], &[Leave]]).batches_up_to(2),
    slice("pool/wide_one_large_left", 1, WIDE_BOTH, &[&[Free], &[Free]]).batches_up_to(2),
    slice(
        "mediator/split_a_large_one",
        2,
        thread(0, &[(1, Offer(3))]),
        &[&[Request(1)], &[Request(3)]],
    )
    .holding(&[3, 0])
    .batches_up_to(3),
    slice("mediator/shards_offer_request", 2, Setup::NONE, &[&[Offer(2)], &[Request(2)]])
        .holding(&[2, 0])
        .in_shards(&[0, 1]),
    BEHIND_A_LOOK,
    BEFORE_ITS_COUNT,
    slice("pool/shards_steal", 1, STEAL, &[&[Allocate], &[Free]]).capacity(5).in_shards(&[0, 1]),
    slice("pool/shards_leave_allocate", 1, ONE_FILLED, &[&[Leave], &[Allocate]]).in_shards(&[0, 1]),
    slice("pool/shards_carve_carve", 2, LAID_DOWN, &[&[Allocate], &[Allocate]]).in_shards(&[0, 1]),
    slice(
        "pool/one_producer_two_consumers",
        1,
        TWO_CONSUMERS,
        &[&[Free, Free], &[Allocate], &[Allocate]],
    )
    .preemptions(2),
    slice("pool/leave_attach", 2, LEAVER, &[&[Leave], &[Attach, Allocate]]).preemptions(3),
    slice("pool/attach_attach", 2, Setup::NONE, &[&[Attach], &[Attach, Allocate]]).preemptions(3),
    ATTACH_ATTACH_ONE_FREE,
    LEAVE_LEAVE,
    slice("pool/leave_leave_attach", 2, LEAVERS, &[&[Leave], &[Leave], &[Attach, Allocate]])
        .preemptions(2),
];

/// Two batches in `full`. Behind the back of thread 0, which looks at them, both go, the lower one
/// comes out of `empty` again as a partial magazine, and the upper one as a full magazine, with
/// nothing below it.
pub const ABA: Scenario = slice(
    "mediator/aba",
    2,
    thread(0, &[(2, Offer(2))]),
    &[&[Request(2)], &[Request(4), Offer(1), Offer(2)]],
)
.holding(&[4, 0])
.preemptions(3);

/// There are three shards. Thread 0 begins at the last one, where nothing ever lies, and comes to
/// the first, then to the second. One block lies in the second. Behind the back of thread 0 another
/// one is put into the first, and only then is that one taken. So there is a block at every
/// instant, and thread 0 has to find one.
pub const BEHIND_A_LOOK: Scenario = slice(
    "mediator/shards_behind_a_look",
    1,
    thread(1, &[(1, Join(1)), (1, Offer(1)), (1, Join(0))]),
    &[&[Request(1)], &[Offer(1), Join(1), Request(1)]],
)
.holding(&[0, 2])
.in_shards(&[2, 0])
.preemptions(3);

/// As [`BEHIND_A_LOOK`], for two rounds of looks: a block goes behind the first one, comes back
/// between the two, and goes behind the second. Only the counts tell. Too many preemptions for
/// loom; shuttle samples it.
pub static BEHIND_TWO_LOOKS: Scenario = slice(
    "mediator/shards_behind_two_looks",
    1,
    thread(1, &[(1, Offer(1)), (1, Join(0))]),
    &[
        &[Request(1)],
        &[
            Offer(1),
            Join(1),
            Request(1),
            Offer(1),
            Join(0),
            Request(1),
            Offer(1),
            Join(1),
            Request(1),
        ],
    ],
)
.holding(&[0, 2])
.in_shards(&[0, 1]);

/// Three handles leave at once with a block each; one of them comes back and takes what they left,
/// while the others leave again: whoever takes remainders must not keep their magazines. Too many
/// preemptions for loom; shuttle samples it.
pub static REMAINDERS: Scenario = slice(
    "pool/remainders_again",
    5,
    attached(3)
        .thread(0, &[(5, Allocate), (2, Give(1)), (2, Give(2)), (1, Free)])
        .thread(1, &[(1, Free)])
        .thread(2, &[(1, Free)]),
    &[&[Leave, Attach, Allocate], &[Leave, Attach, Free, Leave], &[Leave, Attach, Free, Leave]],
);
