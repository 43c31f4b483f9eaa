//! Which members may be used after a panic.
//!
//! A member that grows calls its source. If the source panics, the member is whole (the contract of
//! [`Source`]), and only the source itself may be half changed. So a closure that borrows a member
//! may be given to `catch_unwind` if one that borrows its source may. A member on a buffer calls
//! nothing that could panic.
//!
//! A wrapper may be used after a panic if what it wraps may. The compiler finds that out by itself,
//! except for two wrappers of one thread. A [`Limited`] and a [`CountedThread`] count a call only after
//! the allocator inside has returned, so a panic in there leaves their counts right.

use core::panic::{RefUnwindSafe, UnwindSafe};

#[cfg(feature = "std")]
use super::wrap::CountedThread;
use super::wrap::Limited;
#[cfg(feature = "std")]
use super::{AsyncLinear, AsyncStatic, Run, SlabArena};
use super::{
    Bitmap, Blocks, Buddy, FreeRanges, Index, Linear, Scope, SignPost, Stack, Static, StrategyPool,
    StrategyScope,
};
#[cfg(feature = "std")]
use crate::checking::Checking;
#[cfg(feature = "std")]
use crate::free_list::Strategy;
use crate::source::Source;

/// `$owner` owns its source, and may have an index of the type `$index`; `$borrower` borrows the
/// owner of a source.
macro_rules! usable_after_a_panic {
    ($owner:ty $(, $borrower:ty)? $(; $index:ident)?) => {
        impl<S: Source + UnwindSafe $(, $index: Index)?> UnwindSafe for $owner {}
        impl<S: Source + RefUnwindSafe $(, $index: Index)?> RefUnwindSafe for $owner {}
        $(impl<S: Source + RefUnwindSafe> UnwindSafe for $borrower {}
        impl<S: Source + RefUnwindSafe> RefUnwindSafe for $borrower {})?
    };
}
usable_after_a_panic!(Bitmap<S>);
usable_after_a_panic!(Blocks<S>);
usable_after_a_panic!(Buddy<S>);
usable_after_a_panic!(FreeRanges<S, I>; I);
usable_after_a_panic!(Linear<S>);
usable_after_a_panic!(SignPost<S>);
usable_after_a_panic!(Stack<S>, Scope<'_, S>);
usable_after_a_panic!(StrategyPool<S>, StrategyScope<'_, S>);
#[cfg(feature = "std")]
usable_after_a_panic!(AsyncLinear<S>, Run<'_, S>);

// An arena calls its source when it is made and when it is dropped, and its pools survive panics.
#[cfg(feature = "std")]
impl<S: Strategy, C: Checking> UnwindSafe for SlabArena<S, C> {}
#[cfg(feature = "std")]
impl<S: Strategy, C: Checking> RefUnwindSafe for SlabArena<S, C> {}
impl UnwindSafe for Static<'_> {}
impl RefUnwindSafe for Static<'_> {}
#[cfg(feature = "std")]
impl UnwindSafe for AsyncStatic<'_> {}
#[cfg(feature = "std")]
impl RefUnwindSafe for AsyncStatic<'_> {}

impl<A: RefUnwindSafe> RefUnwindSafe for Limited<A> {}
#[cfg(feature = "std")]
impl<A: RefUnwindSafe> RefUnwindSafe for CountedThread<'_, A> {}
