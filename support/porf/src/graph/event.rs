//! Events: the nodes of an execution graph.

use core::panic::Location as Place;
use core::sync::atomic::Ordering;

use super::clock::Clock;
use super::id::Id;

/// What an event does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub(crate) enum Kind {
    /// Creates a location; the first write of it.
    Init,
    /// An atomic load, or the read part of an RMW.
    Read,
    /// An atomic store, or the write part of an RMW.
    Write,
    Fence,
    /// A thread begins.
    Start,
    /// A thread ends.
    End,
    Spawn,
    Join,
    /// The wait of a lock, a condition variable or the like is over.
    Acquired,
    /// A lock is given back.
    Unlock,
    /// The thread is stopped for ever before its next step, whose line this event has.
    Stop,
}

/// When the read part of an RMW is followed by a write part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Updates {
    /// Never: a load.
    Never,
    /// Always: a swap, an addition.
    Always,
    /// If this value is read: a compare-and-exchange.
    If(u128),
}

/// What a location is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub(crate) enum Use {
    /// An atomic variable.
    Atomic,
    /// The queue of a lock or of a condition variable.
    Queue,
}

/// A node of the graph.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) kind: Kind,
    /// The ordering that holds: that of success or that of failure.
    pub(crate) order: Ordering,
    /// The ordering where an RMW updates.
    pub(crate) order_updated: Ordering,
    /// The ordering where an RMW fails.
    pub(crate) order_failed: Ordering,
    pub(crate) updates: Updates,
    /// The two parts of an RMW that took place.
    pub(crate) exclusive: bool,
    /// A weak compare-and-exchange that fails although it reads what it expects, or a `try_lock`
    /// that is refused.
    pub(crate) refused: bool,
    /// A weak compare-and-exchange or a `try_lock`, which may be refused.
    pub(crate) refusable: bool,
    /// Where the location is in the graph's list.
    pub(crate) location: u32,
    /// A read: the write that it reads. `Join`, `Acquired`: the event that it waits for.
    pub(crate) source: Id,
    /// The write part of a lock's entry: the event that gives the lock back.
    pub(crate) unlock: Id,
    /// When it was added to the graph: the order `<` of the papers.
    pub(crate) stamp: u32,
    pub(crate) value: u128,
    /// What happens before it, itself included.
    pub(crate) hb: Clock,
    /// Its prefix by program order and reads-from, itself included.
    pub(crate) porf: Clock,
    /// A write: what a thread acquires that reads it.
    pub(crate) released: Clock,
    pub(crate) place: &'static Place<'static>,
}

impl Event {
    pub(crate) fn new(kind: Kind, order: Ordering, place: &'static Place<'static>) -> Self {
        Self {
            kind,
            order,
            order_updated: order,
            order_failed: order,
            updates: Updates::Never,
            exclusive: false,
            refused: false,
            refusable: false,
            location: u32::MAX,
            source: Id::NONE,
            unlock: Id::NONE,
            stamp: 0,
            value: 0,
            hb: Clock::default(),
            porf: Clock::default(),
            released: Clock::default(),
            place,
        }
    }

    pub(crate) fn is_write(&self) -> bool {
        matches!(self.kind, Kind::Init | Kind::Write)
    }

    pub(crate) fn is_read(&self) -> bool {
        self.kind == Kind::Read
    }

    /// Whether another thread can notice that the event took place. Reads and fences only bind their
    /// own thread, and a location is noticed once a reference to it is written.
    pub(crate) fn is_noticed(&self) -> bool {
        matches!(self.kind, Kind::Write | Kind::Spawn | Kind::Unlock)
    }

    pub(crate) fn is_sc(&self) -> bool {
        self.order == Ordering::SeqCst
            && matches!(self.kind, Kind::Read | Kind::Write | Kind::Fence)
    }

    /// Whether a read part updates, if the value that it reads is `value`.
    pub(crate) fn would_update(&self, value: u128) -> bool {
        match self.updates {
            Updates::Never => false,
            Updates::Always => true,
            Updates::If(expected) => value == expected,
        }
    }
}

/// Whether the ordering acquires.
pub(crate) fn acquires(order: Ordering) -> bool {
    matches!(order, Ordering::Acquire | Ordering::AcqRel | Ordering::SeqCst)
}

/// Whether the ordering releases.
pub(crate) fn releases(order: Ordering) -> bool {
    matches!(order, Ordering::Release | Ordering::AcqRel | Ordering::SeqCst)
}
