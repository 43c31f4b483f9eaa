//! The inner loops of the workloads, behind a pointer.
//!
//! What a workload times is a loop that is compiled for the type of the handle, so that the
//! subject's own code is inlined into it. All else is the same for every subject and is compiled
//! once: it reaches the loops through [`Drive`], one indirect call for each.

use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::sync::atomic::AtomicUsize;

use stampool::Block;

use super::message_passing::{Client, Server};
use super::mstress::{Own, Transfers};
use super::random::Random;
use super::shared_bucket::Line;
use super::xmalloc::Batches;
use super::{
    bulk, burst, cache_line, hit, larson, mstress, producer_consumer, shared_bucket, threadtest,
    working_set, xmalloc,
};
use crate::ring::{Receiver, Sender};
use crate::sample::Patience;
use crate::{Handle, Take};

/// A handle in the workloads. Each method but the first two is the loop of a workload.
pub(crate) trait Drive {
    /// Takes one block, which there is: for what is not timed.
    fn take_one(&mut self) -> NonNull<u8>;

    /// Gives one back: for what is not timed.
    ///
    /// # Safety
    /// As [`Handle::deallocate`].
    unsafe fn give_back(&mut self, block: NonNull<u8>);

    fn hit(&mut self, each: u64);
    fn burst(&mut self, order: &[u32], blocks: &mut [NonNull<u8>], bursts: u64);
    fn bulk(&mut self, room: &mut [MaybeUninit<NonNull<u8>>], calls: u64);
    fn renew_set(&mut self, live: &mut [NonNull<u8>], random: &mut Random, renewals: u64);
    fn swap(&mut self, bucket: &[Line], random: &mut Random, runs: u64);
    fn produce(&mut self, rings: &mut [Sender<'_>], touched_bytes: usize, runs: u64);
    fn consume(&mut self, rings: &mut [Receiver<'_>], touched_bytes: usize, runs: u64);
    fn renew_array(&mut self, blocks: &mut [Block], random: &mut Random);
    fn write_lines(&mut self, blocks: u64);
    fn fill(&mut self, list: &Batches, room: usize, patience: Patience, batches: u64);
    fn empty(&mut self, list: &Batches, patience: Patience, batches: u64);
    fn stress(&mut self, own: &mut Own, transfers: &Transfers, touched_bytes: usize);
    fn clear(
        &mut self,
        transfers: &Transfers,
        random: &mut Random,
        chance: usize,
        touched_bytes: usize,
    );
    fn threadtest(&mut self, objects: &mut [NonNull<u8>], touched_bytes: usize, iterations: u64);
    fn ask(
        &mut self,
        client: &mut Client<'_>,
        count: u64,
        touched_bytes: usize,
        asking: &AtomicUsize,
    );
    fn answer(&mut self, server: &mut Server<'_>, touched_bytes: usize, asking: &AtomicUsize);
}

impl<H: Handle> Drive for H {
    fn take_one(&mut self) -> NonNull<u8> {
        self.take()
    }

    unsafe fn give_back(&mut self, block: NonNull<u8>) {
        // SAFETY: by the caller.
        unsafe { self.deallocate(block) };
    }

    fn hit(&mut self, each: u64) {
        hit::all_copies(self, each);
    }

    fn burst(&mut self, order: &[u32], blocks: &mut [NonNull<u8>], bursts: u64) {
        burst::run(self, order, blocks, bursts);
    }

    fn bulk(&mut self, room: &mut [MaybeUninit<NonNull<u8>>], calls: u64) {
        bulk::run(self, room, calls);
    }

    fn renew_set(&mut self, live: &mut [NonNull<u8>], random: &mut Random, renewals: u64) {
        working_set::renew(self, live, random, renewals);
    }

    fn swap(&mut self, bucket: &[Line], random: &mut Random, runs: u64) {
        shared_bucket::swaps(self, bucket, random, runs);
    }

    fn produce(&mut self, rings: &mut [Sender<'_>], touched_bytes: usize, runs: u64) {
        producer_consumer::produce(self, rings, touched_bytes, runs);
    }

    fn consume(&mut self, rings: &mut [Receiver<'_>], touched_bytes: usize, runs: u64) {
        producer_consumer::consume(self, rings, touched_bytes, runs);
    }

    fn renew_array(&mut self, blocks: &mut [Block], random: &mut Random) {
        larson::renew(self, blocks, random);
    }

    fn write_lines(&mut self, blocks: u64) {
        cache_line::run(self, blocks);
    }

    fn fill(&mut self, list: &Batches, room: usize, patience: Patience, batches: u64) {
        xmalloc::produce(self, list, room, patience, batches);
    }

    fn empty(&mut self, list: &Batches, patience: Patience, batches: u64) {
        xmalloc::consume(self, list, patience, batches);
    }

    fn stress(&mut self, own: &mut Own, transfers: &Transfers, touched_bytes: usize) {
        own.stress(self, transfers, touched_bytes);
    }

    fn clear(
        &mut self,
        transfers: &Transfers,
        random: &mut Random,
        chance: usize,
        touched_bytes: usize,
    ) {
        mstress::clear(self, transfers, random, chance, touched_bytes);
    }

    fn threadtest(&mut self, objects: &mut [NonNull<u8>], touched_bytes: usize, iterations: u64) {
        threadtest::run(self, objects, touched_bytes, iterations);
    }

    fn ask(
        &mut self,
        client: &mut Client<'_>,
        count: u64,
        touched_bytes: usize,
        asking: &AtomicUsize,
    ) {
        client.ask(self, count, touched_bytes, asking);
    }

    fn answer(&mut self, server: &mut Server<'_>, touched_bytes: usize, asking: &AtomicUsize) {
        server.answer(self, touched_bytes, asking);
    }
}
