//! A source that fails where it is told to.

use core::alloc::Layout;
use core::ptr::NonNull;

use crate::source::{OwningSource, Source, SystemSource};
use crate::sync::{Arc, Number};

/// Fails at the calls that a test names: it refuses, returns a misaligned region, or panics.
///
/// Requests are counted from 0, and releases too. What is not set does not happen.
///
/// # When to take it
///
/// Take it in tests, to see what an allocator does if its source fails.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::source::FailingSource;
/// use stampool::{AllocError, Pool};
///
/// let source = FailingSource::default().refuse_from(0);
/// let pool = Pool::builder(Layout::new::<u64>()).source(source).build_exact()?;
/// assert_eq!(pool.allocate(), Err(AllocError::OutOfMemory));
/// # Ok::<(), stampool::BuildError>(())
/// ```
#[derive(Debug)]
pub struct FailingSource<S = SystemSource> {
    source: S,
    faults: Faults,
    max_align: Option<usize>,
    /// Addresses of the regions that it has misaligned, and that have not come back.
    misaligned: Vec<usize>,
}

/// The faults of a [`FailingSource`], for tests that set them while an allocator owns the source. All
/// clones of a handle lead to the same source.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Plan>);

/// When a fault comes.
#[derive(Debug)]
struct At(Number);

/// Never.
const NEVER: u64 = u64::MAX;

impl Default for At {
    fn default() -> Self {
        Self(Number::new(NEVER))
    }
}

impl At {
    fn set(&self, call: usize) {
        self.0.set(u64::try_from(call).unwrap_or(NEVER));
    }

    fn is(&self, call: u64) -> bool {
        self.0.get() == call
    }

    fn is_over(&self, call: u64) -> bool {
        self.0.get() <= call
    }
}

#[derive(Debug, Default)]
struct Plan {
    calls: Number,
    releases: Number,
    refuse: At,
    refuse_from: At,
    misalign: At,
    misalign_from: At,
    panic: At,
    panic_at_release: At,
}

impl Faults {
    /// Refuses the request of this number.
    pub fn refuse_at(&self, call: usize) {
        self.0.refuse.set(call);
    }

    /// Refuses all requests from this number on, and all extensions once it is reached.
    pub fn refuse_from(&self, call: usize) {
        self.0.refuse_from.set(call);
    }

    /// Returns a misaligned region at the request of this number, unless its alignment is 1.
    pub fn misalign_at(&self, call: usize) {
        self.0.misalign.set(call);
    }

    /// Returns misaligned regions from the request of this number on.
    pub fn misalign_from(&self, call: usize) {
        self.0.misalign_from.set(call);
    }

    /// Panics at the request of this number.
    pub fn panic_at(&self, call: usize) {
        self.0.panic.set(call);
    }

    /// Panics at the release of this number, after the region has gone back.
    pub fn panic_at_release(&self, release: usize) {
        self.0.panic_at_release.set(release);
    }

    /// No fault from here on.
    pub fn clear(&self) {
        let Plan { refuse, refuse_from, misalign, misalign_from, panic, panic_at_release, .. } =
            &*self.0;
        for at in [refuse, refuse_from, misalign, misalign_from, panic, panic_at_release] {
            at.0.set(NEVER);
        }
    }

    /// Requests so far.
    pub fn calls(&self) -> usize {
        usize::try_from(self.0.calls.get()).unwrap_or(usize::MAX)
    }

    /// Releases so far.
    pub fn releases(&self) -> usize {
        usize::try_from(self.0.releases.get()).unwrap_or(usize::MAX)
    }
}

impl Default for FailingSource {
    fn default() -> Self {
        Self::new(SystemSource)
    }
}

macro_rules! with_faults {
    ($($(#[$doc:meta])* $name:ident($call:ident);)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(self, $call: usize) -> Self {
            self.faults.$name($call);
            self
        }
    )*};
}

impl<S> FailingSource<S> {
    /// Passes the calls on to `source`, until a fault is set.
    pub fn new(source: S) -> Self {
        Self { source, faults: Faults::default(), max_align: None, misaligned: Vec::new() }
    }

    /// A handle to the faults.
    pub fn faults(&self) -> Faults {
        self.faults.clone()
    }

    with_faults! {
        /// As [`Faults::refuse_at`].
        refuse_at(call);
        /// As [`Faults::refuse_from`].
        refuse_from(call);
        /// As [`Faults::misalign_at`].
        misalign_at(call);
        /// As [`Faults::misalign_from`].
        misalign_from(call);
        /// As [`Faults::panic_at`].
        panic_at(call);
        /// As [`Faults::panic_at_release`].
        panic_at_release(release);
    }

    /// Says that it serves alignments up to `align`.
    #[must_use]
    pub const fn max_align(mut self, align: usize) -> Self {
        self.max_align = Some(align);
        self
    }
}

/// Room for one byte of misalignment.
fn padded(layout: Layout) -> Option<Layout> {
    Layout::from_size_align(layout.size().checked_add(1)?, layout.align()).ok()
}

