//! The chunks of a member that grows: regions of its source. Each is twice as large as the one before,
//! up to 64 MiB, or smaller if the source refuses that.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::disjoint::{Piece, ensure_disjoint};
use crate::error::AllocError;
use crate::source::{Source, finish, obtain_aligned};

/// The size of the first chunk in bytes, unless the member's user sets one.
pub(super) const FIRST_CHUNK_BYTES: usize = 4 << 10;
/// The size in bytes up to which chunks grow by doubling.
pub(super) const LARGEST_CHUNK_BYTES: usize = 64 << 20;
/// The alignment of a chunk's payload, in bytes.
pub(super) const PAYLOAD_ALIGN: usize = 16;

/// Lies in front of each chunk's payload. So no chunk's payload begins where another chunk ends.
#[derive(Clone, Copy)]
struct Header {
    older: Option<NonNull<Header>>,
    layout: Layout,
}

const HEADER_BYTES: usize = size_of::<Header>().next_multiple_of(PAYLOAD_ALIGN);
const CHUNK_ALIGN: usize =
    if align_of::<Header>() > PAYLOAD_ALIGN { align_of::<Header>() } else { PAYLOAD_ALIGN };

/// One chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk(NonNull<u8>);

impl Chunk {
    const fn header(self) -> NonNull<Header> {
        self.0.cast()
    }

    const fn layout(self) -> Layout {
        // SAFETY: written when the chunk was obtained (AC1 of `Chunks`).
        unsafe { (*self.header().as_ptr()).layout }
    }

    /// The first byte of the payload.
    pub(super) const fn start(self) -> NonNull<u8> {
        // SAFETY: a chunk has room for its header.
        unsafe { self.0.add(HEADER_BYTES) }
    }

    /// The end of the payload.
    pub(super) const fn end(self) -> NonNull<u8> {
        // SAFETY: a chunk is as long as its layout says.
        unsafe { self.0.add(self.layout().size()) }
    }

    /// Length of the payload.
    pub(super) const fn len(self) -> usize {
        self.layout().size() - HEADER_BYTES
    }

    /// The whole region.
    const fn piece(self) -> Piece {
        (self.0, self.layout().size())
    }

    /// The chunk obtained before this one.
    pub(super) fn older(self) -> Option<Self> {
        // SAFETY: written when the chunk was obtained (AC1 of `Chunks`).
        unsafe { (*self.header().as_ptr()).older }.map(|older| Self(older.cast()))
    }

    /// Makes `older` the chunk before this one.
    fn put_above(self, older: Option<Self>) {
        // SAFETY: the chunk is held, and its header is the chain's own.
        unsafe { (*self.header().as_ptr()).older = older.map(Self::header) };
    }

    /// Notes that the source has made the chunk longer.
    fn put_layout(self, layout: Layout) {
        // SAFETY: the chunk is held, and its header is the chain's own.
        unsafe { (*self.header().as_ptr()).layout = layout };
    }

    /// The block that lies in this chunk at this address, with the chunk's provenance. What a
    /// caller gives back may reach less than the block: a `Box` makes a reference of it, for one.
    pub(super) fn own(self, block: NonNull<u8>) -> NonNull<u8> {
        self.start().with_addr(block.addr())
    }

    /// Whether `address` lies in the payload.
    pub(super) fn contains(self, address: NonNull<u8>) -> bool {
        (self.start()..self.end()).contains(&address)
    }
}

/// All chunks of a member, and their source.
///
/// - AC1. Each begins with a header that holds the chunk before it, and the layout that it has.
/// - AC2. A chunk leaves the chain before it goes back to the source, so the chain is whole even if
///   the source panics.
pub(super) struct Chunks<S: Source> {
    source: S,
    newest: Option<Chunk>,
    next_bytes: usize,
    count: usize,
    bytes: usize,
}

// SAFETY: the chunks belong to this value alone; the source is `Send`.
unsafe impl<S: Source> Send for Chunks<S> {}

impl<S: Source> Chunks<S> {
    pub(super) const fn new(source: S, first_bytes: usize) -> Self {
        Self { source, newest: None, next_bytes: first_bytes, count: 0, bytes: 0 }
    }

    pub(super) const fn newest(&self) -> Option<Chunk> {
        self.newest
    }

    /// Bytes obtained, with headers.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes of headers.
    pub(super) const fn header_bytes(&self) -> usize {
        self.count * HEADER_BYTES
    }

    /// Whether `address` lies in a chunk. It walks the chunks: they double up to 64 MiB, so there
    /// are few, and beyond that one for every 64 MiB.
    pub(super) fn contain(&self, address: NonNull<u8>) -> bool {
        self.iter().any(|chunk| chunk.contains(address))
    }

