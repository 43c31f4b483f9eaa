//! The methods of [`Allocator`](super::Allocator), written once for all who only pass them on.

/// The body of an `impl Allocator` whose calls all go to the allocator `$inner`, an expression with
/// `self`.
macro_rules! to_inner {
    ($self:ident => $inner:expr) => {
        #[inline]
        fn allocate(
            &$self,
            layout: core::alloc::Layout,
        ) -> Result<core::ptr::NonNull<[u8]>, $crate::alloc::AllocError> {
            $inner.allocate(layout)
        }

        #[inline]
        fn allocate_zeroed(
            &$self,
            layout: core::alloc::Layout,
        ) -> Result<core::ptr::NonNull<[u8]>, $crate::alloc::AllocError> {
            $inner.allocate_zeroed(layout)
        }

        #[inline]
        unsafe fn deallocate(&$self, block: core::ptr::NonNull<u8>, layout: core::alloc::Layout) {
            // SAFETY: by the caller.
            unsafe { $inner.deallocate(block, layout) }
        }

        $crate::alloc::forward::to_inner!(@resize $self => $inner;
            grow_in_place grow grow_zeroed shrink_in_place shrink);
    };
    (@resize $self:ident => $inner:expr; $($method:ident)*) => {
        $crate::alloc::forward::to_inner!(@each $self => ($inner); $($method)*);
    };
    (@each $self:ident => $inner:tt;) => {};
    (@each $self:ident => $inner:tt; $method:ident $($rest:ident)*) => {
        #[inline]
        unsafe fn $method(
            &$self,
            block: core::ptr::NonNull<u8>,
            old: core::alloc::Layout,
            new: core::alloc::Layout,
        ) -> Result<core::ptr::NonNull<[u8]>, $crate::alloc::AllocError> {
            // SAFETY: by the caller.
            unsafe { $inner.$method(block, old, new) }
        }
        $crate::alloc::forward::to_inner!(@each $self => $inner; $($rest)*);
    };
}

pub(crate) use to_inner;
