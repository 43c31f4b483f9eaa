//! Some threads only allocate and others only free, whole batches at a time.
//!
//! An allocating thread fills a parcel and hands it over; a freeing thread empties one. The parcels
//! are of random size, from one block to two of the pool's batches, so that their rhythm never
//! matches the caches'. A thread that finds no room for its parcel, or no parcel, waits.
//!
//! Source: `xmalloc-test` of Lever and Boreham, malloc() performance in a multithreaded Linux
//! environment (USENIX 2000), as in mimalloc's bench suite. There parcels are of one size.
//! Parameters: half of the threads on either side, four parcels on their way for each producer.

use super::parcels::Parcels;
use super::pattern::Pattern;
use super::pipeline::Producers;
use crate::subject::Handle;
use crate::worker::{Block, Worker};

/// Blocks of a parcel, at most.
pub(super) fn most_blocks(batch: usize) -> usize {
    2 * batch
}

/// Fills parcels.
#[derive(Debug)]
pub(super) struct Packer<'a> {
    parcels: &'a Parcels,
    producers: &'a Producers,
    parcel: Vec<Block>,
    /// Blocks that the present parcel is to have.
    wanted: usize,
}

impl<'a> Packer<'a> {
    pub(super) fn new(parcels: &'a Parcels, producers: &'a Producers) -> Self {
        Self { parcels, producers, parcel: Vec::new(), wanted: 0 }
    }
}

impl Pattern for Packer<'_> {
    fn step<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        if self.wanted == 0 {
            self.wanted = worker.lane.rng.up_to(most_blocks(worker.batch()));
        }
        if self.parcel.len() < self.wanted {
            self.parcel.extend(worker.allocate());
            return;
        }
        match self.parcels.push(core::mem::take(&mut self.parcel)) {
            Ok(()) => self.wanted = 0,
            Err(parcel) => {
                self.parcel = parcel;
                worker.wait();
            }
        }
    }

    fn finish<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        for block in self.parcel.drain(..) {
            worker.free(block);
        }
        self.producers.leave();
    }
}

/// Empties parcels, until the last packer is gone.
#[derive(Debug)]
pub(super) struct Unpacker<'a> {
    parcels: &'a Parcels,
    producers: &'a Producers,
    parcel: Vec<Block>,
}

impl<'a> Unpacker<'a> {
    pub(super) fn new(parcels: &'a Parcels, producers: &'a Producers) -> Self {
        Self { parcels, producers, parcel: Vec::new() }
    }
}

impl Pattern for Unpacker<'_> {
    fn goes_on<H: Handle>(&self, worker: &mut Worker<'_, H>) -> bool {
        let are_gone = self.producers.are_gone();
        !worker.stopped() && (!are_gone || !self.parcel.is_empty() || !self.parcels.is_empty())
    }

    fn step<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        if let Some(block) = self.parcel.pop() {
            return worker.free(block);
        }
        match self.parcels.pop() {
            Some(parcel) => self.parcel = parcel,
            None => worker.wait(),
        }
    }

    fn finish<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        for block in self.parcel.drain(..) {
            worker.free(block);
        }
    }
}
