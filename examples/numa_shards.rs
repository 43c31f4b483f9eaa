//! A pool with a shard for each NUMA node of a Linux machine: `cargo run --release --example
//! numa_shards`. For last-level caches instead of nodes, read
//! `/sys/devices/system/cpu/cpu*/cache/index3/shared_cpu_list`.
//!
//! A handle keeps the shard in which it attached. So threads that are not pinned should rarely move
//! between nodes, or attach anew from time to time.

#[path = "numa/nodes.rs"]
mod nodes;

use core::alloc::Layout;
use std::thread;

use nodes::Nodes;
use stampool::Pool;

const ROUNDS: usize = 2_000;
const BLOCKS: usize = 300;

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let pool = Pool::builder(Layout::new::<[u64; 8]>()).topology(Nodes::read()?).build()?;
    let threads = thread::available_parallelism()?.get();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let local = pool.local().expect("memory");
                for _ in 0..ROUNDS {
                    let blocks: Vec<_> =
                        (0..BLOCKS).map(|_| local.allocate().expect("memory")).collect();
                    for block in blocks {
                        // SAFETY: allocated from this pool, and used by nobody else.
                        unsafe { local.deallocate(block) };
                    }
                }
            });
        }
    });
    let stats = pool.stats();
    println!(
        "{threads} threads in {} shards: {} refills, {} flushes, {} blocks carved",
        stats.shards, stats.refills, stats.flushes, stats.carved_blocks
    );
    Ok(())
}
