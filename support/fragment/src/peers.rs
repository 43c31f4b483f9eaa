//! Other people's allocators as heaps.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use core::marker::PhantomData;
use core::ptr::{NonNull, null_mut};

use offset_allocator::Allocation;

use crate::heap::{Buffer, Heap};

/// talc, which claims the whole buffer at its first allocation.
pub(crate) struct Talc(talc::TalcCell<talc::source::Claim>);

impl Talc {
    pub(crate) fn new(buffer: Buffer) -> Self {
        // SAFETY: the buffer is the heap's alone.
        let claim = unsafe { talc::source::Claim::new(buffer.start.as_ptr(), buffer.len) };
        Self(talc::TalcCell::new(claim))
    }
}

impl Heap for Talc {
    type Handle = ();

    #[inline]
    fn allocate(&mut self, layout: Layout) -> Option<(NonNull<u8>, ())> {
        // SAFETY: the sizes of a trace are not zero.
        let block = unsafe { self.0.alloc(layout) };
        NonNull::new(block).map(|block| (block, ()))
    }

    #[inline]
    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout, (): ()) {
        // SAFETY: by the caller.
        unsafe { self.0.dealloc(block.as_ptr(), layout) }
    }

    unsafe fn resize(
        &mut self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
        (): (),
    ) -> Option<(NonNull<u8>, ())> {
        // SAFETY: by the caller.
        let resized = unsafe { self.0.realloc(block.as_ptr(), old, new.size()) };
        NonNull::new(resized).map(|block| (block, ()))
    }
}

const BITS: usize = usize::BITS as usize;

/// rlsf, with as many bins as its own global allocator has, over one block of memory.
pub(crate) struct Rlsf(rlsf::Tlsf<'static, usize, usize, BITS, BITS>);

impl Rlsf {
    /// None if the buffer is too small for its records.
    pub(crate) fn new(buffer: Buffer) -> Option<Self> {
        let mut heap = rlsf::Tlsf::new();
        let memory = NonNull::slice_from_raw_parts(buffer.start, buffer.len);
        // SAFETY: the buffer is the heap's alone.
        unsafe { heap.insert_free_block_ptr(memory) }.map(|_| Self(heap))
    }
}

impl Heap for Rlsf {
    type Handle = ();

    #[inline]
    fn allocate(&mut self, layout: Layout) -> Option<(NonNull<u8>, ())> {
        self.0.allocate(layout).map(|block| (block, ()))
    }

    #[inline]
    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout, (): ()) {
        // SAFETY: by the caller.
        unsafe { self.0.deallocate(block, layout.align()) }
    }

    unsafe fn resize(
        &mut self,
        block: NonNull<u8>,
        _: Layout,
        new: Layout,
        (): (),
    ) -> Option<(NonNull<u8>, ())> {
        // SAFETY: by the caller.
        let resized = unsafe { self.0.reallocate(block, new) };
        resized.map(|block| (block, ()))
    }
}

/// dlmalloc's system: it gets the whole buffer at its first request, and then nothing.
struct OneRegion(Cell<Option<Buffer>>);

// SAFETY: a heap is used by one thread.
unsafe impl Send for OneRegion {}

// SAFETY: the one region is the buffer, which is the heap's alone; nothing is remapped or freed.
unsafe impl dlmalloc::Allocator for OneRegion {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
        let whole = self.0.get().filter(|buffer| size <= buffer.len);
        self.0.set(None);
        whole.map_or((null_mut(), 0, 0), |buffer| (buffer.start.as_ptr(), buffer.len, 0))
    }

    fn remap(&self, _: *mut u8, _: usize, _: usize, _: bool) -> *mut u8 {
        null_mut()
    }

    fn free_part(&self, _: *mut u8, _: usize, _: usize) -> bool {
        false
    }

    fn free(&self, _: *mut u8, _: usize) -> bool {
        false
    }

    fn can_release_part(&self, _: u32) -> bool {
        false
    }

    fn allocates_zeros(&self) -> bool {
        false
    }

    fn page_size(&self) -> usize {
        4096
    }
}

/// dlmalloc. Its first request is for 64 KiB, so no smaller heap can be measured.
pub(crate) struct Dl(dlmalloc::Dlmalloc<OneRegion>);

impl Dl {
    pub(crate) fn new(buffer: Buffer) -> Self {
        let region = OneRegion(Cell::new(Some(buffer)));
        Self(dlmalloc::Dlmalloc::new_with_allocator(region))
    }
}

impl Heap for Dl {
    type Handle = ();

