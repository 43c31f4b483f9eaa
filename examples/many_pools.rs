//! What a call of a `ThreadLocalPool` costs if a thread uses several pools by turns: the first 64
//! pools, which each thread finds at once, and pools of which two share one place in the thread's
//! table.
//!
//! ```sh
//! cargo run --release --example many_pools
//! ```

use core::alloc::Layout;
use core::error::Error;
use core::hint::black_box;

use std::time::Instant;

use stampool::{Pool, ThreadLocalPool};

/// Pairs of an allocation and a free in one sample.
const PAIRS: u32 = 100_000;
/// Samples of each kind, taken by turns.
const ROUNDS: usize = 31;

fn main() -> Result<(), Box<dyn Error>> {
    let pools = (0..200)
        .map(|_| Pool::builder(Layout::new::<[u64; 8]>()).build_thread_local())
        .collect::<Result<Vec<_>, _>>()?;
    let kinds = [
        ("one pool", vec![&pools[0]]),
        ("two of the first 64", vec![&pools[0], &pools[8]]),
        ("two that meet", vec![&pools[0], &pools[64]]),
        ("three that meet", vec![&pools[0], &pools[64], &pools[128]]),
        ("50 of the first 64", pools[..50].iter().collect()),
        ("100, most of which meet", pools[..100].iter().collect()),
    ];
    let mut samples = vec![Vec::new(); kinds.len()];
    for _ in 0..ROUNDS {
        for ((_, pools), samples) in kinds.iter().zip(&mut samples) {
            samples.push(nanoseconds_per_pair(pools)?);
        }
    }
    println!("{:28}{:>10}{:>10}{:>10}", "ns per allocate + free", "median", "lowest", "highest");
    for ((name, _), samples) in kinds.iter().zip(&mut samples) {
        samples.sort_by(f64::total_cmp);
        let (lowest, highest) = (samples[0], samples[ROUNDS - 1]);
        println!("{name:28}{:>10.2}{lowest:>10.2}{highest:>10.2}", samples[ROUNDS / 2]);
    }
    Ok(())
}

/// Goes round the pools, a pair in each.
fn nanoseconds_per_pair(pools: &[&ThreadLocalPool]) -> Result<f64, Box<dyn Error>> {
    let start = Instant::now();
    for pool in pools.iter().cycle().take(PAIRS as usize) {
        let block = black_box(pool.allocate()?);
        // SAFETY: just allocated from this pool, and used by nobody else.
        unsafe { pool.deallocate(block) };
    }
    Ok(start.elapsed().as_secs_f64() * 1e9 / f64::from(PAIRS))
}
