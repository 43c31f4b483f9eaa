//! Prototypes: the same pool with one choice made otherwise, to see what the choice is worth.
//!
//! All of them exchange magazines of `B` blocks with a [`Depot`] of two stacks, and differ in what
//! a handle keeps and in what it gives away. They never grow: everything is made in the beginning,
//! for the workload. What came of it: papers/designs.md.

mod copying;
mod depot;
mod name;
mod stack;
mod swapping;

use core::alloc::Layout;

pub use copying::{Backlog, Choice, Copy, FullFlush, Indexed, IndexedMagazines};
pub use depot::Depot;
pub use name::{Index, Name};
pub use swapping::Swap;

use crate::{Handle, Measured, Never, Subject};

/// How handles work on a depot with magazines of `B` blocks.
pub trait Design<const B: usize>: 'static {
    /// How blocks are named in a magazine.
    type Name: Name;
    /// One thread's access.
    type Handle<'s>: Handle<Refusal = Never>;
    /// The most batches that a handle holds, in its array or in magazines.
    const HOLDS: usize;

    /// Access for the calling thread.
    fn handle(depot: &Depot<Self::Name, B>) -> Self::Handle<'_>;
}

/// A pool of this design.
pub struct Prototype<D: Design<B>, const B: usize>(Depot<D::Name, B>);

impl<D: Design<B>, const B: usize> Prototype<D, B> {
    /// For so many blocks that are live at one time, and handles that there are at one time.
    ///
    /// # Panics
    ///
    /// Where memory is out, or has no double-width CAS.
    pub fn new(block: Layout, live: usize, handles: usize) -> Self {
        Self(Depot::new(block, live, handles, D::HOLDS))
    }
}

impl<D: Design<B>, const B: usize> Subject for Prototype<D, B> {
    type Refusal = Never;
    type Handle<'s> = D::Handle<'s>;

    fn attach(&self) -> Result<D::Handle<'_>, Never> {
        Ok(D::handle(&self.0))
    }
}

impl<D: Design<B>, const B: usize> Measured for Prototype<D, B> {}

#[cfg(test)]
mod tests {
    use super::name::Arena;
    use super::*;
    use crate::subject::block_of;
    use crate::workload::{Kind, Team, Workload};
    use core::sync::atomic::{AtomicBool, Ordering};
    use stampool::Block;

    /// Looks at every block that goes out and comes back.
    struct Audited<D: Design<B>, const B: usize> {
        pool: Prototype<D, B>,
        live: Vec<AtomicBool>,
    }

    struct Auditor<'s, H> {
        handle: H,
        arena: Arena,
        live: &'s [AtomicBool],
    }

    impl<H> Auditor<'_, H> {
        fn change(&self, block: Block, live: bool) {
            // SAFETY: what lies elsewhere has an index that the table does not have.
            let index = unsafe { Index::of(block, self.arena) };
            // Relaxed: the pool orders what happens to a block.
            let before = self.live[index.place()].swap(live, Ordering::Relaxed);
            assert_ne!(before, live, "handed out twice, or given back twice");
        }
    }

    impl<D: Design<B>, const B: usize> Subject for Audited<D, B> {
        type Refusal = Never;
        type Handle<'s> = Auditor<'s, D::Handle<'s>>;

        fn attach(&self) -> Result<Self::Handle<'_>, Never> {
            let handle = self.pool.handle();
            Ok(Auditor { handle, arena: self.pool.0.arena, live: &self.live })
        }
    }

    impl<D: Design<B>, const B: usize> Measured for Audited<D, B> {}

    impl<H: Handle> Handle for Auditor<'_, H> {
        type Refusal = H::Refusal;

        fn allocate(&mut self) -> Result<Block, H::Refusal> {
            let block = self.handle.allocate()?;
            self.change(block, true);
            Ok(block)
        }

        unsafe fn deallocate(&mut self, block: Block) {
            self.change(block, false);
            // SAFETY: by the caller.
            unsafe { self.handle.deallocate(block) };
        }
    }

    /// Two threads: random blocks of a bucket, blocks that cross over, bursts in no order, handles
    /// that end and leave blocks behind.
    fn audit<D: Design<B>, const B: usize>() {
        let pair = Team::Sides { producers: 1, consumers: 1 };
        for (kind, team) in [
            (Kind::SharedBucket, Team::Alike(2)),
            (Kind::ProducerConsumer, pair),
            (Kind::BurstShuffled, Team::Alike(2)),
            (Kind::Larson, Team::Alike(2)),
        ] {
            let workload = Workload { kind, team, size_bytes: 64, touched: false };
            let (live, threads) = (workload.live_blocks(), workload.threads());
            let pool = Prototype::<D, B>::new(block_of(64), live, threads);
            let blocks = pool.0.len_blocks();
            let live = (0..blocks).map(|_| AtomicBool::new(false)).collect();
            let mut audited = Audited { pool, live };
            for _ in 0..3 {
                workload.sample(&audited, 20_000);
            }
            let mut free = audited.pool.0.drain();
            free.sort_unstable();
            free.dedup();
            assert_eq!(free.len(), blocks, "{workload}: a block is lost, or there twice");
        }
    }

    #[test]
    fn copying_hands_out_no_block_twice_and_loses_none() {
        audit::<Copy, 64>();
        audit::<FullFlush, 64>();
    }

    #[test]
    fn indices_hand_out_no_block_twice_and_lose_none() {
        audit::<IndexedMagazines, 64>();
        audit::<Indexed, 64>();
    }

    #[test]
    fn backlogs_hand_out_no_block_twice_and_lose_none() {
        audit::<Backlog<1>, 64>();
        audit::<Backlog<4>, 64>();
    }

    #[test]
    fn swapping_hands_out_no_block_twice_and_loses_none() {
        audit::<Swap, 64>();
    }

    /// The smallest batches go through flush and refill most often.
    #[test]
    fn batches_of_one_work_too() {
        audit::<Copy, 1>();
        audit::<FullFlush, 1>();
        audit::<Backlog<1>, 1>();
        audit::<Swap, 1>();
    }
}