    /// All chunks, the newest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = Chunk> {
        core::iter::successors(self.newest, |chunk| chunk.older())
    }

    /// Obtains a chunk that has room for a block of `layout`, wherever the chunk begins. It is
    /// twice as large as the one before, up to 64 MiB, or as large as the block needs if that is more.
    /// As long as the source refuses, half of it is asked for, down to what the block needs.
    ///
    /// # Errors
    ///
    /// [`AllocError::Unsupported`] if no region can be that large, or the source serves none that is
    /// aligned for a chunk; [`AllocError::OutOfMemory`] if the source has none;
    /// [`AllocError::MisalignedSource`].
    ///
    /// # Panics
    ///
    /// If the source gives bytes that lie in a chunk. Everything is then as it was.
    #[cold]
    #[inline(never)]
    pub(super) fn obtain(&mut self, layout: Layout) -> Result<Chunk, AllocError> {
        // The payload is aligned to 16, so this much may be lost in front of the block.
        let padding = layout.align().saturating_sub(PAYLOAD_ALIGN);
        let least = layout.size().checked_add(padding + HEADER_BYTES);
        let least = least.ok_or(AllocError::Unsupported)?;
        if self.source.max_align() < CHUNK_ALIGN {
            return Err(AllocError::Unsupported);
        }
        let least = self.taken_by(least);
        let mut bytes = self.taken_by(self.next_bytes.max(least));
        loop {
            // No source has what no layout describes.
            let chunk = match Layout::from_size_align(bytes, CHUNK_ALIGN) {
                Err(_) if bytes <= least => return Err(AllocError::Unsupported),
                chunk => chunk.ok(),
            };
            if let Some(chunk) = chunk
                && let Some(region) = obtain_aligned(&mut self.source, chunk)?
            {
                ensure_disjoint((region, chunk.size()), self.iter().map(Chunk::piece));
                return Ok(self.enter(region, chunk));
            }
            if bytes <= least {
                return Err(AllocError::OutOfMemory);
            }
            bytes = self.taken_by((bytes / 2).max(least));
        }
    }

    /// The bytes that a region of this size takes from the source, if a number can say that.
    fn taken_by(&self, size: usize) -> usize {
        size.checked_next_multiple_of(self.source.granule().max(1)).unwrap_or(size)
    }

    /// Makes the newest chunk longer where it is, so that a block of `layout` fits behind `mark`,
    /// which lies in it. The chunk is then twice as long, or longer by 64 MiB if that is less, or as much
    /// longer as the source allows.
    /// Answers whether it has grown; if not, everything is as it was.
    ///
    /// # Panics
    ///
    /// If the bytes that the source adds lie in another chunk. Nothing is served from them then.
    pub(super) fn extend(&mut self, mark: NonNull<u8>, layout: Layout) -> bool {
        let Some(chunk) = self.newest else { return false };
        let old = chunk.layout();
        let first = chunk.0.addr().get();
        let start = mark.addr().get().checked_next_multiple_of(layout.align());
        let end = start.and_then(|start| start.checked_add(layout.size()));
        let Some(least) = end.map(|end| self.taken_by(end - first)) else { return false };
        let most = old.size() + old.size().min(LARGEST_CHUNK_BYTES);
        let mut bytes = self.taken_by(most).max(least);
        loop {
            if let Ok(new) = Layout::from_size_align(bytes, old.align())
                // SAFETY: the chunk is held, and has this layout. The new one is larger, since the
                // block ends behind the chunk.
                && unsafe { self.source.extend(chunk.0, old, new) }
            {
                let others = core::iter::successors(chunk.older(), |chunk| chunk.older());
                let added = (chunk.end(), bytes - old.size());
                ensure_disjoint(added, others.map(Chunk::piece));
                chunk.put_layout(new);
                self.bytes += bytes - old.size();
                self.next_bytes = bytes.saturating_mul(2).min(LARGEST_CHUNK_BYTES);
                return true;
            }
            if bytes <= least {
                return false;
            }
            let half = self.taken_by(old.size() + (bytes - old.size()) / 2);
            bytes = if half < bytes { half.max(least) } else { least };
        }
    }

    fn enter(&mut self, region: NonNull<u8>, layout: Layout) -> Chunk {
        let older = self.newest.map(Chunk::header);
        // SAFETY: the region is aligned for a header and has room for one.
        unsafe { region.cast::<Header>().write(Header { older, layout }) };
        let chunk = Chunk(region);
        self.newest = Some(chunk);
        self.count += 1;
        self.bytes += layout.size();
        self.next_bytes = layout.size().saturating_mul(2).min(LARGEST_CHUNK_BYTES);
        chunk
    }

    /// Gives the newest chunk back. Answers whether there was one.
    ///
    /// # Safety
    ///
    /// Nobody uses its payload.
    pub(super) unsafe fn release_newest(&mut self) -> bool {
        let Some(chunk) = self.newest else { return false };
        let layout = chunk.layout();
        self.newest = chunk.older();
        self.count -= 1;
        self.bytes -= layout.size();
        // SAFETY: obtained with this layout, and no longer in the chain, so it goes back only once.
        unsafe { self.source.release(chunk.0, layout) };
        true
    }

    /// Gives the chunks back that lie between the newest one and `older`.
    ///
    /// # Safety
    ///
    /// Nobody uses their payloads, and `older` is a chunk of this value that is not the newest.
    pub(super) unsafe fn release_between(&mut self, older: Option<Chunk>) {
        let Some(newest) = self.newest else { return };
        finish(|| {
            let Some(chunk) = newest.older().filter(|chunk| Some(*chunk) != older) else {
                return false;
            };
            let layout = chunk.layout();
            newest.put_above(chunk.older());
            self.count -= 1;
            self.bytes -= layout.size();
            // SAFETY: obtained with this layout, and no longer in the chain.
            unsafe { self.source.release(chunk.0, layout) };
            true
        });
    }

    /// Makes the largest chunk the newest one. Each chunk's `older` may be another one afterwards.
    pub(super) fn raise_largest(&mut self) -> Option<Chunk> {
        let largest = self.iter().max_by_key(|chunk| chunk.len())?;
        if self.newest != Some(largest) {
            let above = self.iter().find(|chunk| chunk.older() == Some(largest));
            above.expect("the chain leads to it").put_above(largest.older());
            largest.put_above(self.newest);
            self.newest = Some(largest);
        }
        Some(largest)
    }
}

impl<S: Source> Drop for Chunks<S> {
    fn drop(&mut self) {
        // SAFETY: the member is gone, and with it all blocks (A1).
        finish(|| unsafe { self.release_newest() });
    }
}
