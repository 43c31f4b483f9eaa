//! Head words: the name of the top magazine and a tag, which one CAS exchanges together.

use super::magazine::MagazineRef;
use crate::block::{PackedWord, TagWidth, WideWord};
use crate::sync::{AtomicU64, AtomicU128, AtomicUsize, Ordering};

/// The content of a head word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The top magazine.
    pub top: MagazineRef,
    /// Every removal advances it.
    pub tag: u64,
}

/// An atomic head. Every operation is on the whole word. If a thread read top and tag separately,
/// ABA would be possible again.
///
/// # Safety
///
/// All operations are operations of one atomic location that holds a whole [`Head`], with the given
/// orderings: a loaded head was stored as a whole, and an exchange succeeds only on the head that
/// it names.
pub unsafe trait HeadWord: Send + Sync {
    /// An empty head.
    fn empty() -> Self;
    /// Loads the whole word.
    fn load(&self, order: Ordering) -> Head;
    /// Compares and exchanges the whole word.
    ///
    /// # Errors
    ///
    /// The head that was found, if it is not `current`.
    fn compare_exchange(
        &self,
        current: Head,
        new: Head,
        success: Ordering,
        failure: Ordering,
    ) -> Result<Head, Head>;
}

/// How a head is laid out in the bits of one word.
///
/// # Safety
///
/// `decode` gives back the head that was encoded, for every head that a list with this layout makes.
pub unsafe trait HeadLayout: 'static {
    /// The word.
    type Word: Word;
    /// The bits of `head`.
    fn encode(head: Head) -> <Self::Word as Word>::Bits;
    /// The head of these bits.
    fn decode(bits: <Self::Word as Word>::Bits) -> Head;
}

/// An atomic word.
///
/// # Safety
///
/// All operations are operations of one atomic location, with the given orderings.
pub unsafe trait Word: Send + Sync {
    /// What it holds.
    type Bits;
    /// A word that holds 0.
    fn zero() -> Self;
    /// Loads it.
    fn load(&self, order: Ordering) -> Self::Bits;
    /// Compares and exchanges it.
    ///
    /// # Errors
    ///
    /// The bits that were found, if they are not `current`.
    fn compare_exchange(
        &self,
        current: Self::Bits,
        new: Self::Bits,
        success: Ordering,
        failure: Ordering,
    ) -> Result<Self::Bits, Self::Bits>;
}

macro_rules! words {
    ($($atomic:ident: $bits:ident),*) => {$(
        // SAFETY: each calls the atomic's own operation.
        unsafe impl Word for $atomic {
            type Bits = $bits;

            fn zero() -> Self {
                Self::new(0)
            }

            #[inline]
            fn load(&self, order: Ordering) -> $bits {
                self.load(order)
            }

            #[inline]
            fn compare_exchange(
                &self,
                current: $bits,
                new: $bits,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$bits, $bits> {
                self.compare_exchange(current, new, success, failure)
            }
        }
    )*};
}
words!(AtomicU128: u128, AtomicU64: u64, AtomicUsize: usize);

/// A head in the layout `L`.
pub struct LaidOut<L: HeadLayout>(L::Word);

// SAFETY: one atomic word, by the contract of `Word`, which holds a whole head, by that of
// `HeadLayout`.
unsafe impl<L: HeadLayout> HeadWord for LaidOut<L> {
    fn empty() -> Self {
        Self(L::Word::zero())
    }

    #[inline]
    fn load(&self, order: Ordering) -> Head {
        L::decode(self.0.load(order))
    }

    #[inline]
    fn compare_exchange(
        &self,
        current: Head,
        new: Head,
        success: Ordering,
        failure: Ordering,
    ) -> Result<Head, Head> {
        match self.0.compare_exchange(L::encode(current), L::encode(new), success, failure) {
            Ok(bits) => Ok(L::decode(bits)),
            Err(bits) => Err(L::decode(bits)),
        }
    }
}

/// Address and 64-bit tag in 128 bits.
pub type WideHead = LaidOut<Wide>;
/// Index and 32-bit tag in 64 bits.
pub type PackedHead = LaidOut<Packed>;
/// An address alone, for lists that something else than a tag protects.
pub type BareHead = LaidOut<Bare>;

/// The layout of [`WideHead`].
pub enum Wide {}

// SAFETY: an address and a tag have 64 bits each.
unsafe impl HeadLayout for Wide {
    type Word = AtomicU128;

    #[inline]
    fn encode(head: Head) -> u128 {
        WideWord { address: head.top.address(), tag: head.tag }.to_bits()
    }

    #[inline]
    fn decode(bits: u128) -> Head {
        let word = WideWord::from_bits(bits);
        Head { top: MagazineRef::from_address(word.address), tag: word.tag }
    }
}

/// The layout of [`PackedHead`].
pub enum Packed {}

impl PackedHead {
    /// The widest tag that the word has room for.
    pub const TAG: TagWidth = TagWidth::new(32);
}

// SAFETY: the lists name magazines by index, and their tags have at most 32 bits.
unsafe impl HeadLayout for Packed {
    type Word = AtomicU64;

    #[inline]
    fn encode(head: Head) -> u64 {
        let index_plus_1 = head.top.index().map_or(0, |index| index + 1);
        debug_assert!(head.tag <= PackedHead::TAG.max(), "a packed tag has 32 bits");
        #[allow(clippy::cast_possible_truncation, reason = "the width is checked when built")]
        let tag = head.tag as u32;
        PackedWord { index_plus_1, tag }.to_bits()
    }

    #[inline]
    fn decode(bits: u64) -> Head {
        let word = PackedWord::from_bits(bits);
        let top =
            word.index_plus_1.checked_sub(1).map_or(MagazineRef::NONE, MagazineRef::from_index);
        Head { top, tag: u64::from(word.tag) }
    }
}

/// The layout of [`BareHead`].
pub enum Bare {}

// SAFETY: the lists have no tag, so an address is the whole head.
unsafe impl HeadLayout for Bare {
    type Word = AtomicUsize;

    #[inline]
    fn encode(head: Head) -> usize {
        debug_assert!(head.tag == 0, "there is no room for a tag");
        head.top.address()
    }

    #[inline]
    fn decode(bits: usize) -> Head {
        Head { top: MagazineRef::from_address(bits), tag: 0 }
    }
}