    #[inline]
    fn allocate(&mut self, layout: Layout) -> Option<(NonNull<u8>, ())> {
        // SAFETY: any size and alignment may be asked for.
        let block = unsafe { self.0.malloc(layout.size(), layout.align()) };
        NonNull::new(block).map(|block| (block, ()))
    }

    #[inline]
    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout, (): ()) {
        // SAFETY: by the caller.
        unsafe { self.0.free(block.as_ptr(), layout.size(), layout.align()) }
    }

    unsafe fn resize(
        &mut self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
        (): (),
    ) -> Option<(NonNull<u8>, ())> {
        let (old_size, align) = (old.size(), old.align());
        // SAFETY: by the caller.
        let resized = unsafe { self.0.realloc(block.as_ptr(), old_size, align, new.size()) };
        NonNull::new(resized).map(|block| (block, ()))
    }
}

/// offset-allocator, in units of 16 bytes. It keeps its records outside of the buffer, and its
/// caller keeps an index for each block.
pub(crate) struct Offsets {
    heap: offset_allocator::Allocator,
    buffer: Buffer,
}

const UNIT: usize = 16;

impl Offsets {
    /// Room for `blocks` live blocks at once. None if the buffer has more units than it can count.
    pub(crate) fn new(buffer: Buffer, blocks: usize) -> Option<Self> {
        let units = u32::try_from(buffer.len / UNIT).ok()?;
        // It takes a node for each free range too, of which there is at most one more than blocks.
        let nodes = u32::try_from(2 * blocks + 2).ok()?;
        Some(Self { heap: offset_allocator::Allocator::with_max_allocs(units, nodes), buffer })
    }
}

impl Heap for Offsets {
    type Handle = Allocation;

    #[inline]
    fn allocate(&mut self, layout: Layout) -> Option<(NonNull<u8>, Allocation)> {
        // What lies in front of a block that is aligned to more than a unit is lost with it.
        let slack = layout.align().saturating_sub(UNIT);
        let units = u32::try_from(layout.size().checked_add(slack)?.div_ceil(UNIT)).ok()?;
        let range = self.heap.allocate(units)?;
        let start = UNIT * usize::try_from(range.offset).ok()?;
        let at = self.buffer.start.map_addr(|base| {
            let address = (base.get() + start).next_multiple_of(layout.align());
            base.saturating_add(address - base.get())
        });
        Some((at, range))
    }

    #[inline]
    unsafe fn deallocate(&mut self, _: NonNull<u8>, _: Layout, range: Allocation) {
        self.heap.free(range);
    }
}

/// Heaps whose allocation needs `&mut` and answers with `Result<_, ()>`.
pub(crate) struct Raw<H>(H, PhantomData<Buffer>);

/// The orders of buddy_system_allocator: blocks of up to a gigabyte.
const ORDERS: usize = 31;

/// buddy_system_allocator.
pub(crate) type Buddy = Raw<buddy_system_allocator::Heap<ORDERS>>;
/// linked_list_allocator.
pub(crate) type List = Raw<linked_list_allocator::Heap>;

impl Buddy {
    pub(crate) fn new(buffer: Buffer) -> Self {
        let mut heap = buddy_system_allocator::Heap::empty();
        // SAFETY: the buffer is the heap's alone.
        unsafe { heap.init(buffer.start.as_ptr().expose_provenance(), buffer.len) };
        Self(heap, PhantomData)
    }
}

impl List {
    /// None if the buffer is too small for its first record.
    pub(crate) fn new(buffer: Buffer) -> Option<Self> {
        if buffer.len < 4 * size_of::<usize>() {
            return None;
        }
        // SAFETY: the buffer is the heap's alone.
        let heap = unsafe { linked_list_allocator::Heap::new(buffer.start.as_ptr(), buffer.len) };
        Some(Self(heap, PhantomData))
    }
}

macro_rules! raw_heap {
    ($Type:ty, $allocate:ident, $deallocate:ident) => {
        impl Heap for $Type {
            type Handle = ();

            #[inline]
            fn allocate(&mut self, layout: Layout) -> Option<(NonNull<u8>, ())> {
                self.0.$allocate(layout).ok().map(|block| (block, ()))
            }

            #[inline]
            unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout, (): ()) {
                // SAFETY: by the caller.
                unsafe { self.0.$deallocate(block, layout) }
            }
        }
    };
}
raw_heap! { Buddy, alloc, dealloc }
raw_heap! { List, allocate_first_fit, deallocate }
