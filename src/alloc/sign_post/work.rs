//! How pieces are cut, and joined.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::SignPost;
use super::tag::{GRANULE, LEAST, Piece, Tag, WORD, taken};
use crate::alloc::bump::is_aligned;
use crate::alloc::chunks::Chunk;
use crate::alloc::empty_block;
use crate::alloc::provenance::expose;
use crate::alloc::served::Served;
use crate::error::AllocError;
use crate::source::Source;

/// The first piece of a chunk, whose tag lies in the granule in front of it.
pub(super) fn first(chunk: Chunk) -> Piece {
    // SAFETY: a chunk has more bytes than that.
    Piece(unsafe { chunk.start().add(GRANULE) })
}

/// The end of a chunk's pieces, where the tag of length zero lies.
pub(super) fn end(chunk: Chunk) -> Piece {
    // SAFETY: the chunk is so long.
    Piece(unsafe { chunk.start().add(chunk.len() / GRANULE * GRANULE) })
}

/// How much longer than its pieces a chunk may be, beside its header: a granule in front of them, and
/// less than one behind.
const AROUND: usize = 2 * GRANULE;

impl<S: Source> SignPost<S> {
    /// Takes a piece of so many bytes or some more. Answers how many it has.
    #[inline(always)]
    pub(super) fn take(&self, bytes: usize) -> Option<(Piece, usize)> {
        let piece = self.bins.take(bytes)?;
        // SAFETY: the piece was in the bins, and is long enough.
        Some((piece, unsafe { self.cut(piece, bytes) }))
    }

    /// Makes a piece that has just left the bins one in use of so many bytes, and frees the rest of it
    /// if that is long enough for a piece. Answers how many bytes the piece has.
    ///
    /// # Safety
    ///
    /// The tag says that it is free, and it is in no bin. It has so many bytes.
    #[inline(always)]
    unsafe fn cut(&self, piece: Piece, bytes: usize) -> usize {
        // SAFETY: by the caller.
        let length = unsafe { piece.tag() }.length();
        let rest = length - bytes;
        if rest >= LEAST {
            // The left neighbour of a free piece is in use (I2).
            // SAFETY: by the caller.
            unsafe { piece.put_tag(Tag::used(bytes)) };
            // SAFETY: the piece was so long.
            let behind = unsafe { piece.behind(bytes) };
            // SAFETY: these bytes are free. What lies behind them says already that they are.
            unsafe { behind.put_free(rest) };
            // SAFETY: as above.
            unsafe { self.bins.enter(behind, rest) };
            return bytes;
        }
        // SAFETY: by the caller.
        unsafe { piece.put_tag(Tag::used(length)) };
        // SAFETY: a piece lies behind it, or the region's end.
        let behind = unsafe { piece.behind(length) };
        // SAFETY: as above.
        let tag = unsafe { behind.tag() };
        // SAFETY: as above.
        unsafe { behind.put_tag(tag.left_used()) };
        length
    }

    /// Frees a block.
    ///
    /// # Safety
    ///
    /// `block` is a live block of this allocator that has bytes.
    #[inline(always)]
    pub(super) unsafe fn give(&self, block: NonNull<u8>) {
        // SAFETY: by the caller.
        unsafe { self.free(Piece::of(block)) }
    }

    /// Frees a piece, together with its free neighbours.
    ///
    /// # Safety
    ///
    /// The piece is in use, and nobody uses its block.
    #[inline(always)]
    unsafe fn free(&self, piece: Piece) {
        // SAFETY: by the caller.
        let tag = unsafe { piece.tag() };
        let length = tag.length();
        // SAFETY: a piece lies behind it, or the region's end.
        let right = unsafe { piece.behind(length) };
        // SAFETY: as above.
        let right_tag = unsafe { right.tag() };
        debug_assert!(!tag.is_free() && length != 0, "a block is freed twice");
        let (whole, bytes) = match (tag.is_left_free(), right_tag.is_free()) {
            (false, false) => {
                // SAFETY: as above.
                unsafe { right.put_tag(right_tag.left_freed()) };
                (piece, length)
            }
            (false, true) => {
                // SAFETY: it is free, and so in the bins.
                unsafe { self.bins.leave(right, right_tag.length()) };
                (piece, length + right_tag.length())
            }
            (true, false) => {
                // SAFETY: as above.
                unsafe { right.put_tag(right_tag.left_freed()) };
                // SAFETY: the tag says so.
                let (left, left_length) = unsafe { piece.left() };
                // SAFETY: it is free, and so in the bins.
                unsafe { self.bins.leave(left, left_length) };
                (left, left_length + length)
            }
            (true, true) => {
                // SAFETY: the tag says so.
                let (left, left_length) = unsafe { piece.left() };
                // SAFETY: it is free, and so in the bins.
                unsafe { self.bins.leave(left, left_length) };
                // SAFETY: as above.
                unsafe { self.bins.leave(right, right_tag.length()) };
                (left, left_length + length + right_tag.length())
            }
        };
        // SAFETY: the bytes are free, and those on both sides are not.
        unsafe { whole.put_free(bytes) };
        // SAFETY: as above.
        unsafe { self.bins.enter(whole, bytes) };
    }

