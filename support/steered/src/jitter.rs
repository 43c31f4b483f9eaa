//! Jitter: a thread is delayed at some of its points, by a seed.
//!
//! Most points delay nothing. At the others the thread spins, gives its core away, or sleeps, so
//! that a window of a few instructions gets as wide as a time slice.

use core::cell::RefCell;
use core::hint::spin_loop;
use core::sync::atomic::Ordering;
use core::time::Duration;
use std::thread;

use portable_atomic::AtomicU64;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng as _, SeedableRng as _};

thread_local! {
    /// The thread's own random numbers, and the seed of the process that they were made from.
    static RANDOM: RefCell<Option<(u64, Xoshiro256PlusPlus)>> = const { RefCell::new(None) };
}

/// The seed of the process's jitter, with the highest bit set; 0 for none.
static SEED: AtomicU64 = AtomicU64::new(0);
/// Threads that were jittered under this seed.
static JITTERED: AtomicU64 = AtomicU64::new(0);

/// Jitters all threads of the process by this seed; `None` ends it.
///
/// Each thread's delays follow from the seed and from how many threads were jittered before it.
/// The machine decides which thread comes first.
pub fn jitter(seed: Option<u64>) {
    JITTERED.store(0, Ordering::Relaxed);
    SEED.store(seed.map_or(0, |seed| seed | 1 << 63), Ordering::Relaxed);
}

/// Delays the calling thread, if the process is jittered and the thread's next number says so.
#[inline]
pub(crate) fn delay() {
    let seed = SEED.load(Ordering::Relaxed);
    if seed != 0 {
        delay_by(seed);
    }
}

#[cold]
fn delay_by(seed: u64) {
    // A thread that ends has no delay any more once its own storage is destroyed.
    _ = RANDOM.try_with(|random| {
        let mut random = random.borrow_mut();
        if random.as_ref().is_none_or(|(of, _)| *of != seed) {
            let nth = JITTERED.fetch_add(1, Ordering::Relaxed);
            *random = Some((seed, Xoshiro256PlusPlus::seed_from_u64(seed.wrapping_add(nth))));
        }
        let Some((_, random)) = &mut *random else { return };
        match random.next_u32() % 4096 {
            0 => thread::sleep(Duration::from_micros(u64::from(random.next_u32() % 100))),
            1..=40 => thread::yield_now(),
            41..=200 => (0..random.next_u32() % 256).for_each(|_| spin_loop()),
            _ => {}
        }
    });
}
