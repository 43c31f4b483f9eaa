//! The trait for types whose calls are inherent methods.

/// `impl Allocator` for a type that has the four basic calls as inherent methods, and inherent
/// methods for the other ones: `by_inherent! { [generics] Type }`.
macro_rules! by_inherent {
    ($(#[$attribute:meta])* [$($generics:tt)*] $type:ty) => {
        /// The calls that [`Allocator`](crate::alloc::Allocator) provides.
        impl<$($generics)*> $type {
            /// As [`allocate`](Self::allocate), and the whole block is zero.
            ///
            /// # Errors
            ///
            /// As there.
            #[inline]
            pub fn allocate_zeroed(
                &self,
                layout: core::alloc::Layout,
            ) -> Result<core::ptr::NonNull<[u8]>, $crate::alloc::AllocError> {
                $crate::alloc::Allocator::allocate_zeroed(self, layout)
            }

            $crate::alloc::inherent::by_inherent! { @provided
                grow "Makes a block longer, in place or by moving it, as \
                    [`Allocator::grow`](crate::alloc::Allocator::grow).";
                grow_zeroed "As [`grow`](Self::grow), and the new bytes are zero.";
                shrink "Makes a block shorter, in place or by moving it, as \
                    [`Allocator::shrink`](crate::alloc::Allocator::shrink).";
            }
        }

        $(#[$attribute])*
        // SAFETY: the type's head says how it keeps the rules.
        unsafe impl<$($generics)*> $crate::alloc::Allocator for $type {
            #[inline]
            fn allocate(
                &self,
                layout: core::alloc::Layout,
            ) -> Result<core::ptr::NonNull<[u8]>, $crate::alloc::AllocError> {
                <$type>::allocate(self, layout)
            }

            #[inline]
            unsafe fn deallocate(&self, block: core::ptr::NonNull<u8>, layout: core::alloc::Layout) {
                // SAFETY: by the caller.
                unsafe { <$type>::deallocate(self, block, layout) }
            }

            #[inline]
            unsafe fn grow_in_place(
                &self,
                block: core::ptr::NonNull<u8>,
                old: core::alloc::Layout,
                new: core::alloc::Layout,
            ) -> Result<core::ptr::NonNull<[u8]>, $crate::alloc::AllocError> {
                // SAFETY: by the caller.
                unsafe { <$type>::grow_in_place(self, block, old, new) }
            }

            #[inline]
            unsafe fn shrink_in_place(
                &self,
                block: core::ptr::NonNull<u8>,
                old: core::alloc::Layout,
                new: core::alloc::Layout,
            ) -> Result<core::ptr::NonNull<[u8]>, $crate::alloc::AllocError> {
                // SAFETY: by the caller.
                unsafe { <$type>::shrink_in_place(self, block, old, new) }
            }
        }
    };
    (@provided $($method:ident $doc:literal;)*) => {
        $(
            #[doc = $doc]
            ///
            /// # Errors
            ///
            /// The reason; the block is then as it was, and still live.
            ///
            /// # Safety
            ///
            /// `block` is a live block of this allocator, `old` fits it, and `new` is not smaller
            /// (grow) or not larger (shrink).
            #[inline]
            pub unsafe fn $method(
                &self,
                block: core::ptr::NonNull<u8>,
                old: core::alloc::Layout,
                new: core::alloc::Layout,
            ) -> Result<core::ptr::NonNull<[u8]>, $crate::alloc::AllocError> {
                // SAFETY: by the caller.
                unsafe { $crate::alloc::Allocator::$method(self, block, old, new) }
            }
        )*
    };
}

pub(crate) use by_inherent;
