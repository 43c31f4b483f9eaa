//! A member as rlsf's `FlexTlsf`, over one of rlsf's sources of memory.

use core::alloc::Layout;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;
use std::collections::HashMap;

pub use rlsf::{FlexSource, GRANULARITY, GlobalAllocAsFlexSource};
use stampool::Source;

use crate::member::{self, Member};

/// A member over a source of rlsf's. The other parameters are those of rlsf's bins.
pub struct FlexTlsf<S: FlexSource, First, Second, const FIRST: usize, const SECOND: usize> {
    member: ManuallyDrop<Member<'static>>,
    /// Where the member's source lies, which looks at this value while the test does not.
    source: *mut S,
    /// rlsf's calls do not pass the size back, and ours need it.
    layouts: HashMap<NonNull<u8>, Layout>,
    bins: PhantomData<(First, Second)>,
}

/// The first chunk: small, so that the source is asked often.
const FIRST_CHUNK_BYTES: usize = 128;

impl<S: FlexSource + 'static, First, Second, const FIRST: usize, const SECOND: usize>
    FlexTlsf<S, First, Second, FIRST, SECOND>
{
    /// A member without a chunk.
    pub fn new(source: S) -> Self {
        let source = Box::into_raw(Box::new(source));
        let flex = Flex { source, regions: HashMap::new() };
        Self {
            member: ManuallyDrop::new(member::chosen(flex, FIRST_CHUNK_BYTES)),
            source,
            layouts: HashMap::new(),
            bins: PhantomData,
        }
    }

    /// The source.
    ///
    /// # Safety
    /// As rlsf's.
    pub const unsafe fn source_mut_unchecked(&mut self) -> &mut S {
        // SAFETY: the source exists until the drop, and the member uses it during calls alone.
        unsafe { &mut *self.source }
    }

    /// rlsf's blocks have an address of their own also without bytes, by which the test names them.
    fn of_a_byte(layout: Layout) -> Option<Layout> {
        Layout::from_size_align(layout.size().max(1), layout.align()).ok()
    }

    fn note(&mut self, block: NonNull<[u8]>, layout: Layout) -> NonNull<u8> {
        self.layouts.insert(block.cast(), layout);
        block.cast()
    }

    /// A block, if there is memory for it.
    pub fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let layout = Self::of_a_byte(layout)?;
        let block = self.member.allocate(layout).ok()?;
        Some(self.note(block, layout))
    }

    /// Takes a block back.
    ///
    /// # Safety
    /// It is live, and has this alignment.
    ///
    /// # Panics
    /// Where it was never handed out.
    pub unsafe fn deallocate(&mut self, block: NonNull<u8>, _align: usize) {
        let layout = self.layouts[&block];
        // SAFETY: by the caller.
        unsafe { self.member.deallocate(block, layout) };
    }

    /// Resizes a block.
    ///
    /// # Safety
    /// It is live, and has this alignment.
    ///
    /// # Panics
    /// Where it was never handed out.
    pub unsafe fn reallocate(&mut self, block: NonNull<u8>, new: Layout) -> Option<NonNull<u8>> {
        let new = Self::of_a_byte(new)?;
        let old = self.layouts[&block];
        let resized = if new.size() >= old.size() {
            // SAFETY: by the caller.
            unsafe { self.member.grow(block, old, new) }
        } else {
            // SAFETY: by the caller.
            unsafe { self.member.shrink(block, old, new) }
        };
        let resized = resized.ok()?;
        Some(self.note(resized, new))
    }
}

impl<S: FlexSource, First, Second, const FIRST: usize, const SECOND: usize> fmt::Debug
    for FlexTlsf<S, First, Second, FIRST, SECOND>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlexTlsf").field("usage", &self.member.usage()).finish_non_exhaustive()
    }
}

impl<S: FlexSource, First, Second, const FIRST: usize, const SECOND: usize> Drop
    for FlexTlsf<S, First, Second, FIRST, SECOND>
{
    fn drop(&mut self) {
        // SAFETY: dropped once; its source outlives it.
        unsafe { ManuallyDrop::drop(&mut self.member) };
        // SAFETY: made by `Box::into_raw`, and the member, which used it, is gone.
        drop(unsafe { Box::from_raw(self.source) });
    }
}

/// rlsf's source as ours: it knows no alignment, so a region is cut out of what it gives.
struct Flex<S> {
    source: *mut S,
    /// What the source gave, by the region that lies in it.
    regions: HashMap<NonNull<u8>, NonNull<[u8]>>,
}

// SAFETY: a test uses it on one thread.
unsafe impl<S> Send for Flex<S> {}

impl<S: FlexSource> Flex<S> {
    const fn source(&mut self) -> &mut S {
        // SAFETY: it outlives this value, and a test looks at it between calls alone.
        unsafe { &mut *self.source }
    }
}

// SAFETY: each region lies in a piece of its own, which stays until it goes back.
unsafe impl<S: FlexSource> Source for Flex<S> {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let bytes = layout.size().checked_add(layout.align())?;
        let bytes = bytes.checked_next_multiple_of(GRANULARITY)?;
        // SAFETY: a multiple of the granularity, and not zero.
        let piece = unsafe { self.source().alloc(bytes) }?;
        let start = piece.cast::<u8>();
        let skipped = start.addr().get().wrapping_neg() % layout.align();
        // SAFETY: the piece is longer by an alignment.
        let region = unsafe { start.add(skipped) };
        self.regions.insert(region, piece);
        Some(region)
    }

    unsafe fn release(&mut self, region: NonNull<u8>, _layout: Layout) {
        let piece = self.regions.remove(&region).expect("a region goes back once");
        if self.source().supports_dealloc() {
            // SAFETY: the piece came from there, and nobody uses it.
            unsafe { self.source().dealloc(piece) };
        }
    }

    unsafe fn extend(&mut self, region: NonNull<u8>, _old: Layout, new: Layout) -> bool {
        let piece = self.regions[&region];
        let in_front = region.addr().get() - piece.cast::<u8>().addr().get();
        let Some(bytes) = in_front.checked_add(new.size()) else { return false };
        if bytes <= piece.len() {
            return true;
        }
        if !self.source().supports_realloc_inplace_grow() {
            return false;
        }
        // SAFETY: the piece came from there, and the length is larger.
        let Some(len) = (unsafe { self.source().realloc_inplace_grow(piece, bytes) }) else {
            return false;
        };
        self.regions.insert(region, NonNull::slice_from_raw_parts(piece.cast(), len));
        true
    }
}