    /// Returns a block that is strictly aligned, or has no bytes, or for which the bins have found no
    /// piece at once.
    #[cold]
    #[inline(never)]
    pub(super) fn allocate_otherwise(&self, layout: Layout) -> Served {
        if layout.size() == 0 {
            return Ok(empty_block(layout));
        }
        let (bytes, align) = (taken(layout.size()), layout.align());
        // What is in front of an aligned block must be long enough for a piece.
        let more = if align > GRANULE { align + LEAST } else { 0 };
        let needed = bytes.checked_add(more).ok_or(AllocError::Unsupported)?;
        let found = self.bins.take(needed).or_else(|| self.bins.take_probed(needed));
        let found = match found {
            Some(piece) => piece,
            None => self.obtain(needed)?,
        };
        // SAFETY: the piece was in the bins, and is long enough.
        let length = unsafe { self.cut(found, needed) };
        if more == 0 {
            return Ok(NonNull::slice_from_raw_parts(found.0, length - WORD));
        }
        let mut front = found.0.addr().get().wrapping_neg() & (align - 1);
        if front != 0 && front < LEAST {
            front += align;
        }
        // SAFETY: the piece is longer than that.
        let piece = unsafe { found.behind(front) };
        if front != 0 {
            // SAFETY: the piece is cut in two, both in use.
            unsafe { piece.put_tag(Tag::used(length - front)) };
            // SAFETY: as above.
            unsafe { found.put_tag(Tag::used(front)) };
            // SAFETY: nobody uses what lies in front of the block.
            unsafe { self.free(found) };
        }
        // SAFETY: the piece is in use, and longer than the block.
        let length = unsafe { self.shorten(piece, bytes) };
        Ok(NonNull::slice_from_raw_parts(piece.0, length - WORD))
    }

    /// Obtains memory, so that there is a free piece of so many bytes, and takes it out of the bins.
    fn obtain(&self, bytes: usize) -> Result<Piece, AllocError> {
        let needed = bytes.checked_add(AROUND);
        let needed = needed.and_then(|needed| Layout::from_size_align(needed, 1).ok());
        let needed = needed.ok_or(AllocError::Unsupported)?;
        let mut chunks = self.chunks.borrow_mut();
        if let Some(chunk) = chunks.newest() {
            let end_before = end(chunk);
            // SAFETY: the end of a region has a tag.
            let last = match unsafe { end_before.tag() }.is_left_free() {
                // SAFETY: the tag says so.
                true => unsafe { end_before.left() },
                false => (end_before, 0),
            };
            // The bins look at the first few pieces, so they may have overlooked this one.
            let is_enough = last.1 >= bytes;
            if is_enough || chunks.extend(last.0.0, needed) {
                drop(chunks);
                if !is_enough {
                    // SAFETY: it was extended, and its pieces have ended there.
                    unsafe { self.lengthen(end_before) };
                }
                // SAFETY: the last piece was free, or what was added is free.
                return Ok(unsafe { self.take_last() });
            }
        }
        let chunk = chunks.obtain(needed)?;
        drop(chunks);
        // SAFETY: the chunk is new.
        unsafe { self.lay_out(chunk) };
        // SAFETY: the whole chunk is one free piece.
        Ok(unsafe { self.take_last() })
    }

    /// Makes one free piece of a chunk.
    ///
    /// # Safety
    ///
    /// Nobody uses the chunk, and no piece of it is in the bins.
    pub(super) unsafe fn lay_out(&self, chunk: Chunk) {
        expose(chunk.start());
        let (piece, end) = (first(chunk), end(chunk));
        let bytes = end.0.addr().get() - piece.0.addr().get();
        self.payload.set(self.payload.get() + bytes);
        // SAFETY: by the caller.
        unsafe { piece.put_free(bytes) };
        // SAFETY: there is room for a tag in front of the end.
        unsafe { end.put_tag(Tag::used(0).left_freed()) };
        // SAFETY: by the caller.
        unsafe { self.bins.enter(piece, bytes) };
    }

