//! Which weakenings are argued to change nothing.

use stampool::raw::sync::Ordering;

/// A weakening that no execution can tell from the shipped code, with the reason.
pub(crate) struct Argued {
    /// The site.
    pub(crate) site: &'static str,
    /// The weaker ordering.
    pub(crate) to: Ordering,
    /// Why nothing changes.
    pub(crate) reason: &'static str,
}

/// The equivalents, [`MOST_ARGUED`] at most.
pub(crate) const ARGUED: &[Argued] = &[
    Argued {
        site: "DL-2",
        to: Ordering::Relaxed,
        reason: "not equivalent by C11, but only load buffering tells the two apart, which loom never \
                 produces: a thread that raises the flag and then empties the open stack, where \
                 another one sees the stack empty and the flag still down (papers/memory-bound.md, \
                 With a limbo)",
    },
    Argued {
        site: "SH-1",
        to: Ordering::Relaxed,
        reason: "as DL-2: a thread that counts an arrival and then takes a batch from another shard, \
                 where another one sees that batch gone and then reads the count as it was before \
                 (papers/memory-bound.md, With several shards)",
    },
    Argued {
        site: "SH-2",
        to: Ordering::Relaxed,
        reason: "as DL-2: a thread that reads a count and then sees the list empty, where another one \
                 has pushed there and then counted, and both are seen to have come first",
    },
];

/// More than this and an argument has become a habit.
pub(super) const MOST_ARGUED: usize = 4;
