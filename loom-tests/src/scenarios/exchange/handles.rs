//! Rows of the [`matrix`](super::matrix) about the slots and magazines that come with handles.

use super::Op::{Allocate, Attach, End, Forget, Free, Give, Leave};
use super::slice;
use super::{Layer, Scenario};
use crate::scenarios::Depth::Preemptions;

/// Thread 0 has two handles with a block in the cache of each, and has forgotten the first. When it
/// ends both blocks come back.
pub(super) const THREAD_END_TWO_HANDLES: Scenario = Scenario {
    layer: Layer::Pool { capacity: 2 },
    ..slice(
        "pool/thread_end_two_handles",
        1,
        &[
            (0, Attach),
            (1, Attach),
            (0, Allocate),
            (0, Allocate),
            (0, Free),
            (0, Forget),
            (0, Attach),
            (0, Free),
        ],
        &[&[End], &[Allocate]],
    )
};

/// One slot is free, and there are no others: one thread claims it, the other one makes its own.
pub(super) const ATTACH_ATTACH_ONE_FREE: Scenario =
    slice("pool/attach_attach_one_free", 2, &[(0, Attach), (0, Leave)], &[&[Attach], &[Attach]]);

/// The two blocks of the only batch lie in two caches. Both threads put their block down in a
/// magazine of its own if neither sees the other's: there is one magazine for the batch, and one
/// for each seat.
pub(super) const LEAVE_LEAVE: Scenario = Scenario {
    depth: Preemptions(2),
    ..slice(
        "pool/leave_leave",
        2,
        &[(0, Attach), (1, Attach), (0, Allocate), (0, Give(1)), (1, Free)],
        &[&[Leave], &[Leave]],
    )
};
