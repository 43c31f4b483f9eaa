//! Statistics, and the record of them that one thread writes.

use core::ops::AddAssign;

use crate::sync::{AtomicU64, const_when_shipped, site};

/// What an allocator did, and with how many bytes.
///
/// Only blocks with bytes count. A block that is resized where it lies counts by the bytes that it
/// gains or loses; one that moves counts as a block that was allocated and one that was freed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Statistics {
    /// Blocks handed out.
    pub allocations: u64,
    /// Blocks taken back.
    pub deallocations: u64,
    /// Bytes handed out, as they were asked for.
    pub allocated_bytes: u64,
    /// Bytes taken back.
    pub deallocated_bytes: u64,
    /// Requests that were refused; not those for which a block would have had to move
    /// ([`NotInPlace`](crate::AllocError::NotInPlace)).
    pub refusals: u64,
}

impl Statistics {
    /// Blocks that are live, if no thread was in a call.
    pub const fn live_blocks(&self) -> u64 {
        self.allocations.wrapping_sub(self.deallocations)
    }

    /// Bytes of the live blocks, if no thread was in a call.
    pub const fn live_bytes(&self) -> u64 {
        self.allocated_bytes.wrapping_sub(self.deallocated_bytes)
    }

    const fn fields(&self) -> [u64; FIELDS] {
        let Self { allocations, deallocations, allocated_bytes, deallocated_bytes, refusals } =
            *self;
        [allocations, deallocations, allocated_bytes, deallocated_bytes, refusals]
    }

    const fn from_fields(fields: [u64; FIELDS]) -> Self {
        let [allocations, deallocations, allocated_bytes, deallocated_bytes, refusals] = fields;
        Self { allocations, deallocations, allocated_bytes, deallocated_bytes, refusals }
    }
}

impl AddAssign for Statistics {
    fn add_assign(&mut self, other: Self) {
        let mut fields = self.fields();
        for (field, more) in fields.iter_mut().zip(other.fields()) {
            *field = field.wrapping_add(more);
        }
        *self = Self::from_fields(fields);
    }
}

const FIELDS: usize = 5;

/// A record of statistics.
pub(super) struct Tally([AtomicU64; FIELDS]);

impl Tally {
    const_when_shipped! {
        /// Nothing happened yet.
        pub(super) fn new() -> Self {
            Self([
                AtomicU64::new(0),
                AtomicU64::new(0),
                AtomicU64::new(0),
                AtomicU64::new(0),
                AtomicU64::new(0),
            ])
        }
    }

    /// Adds what happened. Only the thread that leases the record may call it.
    #[inline]
    pub(super) fn add_alone(&self, more: Statistics) {
        for (field, more) in self.0.iter().zip(more.fields()) {
            if more != 0 {
                // ORDERING(LS-8): Relaxed. The lessee wrote it last, or has acquired the last one's
                //   writes with the lease; a reader sums what it finds.
                let value = field.load(site::TALLY_LOAD.ordering());
                // ORDERING(LS-9): Relaxed. A number alone; a join or a lease orders it.
                field.store(value.wrapping_add(more), site::TALLY_STORE.ordering());
            }
        }
    }

    /// Adds what happened, beside other threads.
    pub(super) fn add(&self, more: Statistics) {
        for (field, more) in self.0.iter().zip(more.fields()) {
            if more != 0 {
                // ORDERING(LS-10): Relaxed. A number alone: only its place in the modification
                //   order matters.
                field.fetch_add(more, site::TALLY_ADD.ordering());
            }
        }
    }

    /// What was added so far.
    pub(super) fn get(&self) -> Statistics {
        // ORDERING(LS-8): Relaxed. A number alone; exact if a join or a lock orders the read.
        let fields = self.0.each_ref().map(|field| field.load(site::TALLY_LOAD.ordering()));
        Statistics::from_fields(fields)
    }
}
