//! The crate `allocator-api2`, written once for all its versions.

/// A module `$version` with the impls for the version `$api`, and the type `$Foreign` for the other
/// direction.
#[cfg(any(feature = "allocator-api2-02", feature = "allocator-api2-04"))]
macro_rules! version {
    ($(#[$feature:meta])* $version:ident, $api:ident, $Foreign:ident) => {
        $(#[$feature])*
        pub(super) mod $version {
            use core::alloc::Layout;
            use core::ptr::NonNull;

            use $api::alloc::{AllocError as ForeignError, Allocator as Foreign};

            use crate::alloc::wrap::{
                Checked, Counted, CountedThread, Fallback, Leased, Limited, Lived, Locked,
                Segregated, Shared,
            };
            use crate::alloc::{
                empty_block, AllocError, Allocator, AsyncLinear, AsyncStatic, Bitmap, Blocks, Buddy,
                FreeRanges, Index, Linear, Owner, PoolAllocator, Run, Scope, SignPost, SlabArena, Stack,
                Static, StrategyPool, StrategyScope,
            };
            use crate::checking::Checking;
            use crate::free_list::Strategy;
            use crate::pool::{ExactPool, Local, ThreadLocalPool};
            use crate::source::Source;

            members! {
                [S: Source] Linear<S>;
                [S: Source] AsyncLinear<S>;
                ['a, S: Source] Run<'a, S>;
                ['b] Static<'b>;
                ['b] AsyncStatic<'b>;
                [S: Source] Stack<S>;
                ['s, S: Source] Scope<'s, S>;
                [S: Source] Blocks<S>;
                [S: Source] Bitmap<S>;
                [S: Source] Buddy<S>;
                [S: Source, I: Index] FreeRanges<S, I>;
                [S: Source] SignPost<S>;
                [S: Strategy, C: Checking] SlabArena<S, C>;
                [S: Source] StrategyPool<S>;
                ['p, S: Source] StrategyScope<'p, S>;
                ['p, S: Strategy, C: Checking] PoolAllocator<Local<'p, S, C>>;
                [A: Allocator] Locked<A>;
                [A: Allocator] Checked<A>;
                [A: Owner, B: Allocator] Fallback<A, B>;
                [A: Allocator, B: Allocator] Segregated<A, B>;
                [A: Allocator] Limited<A>;
                [A: Allocator] Counted<A>;
                ['a, A: Allocator] CountedThread<'a, A>;
                ['a, A: Allocator] Leased<'a, A>;
            }

            // SAFETY: as for the members below. Clones share one allocator, so each frees what
            // another has allocated, and the allocator is dropped with the last of them.
            unsafe impl<A: Allocator> Foreign for Shared<A> {
                calls!();
            }

            // SAFETY: as for the members below. Copies are the same allocator, which their lifetime
            // keeps in place.
            unsafe impl<A: Allocator, B: Allocator, C: Allocator> Foreign for Lived<'_, A, B, C> {
                calls!();
            }

            // SAFETY: as for the members below. Copies lead to one pool, which their lifetime keeps
            // in place, and no call takes all blocks back at once.
            unsafe impl<S: Strategy, C: Checking> Foreign for PoolAllocator<&ThreadLocalPool<S, C>> {
                calls!();
            }

            // SAFETY: as above.
            unsafe impl<S: Strategy> Foreign for PoolAllocator<&ExactPool<S>> {
                calls!();
            }

            /// A foreign allocator, as one of the family.
            ///
            /// It never resizes in place, for its trait has no call for that. It gives no reason
            /// for a failure, so each counts as
            /// [`OutOfMemory`](crate::alloc::AllocError::OutOfMemory).
            #[derive(Clone, Copy, Debug, Default)]
            pub struct $Foreign<A>(pub A);

            // SAFETY: the foreign contract has the rules A1 to A3 in other words: `&self` calls do not
            // invalidate blocks, nor does a move. The rules except adaptors where it has less: the length
            // may depend on the size that is passed back (A4), it may unwind (A6), and every failure is
            // `OutOfMemory` (A7). A foreign allocator may take memory for a block without bytes, so it
            // is not asked for one (A5).
            unsafe impl<A: Foreign> Allocator for $Foreign<A> {
                fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
                    if layout.size() == 0 {
                        return Ok(empty_block(layout));
                    }
                    self.0.allocate(layout).map_err(|_| AllocError::OutOfMemory)
                }

                fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
                    if layout.size() == 0 {
                        return Ok(empty_block(layout));
                    }
                    self.0.allocate_zeroed(layout).map_err(|_| AllocError::OutOfMemory)
                }

                unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
                    if layout.size() != 0 {
                        // SAFETY: by the caller.
                        unsafe { self.0.deallocate(block, layout) }
                    }
                }

                resizes! { AllocError, (self, block, old, new), |answer| {
                    answer.map_err(|_| AllocError::OutOfMemory)
                } self.0 }
            }
        }
    };
}

/// `grow` and `shrink` by another trait, with the answer translated. Not `grow_zeroed`: the foreign one
/// may keep bytes behind the old size, up to the length that was returned, and ours zeroes them.
#[cfg(any(feature = "allocator-api2-02", feature = "allocator-api2-04"))]
macro_rules! resizes {
    ($Error:ty, ($self:ident, $block:ident, $old:ident, $new:ident),
        |$answer:ident| $translated:block $inner:expr) => {
        resizes! { @each $Error, ($self, $block, $old, $new), $answer, $translated, ($inner),
            grow shrink }
    };
    // A block without bytes becomes another one, or the other way round.
    (@empty grow, $self:ident, $block:ident, $old:ident, $new:ident) => { $self.allocate($new) };
    (@empty shrink, $self:ident, $block:ident, $old:ident, $new:ident) => {{
        // SAFETY: by the caller.
        unsafe { $self.deallocate($block, $old) };
        Ok(empty_block($new))
    }};
    (@each $Error:ty, $names:tt, $answer:ident, $translated:block, $inner:tt,) => {};
    (@each $Error:ty, ($self:ident, $block:ident, $old:ident, $new:ident), $answer:ident,
        $translated:block, $inner:tt, $method:ident $($rest:ident)*) => {
        unsafe fn $method(
            &$self,
            $block: NonNull<u8>,
            $old: Layout,
            $new: Layout,
        ) -> Result<NonNull<[u8]>, $Error> {
            if $old.size() == 0 || $new.size() == 0 {
                return resizes! { @empty $method, $self, $block, $old, $new };
            }
            // SAFETY: by the caller.
            let $answer = unsafe { $inner.$method($block, $old, $new) };
            $translated
        }
        resizes! { @each $Error, ($self, $block, $old, $new), $answer, $translated, $inner,
            $($rest)* }
    };
}

/// The calls of the foreign trait, by those of the family's.
#[cfg(any(feature = "allocator-api2-02", feature = "allocator-api2-04"))]
macro_rules! calls {
    () => {
        #[inline]
        fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, ForeignError> {
            Allocator::allocate(self, layout).map_err(|_| ForeignError)
        }

        #[inline]
        fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, ForeignError> {
            Allocator::allocate_zeroed(self, layout).map_err(|_| ForeignError)
        }

        #[inline]
        unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
            // SAFETY: by the caller.
            unsafe { Allocator::deallocate(self, block, layout) }
        }

        calls! { @resize grow grow_zeroed shrink }
    };
    (@resize $($method:ident)*) => {$(
        #[inline]
        unsafe fn $method(
            &self,
            block: NonNull<u8>,
            old: Layout,
            new: Layout,
        ) -> Result<NonNull<[u8]>, ForeignError> {
            // SAFETY: by the caller.
            unsafe { Allocator::$method(self, block, old, new) }.map_err(|_| ForeignError)
        }
    )*};
}

/// The foreign trait for a reference to each member.
#[cfg(any(feature = "allocator-api2-02", feature = "allocator-api2-04"))]
macro_rules! members {
    ($([$($generics:tt)*] $member:ty;)*) => {$(
        // SAFETY: the rules A1 to A6. Clones of the reference lead to one allocator, and while one
        // of them exists nobody can use the allocator by `&mut` or drop it.
        unsafe impl<'r, $($generics)*> Foreign for &'r $member {
            calls!();
        }
    )*};
}

#[cfg(feature = "allocator-api2-02")]
version! { v02, allocator_api2_02, Api2V02 }
#[cfg(feature = "allocator-api2-04")]
version! { v04, allocator_api2_04, Api2V04 }
