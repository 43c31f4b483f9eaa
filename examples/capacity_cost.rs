//! What a capacity costs: the time of an allocation and a free through a thread's own handle, in a
//! pool without a capacity, in one with it, and in a pool without caches; by one thread, and by two
//! at a time.
//!
//! ```sh
//! cargo run --release --example capacity_cost
//! ```

use core::alloc::Layout;
use core::error::Error;
use core::hint::black_box;

use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use stampool::{AllocError, Block, ExactPool, Local, Pool};

/// Pairs of an allocation and a free of one thread in one sample.
const PAIRS: u32 = 200_000;
/// Samples of each kind, taken by turns.
const ROUNDS: usize = 31;

/// A handle, or a pool that needs none.
trait Pairs {
    fn pair(&self) -> Result<Block, AllocError>;
}

impl Pairs for Local<'_> {
    #[inline(always)]
    fn pair(&self) -> Result<Block, AllocError> {
        let block = black_box(self.allocate()?);
        // SAFETY: just allocated from this pool, and used by nobody else.
        unsafe { self.deallocate(block) };
        Ok(block)
    }
}

impl Pairs for &ExactPool {
    #[inline(always)]
    fn pair(&self) -> Result<Block, AllocError> {
        let block = black_box(self.allocate()?);
        // SAFETY: as above.
        unsafe { self.deallocate(block) };
        Ok(block)
    }
}

/// Nanoseconds per pair of `threads` threads, each with a handle that `attach` makes.
fn nanoseconds<H: Pairs>(threads: usize, attach: impl Fn() -> H + Sync) -> f64 {
    let start = Barrier::new(threads);
    let run = || {
        let handle = attach();
        handle.pair().expect("memory");
        start.wait();
        let start = Instant::now();
        for _ in 0..PAIRS {
            handle.pair().expect("memory");
        }
        start.elapsed().as_secs_f64() * 1e9 / f64::from(PAIRS)
    };
    thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        let each = all.into_iter().map(|thread| thread.join().expect("no panic"));
        each.sum::<f64>() / threads as f64
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let builder = || Pool::builder(Layout::new::<[u64; 8]>());
    let (plain, limited) = (builder().build()?, builder().capacity(1000).build()?);
    let exact = builder().capacity(1000).build_exact()?;
    println!("{:30}{:>10}{:>10}{:>10}", "ns per allocate + free", "median", "lowest", "to first");
    for threads in [1, 2] {
        let mut samples = [const { Vec::new() }; 3];
        for _ in 0..ROUNDS {
            samples[0].push(nanoseconds(threads, || plain.local().expect("memory")));
            samples[1].push(nanoseconds(threads, || limited.local().expect("memory")));
            samples[2].push(nanoseconds(threads, || &exact));
        }
        samples.iter_mut().for_each(|samples| samples.sort_by(f64::total_cmp));
        let first = samples[0][ROUNDS / 2];
        let names = ["without a capacity", "with a capacity", "without caches"];
        for (name, samples) in names.into_iter().zip(&samples) {
            let (median, lowest) = (samples[ROUNDS / 2], samples[0]);
            let name = format!("{threads} thread(s), {name}");
            println!("{name:30}{median:>10.2}{lowest:>10.2}{:>10.1}", median / first);
        }
    }
    Ok(())
}
