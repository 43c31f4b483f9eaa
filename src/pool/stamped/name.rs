//! Names of blocks: plain values, which only the pool can resolve.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;

/// A stamped pointer: the name of one generation of one block of one
/// [`StampedPool`](super::StampedPool). A generation lasts from an allocation of the block to the
/// next free.
///
/// The name has 16 bytes and contains no address: it consists of the block's number, the pool's
/// number and the stamp of the generation. The pool finds the block by its number and compares the
/// rest. So a program may keep a name for any time, and use it after its block was freed, after the
/// block was allocated again, or with another pool: the name is then *stale*, and the pool detects
/// that.
///
/// Names that are not null come from [`allocate`](super::StampedLocal::allocate) alone. Two names
/// are equal if they name the same generation. Copies may travel between threads like any integer.
/// A thread that got a name without acquire ordering may find it stale.
#[repr(C)]
pub struct Stamped<T> {
    /// The block's number.
    pub(super) number: u32,
    /// The pool's serial number; 0 in a null.
    pub(super) pool: u32,
    /// Odd; any number in a null.
    pub(super) stamp: u64,
    /// A name contains no `T`, so it is `Send` and `Sync` for every `T`.
    _named: PhantomData<fn() -> T>,
}

impl<T> Stamped<T> {
    /// Names nothing.
    pub const NULL: Self = Self::null(0);

    /// Names nothing, and carries a number that comparisons include: nulls with different numbers
    /// are different. If the last link of a list carries the [`stamp`](Self::stamp) of its own
    /// block, it differs from the last link of that block's next generation.
    pub const fn null(number: u64) -> Self {
        Self::new(0, 0, number)
    }

    pub(super) const fn new(number: u32, pool: u32, stamp: u64) -> Self {
        Self { number, pool, stamp, _named: PhantomData }
    }

    /// Whether it names nothing.
    pub const fn is_null(self) -> bool {
        self.pool == 0
    }

    /// The stamp of the generation (odd), or the number of a null.
    pub const fn stamp(self) -> u64 {
        self.stamp
    }

    /// The short form: 8 bytes.
    #[allow(clippy::cast_possible_truncation, reason = "the lower half is what it keeps")]
    pub const fn pack(self) -> PackedStamped<T> {
        let number_plus_1 = if self.is_null() { 0 } else { self.number + 1 };
        PackedStamped { number_plus_1, stamp: self.stamp as u32, _named: PhantomData }
    }

    #[inline]
    pub(super) const fn to_bits(self) -> u128 {
        (self.stamp as u128) << 64 | (self.pool as u128) << 32 | self.number as u128
    }

    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "takes the parts apart")]
    pub(super) const fn from_bits(bits: u128) -> Self {
        Self::new(bits as u32, (bits >> 32) as u32, (bits >> 64) as u64)
    }
}

/// The short form of a [`Stamped`]: the block's number and the lower half of the stamp, for
/// machines without a double-width CAS, or for smaller nodes.
///
/// [`StampedPool::unpack`](super::StampedPool::unpack) makes a [`Stamped`] of it again.
///
/// # Wrap time
///
/// The packed form does not contain the pool's number, and it repeats after 2^31 generations of its
/// block: 3.6 minutes if one block is allocated and freed ten million times per second. If a thread
/// sleeps that long between a load and its compare-exchange, ABA is possible. Memory stays safe.
#[repr(C)]
pub struct PackedStamped<T> {
    /// 0 in a null.
    pub(super) number_plus_1: u32,
    pub(super) stamp: u32,
    _named: PhantomData<fn() -> T>,
}

impl<T> PackedStamped<T> {
    /// Names nothing.
    pub const NULL: Self = Stamped::NULL.pack();

    /// Whether it names nothing.
    pub const fn is_null(self) -> bool {
        self.number_plus_1 == 0
    }

    /// The lower half of the stamp of the generation, or of the number of a null.
    pub const fn stamp(self) -> u32 {
        self.stamp
    }

    #[inline]
    pub(super) const fn to_bits(self) -> u64 {
        (self.stamp as u64) << 32 | self.number_plus_1 as u64
    }

    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "takes the parts apart")]
    pub(super) const fn from_bits(bits: u64) -> Self {
        Self { number_plus_1: bits as u32, stamp: (bits >> 32) as u32, _named: PhantomData }
    }
}

// Not derived, because a derive would require the same traits of `T`.
macro_rules! a_value {
    ($name:ident) => {
        impl<T> Clone for $name<T> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<T> Copy for $name<T> {}

        impl<T> PartialEq for $name<T> {
            fn eq(&self, other: &Self) -> bool {
                self.to_bits() == other.to_bits()
            }
        }

        impl<T> Eq for $name<T> {}

        impl<T> Hash for $name<T> {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.to_bits().hash(state);
            }
        }

        impl<T> Default for $name<T> {
            fn default() -> Self {
                Self::NULL
            }
        }
    };
}

a_value!(Stamped);
a_value!(PackedStamped);

impl<T> fmt::Debug for Stamped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_null() {
            true => write!(f, "Stamped::null({})", self.stamp),
            false => {
                write!(f, "Stamped({} of stamped pool {}, {})", self.number, self.pool, self.stamp)
            }
        }
    }
}

impl<T> fmt::Debug for PackedStamped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number_plus_1.checked_sub(1) {
            None => write!(f, "PackedStamped::null({})", self.stamp),
            Some(number) => write!(f, "PackedStamped({number}, {})", self.stamp),
        }
    }
}

/// The name is not current: its block was freed, or the name is null or of another pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stale;

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name is not current in this pool")
    }
}

impl core::error::Error for Stale {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn words_keep_all_parts(number in 0..u32::MAX, pool: u32, stamp: u64) {
            let name = Stamped::<()>::new(number, pool, stamp);
            let again = Stamped::from_bits(name.to_bits());
            prop_assert_eq!(name, again);
            prop_assert_eq!((again.number, again.pool, again.stamp), (number, pool, stamp));
            let packed = name.pack();
            prop_assert_eq!(PackedStamped::from_bits(packed.to_bits()), packed);
            prop_assert_eq!(packed.is_null(), name.is_null());
            prop_assert_eq!(u64::from(packed.stamp()), stamp & u64::from(u32::MAX));
        }
    }
}
