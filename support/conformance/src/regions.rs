//! The kit's source of memory, in the words of the allocators under test.

use core::alloc::Layout;
use core::cell::RefCell;
use core::fmt;
use core::ptr::{NonNull, null_mut};

use stampool::Source;
use stampool::alloc::conformance::TestSource;

/// The alignment of a region that is asked for without one.
const ALIGN: usize = 16;
/// What dlmalloc takes for a page.
const PAGE: usize = 4096;

/// The regions of a [`TestSource`].
///
/// A misaligned region goes back at once, and counts as refused: no trait of the allocators under
/// test allows one.
#[derive(Clone)]
pub(crate) struct Regions {
    source: RefCell<TestSource>,
    mended: Option<Mended>,
}

/// What is put right here, so that a known fault does not hide others.
#[derive(Clone, Copy)]
struct Mended {
    /// With which alignment regions go back, whatever the layout says that comes with them.
    align: Option<usize>,
}

impl fmt::Debug for Regions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Regions").finish_non_exhaustive()
    }
}

impl Regions {
    pub(crate) const fn new(source: TestSource) -> Self {
        Self { source: RefCell::new(source), mended: None }
    }

    /// Refuses a region that no layout describes, where a source may take layouts for granted. If
    /// `align` is given, each region goes back as one that is aligned so.
    pub(crate) const fn mended(source: TestSource, align: Option<usize>) -> Self {
        Self { source: RefCell::new(source), mended: Some(Mended { align }) }
    }

    /// Obtains a region.
    ///
    /// # Panics
    ///
    /// Where the allocator under test has made a layout, without a check, that cannot be. The kit
    /// then says that the call unwound.
    fn obtain(&self, layout: Layout) -> Option<NonNull<u8>> {
        let size = layout.size();
        assert!(size != 0, "asked its source for a region without bytes");
        let is_layout = Layout::from_size_align(size, layout.align()).is_ok();
        if !is_layout && self.mended.is_some() {
            return None;
        }
        assert!(is_layout, "asked its source for {size:#x} bytes: no layout has so many");
        let mut source = self.source.borrow_mut();
        let region = source.obtain(layout)?;
        if region.addr().get().is_multiple_of(layout.align()) {
            return Some(region);
        }
        // SAFETY: just obtained, and used by nobody.
        unsafe { source.release(region, layout) };
        None
    }

    /// Gives a region back.
    ///
    /// # Safety
    ///
    /// Nobody uses it. A region that is not out, or a wrong layout, is noted by the source.
    unsafe fn release(&self, region: NonNull<u8>, layout: Layout) {
        let align = self.mended.and_then(|mended| mended.align).unwrap_or(layout.align());
        let layout = Layout::from_size_align(layout.size(), align).unwrap_or(layout);
        // SAFETY: by the caller; the test source looks at the rest.
        unsafe { self.source.borrow_mut().release(region, layout) }
    }
}

fn slice(region: NonNull<u8>, layout: Layout) -> NonNull<[u8]> {
    NonNull::slice_from_raw_parts(region, layout.size())
}

macro_rules! base_allocators {
    ($($Trait:path, $Error:path;)*) => {$(
        // SAFETY: each region lies in memory of its own until it is released. All clones serve from
        // the same regions.
        unsafe impl $Trait for Regions {
            fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, $Error> {
                self.obtain(layout).map(|region| slice(region, layout)).ok_or($Error)
            }

            unsafe fn deallocate(&self, region: NonNull<u8>, layout: Layout) {
                // SAFETY: by the caller.
                unsafe { self.release(region, layout) }
            }
        }
    )*};
}
base_allocators! {
    bump_scope::alloc::Allocator, bump_scope::alloc::AllocError;
    allocator_api2_04::alloc::Allocator, allocator_api2_04::alloc::AllocError;
}

fn region_of(bytes: usize, align: usize) -> Option<Layout> {
    Layout::from_size_align(bytes, align).ok()
}

// SAFETY: as above.
unsafe impl rlsf::FlexSource for Regions {
    unsafe fn alloc(&mut self, min_size: usize) -> Option<NonNull<[u8]>> {
        let layout = region_of(min_size, ALIGN)?;
        self.obtain(layout).map(|region| slice(region, layout))
    }

    unsafe fn realloc_inplace_grow(
        &mut self,
        region: NonNull<[u8]>,
        min_new_len: usize,
    ) -> Option<usize> {
        let (old, new) = (region_of(region.len(), ALIGN)?, region_of(min_new_len, ALIGN)?);
        // SAFETY: by the caller; the test source looks whether the region has this layout.
        let is_longer = unsafe { self.source.get_mut().extend(region.cast(), old, new) };
        is_longer.then_some(min_new_len)
    }

    unsafe fn dealloc(&mut self, region: NonNull<[u8]>) {
        let layout = region_of(region.len(), ALIGN).expect("the layout of a region");
        // SAFETY: by the caller.
        unsafe { self.release(region.cast(), layout) }
    }

    fn supports_dealloc(&self) -> bool {
        true
    }

    fn supports_realloc_inplace_grow(&self) -> bool {
        true
    }

    fn min_align(&self) -> usize {
        ALIGN
    }
}

// SAFETY: only the thread that runs a program uses it, and nothing of it stays behind.
unsafe impl Send for Regions {}

// SAFETY: as above. Parts of regions are never freed, and no region is remapped.
unsafe impl dlmalloc::Allocator for Regions {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
        let region = region_of(size, PAGE).and_then(|layout| self.obtain(layout));
        region.map_or((null_mut(), 0, 0), |region| (region.as_ptr(), size, 0))
    }

    fn remap(&self, _: *mut u8, _: usize, _: usize, _: bool) -> *mut u8 {
        null_mut()
    }

    fn free_part(&self, _: *mut u8, _: usize, _: usize) -> bool {
        false
    }

    fn free(&self, region: *mut u8, size: usize) -> bool {
        let (Some(region), Some(layout)) = (NonNull::new(region), region_of(size, PAGE)) else {
            return false;
        };
        // SAFETY: dlmalloc gives up what it frees; the test source looks at the rest.
        unsafe { self.release(region, layout) };
        true
    }

    fn can_release_part(&self, _: u32) -> bool {
        false
    }

    fn allocates_zeros(&self) -> bool {
        false
    }

    fn page_size(&self) -> usize {
        PAGE
    }
}
