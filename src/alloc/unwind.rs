//! Which members may be used after a panic.
//!
//! A member that grows calls its source. If the source panics, the member is whole (the contract of
//! [`Source`]), and only the source itself may be half changed. So a closure that borrows a member
//! may be given to `catch_unwind` if one that borrows its source may. A member on a buffer calls
//! nothing that could panic.

use core::panic::{RefUnwindSafe, UnwindSafe};

#[cfg(feature = "std")]
use super::{AsyncLinear, AsyncStatic, Run};
use super::{Blocks, Linear, Scope, Stack, Static};
use crate::source::Source;

/// `$owner` owns its source, and `$borrower` borrows the owner of one.
macro_rules! usable_after_a_panic {
    ($owner:ty $(, $borrower:ty)?) => {
        impl<S: Source + UnwindSafe> UnwindSafe for $owner {}
        impl<S: Source + RefUnwindSafe> RefUnwindSafe for $owner {}
        $(impl<S: Source + RefUnwindSafe> UnwindSafe for $borrower {}
        impl<S: Source + RefUnwindSafe> RefUnwindSafe for $borrower {})?
    };
}
usable_after_a_panic!(Blocks<S>);
usable_after_a_panic!(Linear<S>);
usable_after_a_panic!(Stack<S>, Scope<'_, S>);
#[cfg(feature = "std")]
usable_after_a_panic!(AsyncLinear<S>, Run<'_, S>);

impl UnwindSafe for Static<'_> {}
impl RefUnwindSafe for Static<'_> {}
#[cfg(feature = "std")]
impl UnwindSafe for AsyncStatic<'_> {}
#[cfg(feature = "std")]
impl RefUnwindSafe for AsyncStatic<'_> {}
