//! Names of blocks: plain values that lead nowhere without their pool.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;

/// The stamped pointer: names one turn of one block of one [`StampedPool`](super::StampedPool).
///
/// A value of 16 bytes without an address in it: the block's number, the pool's number, and the
/// stamp of the turn. Its user asks the pool, which finds the block by its number and
/// compares the rest. So a name may be kept for any time, and used when its block was freed, is
/// somebody else's, or when its pool is gone: it is then *stale*, and that is seen.
///
/// Nobody can make one up; they come from [`allocate`](super::StampedLocal::allocate). Two names
/// are equal if they name the same turn. Copies may travel between threads like any integer; a
/// thread that has not acquired where it got one from may find it stale.
#[repr(C)]
pub struct Stamped<T> {
    /// The block's number.
    pub(super) number: u32,
    /// The pool's serial number; 0 in a null.
    pub(super) pool: u32,
    /// Odd; any number in a null.
    pub(super) stamp: u64,
    /// A name holds no `T` and gives none away: it is free to travel whatever `T` is.
    _named: PhantomData<fn() -> T>,
}

impl<T> Stamped<T> {
    /// Names nothing.
    pub const NULL: Self = Self::null(0);

    /// Names nothing, and carries a number by which it is compared: nulls of different numbers are
    /// different. A list's last link that carries the [`stamp`](Self::stamp) of its own block is
    /// told from the last link of that block's next turn.
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

    /// The stamp of the turn, or the number of a null.
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
/// It says nothing about the pool, and is the same again after 2^31 turns of its block: 3.6 minutes
/// where one block is allocated and freed ten million times per second. A thread that sleeps that
/// long between a load and its compare-exchange is ABA. Memory is safe all the same.
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

    /// The lower half of the stamp of the turn, or of the number of a null.
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

// By hand: a derive would ask the same of `T`.
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
            false => write!(f, "Stamped({} of pool {}, {})", self.number, self.pool, self.stamp),
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
