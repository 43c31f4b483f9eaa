//! A bucket of places that all threads take from and put into.

use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering::AcqRel};

use super::pattern::Pattern;
use crate::subject::Handle;
use crate::worker::{Block, Worker};

/// The places; each holds a block or null.
#[derive(Debug)]
pub(super) struct Bucket {
    places: Box<[AtomicPtr<u8>]>,
}

impl Bucket {
    pub(super) fn new(places: usize) -> Self {
        Self { places: (0..places).map(|_| AtomicPtr::default()).collect() }
    }

    /// One thread's behaviour over this bucket.
    pub(super) fn visitor(&self) -> Visitor<'_> {
        Visitor { bucket: self }
    }

    /// Puts `block` into a place chosen at random, and takes out what was there.
    pub(super) fn swap<H: Handle>(
        &self,
        worker: &mut Worker<'_, H>,
        block: Block,
    ) -> Option<Block> {
        let pick = worker.lane.rng.below(self.places.len());
        exchange(&self.places[pick], Some(block))
    }

    /// Takes out what is left.
    pub(super) fn drain(&self) -> impl Iterator<Item = Block> {
        self.places.iter().filter_map(|place| exchange(place, None))
    }
}

/// Puts `block` into a place and takes out what was there.
///
/// Acquire and Release hand the block's bytes over, as a user's container must.
fn exchange(place: &AtomicPtr<u8>, block: Option<Block>) -> Option<Block> {
    let raw = place.swap(block.map_or(null_mut(), Block::into_raw), AcqRel);
    // SAFETY: places hold only what `into_raw` gave, and a swap takes it out once.
    unsafe { Block::from_raw(raw) }
}

/// Picks a place at random: frees the block that is there, or allocates one.
#[derive(Debug)]
pub(super) struct Visitor<'a> {
    bucket: &'a Bucket,
}

impl Pattern for Visitor<'_> {
    fn step<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        let places = &self.bucket.places;
        let place = &places[worker.lane.rng.below(places.len())];
        let found = match exchange(place, None) {
            Some(block) => Some(block),
            // Another thread may have filled the place meanwhile: its block comes out.
            None => worker.allocate().and_then(|block| exchange(place, Some(block))),
        };
        if let Some(block) = found {
            worker.free(block);
        }
    }

    fn finish<H: Handle>(&mut self, _: &mut Worker<'_, H>) {}
}