// SAFETY: regions are those of the source inside. A misaligned region is a region of the source
// inside without its first byte, which the trait allows.
unsafe impl<S: Source> Source for FailingSource<S> {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let plan = &*self.faults.0;
        let call = plan.calls.add(1);
        assert!(!plan.panic.is(call), "the source was told to panic");
        if plan.refuse.is(call) || plan.refuse_from.is_over(call) {
            return None;
        }
        if layout.align() > 1 && (plan.misalign.is(call) || plan.misalign_from.is_over(call)) {
            let whole = self.source.obtain(padded(layout)?)?;
            // SAFETY: the region has a byte to spare.
            let region = unsafe { whole.add(1) };
            self.misaligned.push(region.addr().get());
            return Some(region);
        }
        self.source.obtain(layout)
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        let release = self.faults.0.releases.add(1);
        let address = region.addr().get();
        // The source inside may misalign regions by itself, so the address alone does not tell.
        if let Some(at) = self.misaligned.iter().position(|misaligned| *misaligned == address) {
            self.misaligned.swap_remove(at);
            // SAFETY: undoes what `obtain` added.
            let region = unsafe { region.sub(1) };
            let layout = padded(layout).expect("as it was obtained");
            // SAFETY: by the caller; obtained with this layout.
            unsafe { self.source.release(region, layout) };
        } else {
            // SAFETY: by the caller.
            unsafe { self.source.release(region, layout) };
        }
        assert!(!self.faults.0.panic_at_release.is(release), "the source was told to panic");
    }

    unsafe fn extend(&mut self, region: NonNull<u8>, old: Layout, new: Layout) -> bool {
        let is_misaligned = self.misaligned.contains(&region.addr().get());
        if is_misaligned || self.faults.0.refuse_from.is_over(self.faults.0.calls.get()) {
            return false;
        }
        // SAFETY: by the caller; the region is one of the source inside, as long as that.
        unsafe { self.source.extend(region, old, new) }
    }

    fn granule(&self) -> usize {
        self.source.granule()
    }

    fn reuses(&self) -> bool {
        self.source.reuses()
    }

    fn max_align(&self) -> usize {
        self.max_align.unwrap_or_else(|| self.source.max_align())
    }
}

// SAFETY: regions are those of the source inside, or parts of them.
unsafe impl<S: OwningSource> OwningSource for FailingSource<S> {
    fn owns(&self, address: NonNull<u8>) -> bool {
        self.source.owns(address)
    }
}

#[cfg(test)]
mod tests {
    use core::panic::AssertUnwindSafe;
    use std::panic::catch_unwind;

    use super::*;
    use crate::source::CountingSource;

    const WORD: Layout = Layout::new::<u64>();

    #[test]
    fn no_extension_is_granted_once_requests_are_refused() {
        let mut memory = [core::mem::MaybeUninit::<u8>::uninit(); 64];
        let base = NonNull::from(&mut memory).cast();
        // SAFETY: the buffer outlives the source, and nobody else uses it.
        let buffer = unsafe { crate::source::BufferSource::from_raw_parts(base, 64) };
        let mut source = FailingSource::new(buffer).refuse_from(1);
        let longer = Layout::new::<[u64; 2]>();
        let region = source.obtain(WORD).unwrap();
        // SAFETY: obtained with this layout, and the new one is longer.
        assert!(!unsafe { source.extend(region, WORD, longer) }, "the next call is number 1");
        source.faults().clear();
        // SAFETY: as above.
        assert!(unsafe { source.extend(region, WORD, longer) });
        assert!(!source.reuses(), "nor does the buffer");
        assert!(!CountingSource::new(source).reuses());
    }

    #[test]
    fn a_region_that_the_source_inside_misaligns_goes_back_as_it_came() {
        let inside = FailingSource::new(CountingSource::default()).misalign_at(0);
        let counts = inside.source.counts();
        let mut outside = FailingSource::new(inside);
        let region = outside.obtain(WORD).unwrap();
        assert_eq!(region.addr().get() % 8, 1);
        // SAFETY: obtained with this layout, and not used.
        unsafe { outside.release(region, WORD) };
        assert_eq!((counts.live_regions(), counts.live_bytes()), (0, 0));
    }

    #[test]
    fn each_fault_comes_at_its_call() {
        let counting = CountingSource::default();
        let counts = counting.counts();
        let mut source = FailingSource::new(counting).refuse_at(1).misalign_at(2).panic_at(3);
        let first = source.obtain(WORD).unwrap();
        assert!(source.obtain(WORD).is_none());
        let skewed = source.obtain(WORD).unwrap();
        assert_eq!(skewed.addr().get() % 8, 1);
        assert!(catch_unwind(AssertUnwindSafe(|| source.obtain(WORD))).is_err());
        let faults = source.faults();
        faults.refuse_from(4);
        assert!(source.obtain(WORD).is_none());
        faults.clear();
        let last = source.obtain(WORD).unwrap();
        assert_eq!(faults.calls(), 6);
        faults.panic_at_release(1);
        for (region, panics) in [(first, false), (skewed, true), (last, false)] {
            // SAFETY: obtained with this layout, and not used any more.
            let release = AssertUnwindSafe(|| unsafe { source.release(region, WORD) });
            assert_eq!(catch_unwind(release).is_err(), panics);
        }
        assert_eq!((counts.live_regions(), counts.live_bytes()), (0, 0));
    }

    #[test]
    fn an_alignment_can_be_withheld() {
        assert_eq!(Source::max_align(&FailingSource::default().max_align(64)), 64);
    }
}
