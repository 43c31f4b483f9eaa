//! All regions that a pool has obtained from its source, so that each goes back exactly once.

use core::alloc::Layout;
use core::ptr::NonNull;

use crate::block::sanitizers;
use crate::error::AllocError;
use crate::source::{Source, SystemSource, finish, obtain_aligned};

/// Precedes the payload of each region.
struct Header {
    next: Option<NonNull<Header>>,
    layout: Layout,
}

/// The regions of one pool, linked through headers in the regions themselves. Dropping this value
/// gives all of them back.
pub struct Regions {
    source: Box<dyn Source>,
    last: Option<NonNull<Header>>,
    count: usize,
    calls: usize,
    bytes: usize,
}

// SAFETY: the headers are this object's own; the source is `Send`.
unsafe impl Send for Regions {}

impl Regions {
    /// No regions yet.
    pub fn new(source: Box<dyn Source>) -> Self {
        Self { source, last: None, count: 0, calls: 0, bytes: 0 }
    }

    /// Obtains memory of layout `payload` that exists until this object is dropped.
    ///
    /// # Errors
    ///
    /// [`AllocError::OutOfMemory`] if the source has no memory or the size overflows;
    /// [`AllocError::MisalignedSource`] if the source returns a misaligned region, which goes back
    /// at once.
    pub fn obtain(&mut self, payload: Layout) -> Result<NonNull<u8>, AllocError> {
        let (layout, offset) =
            Layout::new::<Header>().extend(payload).map_err(|_| AllocError::OutOfMemory)?;
        self.calls += 1;
        let region = obtain_aligned(&mut *self.source, layout)?.ok_or(AllocError::OutOfMemory)?;
        let header = region.cast::<Header>();
        // SAFETY: the region starts with room for a header and is aligned for it.
        unsafe { header.write(Header { next: self.last, layout }) };
        self.last = Some(header);
        self.count += 1;
        self.bytes += layout.size();
        // SAFETY: `offset` is where `payload` begins in `layout`, which the region holds.
        Ok(unsafe { region.add(offset) })
    }

    /// Bytes that would be left unused behind a region of layout `payload`, because the source counts
    /// in granules.
    pub fn unused(&self, payload: Layout) -> usize {
        let region = Layout::new::<Header>().extend(payload).map(|(region, _)| region.size());
        let taken = |size: usize| size.checked_next_multiple_of(self.source.granule().max(1));
        region.ok().and_then(|size| Some(taken(size)? - size)).unwrap_or(0)
    }

    /// Leaks all regions and the source. For an owner that does not know whether a thread still
    /// uses them.
    pub fn abandon(&mut self) {
        self.last = None;
        let source: Box<dyn Source> = core::mem::replace(&mut self.source, Box::new(SystemSource));
        core::mem::forget(source);
    }

    /// Bytes obtained from the source, including headers and padding.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// How often the source was asked, including the times when it failed.
    pub const fn calls(&self) -> usize {
        self.calls
    }

    /// Number of regions obtained from the source.
    pub const fn count(&self) -> usize {
        self.count
    }
}

impl Regions {
    /// Releases the last region. Answers whether there was one.
    fn release_last(&mut self) -> bool {
        let Some(header) = self.last else { return false };
        // SAFETY: written by `obtain`, and its region is still held.
        let Header { next, layout } = unsafe { header.read() };
        self.last = next;
        // Blocks in it may be hidden from the sanitizers; the memory is no longer the pool's.
        sanitizers::show(header.cast(), layout.size());
        // SAFETY: obtained with `layout`; unchained, so never released again; the owner of this
        // object has ended all use of the payload.
        unsafe { self.source.release(header.cast(), layout) };
        true
    }
}

impl Drop for Regions {
    /// Releases every region. If the source panics at one of them, the others are released
    /// nevertheless, and then the panic goes on. A second panic aborts the process.
    fn drop(&mut self) {
        finish(|| self.release_last());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{CountingSource, FailingSource};

    #[test]
    fn a_release_that_panics_leaks_no_other_region() {
        let source = CountingSource::new(FailingSource::default().panic_at_release(0));
        let counts = source.counts();
        let mut regions = Regions::new(Box::new(source));
        for _ in 0..3 {
            regions.obtain(Layout::new::<u64>()).expect("memory");
        }
        let drop = core::panic::AssertUnwindSafe(|| drop(regions));
        assert!(std::panic::catch_unwind(drop).is_err(), "the panic goes on");
        assert_eq!((counts.released(), counts.sources()), (3, 0));
    }
}
