//! A source that counts.

use core::alloc::Layout;
use core::ptr::NonNull;

use crate::source::{OwningSource, Source, SystemSource};
use crate::sync::{Arc, Number};

/// Counts the calls of the source inside.
///
/// The [counts](Self::counts) can be read while an allocator owns the source, and afterwards.
///
/// # When to take it
///
/// Take it in tests, to see what an allocator asks its source for and gives back.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::Pool;
/// use stampool::source::CountingSource;
///
/// let source = CountingSource::default();
/// let counts = source.counts();
/// let pool = Pool::builder(Layout::new::<u64>()).source(source).build_exact()?;
/// pool.prefill(100).expect("memory");
/// assert!(counts.live_bytes() > 800);
/// drop(pool);
/// assert_eq!(counts.obtained(), counts.released());
/// # Ok::<(), stampool::BuildError>(())
/// ```
#[derive(Debug)]
pub struct CountingSource<S = SystemSource> {
    source: S,
    counts: SourceCounts,
}

impl<S> CountingSource<S> {
    /// Counts the calls of `source`.
    pub fn new(source: S) -> Self {
        Self::with_counts(source, SourceCounts::default())
    }

    /// Adds the calls of `source` to `counts`.
    pub fn with_counts(source: S, counts: SourceCounts) -> Self {
        add(&counts.0.sources, 1);
        Self { source, counts }
    }

    /// A handle to the counts.
    pub fn counts(&self) -> SourceCounts {
        self.counts.clone()
    }
}

impl<S> Drop for CountingSource<S> {
    fn drop(&mut self) {
        add(&self.counts.0.dropped, 1);
    }
}

impl Default for CountingSource {
    fn default() -> Self {
        Self::new(SystemSource)
    }
}

/// What [`CountingSource`] counts. All clones of a handle lead to the same counts. They are exact
/// while no thread is in a call of a source that counts here. While one is, a difference of two counts
/// may be too large, and is never negative: what has ended is read first.
#[derive(Clone, Debug, Default)]
pub struct SourceCounts(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    calls: Number,
    obtained: Number,
    obtained_bytes: Number,
    released: Number,
    released_bytes: Number,
    extended: Number,
    most_bytes: Number,
    sources: Number,
    dropped: Number,
}

fn count(number: &Number) -> usize {
    usize::try_from(number.get()).unwrap_or(usize::MAX)
}

fn add(number: &Number, bytes: usize) {
    number.add(u64::try_from(bytes).unwrap_or(u64::MAX));
}

impl SourceCounts {
    /// Requests for a region, refused ones among them.
    pub fn calls(&self) -> usize {
        count(&self.0.calls)
    }

    /// Regions given.
    pub fn obtained(&self) -> usize {
        count(&self.0.obtained)
    }

    /// Requests that were refused, or ended in a panic.
    pub fn refused(&self) -> usize {
        let obtained = self.obtained();
        self.calls().saturating_sub(obtained)
    }

    /// Regions that went back.
    pub fn released(&self) -> usize {
        count(&self.0.released)
    }

    /// Extensions that were granted.
    pub fn extended(&self) -> usize {
        count(&self.0.extended)
    }

    /// Regions that have not gone back.
    pub fn live_regions(&self) -> usize {
        let released = self.released();
        self.obtained().saturating_sub(released)
    }

    /// Sources that count here and have not been dropped.
    pub fn sources(&self) -> usize {
        let dropped = count(&self.0.dropped);
        count(&self.0.sources).saturating_sub(dropped)
    }

    /// Bytes given, in regions and by extensions.
    pub fn obtained_bytes(&self) -> usize {
        count(&self.0.obtained_bytes)
    }

    /// Bytes of the regions that have not gone back.
    pub fn live_bytes(&self) -> usize {
        let released = count(&self.0.released_bytes);
        self.obtained_bytes().saturating_sub(released)
    }

    /// The most bytes that were out at a time. If several threads use sources of these counts at once,
    /// the number may be too large: a region that goes back meanwhile may still be counted.
    pub fn most_bytes(&self) -> usize {
        count(&self.0.most_bytes)
    }

    fn gave(&self, bytes: usize) {
        add(&self.0.obtained_bytes, bytes);
        let live = u64::try_from(self.live_bytes()).unwrap_or(u64::MAX);
        self.0.most_bytes.raise(live);
    }
}

// SAFETY: regions are those of the source inside.
unsafe impl<S: Source> Source for CountingSource<S> {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        add(&self.counts.0.calls, 1);
        let region = self.source.obtain(layout)?;
        add(&self.counts.0.obtained, 1);
        self.counts.gave(layout.size());
        Some(region)
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        // The region counts as released even if the source inside panics.
        add(&self.counts.0.released, 1);
        add(&self.counts.0.released_bytes, layout.size());
        // SAFETY: by the caller.
        unsafe { self.source.release(region, layout) };
    }

    unsafe fn extend(&mut self, region: NonNull<u8>, old: Layout, new: Layout) -> bool {
        // SAFETY: by the caller.
        let is_extended = unsafe { self.source.extend(region, old, new) };
        if is_extended {
            add(&self.counts.0.extended, 1);
            self.counts.gave(new.size() - old.size());
        }
        is_extended
    }

    fn granule(&self) -> usize {
        self.source.granule()
    }

    fn reuses(&self) -> bool {
        self.source.reuses()
    }

    fn max_align(&self) -> usize {
        self.source.max_align()
    }
}

// SAFETY: regions are those of the source inside.
unsafe impl<S: OwningSource> OwningSource for CountingSource<S> {
    fn owns(&self, address: NonNull<u8>) -> bool {
        self.source.owns(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FailingSource;

    #[test]
    fn refusals_are_calls_and_no_regions() {
        let mut source = CountingSource::new(FailingSource::default().refuse_at(1));
        let counts = source.counts();
        let layout = Layout::new::<u64>();
        let region = source.obtain(layout).unwrap();
        assert!(source.obtain(layout).is_none());
        assert_eq!((counts.calls(), counts.obtained(), counts.refused()), (2, 1, 1));
        // SAFETY: just obtained with this layout.
        unsafe { source.release(region, layout) };
        assert_eq!((counts.live_regions(), counts.live_bytes(), counts.most_bytes()), (0, 0, 8));
    }
}
