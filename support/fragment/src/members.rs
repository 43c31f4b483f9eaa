//! The family's members as heaps, and heaps that show what the meter itself does.

use core::alloc::Layout;
use core::ptr::NonNull;

use stampool::alloc::Allocator;

use crate::heap::{Buffer, Heap};

/// A member of the family.
pub(crate) struct Member<A>(pub(crate) A);

impl<A: Allocator> Heap for Member<A> {
    type Handle = ();

    #[inline]
    fn allocate(&mut self, layout: Layout) -> Option<(NonNull<u8>, ())> {
        self.0.allocate(layout).ok().map(|block| (block.cast(), ()))
    }

    #[inline]
    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout, (): ()) {
        // SAFETY: by the caller.
        unsafe { self.0.deallocate(block, layout) }
    }

    unsafe fn resize(
        &mut self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
        (): (),
    ) -> Option<(NonNull<u8>, ())> {
        let resized = if new.size() >= old.size() {
            // SAFETY: by the caller.
            unsafe { self.0.grow(block, old, new) }
        } else {
            // SAFETY: by the caller.
            unsafe { self.0.shrink(block, old, new) }
        };
        resized.ok().map(|block| (block.cast(), ()))
    }
}

/// No allocator: every block is the buffer's first bytes. Its cost is that of the loop around a heap.
pub(crate) struct Nothing(pub(crate) Buffer);

impl Heap for Nothing {
    type Handle = ();

    #[inline]
    fn allocate(&mut self, _: Layout) -> Option<(NonNull<u8>, ())> {
        Some((self.0.start, ()))
    }

    #[inline]
    unsafe fn deallocate(&mut self, block: NonNull<u8>, _: Layout, (): ()) {
        core::hint::black_box(block);
    }
}
