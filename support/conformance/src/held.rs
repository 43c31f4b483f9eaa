//! Allocators under other traits, as allocators of the family.

use core::alloc::{GlobalAlloc, Layout};
use core::marker::PhantomData;
use core::ptr::NonNull;

use allocator_api2_02::alloc::Allocator as Foreign02;
use allocator_api2_04::alloc::Allocator as Foreign04;
use stampool::adapt::{Api2V02, Api2V04};
use stampool::alloc::{AllocError, Allocator};

/// An allocator whose reference implements the trait `Version`. It lies in a box, because the kit
/// moves its allocator, and these promise nothing about their blocks after a move.
pub(crate) struct Held<A, Version>(Box<A>, PhantomData<Version>);

/// The trait of allocator-api2 0.2.
pub(crate) struct V02;
/// That of 0.4.
pub(crate) struct V04;

impl<A, Version> Held<A, Version> {
    pub(crate) fn new(allocator: A) -> Self {
        Self(Box::new(allocator), PhantomData)
    }
}

macro_rules! held {
    ($Version:ident, $Foreign:ident, $Adaptor:ident) => {
        // SAFETY: all calls go to the allocator in the box.
        unsafe impl<A> Allocator for Held<A, $Version>
        where
            for<'a> &'a A: $Foreign,
        {
            fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
                $Adaptor(&*self.0).allocate(layout)
            }

            fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
                $Adaptor(&*self.0).allocate_zeroed(layout)
            }

            unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
                // SAFETY: by the caller.
                unsafe { $Adaptor(&*self.0).deallocate(block, layout) }
            }

            held! { @resize $Adaptor grow }
            held! { @resize $Adaptor grow_zeroed }
            held! { @resize $Adaptor shrink }
        }
    };
    (@resize $Adaptor:ident $method:ident) => {
        unsafe fn $method(
            &self,
            block: NonNull<u8>,
            old: Layout,
            new: Layout,
        ) -> Result<NonNull<[u8]>, AllocError> {
            // SAFETY: by the caller.
            unsafe { $Adaptor(&*self.0).$method(block, old, new) }
        }
    };
}
held! { V02, Foreign02, Api2V02 }
held! { V04, Foreign04, Api2V04 }

/// A program's allocator, with its own `realloc`: in place, or by a copy that it makes itself. It
/// lies in a box, as in [`Held`].
pub(crate) struct Heap<G>(Box<G>);

impl<G> Heap<G> {
    pub(crate) fn new(allocator: G) -> Self {
        Self(Box::new(allocator))
    }
}

/// A block of a heap has bytes, so blocks without any are made here.
fn empty(layout: Layout) -> NonNull<[u8]> {
    let align = core::num::NonZero::new(layout.align()).expect("an alignment is not zero");
    NonNull::slice_from_raw_parts(NonNull::without_provenance(align), 0)
}

fn answer(block: *mut u8, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
    let block = NonNull::new(block).ok_or(AllocError::OutOfMemory)?;
    Ok(NonNull::slice_from_raw_parts(block, layout.size()))
}

impl<G: GlobalAlloc> Heap<G> {
    /// Resizes by `realloc`, where that can be: it keeps the alignment, and has no empty blocks.
    ///
    /// # Safety
    ///
    /// The block is live and has the layout `old`.
    unsafe fn resize(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if old.size() != 0 && new.size() != 0 && old.align() == new.align() {
            // SAFETY: by the caller, and the new size is not zero.
            return answer(unsafe { self.0.realloc(block.as_ptr(), old, new.size()) }, new);
        }
        let moved = self.allocate(new)?;
        let common = old.size().min(new.size());
        // SAFETY: both blocks are live and have so many bytes.
        unsafe { moved.cast::<u8>().copy_from_nonoverlapping(block, common) };
        // SAFETY: by the caller.
        unsafe { self.deallocate(block, old) };
        Ok(moved)
    }
}

// SAFETY: the contract of `GlobalAlloc`, but for blocks without bytes, which are made here.
unsafe impl<G: GlobalAlloc> Allocator for Heap<G> {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return Ok(empty(layout));
        }
        // SAFETY: the size is not zero.
        answer(unsafe { self.0.alloc(layout) }, layout)
    }

    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return Ok(empty(layout));
        }
        // SAFETY: the size is not zero.
        answer(unsafe { self.0.alloc_zeroed(layout) }, layout)
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        if layout.size() != 0 {
            // SAFETY: by the caller; a returned length is the requested one.
            unsafe { self.0.dealloc(block.as_ptr(), layout) }
        }
    }

    unsafe fn grow(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: by the caller.
        unsafe { self.resize(block, old, new) }
    }

    unsafe fn shrink(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: by the caller.
        unsafe { self.resize(block, old, new) }
    }
}
