//! What a thread can do.

/// One operation of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Become a handle of the pool.
    Attach,
    /// Drop the handle.
    Leave,
    /// Forget the handle, and end as a thread of which the pool is told.
    End,
    /// Forget the handle. In the setup only, and where no handle has left before: a thread that
    /// ends goes through its slots from the newest to the oldest, and the specification through its
    /// handles.
    Forget,
    /// Allocate a block and hold it.
    Allocate,
    /// Free the block that the thread has held longest. Nothing, where it holds none.
    Free,
    /// Give the block held longest to another thread. In the setup only.
    Give(usize),
    /// Offer so many of the blocks held longest to the mediator.
    Offer(usize),
    /// Request at most so many blocks from the mediator, and hold what comes.
    Request(usize),
    /// Give the standing at the mediator up for one in another shard.
    Join(usize),
    /// Ask how many blocks are carved. The answer is given under the growth lock.
    Carved,
    /// A twin's fault: take a block and forget it.
    Lose,
    /// A twin's fault: offer the same blocks twice.
    OfferTwice(usize),
}

impl Op {
    /// The current thread does this from now on: porf says it of a thread that waits.
    pub(super) fn begins(self) {
        #[cfg(stampool_model = "porf")]
        porf::model::operation(match self {
            Self::Attach => "Attach",
            Self::Leave => "Leave",
            Self::End => "End",
            Self::Forget => "Forget",
            Self::Allocate => "Allocate",
            Self::Free => "Free",
            Self::Give(_) => "Give",
            Self::Offer(_) => "Offer",
            Self::Request(_) => "Request",
            Self::Join(_) => "Join",
            Self::Carved => "Carved",
            Self::Lose => "Lose",
            Self::OfferTwice(_) => "OfferTwice",
        });
    }
}
