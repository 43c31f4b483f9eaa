//! The state of a stack, which its scopes borrow.

use core::alloc::Layout;
use core::cell::{Cell, RefCell};
use core::ptr::NonNull;

use super::free::Top;
use super::places::{Floor, Opened, TOP_BYTES, first_of, has_room, rounded, top_of};
use crate::alloc::bump::Bump;
use crate::alloc::chunks::{Chunk, Chunks};
use crate::alloc::{Usage, empty_block};
use crate::error::AllocError;
use crate::source::Source;

/// The state of a stack.
///
/// - SS1. Chunks older than the current one are in use up to the mark in their `Top`. Newer ones are
///   empty: they are spare. The current one may be empty as well.
/// - SS2. The current scope hands out nothing below its floor, and no mark lies below the floor of
///   an open scope in its chunk.
/// - SS3. `low` is the floor if it lies in the current chunk, and otherwise where the chunk's
///   blocks begin.
/// - SS4. No open scope's floor lies in a chunk newer than the current one.
///
/// Whatever a caller gives back is an address only: the pointers kept here are the chunk's own,
/// which reach all of it.
///
/// Spare chunks go back when the stack grows and when a scope closes, but never while a block is
/// freed or resized. The source may panic, and a resize that unwinds after it has freed a part of the
/// block would leave its caller with a block that is live by the contract and free in fact.
pub(super) struct StackState<S: Source> {
    pub(super) bump: Bump,
    free: Cell<Option<NonNull<super::free::Range>>>,
    pub(super) current: Cell<Option<Chunk>>,
    floor: Cell<Floor>,
    /// The floor in the current chunk (SS3).
    pub(super) low: Cell<NonNull<u8>>,
    /// The depth of the innermost open scope; only its handle may allocate.
    pub(super) depth: Cell<usize>,
    chunks: RefCell<Chunks<S>>,
}

impl<S: Source> StackState<S> {
    pub(super) const fn new(source: S, first_bytes: usize) -> Self {
        Self {
            bump: Bump::empty(),
            free: Cell::new(None),
            current: Cell::new(None),
            floor: Cell::new(Floor { chunk: None, mark: NonNull::dangling() }),
            low: Cell::new(NonNull::dangling()),
            depth: Cell::new(0),
            chunks: RefCell::new(Chunks::new(source, first_bytes)),
        }
    }

