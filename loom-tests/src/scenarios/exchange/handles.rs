//! Rows of the [`matrix`](super::matrix) about the slots and magazines that come with handles.

use super::op::Op::{Allocate, Attach, End, Forget, Free, Give, Leave};
use super::scenario::{Scenario, slice};
use super::setup::attached;

/// Thread 0 has two handles with a block in the cache of each, and has forgotten the first. When it
/// ends both blocks come back.
pub(super) const THREAD_END_TWO_HANDLES: Scenario = slice(
    "pool/thread_end_two_handles",
    1,
    attached(2).thread(0, &[(2, Allocate), (1, Free), (1, Forget), (1, Attach), (1, Free)]),
    &[&[End], &[Allocate]],
)
.capacity(2);

/// One slot is free, and there are no others: one thread claims it, the other one makes its own.
pub(super) const ATTACH_ATTACH_ONE_FREE: Scenario = slice(
    "pool/attach_attach_one_free",
    2,
    attached(1).thread(0, &[(1, Leave)]),
    &[&[Attach], &[Attach]],
);

/// The two blocks of the only batch lie in two caches. Both threads put their block down in a
/// magazine of its own if neither sees the other's: there is one magazine for the batch, and one
/// for each slot.
pub(super) const LEAVE_LEAVE: Scenario = slice(
    "pool/leave_leave",
    2,
    attached(2).thread(0, &[(1, Allocate), (1, Give(1))]).thread(1, &[(1, Free)]),
    &[&[Leave], &[Leave]],
)
.preemptions(2);
