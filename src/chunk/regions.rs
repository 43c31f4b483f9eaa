//! Every region that a pool has from its source, so that each goes back exactly once.

use core::alloc::Layout;
use core::ptr::NonNull;

use crate::block::sanitizers;
use crate::error::AllocError;
use crate::source::Source;

/// Stands in front of each region's payload.
struct Header {
    next: Option<NonNull<Header>>,
    layout: Layout,
}

/// The regions of one pool, chained through headers in the regions themselves. Dropping it gives
/// them all back.
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

    /// Memory of `payload`'s layout that lives until this object is dropped.
    ///
    /// # Errors
    ///
    /// [`AllocError::OutOfMemory`] where the source has none or the size overflows;
    /// [`AllocError::MisalignedSource`] where it breaks its word, after giving the region back.
    pub fn obtain(&mut self, payload: Layout) -> Result<NonNull<u8>, AllocError> {
        let (layout, offset) =
            Layout::new::<Header>().extend(payload).map_err(|_| AllocError::OutOfMemory)?;
        self.calls += 1;
        let region = self.source.obtain(layout).ok_or(AllocError::OutOfMemory)?;
        if region.addr().get() % layout.align() != 0 {
            // SAFETY: just obtained with this layout, and nobody else knows of it.
            unsafe { self.source.release(region, layout) };
            return Err(AllocError::MisalignedSource);
        }
        let header = region.cast::<Header>();
        // SAFETY: the region starts with room for a header and is aligned for it.
        unsafe { header.write(Header { next: self.last, layout }) };
        self.last = Some(header);
        self.count += 1;
        self.bytes += layout.size();
        // SAFETY: `offset` is where `payload` begins in `layout`, which the region holds.
        Ok(unsafe { region.add(offset) })
    }

    /// Bytes had from the source, headers and padding included.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// How often the source was asked, whatever it said.
    pub const fn calls(&self) -> usize {
        self.calls
    }

    /// Number of regions had from the source.
    pub const fn count(&self) -> usize {
        self.count
    }
}

impl Drop for Regions {
    fn drop(&mut self) {
        while let Some(header) = self.last {
            // SAFETY: written by `obtain`, and its region is still held.
            let Header { next, layout } = unsafe { header.read() };
            self.last = next;
            // Blocks in it may be free, and are no longer a pool's.
            sanitizers::show(header.cast(), layout.size());
            // SAFETY: obtained with `layout`; unchained, so never released again; the owner of
            // this object has ended all use of the payload.
            unsafe { self.source.release(header.cast(), layout) };
        }
    }
}
