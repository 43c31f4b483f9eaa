//! A member as bumpalo's `Bump`, as far as its quickchecks call it.

use core::alloc::Layout;
use core::cell::RefCell;
use core::fmt;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use allocator_api2_02::alloc::AllocError as ApiError;
use stampool::alloc::AllocError;
use stampool::{Source, SystemSource};

use crate::member::{self, Member};

/// A member, and what it has handed out.
///
/// bumpalo's views of chunks are the blocks here, the newest first: our chunks begin with headers,
/// and have padding between blocks, which bumpalo's bytes of one alignment have not.
pub struct Bump<const MIN_ALIGN: usize = 1> {
    member: Member<'static>,
    blocks: RefCell<Vec<(NonNull<u8>, usize)>>,
    limit: Arc<AtomicUsize>,
}

/// No limit.
const UNLIMITED: usize = usize::MAX;

/// The system's regions, up to a limit on their bytes.
struct Limited {
    limit: Arc<AtomicUsize>,
    held: Mutex<usize>,
}

// SAFETY: the regions are the system's.
unsafe impl Source for Limited {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let held = self.held.get_mut().unwrap_or_else(PoisonError::into_inner);
        if layout.size() > self.limit.load(Relaxed).saturating_sub(*held) {
            return None;
        }
        let region = SystemSource.obtain(layout)?;
        *held += layout.size();
        Some(region)
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        *self.held.get_mut().unwrap_or_else(PoisonError::into_inner) -= layout.size();
        // SAFETY: by the caller.
        unsafe { SystemSource.release(region, layout) }
    }
}

impl<const MIN_ALIGN: usize> fmt::Debug for Bump<MIN_ALIGN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bump").field("usage", &self.member.usage()).finish_non_exhaustive()
    }
}

impl Bump {
    /// A member without a chunk.
    #[expect(clippy::new_without_default, reason = "bumpalo's tests call `new` alone")]
    pub fn new() -> Self {
        Self::with_capacity(512)
    }

    /// The same; the first chunk has so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self::with_min_align_and_capacity(bytes)
    }
}

#[expect(clippy::mut_from_ref, reason = "bumpalo's signatures")]
impl<const MIN_ALIGN: usize> Bump<MIN_ALIGN> {
    /// The same. A member has no least alignment.
    pub fn with_min_align_and_capacity(bytes: usize) -> Self {
        let limit = Arc::new(AtomicUsize::new(UNLIMITED));
        let source = Limited { limit: Arc::clone(&limit), held: Mutex::new(0) };
        Self { member: member::chosen(source, bytes), blocks: RefCell::default(), limit }
    }

    /// A block of this layout.
    ///
    /// # Errors
    /// The member's.
    pub fn try_alloc_layout(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
        let block = self.member.allocate(layout)?.cast::<u8>();
        self.blocks.borrow_mut().push((block, layout.size()));
        Ok(block)
    }

    /// The same.
    ///
    /// # Panics
    /// Where the member has none.
    pub fn alloc_layout(&self, layout: Layout) -> NonNull<u8> {
        self.try_alloc_layout(layout).expect("memory")
    }

    /// A place for a value.
    pub fn alloc<T>(&self, value: T) -> &mut T {
        let place = self.alloc_layout(Layout::new::<T>()).cast::<T>();
        // SAFETY: the block has the layout of `T`.
        unsafe { place.write(value) };
        // SAFETY: just written, and nobody else's while this value is borrowed.
        unsafe { &mut *place.as_ptr() }
    }

    /// A slice of equal values.
    ///
    /// # Errors
    /// The member's.
    pub fn try_alloc_slice_fill_copy<T: Copy>(
        &self,
        len: usize,
        value: T,
    ) -> Result<&mut [T], AllocError> {
        let layout = Layout::array::<T>(len).map_err(|_| AllocError::Unsupported)?;
        let start = self.try_alloc_layout(layout)?.cast::<T>();
        let place = start.cast::<MaybeUninit<T>>().as_ptr();
        // SAFETY: the block has room for so many values, and is nobody else's.
        let places = unsafe { core::slice::from_raw_parts_mut(place, len) };
        places.fill(MaybeUninit::new(value));
        // SAFETY: just written, and nobody else's while this value is borrowed.
        Ok(unsafe { core::slice::from_raw_parts_mut(start.as_ptr(), len) })
    }

