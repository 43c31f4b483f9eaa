//! Values as the graph keeps them.

/// A value that fits into an atomic variable.
pub(super) trait Bits: Copy {
    fn to_bits(self) -> u128;
    fn from_bits(bits: u128) -> Self;
}

macro_rules! integers {
    ($($signed:ident $unsigned:ident)*) => { $(
        impl Bits for $unsigned {
            fn to_bits(self) -> u128 {
                self as u128
            }
            fn from_bits(bits: u128) -> Self {
                Self::try_from(bits).expect("the bits come from such a value")
            }
        }
        impl Bits for $signed {
            fn to_bits(self) -> u128 {
                self.cast_unsigned().to_bits()
            }
            fn from_bits(bits: u128) -> Self {
                $unsigned::from_bits(bits).cast_signed()
            }
        }
    )* };
}

integers!(i8 u8 i16 u16 i32 u32 i64 u64 isize usize);

impl Bits for u128 {
    fn to_bits(self) -> u128 {
        self
    }
    fn from_bits(bits: u128) -> Self {
        bits
    }
}

impl Bits for i128 {
    fn to_bits(self) -> u128 {
        self.cast_unsigned()
    }
    fn from_bits(bits: u128) -> Self {
        bits.cast_signed()
    }
}

impl Bits for bool {
    fn to_bits(self) -> u128 {
        self.into()
    }
    fn from_bits(bits: u128) -> Self {
        bits != 0
    }
}

impl<T> Bits for *mut T {
    fn to_bits(self) -> u128 {
        self.expose_provenance().to_bits()
    }
    fn from_bits(bits: u128) -> Self {
        core::ptr::with_exposed_provenance_mut(usize::from_bits(bits))
    }
}

#[cfg(test)]
mod tests {
    use super::Bits;

    #[test]
    fn signs_survive() {
        assert_eq!(i8::from_bits((-3_i8).to_bits()), -3);
        assert_eq!((-1_i8).to_bits(), 255);
        assert_eq!(i128::from_bits(i128::MIN.to_bits()), i128::MIN);
    }
}
