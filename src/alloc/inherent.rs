//! The calls of a member, written once: its inherent methods, and the traits by them.

/// Writes the calls of a member that all members have alike.
///
/// The member itself writes `allocate`, and those of `owns`, `usage`, `reset` and `memory_range`
/// that it has, as inherent methods; a member that is `Contiguous` writes no `owns`. The macro adds
/// the other inherent methods, and implements [`Allocator`](crate::alloc::Allocator) and the listed
/// traits by the inherent methods of the same names:
///
/// ```text
/// member! {
///     [generics] Type, blocks of "this allocator": Owner, Reset, Contiguous, Debug("Type");
///     /// Documentation, without the section on safety, which the macro adds.
///     unsafe deallocate(self, block, layout) = expression;
///     unsafe grow_in_place(self, block, old, new) = expression;
///     unsafe shrink_in_place(self, block, old, new) = expression;
/// }
/// ```
///
/// A wrapper writes `Owner for [generics]` if it implements the trait only for some of the types that
/// it can wrap.
///
/// The three expressions stand in an `unsafe` block whose obligation is the caller's contract: the
/// block is a live block of the allocator that is named, the layout fits it, and the new layout is
/// not smaller, or not larger. So each is one call of a function with the same contract.
macro_rules! member {
    (@Owner [$($generics:tt)*] $type:ty,) => {
        impl<$($generics)*> $crate::alloc::Owner for $type {
            fn owns(&self, address: core::ptr::NonNull<u8>) -> bool {
                <$type>::owns(self, address)
            }

            fn usage(&self) -> $crate::alloc::Usage {
                <$type>::usage(self)
            }
        }
    };
    (@Reset [$($generics:tt)*] $type:ty,) => {
        impl<$($generics)*> $crate::alloc::Reset for $type {
            fn reset(&mut self) {
                <$type>::reset(self);
            }
        }
    };
    (@Contiguous [$($generics:tt)*] $type:ty,) => {
        impl<$($generics)*> $type {
            /// Whether `address` lies in the memory range.
            pub fn owns(&self, address: core::ptr::NonNull<u8>) -> bool {
                self.memory_range().contains(&address)
            }
        }

        impl<$($generics)*> $crate::alloc::Contiguous for $type {
            fn memory_range(&self) -> core::ops::Range<core::ptr::NonNull<u8>> {
                <$type>::memory_range(self)
            }
        }
    };
    (@Debug [$($generics:tt)*] $type:ty, $name:literal) => {
        impl<$($generics)*> core::fmt::Debug for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.debug_struct($name).field("usage", &self.usage()).finish_non_exhaustive()
            }
        }
    };
    // One inherent method that resizes a block.
    (@inherent [$(#[$doc:meta])*] $method:ident $whose:literal $size:literal,
        ($self:ident, $block:ident, $old:ident, $new:ident) = $body:expr) => {
        $(#[$doc])*
        ///
        /// # Safety
        ///
        #[doc = concat!(
            "`block` is a live block of ", $whose, ", `old` fits it, and `new` is not ", $size, "."
        )]
        #[inline(always)]
        #[track_caller]
        pub unsafe fn $method(
            &$self,
            $block: core::ptr::NonNull<u8>,
            $old: core::alloc::Layout,
            $new: core::alloc::Layout,
        ) -> Result<core::ptr::NonNull<[u8]>, $crate::alloc::AllocError> {
            // SAFETY: by the caller, whose contract is the same.
            unsafe { $body }
        }
    };
    // The inherent methods that the trait provides.
    (@provided $whose:literal; $($method:ident $size:literal $doc:literal;)*) => {
        $(
            #[doc = $doc]
            ///
            /// # Errors
            ///
            /// The reason; the block is then as it was, and still live.
            ///
            /// # Safety
            ///
            #[doc = concat!(
                "`block` is a live block of ", $whose, ", `old` fits it, and `new` is not ", $size, "."
            )]
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
    // The trait's methods, by the inherent ones.
    (@trait $type:ty; $($method:ident)*) => {
        $(
            #[inline]
            unsafe fn $method(
                &self,
                block: core::ptr::NonNull<u8>,
                old: core::alloc::Layout,
                new: core::alloc::Layout,
            ) -> Result<core::ptr::NonNull<[u8]>, $crate::alloc::AllocError> {
                // SAFETY: by the caller.
                unsafe { <$type>::$method(self, block, old, new) }
            }
        )*
    };
    (@calls [$($generics:tt)*] $type:ty, $whose:literal;
        $(#[$free_doc:meta])*
        unsafe deallocate($self:ident, $block:ident, $layout:ident) = $free:expr;
        $(#[$grow_doc:meta])*
        unsafe grow_in_place $grow_names:tt = $grow:expr;
        $(#[$shrink_doc:meta])*
        unsafe shrink_in_place $shrink_names:tt = $shrink:expr;
    ) => {
        /// The calls of [`Allocator`](crate::alloc::Allocator).
        impl<$($generics)*> $type {
            $(#[$free_doc])*
            ///
            /// # Safety
            ///
            #[doc = concat!("`block` is a live block of ", $whose, ", and `layout` fits it.")]
            #[inline(always)]
            #[track_caller]
            pub unsafe fn deallocate(
                &$self,
                $block: core::ptr::NonNull<u8>,
                $layout: core::alloc::Layout,
            ) {
                // SAFETY: by the caller, whose contract is the same.
                unsafe { $free }
            }

            $crate::alloc::inherent::member! {
                @inherent [$(#[$grow_doc])*] grow_in_place $whose "smaller", $grow_names = $grow
            }

            $crate::alloc::inherent::member! {
                @inherent [$(#[$shrink_doc])*] shrink_in_place $whose "larger",
                $shrink_names = $shrink
            }

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

            $crate::alloc::inherent::member! { @provided $whose;
                grow "smaller" "Makes a block longer, in place or by moving it, as \
                    [`Allocator::grow`](crate::alloc::Allocator::grow).";
                grow_zeroed "smaller" "As [`grow`](Self::grow), and the new bytes are zero.";
                shrink "larger" "Makes a block shorter, in place or by moving it, as \
                    [`Allocator::shrink`](crate::alloc::Allocator::shrink).";
            }
        }

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

            $crate::alloc::inherent::member! { @trait $type; grow_in_place shrink_in_place }
        }
    };
    // A trait, for the generics of the member or for narrower ones.
    (@impl $trait:ident $generics:tt [] $type:ty, $($name:literal)?) => {
        $crate::alloc::inherent::member! { @$trait $generics $type, $($name)? }
    };
    (@impl $trait:ident $generics:tt [$narrower:tt] $type:ty,) => {
        $crate::alloc::inherent::member! { @$trait $narrower $type, }
    };
    ($generics:tt $type:ty, blocks of $whose:literal:
        $($trait:ident $(for $narrower:tt)? $(($name:literal))?),*; $($calls:tt)*) => {
        $crate::alloc::inherent::member! { @calls $generics $type, $whose; $($calls)* }
        $( $crate::alloc::inherent::member! {
            @impl $trait $generics [$($narrower)?] $type, $($name)?
        } )*
    };
}

pub(crate) use member;
