//! Atomic integers.

use core::sync::atomic::Ordering;

use super::calls::{bitwise, calls, fetches};
use super::word::{Word, failed};

macro_rules! atomic_int {
    ($($(#[$doc:meta])* $name:ident $int:ident;)*) => { $(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name(Word<$int>);

        calls! { [] $name, $int, default 0 }

        impl $name {
            fetches! { $int;
                /// Adds, and returns the value from before.
                fetch_add(old, value) = old.wrapping_add(value);
                /// Subtracts, and returns the value from before.
                fetch_sub(old, value) = old.wrapping_sub(value);
                /// The greater one; returns the value from before.
                fetch_max(old, value) = old.max(value);
                /// The lesser one; returns the value from before.
                fetch_min(old, value) = old.min(value);
            }

            bitwise!($int);
        }
    )* };
}

atomic_int! {
    /// An atomic `i8`.
    AtomicI8 i8;
    /// An atomic `i16`.
    AtomicI16 i16;
    /// An atomic `i32`.
    AtomicI32 i32;
    /// An atomic `i64`.
    AtomicI64 i64;
    /// An atomic `i128`.
    AtomicI128 i128;
    /// An atomic `isize`.
    AtomicIsize isize;
    /// An atomic `u8`.
    AtomicU8 u8;
    /// An atomic `u16`.
    AtomicU16 u16;
    /// An atomic `u32`.
    AtomicU32 u32;
    /// An atomic `u64`.
    AtomicU64 u64;
    /// An atomic `u128`.
    AtomicU128 u128;
    /// An atomic `usize`.
    AtomicUsize usize;
}
