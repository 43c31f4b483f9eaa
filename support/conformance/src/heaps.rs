//! rlsf's and dlmalloc's heaps as a program's allocator: both want `&mut`, and dlmalloc's sizes.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::RefCell;
use core::ptr::{NonNull, null_mut};

use dlmalloc::Dlmalloc;
use rlsf::FlexTlsf;

use crate::regions::Regions;

/// rlsf's heap, in the size that its own global allocator has.
pub(crate) struct Rlsf(RefCell<Tlsf>);

type Tlsf = FlexTlsf<Regions, usize, usize, { usize::BITS as usize }, { usize::BITS as usize }>;

impl Rlsf {
    pub(crate) const fn new(regions: Regions) -> Self {
        Self(RefCell::new(FlexTlsf::new(regions)))
    }
}

fn pointer(block: Option<NonNull<u8>>) -> *mut u8 {
    block.map_or(null_mut(), NonNull::as_ptr)
}

// SAFETY: rlsf's contract; one thread uses it.
unsafe impl GlobalAlloc for Rlsf {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        pointer(self.0.borrow_mut().allocate(layout))
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let Some(block) = NonNull::new(block) else { return };
        // SAFETY: by the caller.
        unsafe { self.0.borrow_mut().deallocate(block, layout.align()) }
    }

    unsafe fn realloc(&self, block: *mut u8, old: Layout, new_size: usize) -> *mut u8 {
        let new = Layout::from_size_align(new_size, old.align());
        let (Some(block), Ok(new)) = (NonNull::new(block), new) else { return null_mut() };
        // SAFETY: by the caller; the alignment is the same.
        pointer(unsafe { self.0.borrow_mut().reallocate(block, new) })
    }
}

/// dlmalloc's heap. It has no destructor, so this one calls `destroy`.
pub(crate) struct Dl(RefCell<Option<Dlmalloc<Regions>>>);

impl Dl {
    pub(crate) const fn new(regions: Regions) -> Self {
        Self(RefCell::new(Some(Dlmalloc::new_with_allocator(regions))))
    }

    fn with<R>(&self, call: impl FnOnce(&mut Dlmalloc<Regions>) -> R) -> R {
        call(self.0.borrow_mut().as_mut().expect("there until the drop"))
    }
}

impl Drop for Dl {
    fn drop(&mut self) {
        if let Some(heap) = self.0.get_mut().take() {
            // SAFETY: its blocks are used no more.
            _ = unsafe { heap.destroy() };
        }
    }
}

// SAFETY: dlmalloc's contract; one thread uses it.
unsafe impl GlobalAlloc for Dl {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: any size and alignment may be asked for.
        self.with(|heap| unsafe { heap.malloc(layout.size(), layout.align()) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        self.with(|heap| unsafe { heap.calloc(layout.size(), layout.align()) })
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: by the caller.
        self.with(|heap| unsafe { heap.free(block, layout.size(), layout.align()) });
    }

    unsafe fn realloc(&self, block: *mut u8, old: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: by the caller.
        self.with(|heap| unsafe { heap.realloc(block, old.size(), old.align(), new_size) })
    }
}
