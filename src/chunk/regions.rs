//! All regions that a pool has obtained from its source, so that each goes back exactly once.
//!
//! Most regions stay until the pool is dropped: slots, magazines and tables, which threads may read
//! at any time. Each begins with a header that links it to the one before. The regions of blocks may
//! go back earlier, so a record that lies in a kept region describes each of them. In a pool that
//! checks nothing, only blocks lie in them; a pool that checks has the words of its blocks in front.

use core::alloc::Layout;
use core::ptr::NonNull;

use crate::block::sanitizers;
use crate::error::AllocError;
use crate::source::{Records, Source, finish, obtain_aligned};
use crate::sync::opaque;

/// A region, or none, or a misaligned one.
type Asked = Result<Option<NonNull<u8>>, AllocError>;

/// Precedes the payload of each kept region.
struct Header {
    next: Option<NonNull<Header>>,
    layout: Layout,
}

/// What the pool knows about one region of blocks.
#[derive(Debug)]
pub struct BlockRegion {
    next: Option<NonNull<Self>>,
    start: NonNull<u8>,
    layout: Layout,
    /// The first block.
    first: NonNull<u8>,
    /// Blocks that were cut from it so far.
    carved: usize,
}

impl BlockRegion {
    /// The first block.
    pub const fn first(&self) -> NonNull<u8> {
        self.first
    }

    /// How many blocks were cut from it so far.
    pub const fn carved(&self) -> usize {
        self.carved
    }

    /// The blocks that were cut from it so far, which lie `stride` bytes apart.
    pub fn blocks(&self, stride: usize) -> impl Iterator<Item = NonNull<u8>> + use<> {
        let first = self.first;
        // SAFETY: so many blocks lie in the region.
        (0..self.carved).map(move |nth| unsafe { first.add(nth * stride) })
    }
}

/// A chunk that was just obtained: a region of blocks, and kept room for what belongs to them.
pub(super) struct Obtained {
    pub(super) region: NonNull<BlockRegion>,
    /// The first block.
    pub(super) first: NonNull<u8>,
    /// The room in front of the first block.
    pub(super) front: NonNull<u8>,
    /// The kept room.
    pub(super) kept: NonNull<u8>,
}

/// The regions of one pool. Dropping this value gives all of them back.
pub struct Regions<S: Source = Box<dyn Source>> {
    /// `None` once the regions were abandoned.
    source: Option<S>,
    /// The kept regions, linked through their headers.
    last: Option<NonNull<Header>>,
    /// The regions of blocks.
    blocks: Option<NonNull<BlockRegion>>,
    /// Records whose regions have gone back.
    unused: Option<NonNull<BlockRegion>>,
    /// What the kept regions have left of the granules in which the source counts: the next kept
    /// room comes from there if it fits.
    rest: Option<NonNull<[u8]>>,
    count: usize,
    calls: usize,
    bytes: usize,
}

opaque! { [S: Source] Regions<S>; }

// SAFETY: the headers and records are this object's own; the source is `Send`.
unsafe impl<S: Source> Send for Regions<S> {}

impl<S: Source> Regions<S> {
    /// No regions yet.
    pub const fn new(source: S) -> Self {
        Self {
            source: Some(source),
            last: None,
            blocks: None,
            unused: None,
            rest: None,
            count: 0,
            calls: 0,
            bytes: 0,
        }
    }

    /// Obtains memory of layout `payload` that exists until this object is dropped.
    ///
    /// # Errors
    ///
    /// [`AllocError::OutOfMemory`] if the source has no memory or the size overflows;
    /// [`AllocError::MisalignedSource`] if the source returns a misaligned region, which goes back
    /// at once.
    pub fn obtain(&mut self, payload: Layout) -> Result<NonNull<u8>, AllocError> {
        if let Some(room) = self.cut_off_rest(payload) {
            return Ok(room);
        }
        let (layout, offset) =
            Layout::new::<Header>().extend(payload).map_err(|_| AllocError::OutOfMemory)?;
        let (used, layout) = (layout.size(), self.granules(layout));
        let source = self.source.as_mut().ok_or(AllocError::OutOfMemory)?;
        let asked = obtain_aligned(&mut Records(source), layout);
        let region = self.took(layout, asked)?;
        if layout.size() > used {
            // SAFETY: within the region.
            let behind = unsafe { region.add(used) };
            self.rest = Some(NonNull::slice_from_raw_parts(behind, layout.size() - used));
        }
        let header = region.cast::<Header>();
        // SAFETY: the region starts with room for a header and is aligned for it.
        unsafe { header.write(Header { next: self.last, layout }) };
        self.last = Some(header);
        // SAFETY: `offset` is where `payload` begins in `layout`, which the region holds.
        Ok(unsafe { region.add(offset) })
    }

    /// The layout, with a size of whole granules, unless that is more than there can be.
    fn granules(&self, layout: Layout) -> Layout {
        let granule = self.source.as_ref().map_or(1, |source| source.granule().max(1));
        let size = layout.size().checked_next_multiple_of(granule);
        let whole = size.and_then(|size| Layout::from_size_align(size, layout.align()).ok());
        whole.unwrap_or(layout)
    }

