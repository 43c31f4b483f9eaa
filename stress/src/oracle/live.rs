//! How many blocks were live at once: the L of the memory bound.
//!
//! A count begins before its allocation and ends after its deallocation. It is therefore
//! never below the true number of live blocks, and exceeds it by one per thread that is
//! within a call. A bound computed from it is never below the true bound: what the check
//! reports is a violation, and what it lets through is at most T blocks too many.

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crossbeam_utils::CachePadded;

/// How live blocks are counted.
#[derive(Debug)]
pub enum Live {
    /// Blocks never leave the thread that allocated them: each thread counts its own, and
    /// the sum of the peaks is not below the peak of the sum.
    PerThread,
    /// Blocks travel: one counter for all. `Relaxed` is enough, since its peak is the
    /// value that some increment returned, and each thread keeps the highest it was given.
    Shared(CachePadded<AtomicUsize>),
}

/// One thread's part of the count.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gauge {
    held: usize,
    peak: usize,
}

impl Live {
    /// A counter for blocks that travel between threads.
    pub fn shared() -> Self {
        Self::Shared(CachePadded::new(AtomicUsize::new(0)))
    }

    /// Call before allocating.
    pub fn begin(&self, gauge: &mut Gauge) {
        let now = match self {
            Self::PerThread => {
                gauge.held += 1;
                gauge.held
            }
            Self::Shared(count) => count.fetch_add(1, Relaxed) + 1,
        };
        gauge.peak = gauge.peak.max(now);
    }

    /// Call after deallocating, or after an allocation that failed.
    pub fn end(&self, gauge: &mut Gauge) {
        match self {
            Self::PerThread => gauge.held -= 1,
            Self::Shared(count) => drop(count.fetch_sub(1, Relaxed)),
        }
    }

    /// The count at this moment, where there is one for all.
    pub fn now(&self) -> Option<usize> {
        match self {
            Self::PerThread => None,
            Self::Shared(count) => Some(count.load(Relaxed)),
        }
    }

    /// The peak over all threads.
    pub fn peak(&self, gauges: impl Iterator<Item = Gauge>) -> usize {
        let peaks = gauges.map(|gauge| gauge.peak);
        match self {
            Self::PerThread => peaks.sum(),
            Self::Shared(_) => peaks.max().unwrap_or(0),
        }
    }
}

/// The memory bound: blocks carved while at most `live` were live at once, with at most
/// `handles` handles at once and `batch` blocks per batch (fact 10 of the design).
pub fn bound_blocks(live: usize, handles: usize, batch: usize) -> usize {
    live + 3 * handles * batch + batch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shared_peak_is_the_highest_value_ever_reached() {
        let live = Live::shared();
        let (mut first, mut second) = (Gauge::default(), Gauge::default());
        live.begin(&mut first);
        live.begin(&mut second);
        live.end(&mut first);
        live.begin(&mut first);
        live.end(&mut second);
        assert_eq!(live.now(), Some(1));
        assert_eq!(live.peak([first, second].into_iter()), 2);
    }

    #[test]
    fn per_thread_peaks_are_added() {
        let live = Live::PerThread;
        let (mut first, mut second) = (Gauge::default(), Gauge::default());
        live.begin(&mut first);
        live.end(&mut first);
        live.begin(&mut second);
        assert_eq!(live.peak([first, second].into_iter()), 2);
    }
}
