//! Bursts that are much longer than any cache, with batches of several sizes: every block goes
//! through the shared lists, so that what an exchange costs can be told from what a block costs.

use core::hint::black_box;
use core::ptr::NonNull;
use std::rc::Rc;

use serde::{Deserialize, Serialize};
use stampool::raw::{STRATEGIES, each_strategy};
use stampool::{Block, Pool, Stats, Strategy};

use super::work::SIZE_BYTES;
use crate::batch::Batch;
use crate::rounds::{Contender, Entry, Holding};
use crate::sample::{Gate, Sample, Span, on_threads_alike};
use crate::statistics::Summary;
use crate::subject::block_of;
use crate::subjects::pool;
use crate::title::{Role, Title};

/// Batches that are measured, in blocks.
pub const BATCHES: [usize; 8] = [1, 2, 4, 8, 16, 32, 64, 128];
/// Blocks of a burst, on each thread: 32 times what the largest cache holds.
pub const BURST: usize = 64 * BATCHES[BATCHES.len() - 1];

/// One strategy with one batch on so many threads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The strategy.
    pub strategy: String,
    /// Blocks of a batch.
    pub batch: usize,
    /// Threads, each with a core.
    pub threads: usize,
    /// Nanoseconds per block, allocated and freed, on each thread.
    #[serde(flatten)]
    pub summary: Summary,
    /// Refills and flushes of the whole run.
    pub exchanges: u64,
    /// CASes of a list's head that came too late, for each exchange.
    pub late_cas: f64,
    /// Rounds that count though other work was in the way.
    pub disturbed_rounds: usize,
}

/// A pool in the bursts.
struct Bursts<S: Strategy> {
    pool: Rc<Pool<S>>,
    threads: usize,
}

impl<S: Strategy> Entry for Bursts<S> {
    /// Times about so many blocks on each thread.
    fn sample(&self, operations: u64) -> Sample {
        let bursts = operations.div_ceil(BURST as u64);
        let (gate, pool) = (&Gate::new(self.threads), &*self.pool);
        let spans = on_threads_alike(self.threads, |_| {
            let handle = pool.local().expect("memory for a slot");
            let mut blocks = vec![Block(NonNull::dangling()); BURST];
            burst(&handle, &mut blocks);
            Span::of(gate, || (0..bursts).for_each(|_| burst(&handle, &mut blocks)))
        });
        Span::together(&spans, bursts * BURST as u64)
    }

    fn hold(&self, operations: u64, _touches: bool) -> Holding {
        self.sample(operations);
        Holding {
            live_blocks: self.threads * BURST,
            handles: self.threads,
            blocks: Some(self.pool.stats().carved_blocks),
        }
    }
}

/// Allocates as many blocks as there is room for, and frees them.
#[inline(never)]
fn burst<S: Strategy>(handle: &stampool::Local<'_, S>, blocks: &mut [Block]) {
    for block in &mut *blocks {
        *block = handle.allocate().expect("memory for a block");
    }
    for &block in black_box(&*blocks) {
        // SAFETY: allocated just now from this pool, and each place comes once.
        unsafe { handle.deallocate(block) };
    }
}

/// The strategies, by name.
pub(super) fn strategies() -> [(&'static str, Make); STRATEGIES.len()] {
    each_strategy!(S => (S::NAME, entries::<S> as Make))
}

/// Adds the entries of a strategy for these numbers of threads.
pub(super) type Make = fn(&mut Entries, &[usize]);

/// A contender for each strategy, number of threads and batch, and where each stands.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) contenders: Vec<Contender>,
    places: Vec<Place>,
}

struct Place {
    batch: usize,
    threads: usize,
    stats: Box<dyn Fn() -> Stats>,
}

fn entries<S: Strategy>(entries: &mut Entries, threads: &[usize]) {
    for &threads in threads {
        for blocks in BATCHES {
            let batch = Batch { min: blocks, max: blocks };
            let pool = Rc::new(pool::<S>(block_of(SIZE_BYTES), batch));
            let title = Title { name: S::NAME, batch: Some(batch) };
            let entry = Bursts { pool: Rc::clone(&pool), threads };
            entries.contenders.push(Contender::new(title, Role::Ours, entry));
            let stats = Box::new(move || pool.stats());
            entries.places.push(Place { batch: blocks, threads, stats });
        }
    }
}

impl Entries {
    /// What they did.
    pub(super) fn points(&self) -> Vec<Point> {
        let both = self.contenders.iter().zip(&self.places);
        both.map(|(contender, place)| {
            let stats = (place.stats)();
            let exchanges = stats.refills + stats.flushes;
            Point {
                strategy: contender.title.name.into(),
                batch: place.batch,
                threads: place.threads,
                summary: contender.summary(),
                exchanges,
                // At least one: a burst is longer than a cache.
                late_cas: stats.cas_failures as f64 / exchanges.max(1) as f64,
                disturbed_rounds: contender.disturbed(),
            }
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the fit takes for granted.
    #[test]
    fn nearly_every_block_goes_through_the_lists() {
        for (name, make) in strategies() {
            let mut entries = Entries::default();
            make(&mut entries, &[1, 2]);
            assert_eq!(entries.contenders.len(), 2 * BATCHES.len());
            for (contender, place) in entries.contenders.iter().zip(&entries.places) {
                let sample = contender.entry.sample(1);
                // And a burst to warm up.
                let blocks = (sample.operations + BURST as u64) * place.threads as u64;
                let stats = (place.stats)();
                let batch = place.batch as u64;
                for exchanged in [stats.refills * batch, stats.flushes * batch] {
                    let share = exchanged as f64 / blocks as f64;
                    // Above one a little: a refill may bring what another thread left behind.
                    assert!((0.95..1.1).contains(&share), "{name}, B = {batch}: {share}");
                }
            }
        }
    }
}
