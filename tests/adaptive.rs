//! What a pool does with which no batch was chosen: its caches follow the exchanges of their
//! threads. Two handles that one thread uses by turns are a producer and a consumer whose order is
//! always the same, so what they exchange can be counted.

mod common;

use core::alloc::Layout;
use std::collections::VecDeque;

use common::sleeper::waits;
use common::told::{give, take};
use common::with_every_strategy;
use stampool::{Block, Local, Pool, Stats, Strategy};

const LAYOUT: Layout = Layout::new::<[u64; 8]>();
/// The smallest and the largest batch of the default pool, for blocks of this layout.
const LEAST: usize = 64;
const MOST: usize = 512;
/// What the cache of a thread that only gives holds at most while a large magazine is free.
const ONE_WAY: usize = 3 * LEAST + LEAST / 2;

fn pool<S: Strategy>() -> Pool<S> {
    let pool = Pool::builder(LAYOUT).strategy::<S>().build().unwrap();
    assert_eq!((pool.stats().batch_blocks, pool.stats().max_batch_blocks), (LEAST, MOST));
    pool
}

/// Refills and flushes of all handles.
fn exchanges(stats: Stats) -> u64 {
    stats.refills + stats.flushes
}

/// A pseudo-random number below `end`.
fn below(end: usize, state: &mut u64) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*state >> 33).unwrap() % end
}

/// Blocks that cross over from one handle to another.
struct Crossing<'p, S: Strategy> {
    producer: Local<'p, S>,
    consumer: Local<'p, S>,
    in_flight: VecDeque<Block>,
    crossed: u64,
}

impl<'p, S: Strategy> Crossing<'p, S> {
    fn new(pool: &'p Pool<S>) -> Self {
        let (producer, consumer) = (pool.local().unwrap(), pool.local().unwrap());
        Self { producer, consumer, in_flight: VecDeque::new(), crossed: 0 }
    }

    fn produce(&mut self) {
        self.in_flight.push_back(self.producer.allocate().unwrap());
    }

    fn consume(&mut self) {
        if let Some(block) = self.in_flight.pop_front() {
            // SAFETY: allocated from this pool, and ours.
            unsafe { self.consumer.deallocate(block) };
            self.crossed += 1;
        }
    }

    /// So many blocks cross over, while so many are in flight.
    fn run(&mut self, blocks: usize, in_flight: usize) {
        for _ in 0..blocks {
            self.produce();
            while self.in_flight.len() > in_flight {
                self.consume();
            }
        }
    }
}

fn crossing<S: Strategy>() {
    // Where large magazines wait before they come back, some flushes find none.
    let least = if waits::<S>() { LEAST } else { ONE_WAY };
    let all: &[usize] = if cfg!(miri) { &[0, 200] } else { &[0, 1, 64, 200, 512, 1024] };
    let blocks = common::often(20_000, 2_500);
    for &in_flight in all {
        let pool = pool::<S>();
        let mut crossing = Crossing::new(&pool);
        crossing.run(blocks, in_flight);
        let (before, crossed) = (exchanges(pool.stats()), crossing.crossed);
        crossing.run(blocks, in_flight);
        let made = exchanges(pool.stats()) - before;
        // A refill and a flush for so many blocks, but for what the ends of the run cut off.
        let each = 2.0 * (crossing.crossed - crossed) as f64 / made as f64;
        assert!(each > 0.95 * least as f64, "{in_flight} in flight: {each} blocks an exchange");
    }
}

#[test]
fn a_producer_and_a_consumer_exchange_large_magazines() {
    with_every_strategy!(crossing);
}

fn unsteady<S: Strategy>() {
    const MOST_IN_FLIGHT: usize = 1024;
    let (pool, mut random) = (pool::<S>(), 1);
    let mut crossing = Crossing::new(&pool);
    for _ in 0..common::often(400, 40) {
        for _ in 0..below(300, &mut random) {
            if crossing.in_flight.len() < MOST_IN_FLIGHT {
                crossing.produce();
            }
        }
        for _ in 0..below(300, &mut random) {
            crossing.consume();
        }
    }
    let stats = pool.stats();
    let each = 2.0 * crossing.crossed as f64 / exchanges(stats) as f64;
    assert!(each > 1.5 * LEAST as f64, "{each} blocks an exchange");
    let most = MOST_IN_FLIGHT * 13 / 10;
    assert!(stats.carved_blocks <= most, "{} blocks carved, {most} expected", stats.carved_blocks);
}

#[test]
fn a_consumer_holds_little_of_what_is_on_its_way() {
    with_every_strategy!(unsteady);
}

fn bursts<S: Strategy>() {
    let pool = pool::<S>();
    let handles = [pool.local().unwrap(), pool.local().unwrap()];
    let round = || handles.iter().for_each(|handle| give(handle, take(handle, 1000)));
    (0..4).for_each(|_| round());
    let before = exchanges(pool.stats());
    (0..common::often(100, 2)).for_each(|_| round());
    assert_eq!(exchanges(pool.stats()), before, "bursts of 1,000 fit into caches that have grown");
}

#[test]
fn bursts_of_a_thousand_blocks_soon_cost_no_exchange() {
    with_every_strategy!(bursts);
}
