//! The matrix: every strategy runs all of these.
//!
//! Two threads that both attach and leave are beyond exhausting, so at most one thread of a slice
//! does; the others hold handles made before. Where both do, the slice is bounded.

use stampool::raw::block::Batch;

use super::Op::{Allocate, Attach, End, Free, Give, Join, Leave, Offer, Request};
use super::handles::{ATTACH_ATTACH_ONE_FREE, LEAVE_LEAVE, THREAD_END_TWO_HANDLES};
use super::races::{BEFORE_ITS_COUNT, CARVE_RACE};
use super::{Layer, Op, Scenario, slice};
use crate::scenarios::Depth::Preemptions;

/// Batches of one block that grow up to `most`.
const fn up_to(most: usize, slice: Scenario) -> Scenario {
    Scenario { batch: Batch { min: 1, max: most }, ..slice }
}

/// Both attached; thread 1 holds three blocks that thread 0 allocated, and its cache is full of
/// two others: the next free flushes (B = 1).
const REMOTE: &[(usize, Op)] = &[
    (0, Attach),
    (1, Attach),
    (0, Allocate),
    (0, Allocate),
    (0, Allocate),
    (0, Allocate),
    (0, Give(1)),
    (0, Give(1)),
    (0, Give(1)),
    (0, Give(1)),
    (1, Free),
    (1, Free),
];

/// As [`REMOTE`] for batches of two: thread 1 has a full cache of four blocks and one more in its
/// hand.
const FULL_CACHE_OF_FOUR: &[(usize, Op)] = &[
    (0, Attach),
    (1, Attach),
    (0, Allocate),
    (0, Allocate),
    (0, Allocate),
    (0, Allocate),
    (0, Allocate),
    (0, Allocate),
    (0, Give(1)),
    (0, Give(1)),
    (0, Give(1)),
    (0, Give(1)),
    (0, Give(1)),
    (0, Give(1)),
    (1, Free),
    (1, Free),
    (1, Free),
    (1, Free),
];

/// As [`FULL_CACHE_OF_FOUR`], and thread 0 has one block in its cache and one in its hand.
const ENDING: &[(usize, Op)] = &[
    (0, Attach),
    (1, Attach),
    (0, Allocate),
    (0, Allocate),
    (0, Allocate),
    (0, Allocate),
    (0, Allocate),
    (0, Allocate),
    (0, Give(1)),
    (0, Give(1)),
    (0, Give(1)),
    (0, Give(1)),
    (0, Give(1)),
    (0, Give(1)),
    (1, Free),
    (1, Free),
    (1, Free),
    (1, Free),
    (0, Allocate),
];

/// Where a batch is one block and may be two: thread 1 has taken a block before it freed others, so
/// its cache has grown; it is full of four blocks, and one more is in its hand.
const WIDE: &[(usize, Op)] = &[
    (0, Attach),
    (1, Attach),
    (1, Allocate),
    (0, Allocate),
    (0, Allocate),
    (0, Allocate),
    (0, Allocate),
    (0, Give(1)),
    (0, Give(1)),
    (0, Give(1)),
    (0, Give(1)),
    (1, Free),
    (1, Free),
    (1, Free),
    (1, Free),
];

/// Two threads in a shard each.
const fn apart(slice: Scenario) -> Scenario {
    Scenario { homes: &[0, 1], ..slice }
}

/// Each thread's cache is full of blocks of the other's, and each holds one more of those.
const REMOTE_BOTH: &[(usize, Op)] = &[
    (0, Attach),
    (1, Attach),
    (0, Allocate),
    (0, Allocate),
    (0, Allocate),
    (1, Allocate),
    (1, Allocate),
    (1, Allocate),
    (0, Give(1)),
    (0, Give(1)),
    (0, Give(1)),
    (1, Give(0)),
    (1, Give(0)),
    (1, Give(0)),
    (0, Free),
    (0, Free),
    (1, Free),
    (1, Free),
];

