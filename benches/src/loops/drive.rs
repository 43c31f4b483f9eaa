//! A handle behind a pointer, with all loops.

use core::mem::MaybeUninit;
use core::sync::atomic::AtomicUsize;

use stampool::Block;

use super::message_passing::{self, Client, Server};
use super::mstress::{self, Own, Transfers};
use super::random::Random;
use super::shared_bucket::{self, Line};
use super::xmalloc::{self, Batches};
use super::{bulk, burst, cache_line, hit, larson, producer_consumer, threadtest, working_set};
use crate::ring::{Receiver, Sender};
use crate::sample::Patience;
use crate::{Handle, Take};

/// Declares [`Drive`] and implements it for every handle: each method calls the function that
/// stands behind it, with the handle first.
macro_rules! loops {
    ($(fn $name:ident($($arg:ident: $kind:ty),*) = $function:path;)*) => {
        /// A handle in the workloads. Each method but the first two is the loop of a workload.
        pub(crate) trait Drive {
            /// Takes one block, which there is: for what is not timed.
            fn take_one(&mut self) -> Block;

            /// Gives one back: for what is not timed.
            ///
            /// # Safety
            /// As [`Handle::deallocate`].
            unsafe fn give_back(&mut self, block: Block);

            $(fn $name(&mut self, $($arg: $kind),*);)*
        }

        impl<H: Handle> Drive for H {
            fn take_one(&mut self) -> Block {
                self.take()
            }

            unsafe fn give_back(&mut self, block: Block) {
                // SAFETY: by the caller.
                unsafe { self.deallocate(block) };
            }

            $(fn $name(&mut self, $($arg: $kind),*) {
                $function(self, $($arg),*);
            })*
        }
    };
}

loops! {
    fn hit(each: u64) = hit::all_copies;
    fn burst(order: &[u32], blocks: &mut [Block], bursts: u64) = burst::run;
    fn bulk(room: &mut [MaybeUninit<Block>], calls: u64) = bulk::run;
    fn renew_set(live: &mut [Block], random: &mut Random, renewals: u64)
        = working_set::renew;
    fn swap(bucket: &[Line], random: &mut Random, runs: u64) = shared_bucket::swaps;
    fn produce(rings: &mut [Sender<'_>], touched_bytes: usize, runs: u64)
        = producer_consumer::produce;
    fn consume(rings: &mut [Receiver<'_>], touched_bytes: usize, runs: u64)
        = producer_consumer::consume;
    fn renew_array(blocks: &mut [Block], random: &mut Random) = larson::renew;
    fn write_lines(blocks: u64) = cache_line::run;
    fn fill(list: &Batches, room: usize, patience: Patience, batches: u64) = xmalloc::produce;
    fn empty(list: &Batches, patience: Patience, batches: u64) = xmalloc::consume;
    fn stress(own: &mut Own, transfers: &Transfers, touched_bytes: usize) = mstress::stress;
    fn clear(transfers: &Transfers, random: &mut Random, chance: usize, touched_bytes: usize)
        = mstress::clear;
    fn threadtest(objects: &mut [Block], touched_bytes: usize, iterations: u64)
        = threadtest::run;
    fn ask(client: &mut Client<'_>, count: u64, touched_bytes: usize, asking: &AtomicUsize)
        = message_passing::ask;
    fn answer(server: &mut Server<'_>, touched_bytes: usize, asking: &AtomicUsize)
        = message_passing::answer;
}