    /// The same.
    ///
    /// # Panics
    /// Where the member has none.
    pub fn alloc_slice_fill_copy<T: Copy>(&self, len: usize, value: T) -> &mut [T] {
        self.try_alloc_slice_fill_copy(len, value).expect("memory")
    }

    /// A copy of a text.
    ///
    /// # Panics
    /// Where the member has no memory for it.
    pub fn alloc_str(&self, text: &str) -> &mut str {
        let bytes = self.alloc_slice_fill_copy(text.len(), 0_u8);
        bytes.copy_from_slice(text.as_bytes());
        core::str::from_utf8_mut(bytes).expect("a copy of a text")
    }

    /// Invalidates all blocks.
    pub fn reset(&mut self) {
        self.blocks.get_mut().clear();
        self.member.reset();
    }

    /// The most bytes that the source may give.
    pub fn allocation_limit(&self) -> Option<usize> {
        Some(self.limit.load(Relaxed)).filter(|limit| *limit != UNLIMITED)
    }

    /// Sets that.
    pub fn set_allocation_limit(&self, limit: Option<usize>) {
        self.limit.store(limit.unwrap_or(UNLIMITED), Relaxed);
    }

    /// Bytes of chunks, without headers.
    pub fn allocated_bytes(&self) -> usize {
        let usage = self.member.usage();
        usage.obtained_bytes - usage.overhead_bytes
    }

    /// With headers.
    pub fn allocated_bytes_including_metadata(&self) -> usize {
        self.member.usage().obtained_bytes
    }

    /// All blocks, the newest first.
    ///
    /// # Safety
    /// None is needed: this only has bumpalo's signature.
    pub unsafe fn iter_allocated_chunks_raw(&self) -> impl Iterator<Item = (*mut u8, usize)> {
        let blocks: Vec<_> = self.blocks.borrow().iter().rev().copied().collect();
        blocks.into_iter().map(|(start, len)| (start.as_ptr(), len))
    }

    /// All blocks, the newest first.
    pub fn iter_allocated_chunks(&mut self) -> impl Iterator<Item = &[MaybeUninit<u8>]> {
        // SAFETY: the blocks are live until a reset, which needs `&mut`.
        let slice = |&(start, len): &(NonNull<u8>, usize)| unsafe {
            core::slice::from_raw_parts(start.as_ptr().cast::<MaybeUninit<u8>>(), len)
        };
        self.blocks.get_mut().iter().rev().map(slice)
    }
}

/// The calls of `Allocator`, in the words of the crate `allocator-api2`.
impl<const MIN_ALIGN: usize> Bump<MIN_ALIGN> {
    /// As the member.
    ///
    /// # Errors
    /// The member's.
    pub fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, ApiError> {
        self.member.allocate(layout).map(|block| member::cut(block, layout)).map_err(|_| ApiError)
    }

    /// As the member.
    ///
    /// # Errors
    /// The member's.
    pub fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, ApiError> {
        self.member
            .allocate_zeroed(layout)
            .map(|block| member::cut(block, layout))
            .map_err(|_| ApiError)
    }

    /// As the member.
    ///
    /// # Safety
    /// The member's.
    pub unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { self.member.deallocate(block, layout) }
    }

    /// As the member.
    ///
    /// # Errors
    /// The member's.
    ///
    /// # Safety
    /// The member's.
    pub unsafe fn grow(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, ApiError> {
        // SAFETY: by the caller.
        let block = unsafe { self.member.grow(block, old, new) };
        block.map(|block| member::cut(block, new)).map_err(|_| ApiError)
    }

    /// As the member.
    ///
    /// # Errors
    /// The member's.
    ///
    /// # Safety
    /// The member's.
    pub unsafe fn grow_zeroed(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, ApiError> {
        // SAFETY: by the caller.
        let block = unsafe { self.member.grow_zeroed(block, old, new) };
        block.map(|block| member::cut(block, new)).map_err(|_| ApiError)
    }

    /// As the member.
    ///
    /// # Errors
    /// The member's.
    ///
    /// # Safety
    /// The member's.
    pub unsafe fn shrink(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, ApiError> {
        // SAFETY: by the caller.
        let block = unsafe { self.member.shrink(block, old, new) };
        block.map(|block| member::cut(block, new)).map_err(|_| ApiError)
    }
}