/// All scenarios.
pub const SCENARIOS: &[Scenario] = &[
    slice("pool/allocate_free_across", 1, REMOTE, &[&[Allocate], &[Free]]),
    slice("pool/flush_refill", 2, FULL_CACHE_OF_FOUR, &[&[Allocate, Allocate], &[Free]]),
    slice(
        "pool/leave_allocate",
        2,
        &[(0, Attach), (1, Attach), (0, Allocate), (0, Free)],
        &[&[Leave], &[Allocate]],
    ),
    Scenario {
        layer: Layer::Pool { capacity: 2 },
        ..slice(
            "pool/leave_remainder_allocate",
            2,
            &[(0, Attach), (1, Attach), (0, Allocate)],
            &[&[Leave], &[Allocate]],
        )
    },
    slice("pool/thread_end_flush", 2, ENDING, &[&[End], &[Free]]),
    Scenario {
        depth: Preemptions(3),
        layer: Layer::Pool { capacity: 2 },
        ..slice(
            "pool/thread_end_allocate",
            2,
            &[(0, Attach), (1, Attach), (0, Allocate)],
            &[&[End], &[Allocate]],
        )
    },
    THREAD_END_TWO_HANDLES,
    slice("pool/attach_allocate", 1, &[(1, Attach)], &[&[Attach], &[Allocate]]),
    CARVE_RACE,
    slice("pool/carve_carve", 2, &[(0, Attach), (1, Attach)], &[&[Allocate], &[Allocate]]),
    Scenario {
        layer: Layer::Pool { capacity: 1 },
        ..slice("pool/capacity", 1, &[(0, Attach), (1, Attach)], &[&[Allocate], &[Allocate]])
    },
    Scenario {
        layer: Layer::Pool { capacity: 3 },
        ..slice(
            "pool/capacity_free",
            1,
            &[
                (0, Attach),
                (1, Attach),
                (0, Allocate),
                (0, Allocate),
                (0, Allocate),
                (0, Give(1)),
                (0, Give(1)),
                (0, Give(1)),
                (1, Free),
                (1, Free),
            ],
            &[&[Allocate], &[Free]],
        )
    },
    slice("pool/drop_after_remote_frees", 1, REMOTE_BOTH, &[&[Free], &[Free]]),
    Scenario {
        layer: Layer::Mediator { holds: &[2, 0] },
        ..slice("mediator/offer_request", 2, &[], &[&[Offer(2)], &[Request(2)]])
    },
    Scenario {
        layer: Layer::Mediator { holds: &[4, 0] },
        ..slice("mediator/offer_request_many", 2, &[(0, Offer(2))], &[&[Offer(2)], &[Request(5)]])
    },
    Scenario {
        layer: Layer::Mediator { holds: &[2, 0] },
        ..slice("mediator/request_below_a_batch", 2, &[], &[&[Offer(2)], &[Request(1)]])
    },
    Scenario {
        layer: Layer::Mediator { holds: &[1, 1] },
        ..slice("mediator/remainders_merge", 2, &[], &[&[Offer(1)], &[Offer(1)]])
    },
    ABA,
    up_to(2, slice("pool/wide_flush_refill", 1, WIDE, &[&[Allocate, Allocate], &[Free]])),
    up_to(2, slice("pool/wide_leave_allocate", 1, WIDE, &[&[Allocate], &[Leave]])),
    Scenario {
        layer: Layer::Mediator { holds: &[3, 0] },
        batch: Batch { min: 2, max: 3 },
        ..slice("mediator/split_a_large_one", 2, &[(0, Offer(3))], &[&[Request(1)], &[Request(3)]])
    },
    Scenario {
        layer: Layer::Mediator { holds: &[2, 0] },
        ..apart(slice("mediator/shards_offer_request", 2, &[], &[&[Offer(2)], &[Request(2)]]))
    },
    BEHIND_A_LOOK,
    BEFORE_ITS_COUNT,
    Scenario {
        layer: Layer::Pool { capacity: 5 },
        ..apart(slice("pool/shards_steal", 1, STEAL, &[&[Allocate], &[Free]]))
    },
    apart(slice(
        "pool/shards_leave_allocate",
        1,
        &[(0, Attach), (1, Attach), (0, Allocate), (0, Free)],
        &[&[Leave], &[Allocate]],
    )),
    apart(slice("pool/shards_carve_carve", 2, LAID_DOWN, &[&[Allocate], &[Allocate]])),
    Scenario {
        depth: Preemptions(2),
        ..slice(
            "pool/one_producer_two_consumers",
            1,
            TWO_CONSUMERS,
            &[&[Free, Free], &[Allocate], &[Allocate]],
        )
    },
    Scenario {
        depth: Preemptions(3),
        ..slice("pool/leave_attach", 2, LEAVER, &[&[Leave], &[Attach, Allocate]])
    },
    Scenario {
        depth: Preemptions(3),
        ..slice("pool/attach_attach", 2, &[], &[&[Attach], &[Attach, Allocate]])
    },
    ATTACH_ATTACH_ONE_FREE,
    LEAVE_LEAVE,
    Scenario {
        depth: Preemptions(2),
        ..slice("pool/leave_leave_attach", 2, LEAVERS, &[&[Leave], &[Leave], &[Attach, Allocate]])
    },
];