    /// Makes a free piece of what the source has added to the newest chunk, whose pieces have ended
    /// at `old` until now.
    ///
    /// # Safety
    ///
    /// The source has just extended the newest chunk, and `old` is where its last tag lies.
    unsafe fn lengthen(&self, old: Piece) {
        let chunk = self.chunks.borrow().newest().expect("it has just been extended");
        expose(chunk.start());
        let end = end(chunk);
        let bytes = end.0.addr().get() - old.0.addr().get();
        self.payload.set(self.payload.get() + bytes);
        // SAFETY: there is room for a tag in front of the end.
        unsafe { end.put_tag(Tag::used(0)) };
        // SAFETY: the old end has a tag, which becomes that of a piece in use.
        let tag = unsafe { old.tag() };
        // SAFETY: as above.
        unsafe { old.put_tag(tag.with_length(bytes)) };
        // SAFETY: nobody uses it.
        unsafe { self.free(old) };
    }

    /// Takes the last piece of the newest chunk out of the bins.
    ///
    /// # Safety
    ///
    /// That piece is free.
    unsafe fn take_last(&self) -> Piece {
        let chunk = self.chunks.borrow().newest().expect("there is one");
        // SAFETY: by the caller.
        let (piece, length) = unsafe { end(chunk).left() };
        // SAFETY: it is in the bins.
        unsafe { self.bins.leave(piece, length) };
        piece
    }

    /// Frees the end of a piece in use, if it is long enough. Answers how many bytes are left.
    ///
    /// # Safety
    ///
    /// The piece is in use and has at least so many bytes. Nobody uses those behind them.
    unsafe fn shorten(&self, piece: Piece, bytes: usize) -> usize {
        // SAFETY: by the caller.
        let tag = unsafe { piece.tag() };
        let rest = tag.length() - bytes;
        if rest < LEAST {
            return tag.length();
        }
        // SAFETY: the piece is so long.
        let behind = unsafe { piece.behind(bytes) };
        // SAFETY: the piece is cut in two, both in use.
        unsafe { behind.put_tag(Tag::used(rest)) };
        // SAFETY: as above.
        unsafe { piece.put_tag(tag.with_length(bytes)) };
        // SAFETY: by the caller.
        unsafe { self.free(behind) };
        bytes
    }

    /// # Safety
    ///
    /// As [`Allocator::grow_in_place`](crate::alloc::Allocator::grow_in_place).
    pub(super) unsafe fn grow_block(&self, block: NonNull<u8>, old: Layout, new: Layout) -> Served {
        if !is_aligned(block, old, new) || old.size() == 0 && new.size() != 0 {
            return Err(AllocError::NotInPlace);
        }
        if old.size() == 0 {
            return Ok(NonNull::slice_from_raw_parts(block, 0));
        }
        let (piece, bytes) = (Piece::of(block), taken(new.size()));
        // SAFETY: by the caller.
        let tag = unsafe { piece.tag() };
        let mut length = tag.length();
        if length < bytes {
            // SAFETY: a piece lies behind it, or the region's end.
            let right = unsafe { piece.behind(length) };
            // SAFETY: as above.
            let right_tag = unsafe { right.tag() };
            if !right_tag.is_free() || length + right_tag.length() < bytes {
                return Err(AllocError::NotInPlace);
            }
            // SAFETY: it is free, and so in the bins.
            unsafe { self.bins.leave(right, right_tag.length()) };
            // What the block needs of it may be shorter than a piece, but the rest is not then.
            let whole = length + right_tag.length();
            length = if whole - bytes >= LEAST { bytes } else { whole };
            // SAFETY: the piece takes these bytes.
            unsafe { piece.put_tag(tag.with_length(length)) };
            // SAFETY: a piece lies behind it, or the region's end, or what is left of the free one.
            let behind = unsafe { piece.behind(length) };
            if length == whole {
                // SAFETY: as above.
                let tag = unsafe { behind.tag() };
                // SAFETY: as above.
                unsafe { behind.put_tag(tag.left_used()) };
            } else {
                // SAFETY: as above.
                unsafe { behind.put_free(whole - bytes) };
                // SAFETY: as above.
                unsafe { self.bins.enter(behind, whole - bytes) };
            }
        }
        Ok(NonNull::slice_from_raw_parts(piece.0, length - WORD))
    }

    /// # Safety
    ///
    /// As [`Allocator::shrink_in_place`](crate::alloc::Allocator::shrink_in_place).
    pub(super) unsafe fn shrink_block(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Served {
        if !is_aligned(block, old, new) || new.size() == 0 && old.size() != 0 {
            return Err(AllocError::NotInPlace);
        }
        if old.size() == 0 {
            return Ok(NonNull::slice_from_raw_parts(block, 0));
        }
        let piece = Piece::of(block);
        // SAFETY: by the caller; the piece is longer than the new size and its tag.
        let length = unsafe { self.shorten(piece, taken(new.size())) };
        Ok(NonNull::slice_from_raw_parts(piece.0, length - WORD))
    }
}