    /// Cuts room of this layout from what the kept regions have left, if it fits.
    fn cut_off_rest(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let rest = self.rest?;
        let start = rest.cast::<u8>();
        let padding =
            start.addr().get().checked_next_multiple_of(layout.align())? - start.addr().get();
        let end = padding.checked_add(layout.size())?;
        let left = rest.len().checked_sub(end)?;
        // SAFETY: `end` is within the rest.
        let behind = unsafe { start.add(end) };
        self.rest = Some(NonNull::slice_from_raw_parts(behind, left));
        // SAFETY: as above.
        Some(unsafe { start.add(padding) })
    }

    /// Bytes that would be left unused behind a region of layout `blocks`, because the source counts
    /// in granules.
    pub fn unused(&self, blocks: Layout) -> usize {
        self.granules(blocks).size() - blocks.size()
    }

    /// Obtains a chunk: a region for blocks, which begins with a part of layout `front`, and room
    /// of layout `kept` that exists until this object is dropped. Either both are there, or nothing
    /// has changed.
    ///
    /// # Errors
    ///
    /// As [`obtain`](Self::obtain).
    pub(super) fn obtain_chunk(
        &mut self,
        front: Layout,
        blocks: Layout,
        kept: Layout,
    ) -> Result<Obtained, AllocError> {
        let (layout, first_at) = front.extend(blocks).map_err(|_| AllocError::OutOfMemory)?;
        let source = self.source.as_mut().ok_or(AllocError::OutOfMemory)?;
        let asked = obtain_aligned(source, layout);
        let blocks = Unrecorded { start: self.took(layout, asked)?, layout, regions: self };
        let (record, kept) = blocks.regions.record(kept)?;
        let start = blocks.start;
        core::mem::forget(blocks);
        // SAFETY: where the blocks begin in the region's layout.
        let first = unsafe { start.add(first_at) };
        let region = BlockRegion { next: self.blocks, start, layout, first, carved: 0 };
        // SAFETY: the record is unused room of that layout, which is kept.
        unsafe { record.write(region) };
        self.blocks = Some(record);
        Ok(Obtained { region: record, first, front: start, kept })
    }

    /// Room for the record of a region of blocks, and kept room of layout `kept`. A record that is
    /// not used any more serves again.
    fn record(&mut self, kept: Layout) -> Result<(NonNull<BlockRegion>, NonNull<u8>), AllocError> {
        let Some(record) = self.unused else {
            let (layout, kept_at) =
                Layout::new::<BlockRegion>().extend(kept).map_err(|_| AllocError::OutOfMemory)?;
            let room = self.obtain(layout)?;
            // SAFETY: where the kept room begins in the layout.
            return Ok((room.cast(), unsafe { room.add(kept_at) }));
        };
        // A layout without bytes needs no room, but its address must be aligned.
        let kept = if kept.size() == 0 {
            NonNull::without_provenance(kept.align().try_into().expect("an alignment is not 0"))
        } else {
            self.obtain(kept)?
        };
        // SAFETY: written by `obtain_chunk`, in kept room.
        self.unused = unsafe { record.read() }.next;
        Ok((record, kept))
    }

    /// Counts blocks that were cut from a region.
    ///
    /// # Safety
    ///
    /// `obtain_chunk` of this object has returned `region`, which has not gone back.
    pub(super) unsafe fn count_carved(&mut self, region: NonNull<BlockRegion>, blocks: usize) {
        // SAFETY: by the caller. Records are used only by `&mut self` and `&self`.
        unsafe { (*region.as_ptr()).carved += blocks };
    }

    /// The regions of blocks that have not gone back.
    pub fn of_blocks(&self) -> impl Iterator<Item = &BlockRegion> {
        // SAFETY: only calls with `&mut self` change the list and its records.
        unsafe { records(self.blocks) }
    }

    /// Takes the regions of blocks for which `goes` returns true out of the list. They go back when
    /// [`release`](Self::release) gets them.
    pub fn detach_blocks(&mut self, mut goes: impl FnMut(&BlockRegion) -> bool) -> Detached {
        let (mut next, mut going) = (self.blocks.take(), None);
        while let Some(record) = next {
            // SAFETY: a record in the list was written, and lies in kept room.
            let region = unsafe { &mut *record.as_ptr() };
            next = region.next;
            let list = if goes(region) { &mut going } else { &mut self.blocks };
            region.next = list.replace(record);
        }
        Detached(going)
    }

    /// Gives regions of blocks back, and returns how many bytes they had. If the source panics at one
    /// of them, the others go back nevertheless, and then the panic goes on.
    ///
    /// # Safety
    ///
    /// This object has detached them. No thread uses the blocks of these regions, nor the part in
    /// front of them, any more.
    pub unsafe fn release(&mut self, mut regions: Detached) -> usize {
        let before = self.bytes;
        finish(|| self.release_first(&mut regions.0));
        before - self.bytes
    }