/// Two batches in `full`. Behind the back of thread 0, which looks at them, both go, the lower one
/// comes out of `empty` again as a partial magazine, and the upper one as a full magazine, with
/// nothing below it.
pub const ABA: Scenario = Scenario {
    depth: Preemptions(3),
    layer: Layer::Mediator { holds: &[4, 0] },
    ..slice(
        "mediator/aba",
        2,
        &[(0, Offer(2)), (0, Offer(2))],
        &[&[Request(2)], &[Request(4), Offer(1), Offer(2)]],
    )
};

/// There are three shards. Thread 0 begins at the last one, where nothing ever lies, and comes to
/// the first, then to the second. One block lies in the second. Behind the back of thread 0 another
/// one is put into the first, and only then is that one taken. So there is a block at every
/// instant, and thread 0 has to find one.
pub const BEHIND_A_LOOK: Scenario = Scenario {
    depth: Preemptions(3),
    layer: Layer::Mediator { holds: &[0, 2] },
    homes: &[2, 0],
    ..slice(
        "mediator/shards_behind_a_look",
        1,
        &[(1, Join(1)), (1, Offer(1)), (1, Join(0))],
        &[&[Request(1)], &[Offer(1), Join(1), Request(1)]],
    )
};

/// As [`BEHIND_A_LOOK`], for two rounds of looks: a block goes behind the first one, comes back
/// between the two, and goes behind the second. Only the counts tell. Too many preemptions for
/// loom; shuttle samples it.
pub static BEHIND_TWO_LOOKS: Scenario = Scenario {
    layer: Layer::Mediator { holds: &[0, 2] },
    homes: &[0, 1],
    ..slice(
        "mediator/shards_behind_two_looks",
        1,
        &[(1, Offer(1)), (1, Join(0))],
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
};

/// As [`REMOTE`], and thread 1 has flushed once: a block lies in its shard.
const STEAL: &[(usize, Op)] = &[
    (0, Attach),
    (1, Attach),
    (0, Allocate),
    (0, Allocate),
    (0, Allocate),
    (0, Allocate),
    (0, Allocate),
    (0, Give(1)),
    (0, Give(1)),
    (0, Give(1)),
    (0, Give(1)),
    (1, Free),
    (1, Free),
    (1, Free),
];

/// A batch of two lies in the shard of thread 1, and both caches are
/// empty.
const LAID_DOWN: &[(usize, Op)] =
    &[(1, Attach), (1, Allocate), (1, Free), (1, Leave), (0, Attach), (1, Attach)];

/// Thread 0 frees what others wait for; its cache is full.
const TWO_CONSUMERS: &[(usize, Op)] = &[
    (0, Attach),
    (1, Attach),
    (2, Attach),
    (0, Allocate),
    (0, Allocate),
    (0, Allocate),
    (0, Allocate),
    (0, Free),
    (0, Free),
];

/// Thread 0 has a block in its cache and one in its hand.
const LEAVER: &[(usize, Op)] = &[(0, Attach), (0, Allocate)];

/// Threads 0 and 1 have one block each in their caches.
const LEAVERS: &[(usize, Op)] = &[(0, Attach), (1, Attach), (0, Allocate), (1, Allocate)];

/// Three handles leave at once with a block each; one of them comes back and takes what they left,
/// while the others leave again: whoever takes remainders must not keep their magazines. Too many
/// preemptions for loom; shuttle samples it.
pub static REMAINDERS: Scenario = slice(
    "pool/remainders_again",
    5,
    &[
        (0, Attach),
        (1, Attach),
        (2, Attach),
        (0, Allocate),
        (0, Allocate),
        (0, Allocate),
        (0, Allocate),
        (0, Allocate),
        (0, Give(1)),
        (0, Give(1)),
        (0, Give(2)),
        (0, Give(2)),
        (0, Free),
        (1, Free),
        (2, Free),
    ],
    &[&[Leave, Attach, Allocate], &[Leave, Attach, Free, Leave], &[Leave, Attach, Free, Leave]],
);