    #[inline(always)]
    pub(super) fn allocate(
        &self,
        depth: usize,
        layout: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return Ok(empty_block(layout));
        }
        let size = rounded(layout.size());
        let padding = self.padding(layout);
        if padding == 0 && size <= self.bump.remaining() && depth == self.depth.get() {
            let block = self.bump.mark();
            // SAFETY: the size fits between the mark and the end.
            let mark = unsafe { block.add(size) };
            // SAFETY: what is above the mark is as it was.
            unsafe { self.bump.set(mark, self.bump.end()) };
            return Ok(NonNull::slice_from_raw_parts(block, size));
        }
        self.allocate_slowly(depth, layout)
    }

    #[inline(always)]
    fn padding(&self, layout: Layout) -> usize {
        self.bump.mark().addr().get().wrapping_neg() & (layout.align() - 1)
    }

    #[cold]
    #[inline(never)]
    fn allocate_slowly(&self, depth: usize, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if depth != self.depth.get() {
            return Err(AllocError::Sealed);
        }
        let size = rounded(layout.size());
        // The size is at most `isize::MAX + 1`, and the padding is below the largest alignment.
        if self.current.get().is_none() || self.padding(layout) + size > self.bump.remaining() {
            self.grow(layout)?;
        }
        let padding = self.padding(layout);
        let mark = self.bump.mark();
        let mut top = self.top();
        if padding > 0 {
            // SAFETY: the bytes are between the mark and the end, and so nobody's. A range that
            // touched them would end at the mark, which only one below the floor may do; that one
            // stays apart, for the floor lies between.
            unsafe { top.push(mark, padding) };
        }
        // SAFETY: padding and size fit between the mark and the end.
        let block = unsafe { mark.add(padding) };
        // SAFETY: as above.
        top.mark = unsafe { block.add(size) };
        self.set_top(top);
        Ok(NonNull::slice_from_raw_parts(block, size))
    }

    /// Makes the next chunk the current one: the spare one if it has room, or a new one.
    fn grow(&self, layout: Layout) -> Result<(), AllocError> {
        let mut chunks = self.chunks.borrow_mut();
        let mut current = self.current.get();
        let spare = chunks.newest().filter(|newest| Some(*newest) != current);
        if let Some(last) = current.filter(|current| chunks.newest() == Some(*current)) {
            let rounded = Layout::from_size_align(rounded(layout.size()), layout.align());
            if rounded.is_ok_and(|layout| chunks.extend(self.bump.mark(), layout)) {
                // SAFETY: what is above the mark is as it was, or new.
                unsafe { self.bump.set(self.bump.mark(), last.end()) };
                return Ok(());
            }
        }
        let next = match spare.filter(|spare| has_room(*spare, layout)) {
            Some(spare) => spare,
            None => {
                let size = rounded(layout.size()).checked_add(TOP_BYTES);
                let size = size.ok_or(AllocError::Unsupported)?;
                let padded = Layout::from_size_align(size, layout.align());
                let chunk = chunks.obtain(padded.map_err(|_| AllocError::Unsupported)?)?;
                if let Some(empty) = current.filter(|chunk| self.is_empty(*chunk)) {
                    current = empty.older();
                }
                chunk
            }
        };
        if let Some(current) = current
            && self.current.get() == Some(current)
        {
            // SAFETY: the room for it is in front of the chunk's blocks.
            unsafe { top_of(current).write(self.top()) };
        }
        let top = Top { mark: first_of(next), free: None };
        // SAFETY: the chunk is this value's, and nothing in it is handed out.
        unsafe { self.enter(next, top) };
        // The stack is whole even if the source panics.
        // SAFETY: these are spare chunks, and perhaps the one that was current, which was too small;
        // all of them are empty.
        unsafe { chunks.release_between(current) };
        Ok(())
    }

    fn top(&self) -> Top {
        Top { mark: self.bump.mark(), free: self.free.get() }
    }

    fn set_top(&self, top: Top) {
        // SAFETY: the mark is at or below where it was, or behind a block that was cut off.
        unsafe { self.bump.set(top.mark, self.bump.end()) };
        self.free.set(top.free);
    }

    /// The lowest address in `chunk` that the current scope may use again: its floor if that lies in the
    /// chunk, and otherwise where the chunk's blocks begin. The chunk is not older than the floor's.
    fn floor_in(&self, chunk: Chunk) -> NonNull<u8> {
        let floor = self.floor.get();
        if floor.chunk == Some(chunk) { floor.mark } else { first_of(chunk) }
    }

    /// # Safety
    ///
    /// The block is live, and has this size.
    #[inline(always)]
    pub(super) unsafe fn deallocate(&self, block: NonNull<u8>, size: usize) {
        if size == 0 {
            return;
        }
        let size = rounded(size);
        let is_last = block.addr().get() + size == self.bump.mark().addr().get();
        // A freed range may come next.
        if is_last && block >= self.low.get() && self.free.get().is_none() {
            // SAFETY: the block lies directly below the mark.
            let start = unsafe { self.bump.mark().sub(size) };
            // SAFETY: the block was the last one, so everything above its start is free.
            unsafe { self.bump.set(start, self.bump.end()) };
            return;
        }
        // SAFETY: by the caller.
        unsafe { self.give(block, size) }
    }

    /// Takes whole granules back.
    ///
    /// # Safety
    ///
    /// They are handed out, and the caller gives them up.
    #[inline(never)]
    unsafe fn give(&self, start: NonNull<u8>, len: usize) {
        let Some(chunk) = self.current.get().filter(|chunk| chunk.contains(start)) else {
            // SAFETY: by the caller.
            return unsafe { self.give_older(start, len) };
        };
        let mut top = self.top();
        // SAFETY: by the caller, the range is nobody's any more; it lies in this chunk.
        unsafe { top.give(chunk.own(start), len, self.low.get()) };
        self.set_top(top);
    }

    /// The same in a chunk that is not the current one.
    ///
    /// # Safety
    ///
    /// The same.
    #[cold]
    unsafe fn give_older(&self, start: NonNull<u8>, len: usize) {
        let Some(chunk) = self.chunk_of(start) else { return };
        // SAFETY: written when the chunk ceased to be the current one.
        let mut top = unsafe { top_of(chunk).read() };
        // The floor of another open scope may lie at the mark of a chunk that is older than the
        // current scope, so this mark stays (SS2) until `settled` lowers it.
        let floor = if self.is_older(chunk) { top.mark } else { self.floor_in(chunk) };
        // SAFETY: by the caller, the range is nobody's any more; it lies in this chunk.
        unsafe { top.give(chunk.own(start), len, floor) };
        // SAFETY: the room for it is in front of the chunk's blocks.
        unsafe { top_of(chunk).write(top) };
        self.step_back();
    }

    pub(super) fn chunk_of(&self, block: NonNull<u8>) -> Option<Chunk> {
        let chunk = self.chunks.borrow().iter().find(|chunk| chunk.contains(block));
        debug_assert!(chunk.is_some(), "A1: a block lies in no chunk of this stack");
        chunk
    }

    /// Whether the chunk is older than the one in which the current scope begins.
    fn is_older(&self, chunk: Chunk) -> bool {
        let floor = self.floor.get().chunk.and_then(Chunk::older);
        core::iter::successors(floor, |chunk| chunk.older()).any(|older| older == chunk)
    }

    /// The top of a chunk that is not the current one. It has taken back what the scopes that have
    /// closed since kept from it.
    fn settled(&self, chunk: Chunk) -> Top {
        // SAFETY: written when the chunk ceased to be the current one.
        let mut top = unsafe { top_of(chunk).read() };
        if !self.is_older(chunk) {
            top.pop(self.floor_in(chunk));
            // SAFETY: the room for it is in front of the chunk's blocks.
            unsafe { top_of(chunk).write(top) };
        }
        top
    }

    /// Whether the current chunk is empty, and its memory the innermost scope's.
    fn is_empty(&self, current: Chunk) -> bool {
        self.bump.mark() == first_of(current) && self.floor.get().chunk != Some(current)
    }

    /// While the current chunk is empty and the scope has an older one: that one becomes the
    /// current one, and the empty one becomes a spare.
    fn step_back(&self) {
        while let Some(chunk) = self.current.get()
            && self.is_empty(chunk)
            && let Some(older) = chunk.older()
        {
            // SAFETY: the top of this chunk. Everything in the other one is free.
            unsafe { self.enter(older, self.settled(older)) };
        }
    }

    /// Makes a chunk the current one.
    ///
    /// # Safety
    ///
    /// `top` is the top of this chunk.
    unsafe fn enter(&self, chunk: Chunk, top: Top) {
        self.current.set(Some(chunk));
        self.free.set(top.free);
        self.low.set(self.floor_in(chunk));
        // SAFETY: everything above the top is free.
        unsafe { self.bump.set(top.mark, chunk.end()) };
    }

    /// Opens a scope from the handle of depth `depth`.
    #[inline(always)]
    pub(super) fn open(&self, depth: usize) -> Result<Opened, AllocError> {
        if depth != self.depth.get() {
            return Err(AllocError::Sealed);
        }
        let floor = Floor { chunk: self.current.get(), mark: self.bump.mark() };
        let opened = Opened { floor, outer: self.floor.get(), outer_low: self.low.get() };
        self.floor.set(floor);
        self.low.set(floor.mark);
        self.depth.set(depth + 1);
        Ok(opened)
    }

    /// Closes the scope of depth `depth` and all that were left open in it.
    #[inline(always)]
    pub(super) fn close(&self, depth: usize, opened: Opened) {
        let Opened { floor, outer, outer_low } = opened;
        self.floor.set(outer);
        self.depth.set(depth - 1);
        let is_here = floor.chunk.is_some() && floor.chunk == self.current.get();
        if is_here && self.free.get().is_none() {
            // The scope has not left its first chunk, and nothing below its floor was freed.
            self.low.set(outer_low);
            // SAFETY: everything above the floor was the scope's.
            unsafe { self.bump.set(floor.mark, self.bump.end()) };
        } else {
            self.close_slowly(floor);
        }
    }

    #[cold]
    #[inline(never)]
    fn close_slowly(&self, floor: Floor) {
        // A scope that began before there was a chunk ends in the oldest one, where nothing is in
        // use.
        let oldest = || self.chunks.borrow().iter().last();
        let Some(chunk) = floor.chunk.or_else(oldest) else { return };
        let mut top = self.top();
        if self.current.get() != Some(chunk) {
            // SAFETY: written when the chunk ceased to be the current one.
            top = unsafe { top_of(chunk).read() };
        }
        // By SS2 the mark was not lower, so this raises it over nothing.
        top.mark = floor.chunk.map_or_else(|| first_of(chunk), |_| floor.mark);
        top.cut(self.floor_in(chunk));
        // SAFETY: the top of this chunk, and everything above the floor was the scope's.
        unsafe { self.enter(chunk, top) };
        self.step_back();
        let mut chunks = self.chunks.borrow_mut();
        if chunks.newest() != self.current.get() {
            // The stack has left them: it is whole even if the source panics.
            // SAFETY: they are spare chunks, or newer than the scope, so that only its blocks lay in
            // them. The newest stays as a spare.
            unsafe { chunks.release_between(self.current.get()) };
        }
    }

    pub(super) fn owns(&self, address: NonNull<u8>) -> bool {
        self.chunks.borrow().contain(address)
    }

    pub(super) fn usage(&self) -> Usage {
        let chunks = self.chunks.borrow();
        let mut used_bytes = 0;
        let mut older = self.current.get();
        let mut mark = self.bump.mark();
        while let Some(chunk) = older {
            used_bytes += mark.addr().get() - first_of(chunk).addr().get();
            older = chunk.older();
            if let Some(older) = older {
                mark = self.settled(older).mark;
            }
        }
        Usage {
            used_bytes,
            live_blocks: None,
            obtained_bytes: chunks.bytes(),
            overhead_bytes: chunks.header_bytes() + chunks.iter().count() * TOP_BYTES,
            capacity_bytes: None,
        }
    }

    pub(super) fn reset(&mut self) {
        self.free.set(None);
        self.current.set(None);
        self.bump = Bump::empty();
        self.depth.set(0);
        self.floor.set(Floor { chunk: None, mark: NonNull::dangling() });
        let largest = self.chunks.get_mut().raise_largest();
        if let Some(chunk) = largest {
            let top = Top { mark: first_of(chunk), free: None };
            // SAFETY: the chunk is this value's, and nothing in it is handed out any more.
            unsafe { self.enter(chunk, top) };
            // SAFETY: the call is by `&mut`, so all blocks are invalid (A1).
            unsafe { self.chunks.get_mut().release_between(None) };
        }
    }
}