    /// Releases the first region of a list of regions of blocks. Answers whether there was one.
    fn release_first(&mut self, list: &mut Option<NonNull<BlockRegion>>) -> bool {
        let Some(record) = *list else { return false };
        // SAFETY: a record in a list was written, and lies in kept room.
        let region = unsafe { &mut *record.as_ptr() };
        *list = region.next;
        region.next = self.unused.replace(record);
        // SAFETY: obtained with this layout; its record is unused now, so it goes back once. The
        // owner of this object has ended all use of it.
        unsafe { self.give_back(region.start, region.layout) };
        true
    }

    /// Counts a region for which the source was asked.
    fn took(&mut self, layout: Layout, asked: Asked) -> Result<NonNull<u8>, AllocError> {
        self.calls += 1;
        let region = asked?.ok_or(AllocError::OutOfMemory)?;
        self.count += 1;
        self.bytes += layout.size();
        Ok(region)
    }

    /// Gives a region of blocks back.
    ///
    /// # Safety
    ///
    /// As [`Source::release`].
    unsafe fn give_back(&mut self, region: NonNull<u8>, layout: Layout) {
        self.count -= 1;
        self.bytes -= layout.size();
        // Blocks in it may be hidden from the sanitizers; the memory is no longer the pool's.
        sanitizers::show(region, layout.size());
        if let Some(source) = &mut self.source {
            // SAFETY: by the caller.
            unsafe { source.release(region, layout) };
        }
    }

    /// Leaks all regions and the source. For an owner that does not know whether a thread still
    /// uses them. Afterwards there is no memory to obtain.
    pub fn abandon(&mut self) {
        (self.last, self.blocks, self.unused, self.rest) = (None, None, None, None);
        let source = self.source.take();
        core::mem::forget(source);
    }

    /// Bytes obtained from the source and not given back, including headers and padding.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// How often the source was asked, including the times when it failed.
    pub const fn calls(&self) -> usize {
        self.calls
    }

    /// Number of regions obtained from the source and not given back.
    pub const fn count(&self) -> usize {
        self.count
    }

    /// Releases the last kept region. Answers whether there was one.
    fn release_last(&mut self) -> bool {
        let Some(header) = self.last else { return false };
        // SAFETY: written by `obtain`, and its region is still held.
        let Header { next, layout } = unsafe { header.read() };
        self.last = next;
        self.count -= 1;
        self.bytes -= layout.size();
        if let Some(source) = &mut self.source {
            // SAFETY: obtained with `layout`; unchained, so never released again; the owner of this
            // object has ended all use of the payload.
            unsafe { source.release_records(header.cast(), layout) };
        }
        true
    }
}

/// A region that no record describes yet. Dropping this gives it back, also if the source panics.
struct Unrecorded<'r, S: Source> {
    start: NonNull<u8>,
    layout: Layout,
    regions: &'r mut Regions<S>,
}

impl<S: Source> Drop for Unrecorded<'_, S> {
    fn drop(&mut self) {
        // SAFETY: obtained with this layout, and not used.
        unsafe { self.regions.give_back(self.start, self.layout) };
    }
}

/// Regions of blocks on their way back to the source. A value that is dropped leaks them.
#[derive(Debug)]
#[must_use = "the regions are leaked unless they are released"]
pub struct Detached(Option<NonNull<BlockRegion>>);

// SAFETY: the records are this object's own.
unsafe impl Send for Detached {}

impl Detached {
    /// The regions.
    pub fn iter(&self) -> impl Iterator<Item = &BlockRegion> {
        // SAFETY: nobody else has the records.
        unsafe { records(self.0) }
    }
}

/// A list of records.
///
/// # Safety
///
/// The records were written, and nobody changes them as long as `'r`.
unsafe fn records<'r>(
    first: Option<NonNull<BlockRegion>>,
) -> impl Iterator<Item = &'r BlockRegion> {
    // SAFETY: by the caller.
    let record = |region: NonNull<BlockRegion>| unsafe { region.as_ref() };
    core::iter::successors(first.map(record), move |region| region.next.map(record))
}

impl<S: Source> Drop for Regions<S> {
    /// Releases every region. If the source panics at one of them, the others are released
    /// nevertheless, and then the panic goes on. A second panic aborts the process.
    fn drop(&mut self) {
        // The records lie in kept regions, so the regions of blocks go first.
        let mut blocks = self.blocks.take();
        finish(|| self.release_first(&mut blocks) || self.release_last());
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
        let mut regions = Regions::new(source);
        for _ in 0..3 {
            regions.obtain(Layout::new::<u64>()).expect("memory");
        }
        let drop = core::panic::AssertUnwindSafe(|| drop(regions));
        assert!(std::panic::catch_unwind(drop).is_err(), "the panic goes on");
        assert_eq!((counts.released(), counts.sources()), (3, 0));
    }
}
